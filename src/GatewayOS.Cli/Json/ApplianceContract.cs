using System.Text.Json.Serialization;

namespace GatewayOS.Cli.Json;

internal sealed record LoginJson(bool Ok, string Gateway, string Appliance, string Model);

internal sealed record StatusJson
{
    public bool Ok { get; init; } = true;

    public required string Name { get; init; }

    public required string Model { get; init; }

    public required string Version { get; init; }

    public required DateTimeOffset Started { get; init; }

    public required int NodesActive { get; init; }

    public required int NodesMax { get; init; }

    public required int NodesConnected { get; init; }

    public required int NodesPending { get; init; }

    public required int Runs { get; init; }

    public required string StoreId { get; init; }

    public required string StorePath { get; init; }

    public required long Snapshots { get; init; }

    public required long StoreBytes { get; init; }

    public required long DiskFreeBytes { get; init; }

    public required long DiskTotalBytes { get; init; }

    public required string StoreKey { get; init; }

    public required IReadOnlyList<string> Warnings { get; init; }
}

internal sealed record NodeJson
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    public required string State { get; init; }

    public required string Code { get; init; }

    public required bool Connected { get; init; }

    public string? Platform { get; init; }

    public string? AgentVersion { get; init; }

    public DateTimeOffset? LastSeen { get; init; }

    public DateTimeOffset? CertificateExpires { get; init; }

    public required long Snapshots { get; init; }

    public DateTimeOffset? LastBackup { get; init; }

    public string? Job { get; init; }
}

internal sealed record NodesJson(bool Ok, int NodesMax, IReadOnlyList<NodeJson> Nodes);

internal sealed record NodeChangeJson(bool Ok, NodeJson Node);

internal sealed record TokenJson(bool Ok, string Token, DateTimeOffset Expires);

internal sealed record NodeSnapshotJson(string Id, DateTimeOffset Started, DateTimeOffset Finished, IReadOnlyList<string> Sources, long Files, long Bytes, long Problems);

internal sealed record NodeSnapshotsJson(bool Ok, IReadOnlyList<NodeSnapshotJson> Snapshots);

internal sealed record NodeBackupJson(bool Ok, int ExitCode, string State, string? Snapshot, string? Message, long Files, long Bytes, long SentBytes);

/// <summary>Serialiser of the JSON about an appliance. Field names are the contract in JSON.md.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(LoginJson))]
[JsonSerializable(typeof(StatusJson))]
[JsonSerializable(typeof(NodesJson))]
[JsonSerializable(typeof(NodeChangeJson))]
[JsonSerializable(typeof(TokenJson))]
[JsonSerializable(typeof(NodeSnapshotsJson))]
[JsonSerializable(typeof(NodeBackupJson))]
internal sealed partial class ApplianceJson : JsonSerializerContext;
