using GatewayOS.Appliance.Alerts;
using GatewayOS.Appliance.Jobs;
using GatewayOS.Appliance.Raid;

namespace GatewayOS.Web.Overview;

/// <summary>Says in one sentence whether the data is safe: the worst that is known, the gravest first. Pure.</summary>
internal static class VerdictOf
{
    private const int NamesMax = 3;

    /// <summary>Judges.</summary>
    /// <param name="storeProblem">Why the store cannot be read; null when it can.</param>
    /// <param name="protections">How each active node is protected.</param>
    /// <param name="arrays">Arrays.</param>
    /// <param name="alerts">Alerts that stand.</param>
    public static OverviewVerdict All(string? storeProblem, IReadOnlyList<Protection> protections, IReadOnlyList<ArrayStatus> arrays, IReadOnlyList<AlertRecord> alerts)
    {
        if (storeProblem is not null)
        {
            return new OverviewVerdict("critical", "store-unreadable", $"The store cannot be read: {storeProblem}", "Look at the disks; then at gatewayd's log.", "storage");
        }

        AlertRecord[] unseen = [.. alerts.Where(alert => alert.AcknowledgedBy is null)];
        return OfArrays(arrays, "critical", "array-failed", ArrayState.Failed)
            ?? OfAlerts(unseen, AlertSeverity.Critical, "critical")
            ?? OfNodes(protections, ProtectionVerdict.Unprotected, "critical", "unprotected")
            ?? OfArrays(arrays, "warning", "array-degraded", ArrayState.Degraded, ArrayState.Rebuilding, ArrayState.Mismatch, ArrayState.Unknown)
            ?? OfNodes(protections, ProtectionVerdict.Late, "warning", "late")
            ?? OfAlerts(unseen, AlertSeverity.Warning, "warning")
            ?? (protections.Count == 0
                ? new OverviewVerdict("unknown", "no-nodes", "No node is enrolled: nothing is backed up yet.", "Enrol one.", "nodes")
                : new OverviewVerdict("ok", "protected", protections.Count == 1 ? $"{protections[0].Node.Name} is protected." : $"All {protections.Count} nodes are protected.", Page: "nodes"));
    }

    private static OverviewVerdict? OfArrays(IReadOnlyList<ArrayStatus> arrays, string level, string kind, params ArrayState[] states) =>
        arrays.FirstOrDefault(array => states.Contains(array.Health.State)) is { } bad
            ? new OverviewVerdict(level, kind, $"The array {bad.Array.Name} is {ArrayHealth.Word(bad.Health.State)}.", bad.Health.Note.Length > 0 ? bad.Health.Note : "Look at its disks.", "storage")
            : null;

    private static OverviewVerdict? OfAlerts(AlertRecord[] alerts, AlertSeverity severity, string level) =>
        alerts.FirstOrDefault(alert => alert.Event.Severity == severity) is { } first ? new OverviewVerdict(level, "alert", first.Event.Summary, first.Event.Remedy, "alerts") : null;

    private static OverviewVerdict? OfNodes(IReadOnlyList<Protection> protections, ProtectionVerdict verdict, string level, string kind)
    {
        Protection[] bad = [.. protections.Where(node => node.Verdict == verdict)];
        if (bad.Length == 0)
        {
            return null;
        }

        string names = string.Join(", ", bad.Take(NamesMax).Select(node => node.Node.Name)) + (bad.Length > NamesMax ? $" and {bad.Length - NamesMax} more" : "");
        string what = verdict == ProtectionVerdict.Late ? "late" : "not protected";
        return new OverviewVerdict(level, kind, $"{bad.Length} of {protections.Count} nodes {(bad.Length == 1 ? "is" : "are")} {what}: {names}.", bad[0].Reason, "nodes");
    }
}
