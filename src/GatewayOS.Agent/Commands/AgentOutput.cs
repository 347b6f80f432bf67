using System.Text.Json.Serialization;

namespace GatewayOS.Agent.Commands;

/// <summary>What <c>--json</c> prints. Fields are only added.</summary>
internal sealed record FailureJson(bool Ok, int ExitCode, string Error);

internal sealed record EnrollJson(bool Ok, string State, string NodeId, string NodeName, string Gateway, string Code);

internal sealed record StatusJson(bool Ok, string State, string? Gateway, string? NodeId, string? NodeName, DateTimeOffset? CertificateExpires, bool? Reachable, string? Problem, int? Snapshots, DateTimeOffset? LastBackup);

internal sealed record SnapshotJson(string Id, DateTimeOffset Started, DateTimeOffset Finished, IReadOnlyList<string> Sources, long Files, long Bytes, long Problems);

internal sealed record SnapshotsJson(bool Ok, IReadOnlyList<SnapshotJson> Snapshots);

internal sealed record BackupJson(bool Ok, int ExitCode, SnapshotJson Snapshot, long NewBytes, long SentBytes, double Seconds, IReadOnlyList<ProblemJson> Problems)
{
    /// <summary>What was wrong with the vault, and what was done about it; null when the backup went to an appliance.</summary>
    public IReadOnlyList<VaultFindingJson>? VaultFindings { get; init; }
}

internal sealed record RestoreJson(bool Ok, int ExitCode, string Snapshot, string Target, long Files, long Bytes, double Seconds, IReadOnlyList<ProblemJson> Problems);

internal sealed record ProblemJson(string Path, string Reason);

internal sealed record VaultFindingJson(string Object, string Detail, string Remedy);

internal sealed record VaultInitJson(bool Ok, string Vault, string StoreId, string KeyFile, string Cache, bool TakenOver, string? RecoveryKey);

internal sealed record VaultChangeJson(bool Ok, string Vault);

internal sealed record VaultStatusJson(bool Ok, string State, string Vault, string Cache, long StagingBytesMax, bool Reachable, string? Problem, string? Writer, int? Snapshots, DateTimeOffset? LastBackup, long? Objects, long? Bytes);

internal sealed record VaultForgetJson(bool Ok, int ExitCode, bool DryRun, int Kept, IReadOnlyList<string> Removed, int? SnapshotsDeleted, int? PacksDeleted, long? BytesDeleted, int? SnapshotsWaiting, int? PacksWaiting);

internal sealed record VaultVerifyJson(bool Ok, int ExitCode, bool ReadData, long Snapshots, long Packs, long Chunks, double Seconds, IReadOnlyList<VaultFindingJson> Findings, IReadOnlyList<ProblemJson> Affected);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(FailureJson))]
[JsonSerializable(typeof(EnrollJson))]
[JsonSerializable(typeof(StatusJson))]
[JsonSerializable(typeof(SnapshotsJson))]
[JsonSerializable(typeof(BackupJson))]
[JsonSerializable(typeof(RestoreJson))]
[JsonSerializable(typeof(VaultInitJson))]
[JsonSerializable(typeof(VaultChangeJson))]
[JsonSerializable(typeof(VaultStatusJson))]
[JsonSerializable(typeof(VaultForgetJson))]
[JsonSerializable(typeof(VaultVerifyJson))]
internal sealed partial class AgentOutputJson : JsonSerializerContext;
