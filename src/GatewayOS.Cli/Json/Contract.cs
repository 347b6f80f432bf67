using System.Text.Json.Serialization;

namespace GatewayOS.Cli.Json;

internal sealed record ErrorJson(string Kind, string Message);

internal sealed record FailureJson
{
    public bool Ok { get; init; }

    public required ErrorJson Error { get; init; }

    public required int ExitCode { get; init; }
}

internal sealed record ProblemJson(string Path, string Reason);

internal sealed record InitJson(bool Ok, string StoreId, string Location, KeySlotJsonRow Slot);

internal sealed record StageJson(string Name, double BusySeconds, double StalledSeconds, long Bytes);

internal sealed record SnapshotJson
{
    public required string Id { get; init; }

    public required DateTimeOffset Started { get; init; }

    public required DateTimeOffset Finished { get; init; }

    public required string Host { get; init; }

    public required string User { get; init; }

    public required IReadOnlyList<string> Tags { get; init; }

    public required IReadOnlyList<string> Sources { get; init; }

    public string? Parent { get; init; }

    public string? Repaired { get; init; }

    public long Files { get; init; }

    public long Directories { get; init; }

    public long Others { get; init; }

    public long Bytes { get; init; }

    public long FilesNew { get; init; }

    public long FilesChanged { get; init; }

    public long FilesUnmodified { get; init; }

    public long NewBytes { get; init; }

    public long StoredBytes { get; init; }

    public long ProblemCount { get; init; }

    public required string Program { get; init; }
}

internal sealed record BackupJson
{
    public required bool Ok { get; init; }

    public required int ExitCode { get; init; }

    public required SnapshotJson Snapshot { get; init; }

    public required IReadOnlyList<ProblemJson> Problems { get; init; }

    public required double Seconds { get; init; }

    public IReadOnlyList<StageJson>? Stages { get; init; }

    public string? Bottleneck { get; init; }
}

internal sealed record DamagedFileJson(string File, string Reason);

internal sealed record SnapshotsJson(bool Ok, int ExitCode, IReadOnlyList<SnapshotJson> Snapshots, IReadOnlyList<DamagedFileJson> Damaged);

internal sealed record StatsJson
{
    public bool Ok { get; init; } = true;

    public required string StoreId { get; init; }

    public required DateTimeOffset Created { get; init; }

    public int Snapshots { get; init; }

    public long LogicalBytes { get; init; }

    public long UniqueBytes { get; init; }

    public long StoredBytes { get; init; }

    public long DataChunks { get; init; }

    public long TreeChunks { get; init; }

    public int Packs { get; init; }

    public int IndexSegments { get; init; }

    public long IndexBytes { get; init; }
}

internal sealed record EntryJson
{
    public required string Path { get; init; }

    public required string Type { get; init; }

    public required string Mode { get; init; }

    public uint Uid { get; init; }

    public uint Gid { get; init; }

    public string User { get; init; } = "";

    public string Group { get; init; } = "";

    public long Size { get; init; }

    public required DateTimeOffset Modified { get; init; }

    public long ModifiedNs { get; init; }

    public uint Links { get; init; }

    public string? Target { get; init; }

    public IReadOnlyList<string>? Attributes { get; init; }

    public IReadOnlyList<string>? Marks { get; init; }
}

internal sealed record ListJson(bool Ok, string Snapshot, IReadOnlyList<EntryJson> Entries);

internal sealed record DiffEntryJson(string Change, string Path, EntryJson? Before, EntryJson? After);

internal sealed record DiffJson(bool Ok, string Before, string After, IReadOnlyList<DiffEntryJson> Changes);

internal sealed record RestoreProblemJson(string Path, string Reason, bool Damage);

internal sealed record RestoreJson
{
    public required bool Ok { get; init; }

    public required int ExitCode { get; init; }

    public required string Snapshot { get; init; }

    public required string Target { get; init; }

    public bool DryRun { get; init; }

    public long Files { get; init; }

    public long Skipped { get; init; }

    public long Others { get; init; }

    public long Bytes { get; init; }

    public double Seconds { get; init; }

    public long ProblemCount { get; init; }

    public required IReadOnlyList<RestoreProblemJson> Problems { get; init; }

    public IReadOnlyList<StageJson>? Stages { get; init; }

    public string? Bottleneck { get; init; }
}

internal sealed record FindingJson(string Kind, bool Damage, string Object, string Detail, string Remedy);

internal sealed record AffectedJson(string Snapshot, string Path, string Reason);

internal sealed record VerifyJson
{
    public required bool Ok { get; init; }

    public required int ExitCode { get; init; }

    public bool Keyless { get; init; }

    public bool ReadData { get; init; }

    public long Snapshots { get; init; }

    public long Packs { get; init; }

    public long Chunks { get; init; }

    public long Bytes { get; init; }

    public double Seconds { get; init; }

    public required IReadOnlyList<FindingJson> Findings { get; init; }

    public required IReadOnlyList<AffectedJson> Affected { get; init; }

    public IReadOnlyList<StageJson>? Stages { get; init; }

    public string? Bottleneck { get; init; }
}

internal sealed record ForgetRowJson(string Id, DateTimeOffset Started, string Host, IReadOnlyList<string> Sources, bool Keep, IReadOnlyList<string> Reasons);

internal sealed record ForgetJson(bool Ok, bool DryRun, int Kept, int Removed, IReadOnlyList<ForgetRowJson> Snapshots);

internal sealed record GcJson
{
    public required bool Ok { get; init; }

    public required int ExitCode { get; init; }

    public bool DryRun { get; init; }

    public long BytesBefore { get; init; }

    public long BytesLive { get; init; }

    public long BytesFreed { get; init; }

    public long BytesCopied { get; init; }

    public long BytesPending { get; init; }

    public long BytesRecompressed { get; init; }

    public long BytesSaved { get; init; }

    public long ReadJumps { get; init; }

    public int PacksDeleted { get; init; }

    public int PacksRewritten { get; init; }

    public int PacksReclustered { get; init; }

    public int PacksPending { get; init; }

    public required IReadOnlyList<string> WaitingFor { get; init; }

    public required IReadOnlyList<FindingJson> Findings { get; init; }
}

internal sealed record MendedJson(string Old, string New);

internal sealed record RepairJson
{
    public required bool Ok { get; init; }

    public required int ExitCode { get; init; }

    public bool DryRun { get; init; }

    public required IReadOnlyList<FindingJson> Findings { get; init; }

    public required IReadOnlyList<AffectedJson> Lost { get; init; }

    public required IReadOnlyList<MendedJson> SnapshotsMended { get; init; }

    public required IReadOnlyList<string> MovedAway { get; init; }

    public long RecordsSaved { get; init; }
}

internal sealed record RebuildJson(bool Ok, int ExitCode, int Packs, long Entries, IReadOnlyList<FindingJson> Findings);

internal sealed record KeySlotJsonRow(string Id, string Kind, string Label, DateTimeOffset Created, string Kdf);

internal sealed record KeyListJson(bool Ok, IReadOnlyList<KeySlotJsonRow> Slots);

internal sealed record KeyChangeJson(bool Ok, string Change, KeySlotJsonRow Slot, string? RecoveryKey = null, string? File = null);

/// <summary>Serialiser of the command line's JSON. Field names are the contract in JSON.md.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(FailureJson))]
[JsonSerializable(typeof(InitJson))]
[JsonSerializable(typeof(BackupJson))]
[JsonSerializable(typeof(SnapshotsJson))]
[JsonSerializable(typeof(StatsJson))]
[JsonSerializable(typeof(ListJson))]
[JsonSerializable(typeof(DiffJson))]
[JsonSerializable(typeof(RestoreJson))]
[JsonSerializable(typeof(VerifyJson))]
[JsonSerializable(typeof(ForgetJson))]
[JsonSerializable(typeof(GcJson))]
[JsonSerializable(typeof(RepairJson))]
[JsonSerializable(typeof(RebuildJson))]
[JsonSerializable(typeof(KeyListJson))]
[JsonSerializable(typeof(KeyChangeJson))]
internal sealed partial class ContractJson : JsonSerializerContext;
