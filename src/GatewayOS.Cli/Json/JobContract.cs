using System.Text.Json.Serialization;
using GatewayOS.Api;

namespace GatewayOS.Cli.Json;

internal sealed record PolicyNodeJson(string Id, string Name, DateTimeOffset? NextRun);

internal sealed record PolicyVersionJson(int Version, DateTimeOffset Changed, string ChangedBy, string Document);

internal sealed record PolicyJson(
    string Name, int Version, DateTimeOffset Changed, string ChangedBy, bool Holds, IReadOnlyList<string> Problems, string Document, IReadOnlyList<PolicyNodeJson> Nodes, IReadOnlyList<PolicyVersionJson>? History);

internal sealed record PoliciesJson(bool Ok, IReadOnlyList<PolicyJson> Policies);

internal sealed record PolicyResultJson(bool Ok, PolicyJson Policy);

internal sealed record PolicyDeletedJson(bool Ok, string Name);

internal sealed record PolicyProblemJson(string Field, string Problem, string Remedy);

internal sealed record PolicyRefusedJson(bool Ok, int ExitCode, IReadOnlyList<PolicyProblemJson> Problems);

internal sealed record KeptJson(string Id, DateTimeOffset Started, bool Keep, IReadOnlyList<string> Reasons);

internal sealed record PolicyPreviewJson(bool Ok, IReadOnlyList<DateTimeOffset> NextRuns, IReadOnlyList<KeptJson> Snapshots);

internal sealed record DrillJson(long Files, long Bytes, double Seconds, long WholeFiles, long WholeBytes, double PredictedSeconds, string Hash, IReadOnlyList<string>? Vaults);

internal sealed record JobJson
{
    public required string Id { get; init; }

    public required string Kind { get; init; }

    public string? Node { get; init; }

    public string? NodeId { get; init; }

    public string? Policy { get; init; }

    public required string State { get; init; }

    public required string Fault { get; init; }

    public string? Message { get; init; }

    public required DateTimeOffset Queued { get; init; }

    public required DateTimeOffset NotBefore { get; init; }

    public DateTimeOffset? Started { get; init; }

    public DateTimeOffset? Ended { get; init; }

    public required int Attempt { get; init; }

    public required int AttemptsMax { get; init; }

    public string? OrderedBy { get; init; }

    public required bool IsMadeUp { get; init; }

    public string? Snapshot { get; init; }

    public required long Files { get; init; }

    public required long Bytes { get; init; }

    public required long ExpectedBytes { get; init; }

    public required long SentBytes { get; init; }

    public DrillJson? Drill { get; init; }

    public static JobJson Of(JobMessage job) => new()
    {
        Id = job.Id,
        Kind = job.Kind,
        Node = Some(job.NodeName),
        NodeId = Some(job.NodeId),
        Policy = Some(job.Policy),
        State = job.State,
        Fault = job.Fault,
        Message = Some(job.Message),
        Queued = DateTimeOffset.FromUnixTimeMilliseconds(job.QueuedUnixMs),
        NotBefore = DateTimeOffset.FromUnixTimeMilliseconds(job.NotBeforeUnixMs),
        Started = Commands.Appliance.ApplianceVerb.Time(job.StartedUnixMs),
        Ended = Commands.Appliance.ApplianceVerb.Time(job.EndedUnixMs),
        Attempt = job.Attempt,
        AttemptsMax = job.AttemptsMax,
        OrderedBy = Some(job.OrderedBy),
        IsMadeUp = job.IsMadeUp,
        Snapshot = Some(job.SnapshotId),
        Files = job.Files,
        Bytes = job.Bytes,
        ExpectedBytes = job.ExpectedBytes,
        SentBytes = job.SentBytes,
        Drill = job.Drill is not { } drill ? null : new DrillJson(drill.Files, drill.Bytes, drill.Seconds, drill.WholeFiles, drill.WholeBytes, drill.PredictedSeconds, drill.Hash, drill.Vaults.Count > 0 ? drill.Vaults : null),
    };

    private static string? Some(string text) => text.Length > 0 ? text : null;
}

internal sealed record JobsJson(bool Ok, IReadOnlyList<JobJson> Jobs);

internal sealed record JobResultJson(bool Ok, int? ExitCode, JobJson Job);

internal sealed record ProtectionJson(
    string Id, string Name, string Verdict, string Reason, IReadOnlyList<string> Policies, string? LastSnapshot, DateTimeOffset? LastSnapshotStarted, double? RpoSeconds, string? Drill, DateTimeOffset? Drilled, double? RtoSeconds);

internal sealed record ProtectionsJson(bool Ok, IReadOnlyList<ProtectionJson> Nodes);

internal sealed record SnapshotInfoJson
{
    public required string Id { get; init; }

    public string? NodeId { get; init; }

    public string? Node { get; init; }

    public required DateTimeOffset Started { get; init; }

    public required DateTimeOffset Finished { get; init; }

    public required IReadOnlyList<string> Sources { get; init; }

    public required long Files { get; init; }

    public required long Bytes { get; init; }

    public required long NewBytes { get; init; }

    public required long StoredBytes { get; init; }

    public required long Problems { get; init; }

    public required IReadOnlyList<string> Tags { get; init; }

    public string? Policy { get; init; }

    public DateTimeOffset? LockedUntil { get; init; }

    public string? Held { get; init; }
}

internal sealed record SnapshotInfosJson(bool Ok, int ExitCode, IReadOnlyList<SnapshotInfoJson> Snapshots, long Damaged);

internal sealed record SnapshotInfoResultJson(bool Ok, SnapshotInfoJson Snapshot);

/// <summary>Serialiser of the JSON about policies, jobs and restore points. Field names are the contract in JSON.md.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(PoliciesJson))]
[JsonSerializable(typeof(PolicyResultJson))]
[JsonSerializable(typeof(PolicyDeletedJson))]
[JsonSerializable(typeof(PolicyRefusedJson))]
[JsonSerializable(typeof(PolicyPreviewJson))]
[JsonSerializable(typeof(JobsJson))]
[JsonSerializable(typeof(JobResultJson))]
[JsonSerializable(typeof(ProtectionsJson))]
[JsonSerializable(typeof(SnapshotInfosJson))]
[JsonSerializable(typeof(SnapshotInfoResultJson))]
internal sealed partial class JobContractJson : JsonSerializerContext;
