using System.Text.Json.Serialization;

namespace GatewayOS.Cli.Json;

internal sealed record TunnelWayJson(string Endpoint, string? Address, bool InUse, string? Problem);

internal sealed record TunnelJson
{
    public bool Ok { get; init; } = true;

    public required string State { get; init; }

    public required string Reason { get; init; }

    public required DateTimeOffset Since { get; init; }

    public required string Device { get; init; }

    public string? Engine { get; init; }

    public string? PublicKey { get; init; }

    public required IReadOnlyList<string> Addresses { get; init; }

    public required IReadOnlyList<string> Dns { get; init; }

    public required IReadOnlyList<TunnelWayJson> Endpoints { get; init; }

    public DateTimeOffset? Handshake { get; init; }

    public long ReceivedBytes { get; init; }

    public long SentBytes { get; init; }

    public int MtuBytes { get; init; }

    public bool MtuFound { get; init; }

    public string? Probe { get; init; }

    public long? ProbeUs { get; init; }

    public int? LossPercent { get; init; }

    public string? Config { get; init; }

    public IReadOnlyList<string>? Notes { get; init; }
}

internal sealed record TunnelRefusalJson(bool Ok, int ExitCode, IReadOnlyList<string> Problems);

internal sealed record TunnelKeyJson(bool Ok, string PublicKey);

internal sealed record TunnelProbeJson(bool Ok, int ExitCode, string Target, IReadOnlyList<long> RoundTripUs, int Lost);

/// <summary>Serialiser of the tunnel's verbs. Field names are the contract in JSON.md.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(TunnelJson))]
[JsonSerializable(typeof(TunnelRefusalJson))]
[JsonSerializable(typeof(TunnelKeyJson))]
[JsonSerializable(typeof(TunnelProbeJson))]
internal sealed partial class TunnelContractJson : JsonSerializerContext;
