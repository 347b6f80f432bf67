using GatewayOS.Store.Snapshots;

namespace GatewayOS.Appliance.Retention;

/// <summary>When a restore point counts as made. Its beginning comes from the node, and a node must not choose by its clock which others expire.</summary>
public static class SnapshotTime
{
    /// <summary>Longest backup whose beginning is believed.</summary>
    public static readonly TimeSpan BackupMax = TimeSpan.FromHours(24);

    /// <summary>The beginning the node gives, when it lies within a day before the commit by the appliance's clock; else the commit.</summary>
    public static DateTimeOffset Of(SnapshotRecord record) =>
        record.Draft.StartedUtc <= record.FinishedUtc && record.FinishedUtc - record.Draft.StartedUtc <= BackupMax ? record.Draft.StartedUtc : record.FinishedUtc;
}
