using System.Text.Json.Serialization;

namespace GatewayOS.Cli.Json;

internal sealed record StageRateJson(string Name, double BytesPerSecond, bool OfStored);

internal sealed record ReadRateJson(int ReadBytes, int Streams, double BytesPerSecond);

internal sealed record MeasuredJson
{
    public required double Seconds { get; init; }

    public required int Cores { get; init; }

    public required double StoredShare { get; init; }

    public required IReadOnlyList<StageRateJson> Stages { get; init; }

    public required double WriteBytesPerSecond { get; init; }

    public required IReadOnlyList<ReadRateJson> SequentialReads { get; init; }

    public required IReadOnlyList<ReadRateJson> RandomReads { get; init; }
}

internal sealed record TuningValueJson(string Key, int Value, string Origin, string? Reason);

internal sealed record BenchmarkJson
{
    public bool Ok { get; init; } = true;

    public required string Store { get; init; }

    public required string File { get; init; }

    public required IReadOnlyList<TuningValueJson> Values { get; init; }

    public MeasuredJson? Measured { get; init; }
}

/// <summary>Serialiser of the JSON about a machine's speed. Field names are the contract in JSON.md.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(BenchmarkJson))]
internal sealed partial class BenchmarkContractJson : JsonSerializerContext;
