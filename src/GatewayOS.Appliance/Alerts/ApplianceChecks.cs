using GatewayOS.Appliance.Keys;
using GatewayOS.Appliance.Nodes;

namespace GatewayOS.Appliance.Alerts;

/// <summary>What is looked at from time to time. Each check raises its alert, or clears it.</summary>
/// <param name="alerts">Where alerts go; borrowed.</param>
public sealed class ApplianceChecks(IAlertSink alerts)
{
    /// <summary>A node without a backup for so many cycles is overdue.</summary>
    public const int CyclesMax = 3;

    /// <summary>Backups from which a node's own cycle is taken.</summary>
    public const int RhythmBackups = 10;

    /// <summary>Days to a full disk that are a warning.</summary>
    public const int FullDaysWarning = 30;

    /// <summary>Days to a full disk that are critical.</summary>
    public const int FullDaysCritical = 7;

    /// <summary>Share of the disk that is critical whatever the forecast.</summary>
    public const double FullShareCritical = 0.95;

    /// <summary>How far the clock may jump between two looks.</summary>
    public static readonly TimeSpan ClockStepMax = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan s_cycleMin = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan s_authorityWarning = TimeSpan.FromDays(90);
    private static readonly TimeSpan s_nodeWarning = TimeSpan.FromDays(5);

    /// <summary>A node's own cycle: the median time between its last backups.</summary>
    /// <param name="finished">When they were committed, newest first.</param>
    /// <returns>Null with fewer than three gaps.</returns>
    public static TimeSpan? RhythmOf(IReadOnlyList<DateTimeOffset> finished)
    {
        TimeSpan[] gaps = [.. finished.Take(RhythmBackups + 1).Zip(finished.Skip(1), (later, earlier) => later - earlier).Order()];
        return gaps.Length < 3 ? null : gaps[gaps.Length / 2];
    }

    /// <summary>Looks whether the backup of a node that follows no policy is overdue, by its own rhythm.</summary>
    /// <param name="node">The node.</param>
    /// <param name="last">Its last backup, or since when it is enrolled.</param>
    /// <param name="cycle">Its cycle; null when unknown: then nothing is said.</param>
    /// <param name="now">Now.</param>
    public void Backup(NodeRecord node, DateTimeOffset last, TimeSpan? cycle, DateTimeOffset now)
    {
        TimeSpan limit = CyclesMax * (cycle is { } known && known > s_cycleMin ? known : s_cycleMin);
        if (node.State != NodeState.Active || cycle is null || now - last <= limit)
        {
            alerts.Clear(AlertKind.BackupOverdue, node.Id);
            return;
        }

        alerts.Raise(new AlertEvent(
            AlertKind.BackupOverdue, AlertSeverity.Warning, node.Id, $"Node '{node.Name}' has had no backup for {Words(now - last)}; one every {Words(cycle.Value)} is usual.",
            $"Look whether '{node.Name}' runs and its gateway-agent is connected ('gatewayctl node list'), then 'gatewayctl node backup {node.Name}'."));
    }

    /// <summary>Looks whether the backup of a node that follows policies is overdue.</summary>
    /// <param name="node">The node.</param>
    /// <param name="overdue">The policy whose last <see cref="CyclesMax"/> runs brought nothing, and since when; null for none.</param>
    /// <param name="now">Now.</param>
    public void Backup(NodeRecord node, (string Policy, DateTimeOffset Since)? overdue, DateTimeOffset now)
    {
        if (node.State != NodeState.Active || overdue is not { } found)
        {
            alerts.Clear(AlertKind.BackupOverdue, node.Id);
            return;
        }

        alerts.Raise(new AlertEvent(
            AlertKind.BackupOverdue, AlertSeverity.Warning, node.Id, $"Node '{node.Name}' has had no backup by policy '{found.Policy}' for {Words(now - found.Since)}: {CyclesMax} runs or more have brought none.",
            $"Look what became of them ('gatewayctl job list --node {node.Name}') and whether gateway-agent runs there ('gatewayctl node list'), then 'gatewayctl job run backup --node {node.Name} --policy {found.Policy}'."));
    }

    /// <summary>Looks how full the store's disk is and will be.</summary>
    public void Capacity(CapacitySample now, CapacityForecast forecast)
    {
        double share = (double)now.UsedBytes / Math.Max(now.TotalBytes, 1);
        bool isCritical = share >= FullShareCritical || forecast.Days < FullDaysCritical;
        if (!isCritical && !(forecast.Days < FullDaysWarning))
        {
            alerts.Clear(AlertKind.CapacityForecast, "store");
            return;
        }

        string when = forecast.Days is { } days && !double.IsInfinity(days) ? $"It will be full in {Math.Max(days, 0):0} days if it goes on as in the last {forecast.History.TotalDays:0}." : "When it will be full is not known yet.";
        alerts.Raise(new AlertEvent(
            AlertKind.CapacityForecast, isCritical ? AlertSeverity.Critical : AlertSeverity.Warning, "store", $"The store's disk is {share:P0} full. {when}",
            "Shorten how long restore points are kept and collect garbage ('gatewayctl store gc'), take sources out of backups, or enlarge the disk."));
    }

    /// <summary>Looks for certificates that expire soon.</summary>
    public void Certificates(DateTimeOffset authorityExpires, IReadOnlyList<NodeRecord> nodes, DateTimeOffset now)
    {
        Decide(authorityExpires - now < s_authorityWarning, new AlertEvent(
            AlertKind.CertificateExpiry, AlertSeverity.Critical, "appliance", $"The appliance's certificate authority expires on {authorityExpires:yyyy-MM-dd}.",
            "Plan to enrol every node anew before that day: then no node can connect any more."));
        foreach (NodeRecord node in nodes)
        {
            // A short lifetime is renewed when a third of it is left; only then does waiting mean trouble.
            bool isDue = node is { State: NodeState.Active, CertificateExpires: { } expires } && expires - now < s_nodeWarning && node.LastSeen is { } seen && now - seen > s_nodeWarning / 5;
            Decide(isDue, new AlertEvent(
                AlertKind.CertificateExpiry, AlertSeverity.Warning, node.Id, $"The certificate of node '{node.Name}' expires on {node.CertificateExpires:yyyy-MM-dd} and the node has not been there to renew it.",
                $"Start gateway-agent on '{node.Name}': it renews the certificate by itself. After that day the node has to be enrolled again."));
        }
    }

    /// <summary>Looks whether the appliance's clock was set between two looks.</summary>
    /// <param name="byClock">Time between them by the clock.</param>
    /// <param name="elapsed">Time that really went by.</param>
    public void Clock(TimeSpan byClock, TimeSpan elapsed) => Decide((byClock - elapsed).Duration() > ClockStepMax, new AlertEvent(
        AlertKind.ClockDrift, AlertSeverity.Warning, "appliance", $"The appliance's clock jumped by {Words((byClock - elapsed).Duration())}{(byClock < elapsed ? " back" : " forward")}.",
        "Look whether a time server is set and reached (chronyc tracking). Restore points made meanwhile carry the wrong time."));

    /// <summary>Looks whether the store's key is kept well. Raises nothing on a machine that is no appliance: there it is the status that says so.</summary>
    /// <param name="key">The key.</param>
    /// <param name="isAppliance">True when the machine is the appliance and nothing else.</param>
    public void StoreKey(StoreKey key, bool isAppliance) => Decide(isAppliance && key.Place == KeyPlace.File, new AlertEvent(
        AlertKind.StoreKey, AlertSeverity.Warning, "store", $"The store's key is not sealed by a TPM. {key.Note}".TrimEnd(),
        "Turn the TPM 2.0 on in the firmware's settings and restart: the key is sealed then by itself. Where there is none, acknowledge this, and destroy the system disk when it is given away."));

    private static string Words(TimeSpan span) => span.TotalDays >= 2 ? $"{span.TotalDays:0} days" : span.TotalHours >= 2 ? $"{span.TotalHours:0} hours" : $"{span.TotalMinutes:0} minutes";

    private void Decide(bool isDue, AlertEvent alert)
    {
        if (isDue)
        {
            alerts.Raise(alert);
        }
        else
        {
            alerts.Clear(alert.Kind, alert.Subject);
        }
    }
}
