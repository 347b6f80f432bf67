using System.Text.Json;
using GatewayOS.Api;
using GatewayOS.Cli.Commands.Appliance;
using GatewayOS.Cli.Json;

namespace GatewayOS.Cli.Commands.Fleet;

/// <summary>What the control plane tells, as rows of the JSON contract.</summary>
internal static class FleetRows
{
    public static string? Known(string text) => text.Length > 0 ? text : null;

    public static FleetApplianceJson Of(FleetAppliance appliance)
    {
        FleetApplianceStatus? status = appliance.Status;
        return new FleetApplianceJson(
            appliance.Id, appliance.Name, Known(appliance.Site), appliance.Tenant, appliance.State, appliance.Connected, ApplianceVerb.Time(appliance.LastSeenUnixMs), ApplianceVerb.Time(appliance.CertificateExpiresUnixMs),
            status?.Model, status?.Version, status?.DiskBytes, status?.DiskUsedBytes, status?.Nodes.Count, status is null ? null : Unprotected(status), status?.AlertsStanding, status is null ? null : At(status.MeasuredUnixMs), appliance.HasVaultPerMonth ? appliance.VaultPerMonth : null);
    }

    public static int Unprotected(FleetApplianceStatus status) => status.Nodes.Count(node => node.Protection.Verdict != "protected");

    public static FleetNodeJson Of(FleetNode node) => new(
        node.Tenant, Known(node.Site), node.ApplianceName, node.ApplianceId, node.Protection.NodeName, node.Protection.NodeId, node.Protection.Verdict, node.Protection.Reason, Known(node.Remedy), node.Protection.Policies, node.Connected,
        node.Protection.LastSnapshotId.Length > 0 ? node.Protection.RpoSeconds : null, node.Protection.DrillJobId.Length > 0 ? node.Protection.RtoSeconds : null, At(node.MeasuredUnixMs), node.Protection.StoredBytes, Cost(node));

    public static double? Cost(FleetNode node) => node.HasVaultPerMonth ? node.VaultPerMonth : null;

    /// <summary>What lies in a vault, and what that costs in a month; null for what is not known.</summary>
    private static (long? Bytes, double? PerMonth) Use(VaultInfo vault) => vault.Classes.Count == 0
        ? (null, null)
        : (vault.Classes.Sum(use => use.Bytes), vault.Classes.All(use => use.IsPriced) ? vault.Classes.Sum(use => use.PerMonth) : null);

    public static FleetVaultJson Of(FleetAppliance appliance, VaultInfo vault)
    {
        (long? bytes, double? perMonth) = Use(vault);
        return new FleetVaultJson(appliance.Tenant, appliance.Name, appliance.Id, vault.Name, vault.Place, ApplianceVerb.Time(vault.CompleteUntilUnixMs), bytes, perMonth);
    }

    public static FleetCommandJson Of(FleetCommandInfo command) => new(
        command.Id, command.ApplianceName, command.ApplianceId, command.Kind, command.State, Known(command.Detail), command.OrderedBy, At(command.OrderedUnixMs), At(command.ExpiresUnixMs), At(command.ChangedUnixMs), Known(command.JobId),
        command.Reply?.Job is { } job ? JobJson.Of(job) : null, command.Reply?.Preview is { } preview ? [.. preview.NextRunsUnixMs.Select(At)] : null);

    public static FleetAlertJson Of(FleetAlertInfo alert)
    {
        using var document = JsonDocument.Parse(alert.Alert.Document.Memory);
        return new FleetAlertJson(alert.ApplianceName, alert.ApplianceId, alert.Alert.Key, At(alert.ReceivedUnixMs), document.RootElement.Clone());
    }

    public static FleetClaimJson Of(ClaimInfo claim) => new(claim.Id, claim.Tenant, Known(claim.Name), Known(claim.Site), claim.CreatedBy, At(claim.ExpiresUnixMs), Known(claim.UsedBy));

    public static FleetTokenJson Of(FleetTokenInfo token) => new(token.Id, Known(token.Tenant), token.Role, Known(token.Note), At(token.ExpiresUnixMs), token.Revoked);

    public static DateTimeOffset At(long unixMs) => DateTimeOffset.FromUnixTimeMilliseconds(unixMs);
}
