using System.Text.Json.Serialization;

namespace GatewayOS.Cli.Json;

internal sealed record UserJson(string Name, string Role, DateTimeOffset Created, DateTimeOffset? PasswordSet, DateTimeOffset? LastLogin, DateTimeOffset? LockedUntil, int Failures);

internal sealed record UsersJson(bool Ok, IReadOnlyList<UserJson> Users);

internal sealed record UserChangeJson(bool Ok, UserJson User);

internal sealed record ApiTokenJson(string Id, string Role, string Maker, string Note, DateTimeOffset Created, DateTimeOffset Expires);

internal sealed record ApiTokenCreatedJson(bool Ok, string Token, ApiTokenJson Info);

internal sealed record ApiTokensJson(bool Ok, IReadOnlyList<ApiTokenJson> Tokens);

internal sealed record ApiTokenChangeJson(bool Ok, ApiTokenJson Token);

internal sealed record AuditEntryJson(long Sequence, DateTimeOffset Time, string Who, string Method, string? Target, string Outcome, string? Detail, long? Asked);

internal sealed record AuditEntriesJson(bool Ok, IReadOnlyList<AuditEntryJson> Entries);

internal sealed record AuditFindingJson(string? Segment, long Sequence, string Detail);

internal sealed record AuditVerifyJson(bool Ok, int ExitCode, long Count, string Last, bool Keyed, IReadOnlyList<AuditFindingJson> Findings);

/// <summary>A record as it stands in the audit log's files.</summary>
internal sealed record AuditBodyJson
{
    public DateTimeOffset Time { get; init; }

    public string Who { get; init; } = "";

    public string Method { get; init; } = "";

    public string? Target { get; init; }

    public string Outcome { get; init; } = "";

    public string? Detail { get; init; }

    public long Asked { get; init; }
}

internal sealed record FoundJson(
    string NodeId, string? Node, string Path, string Type, long Size, DateTimeOffset? Modified, string FirstSnapshot, DateTimeOffset First, string LastSnapshot, DateTimeOffset Last, long Snapshots, bool Current);

internal sealed record FindJson(bool Ok, IReadOnlyList<FoundJson> Versions, bool Truncated, int PendingSnapshots);

internal sealed record AlertRowJson(
    long Id, string Kind, string Severity, string Subject, string Summary, string Remedy, DateTimeOffset First, DateTimeOffset Last, long Count, string? AcknowledgedBy, DateTimeOffset? Acknowledged, DateTimeOffset? Cleared);

internal sealed record AlertsJson(bool Ok, IReadOnlyList<AlertRowJson> Alerts);

internal sealed record AlertChangeJson(bool Ok, AlertRowJson Alert);

internal sealed record AlertDeliveryJson(string Receiver, DateTimeOffset? Delivered, int Attempts, string? Problem);

internal sealed record AlertShownJson(bool Ok, AlertRowJson Alert, IReadOnlyList<AlertDeliveryJson> Deliveries);

internal sealed record HoldJson(string NodeId, DateTimeOffset Through, string Reason, DateTimeOffset Since);

internal sealed record HoldsJson(bool Ok, IReadOnlyList<HoldJson> Holds);

internal sealed record ReleaseJson(bool Ok, string Node);

/// <summary>Serialiser of the JSON about accounts, the audit log, alerts and the catalogue. Field names are the contract in JSON.md.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(UsersJson))]
[JsonSerializable(typeof(UserChangeJson))]
[JsonSerializable(typeof(ApiTokenCreatedJson))]
[JsonSerializable(typeof(ApiTokensJson))]
[JsonSerializable(typeof(ApiTokenChangeJson))]
[JsonSerializable(typeof(AuditEntriesJson))]
[JsonSerializable(typeof(AuditVerifyJson))]
[JsonSerializable(typeof(AuditBodyJson))]
[JsonSerializable(typeof(FindJson))]
[JsonSerializable(typeof(AlertsJson))]
[JsonSerializable(typeof(AlertChangeJson))]
[JsonSerializable(typeof(AlertShownJson))]
[JsonSerializable(typeof(HoldsJson))]
[JsonSerializable(typeof(ReleaseJson))]
internal sealed partial class OperationsJson : JsonSerializerContext;
