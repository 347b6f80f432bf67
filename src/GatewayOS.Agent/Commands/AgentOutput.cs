using System.Text.Json.Serialization;

namespace GatewayOS.Agent.Commands;

/// <summary>What <c>--json</c> prints. Fields are only added.</summary>
internal sealed record FailureJson(bool Ok, int ExitCode, string Error);

internal sealed record EnrollJson(bool Ok, string State, string NodeId, string NodeName, string Gateway, string Code);

internal sealed record StatusJson(bool Ok, string State, string? Gateway, string? NodeId, string? NodeName, DateTimeOffset? CertificateExpires, bool? Reachable, string? Problem, int? Snapshots, DateTimeOffset? LastBackup);

internal sealed record SnapshotJson(string Id, DateTimeOffset Started, DateTimeOffset Finished, IReadOnlyList<string> Sources, long Files, long Bytes, long Problems);

internal sealed record SnapshotsJson(bool Ok, IReadOnlyList<SnapshotJson> Snapshots);

internal sealed record BackupJson(bool Ok, int ExitCode, SnapshotJson Snapshot, long NewBytes, long SentBytes, double Seconds, IReadOnlyList<ProblemJson> Problems);

internal sealed record RestoreJson(bool Ok, int ExitCode, string Snapshot, string Target, long Files, long Bytes, double Seconds, IReadOnlyList<ProblemJson> Problems);

internal sealed record ProblemJson(string Path, string Reason);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(FailureJson))]
[JsonSerializable(typeof(EnrollJson))]
[JsonSerializable(typeof(StatusJson))]
[JsonSerializable(typeof(SnapshotsJson))]
[JsonSerializable(typeof(BackupJson))]
[JsonSerializable(typeof(RestoreJson))]
internal sealed partial class AgentOutputJson : JsonSerializerContext;
