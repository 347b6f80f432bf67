using System.Globalization;
using GatewayOS.Appliance.Retention;
using GatewayOS.Store;
using GatewayOS.Store.Snapshots;

namespace GatewayOS.Web.Overview;

/// <summary>What an overview needs of the store, read once and looked at often.</summary>
/// <param name="At">When it was read.</param>
/// <param name="ByNode">Restore points by node, oldest first.</param>
/// <param name="PackBytes">Bytes of the packs.</param>
/// <param name="Sums">Figures of all restore points together.</param>
/// <param name="Days">The last days that have one.</param>
internal sealed record StoreView(DateTimeOffset At, ILookup<string, SnapshotRecord> ByNode, long PackBytes, SnapshotSums Sums, IReadOnlyDictionary<string, OverviewDay> Days)
{
    /// <summary>How many days are shown.</summary>
    public const int DaysMax = 30;

    /// <summary>Reads it: records that were read before are known, and only the list of their files is read anew.</summary>
    public static StoreView Read(BackupStore store, DateTimeOffset now)
    {
        IReadOnlyList<SnapshotRecord> records = store.KnownSnapshots();
        return Of(records, store.BytesInPacks(), now);
    }

    /// <summary>Sums up.</summary>
    public static StoreView Of(IReadOnlyList<SnapshotRecord> records, long packBytes, DateTimeOffset now)
    {
        var days = new Dictionary<string, OverviewDay>(StringComparer.Ordinal);
        var sums = default(SnapshotSums);
        DateTimeOffset oldest = new DateTimeOffset(now.UtcDateTime.Date, TimeSpan.Zero).AddDays(1 - DaysMax);
        foreach (SnapshotRecord record in records)
        {
            SnapshotCounts counts = record.Draft.Counts;
            sums = sums.Plus(counts);
            if (record.FinishedUtc >= oldest)
            {
                string day = DayOf(record.FinishedUtc);
                OverviewDay before = days.GetValueOrDefault(day) ?? new OverviewDay(day, 0, 0, 0);
                days[day] = before with
                {
                    Bytes = before.Bytes + counts.Bytes,
                    NewBytes = before.NewBytes + counts.NewBytes,
                    Seconds = before.Seconds + (record.FinishedUtc - SnapshotTime.Of(record)).TotalSeconds,
                };
            }
        }

        return new StoreView(now, records.ToLookup(record => record.Draft.NodeId, StringComparer.Ordinal), packBytes, sums, days);
    }

    /// <summary>The last days up to now, with those on which nothing happened.</summary>
    public IReadOnlyList<OverviewDay> DaysUntil(DateTimeOffset now) => ByNode.Count == 0 ? [] :
    [
        .. Enumerable.Range(0, DaysMax).Select(back => DayOf(now.AddDays(back + 1 - DaysMax))).Select(day => Days.GetValueOrDefault(day) ?? new OverviewDay(day, 0, 0, 0)),
    ];

    private static string DayOf(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}

/// <summary>Figures of several restore points.</summary>
/// <param name="Bytes">Bytes of their files.</param>
/// <param name="NewBytes">Those that the store had not.</param>
/// <param name="StoredBytes">What these took.</param>
internal readonly record struct SnapshotSums(long Bytes, long NewBytes, long StoredBytes)
{
    public double? DedupeRatio => NewBytes > 0 ? (double)Bytes / NewBytes : null;

    public double? CompressionRatio => StoredBytes > 0 ? (double)NewBytes / StoredBytes : null;

    public SnapshotSums Plus(SnapshotCounts counts) => new(Bytes + counts.Bytes, NewBytes + counts.NewBytes, StoredBytes + counts.StoredBytes);
}
