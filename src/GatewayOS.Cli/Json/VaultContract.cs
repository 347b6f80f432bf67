using System.Text.Json.Serialization;

namespace GatewayOS.Cli.Json;

internal sealed record VaultRowJson(string Name, string Place, int LockDays, DateTimeOffset? CompleteUntil);

internal sealed record VaultListJson(bool Ok, IReadOnlyList<VaultRowJson> Vaults);

internal sealed record VaultChangeJson(bool Ok, string Name, string Place);

internal sealed record VaultFindingJson(string Object, string Detail, string Remedy);

internal sealed record VaultTaskJson
{
    public string? Vault { get; init; }

    public required string Name { get; init; }

    public required IReadOnlyList<string> Nodes { get; init; }

    public required IReadOnlyList<string> Tags { get; init; }

    public bool Paused { get; init; }

    public DateTimeOffset Since { get; init; }

    public int? History { get; init; }

    public int? HistoryThere { get; init; }

    public int? Tail { get; init; }

    public int? TailThere { get; init; }

    public DateTimeOffset? OldestLacking { get; init; }
}

internal sealed record VaultTasksJson(bool Ok, IReadOnlyList<VaultTaskJson> Tasks);

internal sealed record VaultSyncJson
{
    public required bool Ok { get; init; }

    public required int ExitCode { get; init; }

    public required string Vault { get; init; }

    public int Objects { get; init; }

    public long Bytes { get; init; }

    public int Snapshots { get; init; }

    public int Mended { get; init; }

    public int Adopted { get; init; }

    public int Removed { get; init; }

    public int LocksExtended { get; init; }

    public bool Complete { get; init; }

    public long Retries { get; init; }

    public double Seconds { get; init; }

    public IReadOnlyList<VaultTaskJson>? Tasks { get; init; }

    public required IReadOnlyList<VaultFindingJson> Findings { get; init; }
}

internal sealed record VaultStatusJson
{
    public required bool Ok { get; init; }

    public required string Vault { get; init; }

    public int Objects { get; init; }

    public long Bytes { get; init; }

    public int Snapshots { get; init; }

    public int BacklogSnapshots { get; init; }

    public int BacklogPacks { get; init; }

    public long BacklogBytes { get; init; }

    public int Altered { get; init; }

    public DateTimeOffset? CompleteUntil { get; init; }

    public double? RpoSeconds { get; init; }

    public IReadOnlyList<VaultTaskJson>? Tasks { get; init; }
}

internal sealed record VaultHealJson(bool Ok, int ExitCode, int Checked, IReadOnlyList<VaultFindingJson> Healed, IReadOnlyList<VaultFindingJson> Lost);

internal sealed record VaultAuditJson(bool Ok, int ExitCode, int Checked, long Bytes, DateTimeOffset PassBegan, double PassShare, DateTimeOffset? WholeUntil, IReadOnlyList<VaultFindingJson> Findings);

internal sealed record VaultGcJson(bool Ok, bool DryRun, int Snapshots, int Packs, long Bytes, int SnapshotsWaiting, int PacksWaiting);

internal sealed record VaultClassJson(string Class, long Objects, long Bytes, decimal? PerMonth, decimal? ToRead);

internal sealed record VaultClassRuleJson(int AfterDays, string Class);

internal sealed record VaultClassesJson(bool Ok, IReadOnlyList<VaultClassJson> Classes, decimal PerMonth, decimal ToRead, IReadOnlyList<VaultClassRuleJson> Rules);

internal sealed record VaultAttachJson(
    bool Ok, int ExitCode, string Store, int Snapshots, int Fetched, long Bytes, int Kept, double Seconds, IReadOnlyList<VaultFindingJson> Findings);

/// <summary>Serialiser of the vault's verbs. Field names are the contract in JSON.md.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(VaultListJson))]
[JsonSerializable(typeof(VaultChangeJson))]
[JsonSerializable(typeof(VaultTasksJson))]
[JsonSerializable(typeof(VaultSyncJson))]
[JsonSerializable(typeof(VaultStatusJson))]
[JsonSerializable(typeof(VaultHealJson))]
[JsonSerializable(typeof(VaultAuditJson))]
[JsonSerializable(typeof(VaultGcJson))]
[JsonSerializable(typeof(VaultClassesJson))]
[JsonSerializable(typeof(VaultAttachJson))]
internal sealed partial class VaultJson : JsonSerializerContext;
