using System.Text.Json.Serialization;

namespace GatewayOS.Cli.Json;

internal sealed record MemberJson(string Device, string? Serial, int? Slot, string State, long ReadErrors);

internal sealed record MissingJson(int Slot, string? Serial, string? Model, int? Bay);

internal sealed record SyncJson(double Progress, long BytesPerSecond, double? LeftSeconds, DateTimeOffset? Promised, string Reason);

internal sealed record ArrayJson
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    public required string Level { get; init; }

    public required string State { get; init; }

    public int? Survives { get; init; }

    public required long SizeBytes { get; init; }

    public required int Slots { get; init; }

    public string? Note { get; init; }

    public required IReadOnlyList<string> Disagreements { get; init; }

    public SyncJson? Sync { get; init; }

    public required IReadOnlyList<MemberJson> Members { get; init; }

    public required IReadOnlyList<MissingJson> Missing { get; init; }

    public required long MismatchSectors { get; init; }

    public DateTimeOffset? CheckBegun { get; init; }

    public DateTimeOffset? CheckEnded { get; init; }

    public DateTimeOffset? NextCheck { get; init; }

    public string? CheckWaits { get; init; }

    public required int RateMinMBs { get; init; }

    public required int RateMaxMBs { get; init; }
}

internal sealed record SmartJson(DateTimeOffset Updated, double? Celsius, long? BadSectors, long? PendingSectors, string? SelfTest, long? PoweredHours);

internal sealed record DiskJson(string Device, string? Serial, string? Model, long SizeBytes, int? Bay, string? Array, string? Content, string State, IReadOnlyList<string> Evidence, SmartJson? Smart);

internal sealed record CacheJson(string Kind, string State, bool? IsProtected);

internal sealed record BayLightJson(int Bay, string Light);

internal sealed record ReplacementStepJson(string Step, DateTimeOffset Time, string Note);

internal sealed record ReplacementJson
{
    public required int Id { get; init; }

    public required string Array { get; init; }

    public int? Slot { get; init; }

    public required string Step { get; init; }

    public string? Instruction { get; init; }

    public string? Problem { get; init; }

    public required string Verdict { get; init; }

    public required IReadOnlyList<string> Proof { get; init; }

    public string? OldSerial { get; init; }

    public string? OldModel { get; init; }

    public int? Bay { get; init; }

    public string? NewSerial { get; init; }

    public string? WrongSerial { get; init; }

    public double? Progress { get; init; }

    public required string OrderedBy { get; init; }

    public required IReadOnlyList<ReplacementStepJson> History { get; init; }
}

internal sealed record RaidJson
{
    public bool Ok { get; init; } = true;

    public required DateTimeOffset Read { get; init; }

    public required string Source { get; init; }

    public string? Problem { get; init; }

    public required IReadOnlyList<ArrayJson> Arrays { get; init; }

    public required IReadOnlyList<DiskJson> Disks { get; init; }

    public CacheJson? Cache { get; init; }

    public ReplacementJson? Replacement { get; init; }

    public required IReadOnlyList<BayLightJson> Lights { get; init; }

    public string? PanelText { get; init; }
}

internal sealed record ReplacementResultJson(bool Ok, int ExitCode, ReplacementJson Replacement);

/// <summary>Serialiser of the JSON about arrays and disks. Field names are the contract in JSON.md.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(RaidJson))]
[JsonSerializable(typeof(ReplacementResultJson))]
internal sealed partial class RaidContractJson : JsonSerializerContext;
