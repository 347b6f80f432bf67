using GatewayOS.Certificates;
using GatewayOS.Store.Snapshots;

namespace GatewayOS.Appliance.Alerts;

/// <summary>
/// Looks at every committed snapshot once, in its series' order: for anomalies, whose node's earlier restore points it holds, and for wrong clocks.
/// Which were looked at is kept, so that neither a crash nor a restart leaves one out or looks twice.
/// </summary>
/// <param name="centre">Where alerts go; borrowed.</param>
/// <param name="holds">The holds; borrowed.</param>
public sealed class SnapshotWatch(AlertCentre centre, SnapshotHolds holds)
{
    /// <summary>Looks at what is new.</summary>
    /// <param name="records">All snapshots of the store.</param>
    /// <param name="nameOf">A node's name, by its ID.</param>
    public void Look(IReadOnlyList<SnapshotRecord> records, Func<string, string> nameOf)
    {
        foreach (IGrouping<string, SnapshotRecord> series in records.Where(record => record.Draft.NodeId.Length > 0).GroupBy(SeriesOf, StringComparer.Ordinal))
        {
            SnapshotRecord[] ordered = [.. series.OrderBy(record => record.FinishedUtc)];
            DateTimeOffset watched = centre.WatchedUntil(series.Key);
            for (int i = 0; i < ordered.Length; i++)
            {
                if (ordered[i].FinishedUtc.ToUnixTimeMilliseconds() > watched.ToUnixTimeMilliseconds())
                {
                    Judge(ordered[i], ordered[Math.Max(0, i - AnomalyRadar.HistoryMax)..i], nameOf(ordered[i].Draft.NodeId));
                    centre.Watched(series.Key, ordered[i].FinishedUtc);
                }
            }
        }
    }

    private static string SeriesOf(SnapshotRecord record) => string.Join('\n', [record.Draft.NodeId, .. record.Draft.Sources]);

    private void Judge(SnapshotRecord record, SnapshotRecord[] before, string name)
    {
        JudgeClock(record, name);
        if (before.Length == 0 || AnomalyRadar.Judge(record.Draft.Counts, [.. before.Select(past => past.Draft.Counts)]) is not { } anomaly)
        {
            return;
        }

        // What is held is durable before anybody is told.
        string why = $"Snapshot {record.ShortId} of node '{name}' is far off what is usual there: {string.Join("; ", anomaly.Reasons)}.";
        holds.Hold(record.Draft.NodeId, before[^1].FinishedUtc, why);
        centre.Raise(new AlertEvent(
            AlertKind.Anomaly, AlertSeverity.Critical, record.Draft.NodeId, why + " Its earlier restore points are held from expiry.",
            $"Look on '{name}' whether files were encrypted by somebody else. If so, take it off the network and restore from before; if all is well, 'gatewayctl alert release {name}'."));
    }

    private void JudgeClock(SnapshotRecord record, string name)
    {
        TimeSpan ahead = record.Draft.StartedUtc - record.FinishedUtc;
        if (ahead > CertificateAuthority.ClockSkewMax)
        {
            centre.Raise(new AlertEvent(
                AlertKind.ClockDrift, AlertSeverity.Warning, record.Draft.NodeId, $"The clock of node '{name}' is at least {ahead.TotalMinutes:0} minutes ahead of the appliance's.",
                "Set both clocks by a time server (chrony); wrong ones make certificates invalid and restore points hard to find."));
        }
        else
        {
            centre.Clear(AlertKind.ClockDrift, record.Draft.NodeId);
        }
    }
}
