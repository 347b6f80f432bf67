using GatewayOS.Api;

namespace GatewayOS.ControlPlane.Storage;

/// <summary>Whose things are seen and changed.</summary>
/// <param name="Tenant">A tenant's ID; empty for the provider, who sees all.</param>
internal readonly record struct Scope(string Tenant)
{
    /// <summary>The provider's.</summary>
    public static Scope Provider { get; } = new("");

    public bool IsProvider => Tenant.Length == 0;
}

/// <summary>A token's record. Its secret is not kept, only that's hash.</summary>
internal sealed record TokenRow(string Id, string Tenant, string Role, string Note, byte[] SecretHash, DateTimeOffset Expires, bool Revoked);

/// <summary>A claim code's record.</summary>
internal sealed record ClaimRow(string Id, string Tenant, string Name, string Site, string CreatedBy, DateTimeOffset Expires, string UsedBy);

/// <summary>An appliance, without what only its link needs.</summary>
internal sealed record ApplianceRow(string Id, string Tenant, string Name, string Site, string State, DateTimeOffset? LastSeen, bool Connected, DateTimeOffset? CertificateExpires, FleetApplianceStatus? Status)
{
    public const string Active = "active";
    public const string Revoked = "revoked";

    /// <summary>Its own operators had it leave the fleet.</summary>
    public const string Left = "left";

    /// <summary>Two used its identity, and which is the right one only people can say.</summary>
    public const string Doubled = "doubled";
}

/// <summary>A command.</summary>
internal sealed record CommandRow
{
    public const string Queued = "queued";
    public const string Cancelled = "cancelled";
    public const string Expired = "expired";

    public required string Id { get; init; }

    public required string ApplianceId { get; init; }

    public required long Sequence { get; init; }

    public required string Kind { get; init; }

    public required FleetOrder Order { get; init; }

    public required string OrderedBy { get; init; }

    public required DateTimeOffset Ordered { get; init; }

    public required DateTimeOffset Expires { get; init; }

    public required string State { get; init; }

    public required DateTimeOffset Changed { get; init; }

    public string Detail { get; init; } = "";

    public string JobId { get; init; } = "";

    public FleetOrderReply? Reply { get; init; }
}

/// <summary>An alert of an appliance.</summary>
internal sealed record AlertRow(string ApplianceId, string Key, DateTimeOffset Received, byte[] Document);

/// <summary>What became of a claim.</summary>
internal enum ClaimOutcome
{
    /// <summary>The appliance belongs to the fleet.</summary>
    Taken,

    /// <summary>There is no such code, or its secret is wrong.</summary>
    Unknown,

    /// <summary>Another key has used it.</summary>
    Used,

    /// <summary>Its time is over.</summary>
    Expired,
}

/// <summary>What became of a hello.</summary>
internal enum AttendOutcome
{
    /// <summary>The appliance is heard.</summary>
    Welcome,

    /// <summary>It presented a resume token that is neither the last one nor the one before it was confirmed: another has used its identity since.</summary>
    Doubled,

    /// <summary>It was revoked, or is unknown, or its identity is in doubt.</summary>
    Refused,
}

/// <summary>A record of who changed what.</summary>
internal sealed record AuditRow(string Id, string Tenant, DateTimeOffset Time, string Who, string Method, string Target, string Outcome, string Detail);
