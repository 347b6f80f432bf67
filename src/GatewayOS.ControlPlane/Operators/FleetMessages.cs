using GatewayOS.Api;
using GatewayOS.ControlPlane.Storage;
using Google.Protobuf;

namespace GatewayOS.ControlPlane.Operators;

/// <summary>What is kept, as it is told.</summary>
internal static class FleetMessages
{
    public static FleetAppliance Of(ApplianceRow appliance, IReadOnlyDictionary<string, string> tenants)
    {
        var message = new FleetAppliance
        {
            Id = appliance.Id,
            Name = appliance.Name,
            Site = appliance.Site,
            Tenant = tenants.GetValueOrDefault(appliance.Tenant, appliance.Tenant),
            State = appliance.State,
            Connected = appliance.Connected,
            LastSeenUnixMs = appliance.LastSeen?.ToUnixTimeMilliseconds() ?? 0,
            CertificateExpiresUnixMs = appliance.CertificateExpires?.ToUnixTimeMilliseconds() ?? 0,
            Status = appliance.Status,
        };
        if (appliance.Status is { } status && VaultCost.PerMonth(status) is { } cost)
        {
            message.VaultPerMonth = cost;
        }

        return message;
    }

    public static FleetCommandInfo Of(CommandRow command, string applianceName) => new()
    {
        Id = command.Id,
        ApplianceId = command.ApplianceId,
        ApplianceName = applianceName,
        Kind = command.Kind,
        State = command.State,
        Detail = command.Detail,
        OrderedBy = command.OrderedBy,
        OrderedUnixMs = command.Ordered.ToUnixTimeMilliseconds(),
        ExpiresUnixMs = command.Expires.ToUnixTimeMilliseconds(),
        ChangedUnixMs = command.Changed.ToUnixTimeMilliseconds(),
        JobId = command.JobId,
        Reply = command.Reply,
    };

    public static ClaimInfo Of(ClaimRow claim, IReadOnlyDictionary<string, string> tenants) => new()
    {
        Id = claim.Id,
        Tenant = tenants.GetValueOrDefault(claim.Tenant, claim.Tenant),
        Name = claim.Name,
        Site = claim.Site,
        CreatedBy = claim.CreatedBy,
        ExpiresUnixMs = claim.Expires.ToUnixTimeMilliseconds(),
        UsedBy = claim.UsedBy,
    };

    public static FleetTokenInfo Of(TokenRow token, IReadOnlyDictionary<string, string> tenants) => new()
    {
        Id = token.Id,
        Tenant = tenants.GetValueOrDefault(token.Tenant, token.Tenant),
        Role = token.Role,
        Note = token.Note,
        ExpiresUnixMs = token.Expires.ToUnixTimeMilliseconds(),
        Revoked = token.Revoked,
    };

    public static FleetAlertInfo Of(AlertRow alert, string applianceName) => new()
    {
        ApplianceId = alert.ApplianceId,
        ApplianceName = applianceName,
        ReceivedUnixMs = alert.Received.ToUnixTimeMilliseconds(),
        Alert = new FleetAlert { Key = alert.Key, Document = ByteString.CopyFrom(alert.Document) },
    };

    /// <summary>The nodes of an appliance.</summary>
    public static IEnumerable<FleetNode> NodesOf(ApplianceRow appliance, IReadOnlyDictionary<string, string> tenants)
    {
        if (appliance.Status is not { } status)
        {
            return [];
        }

        double? perByte = VaultCost.PerStoredByte(status);
        return status.Nodes.Select(node => Of(node, status.MeasuredUnixMs, perByte, appliance, tenants));
    }

    private static FleetNode Of(FleetNodeStatus node, long measuredUnixMs, double? perByte, ApplianceRow appliance, IReadOnlyDictionary<string, string> tenants)
    {
        var message = new FleetNode
        {
            ApplianceId = appliance.Id,
            ApplianceName = appliance.Name,
            Site = appliance.Site,
            Tenant = tenants.GetValueOrDefault(appliance.Tenant, appliance.Tenant),
            Protection = node.Protection,
            Connected = node.Connected && appliance.Connected,
            Remedy = appliance.Connected ? node.Remedy : $"The appliance is not connected, so this may be out of date: look whether it has power and a network. {node.Remedy}".TrimEnd(),
            MeasuredUnixMs = measuredUnixMs,
        };
        if (perByte is { } cost)
        {
            message.VaultPerMonth = cost * node.Protection.StoredBytes;
        }

        return message;
    }
}
