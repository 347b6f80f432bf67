using System.Text.Json;
using System.Text.Json.Serialization;

namespace GatewayOS.Cli.Json;

internal sealed record MembershipCommandJson(string Id, string Kind, string State, string? Detail, string OrderedBy, DateTimeOffset Taken, string? JobId);

internal sealed record MembershipJson
{
    public bool Ok { get; init; } = true;

    public bool Joined { get; init; }

    public string? Address { get; init; }

    public string? ControlPlane { get; init; }

    public string? Tenant { get; init; }

    public string? ApplianceId { get; init; }

    public required string Link { get; init; }

    public string? Problem { get; init; }

    public string? Notice { get; init; }

    public DateTimeOffset Since { get; init; }

    public DateTimeOffset? CertificateExpires { get; init; }

    public long AlertsWaiting { get; init; }

    public required IReadOnlyList<string> Forbidden { get; init; }

    public required IReadOnlyList<string> NeedsPresence { get; init; }

    public required IReadOnlyList<MembershipCommandJson> Commands { get; init; }
}

internal sealed record FleetApplianceJson(
    string Id, string Name, string? Site, string Tenant, string State, bool Connected, DateTimeOffset? LastSeen, DateTimeOffset? CertificateExpires, string? Model, string? Version, long? DiskBytes, long? DiskUsedBytes, int? Nodes,
    int? Unprotected, int? AlertsStanding, DateTimeOffset? Measured, double? VaultPerMonth);

internal sealed record FleetAppliancesJson(bool Ok, IReadOnlyList<FleetApplianceJson> Appliances);

internal sealed record FleetApplianceChangeJson(bool Ok, FleetApplianceJson Appliance);

internal sealed record FleetNodeJson(
    string Tenant, string? Site, string Appliance, string ApplianceId, string Node, string NodeId, string Verdict, string Reason, string? Remedy, IReadOnlyList<string> Policies, bool Connected, double? RpoSeconds, double? RtoSeconds,
    DateTimeOffset Measured, long StoredBytes, double? VaultPerMonth);

internal sealed record FleetVaultJson(string Tenant, string Appliance, string ApplianceId, string Name, string Place, DateTimeOffset? CompleteUntil, long? Bytes, double? PerMonth);

internal sealed record FleetNodeCostJson(string Tenant, string Appliance, string ApplianceId, string Node, string NodeId, long StoredBytes, double? PerMonth);

internal sealed record FleetCostsJson(bool Ok, IReadOnlyList<FleetVaultJson> Vaults, IReadOnlyList<FleetNodeCostJson> Nodes);

internal sealed record FleetNodesJson(bool Ok, IReadOnlyList<FleetNodeJson> Nodes);

internal sealed record FleetCommandJson(
    string Id, string Appliance, string ApplianceId, string Kind, string State, string? Detail, string OrderedBy, DateTimeOffset Ordered, DateTimeOffset Expires, DateTimeOffset Changed, string? JobId, JobJson? Job,
    IReadOnlyList<DateTimeOffset>? NextRuns);

internal sealed record FleetCommandResultJson(bool Ok, int? ExitCode, FleetCommandJson Command);

internal sealed record FleetCommandsJson(bool Ok, IReadOnlyList<FleetCommandJson> Commands);

internal sealed record FleetJobJson(string Appliance, string ApplianceId, JobJson Job);

internal sealed record FleetJobsJson(bool Ok, IReadOnlyList<FleetJobJson> Jobs);

internal sealed record FleetAlertJson(string Appliance, string ApplianceId, string Key, DateTimeOffset Received, JsonElement Alert);

internal sealed record FleetAlertsJson(bool Ok, IReadOnlyList<FleetAlertJson> Alerts);

internal sealed record FleetClaimJson(string Id, string Tenant, string? Name, string? Site, string CreatedBy, DateTimeOffset Expires, string? UsedBy);

internal sealed record FleetClaimCreatedJson(bool Ok, string Code, FleetClaimJson Claim);

internal sealed record FleetClaimsJson(bool Ok, IReadOnlyList<FleetClaimJson> Claims);

internal sealed record FleetTokenJson(string Id, string? Tenant, string Role, string? Note, DateTimeOffset Expires, bool Revoked);

internal sealed record FleetTokenCreatedJson(bool Ok, string Token, FleetTokenJson Info);

internal sealed record FleetTokensJson(bool Ok, IReadOnlyList<FleetTokenJson> Tokens);

internal sealed record FleetTenantJson(string Id, string Name);

internal sealed record FleetTenantsJson(bool Ok, IReadOnlyList<FleetTenantJson> Tenants);

internal sealed record FleetAuditJson(DateTimeOffset Time, string? Tenant, string Who, string Method, string? Target, string Outcome, string? Detail);

internal sealed record FleetAuditsJson(bool Ok, IReadOnlyList<FleetAuditJson> Records);

/// <summary>Serialiser of the fleet's verbs. Field names are the contract in JSON.md.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(MembershipJson))]
[JsonSerializable(typeof(FleetAppliancesJson))]
[JsonSerializable(typeof(FleetApplianceChangeJson))]
[JsonSerializable(typeof(FleetNodesJson))]
[JsonSerializable(typeof(FleetCostsJson))]
[JsonSerializable(typeof(FleetCommandResultJson))]
[JsonSerializable(typeof(FleetCommandsJson))]
[JsonSerializable(typeof(FleetJobsJson))]
[JsonSerializable(typeof(FleetAlertsJson))]
[JsonSerializable(typeof(FleetClaimCreatedJson))]
[JsonSerializable(typeof(FleetClaimsJson))]
[JsonSerializable(typeof(FleetTokenCreatedJson))]
[JsonSerializable(typeof(FleetTokensJson))]
[JsonSerializable(typeof(FleetTenantsJson))]
[JsonSerializable(typeof(FleetAuditsJson))]
internal sealed partial class FleetContractJson : JsonSerializerContext;
