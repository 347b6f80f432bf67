using GatewayOS.Store.Snapshots;

namespace GatewayOS.Appliance.Alerts;

/// <summary>What makes a backup suspicious.</summary>
/// <param name="Reasons">One sentence for each figure that is far off.</param>
public sealed record Anomaly(IReadOnlyList<string> Reasons);

/// <summary>
/// Notices backups that look as after encryption by ransomware: much more changed than ever, and what is new does not compress any more. Each figure
/// is compared with the series' own history by median and median absolute deviation, which a single odd backup does not move. Pure.
/// </summary>
public static class AnomalyRadar
{
    /// <summary>Fewest earlier backups of a series: with less there is no history to be far off from.</summary>
    public const int HistoryMin = 7;

    /// <summary>Earlier backups that count.</summary>
    public const int HistoryMax = 30;

    /// <summary>New bytes below which nothing can be said about them.</summary>
    public const long NewBytesMin = 4 * 1024 * 1024;

    // Deviations beyond which a figure is far off. 1.4826 MAD is one standard deviation of a normal distribution; six of them leave room for nodes
    // whose days differ. The floors keep a node that never changes from raising an alarm for its first changed file.
    private const double DeviationsMax = 6;
    private const double MadToDeviation = 1.4826;
    private const double ChangedFloor = 0.02;
    private const double NewFloor = 0.02;
    private const double CompressionFloor = 0.03;

    // Encrypted data does not compress: 1.0 of its size, plus the record's head.
    private const double IncompressibleMin = 0.9;

    /// <summary>Judges a backup.</summary>
    /// <param name="now">Its figures.</param>
    /// <param name="history">Those of earlier backups of the same node and sources, in any order.</param>
    /// <returns>Null when it is not suspicious, or there is not enough to judge by.</returns>
    public static Anomaly? Judge(SnapshotCounts now, IReadOnlyList<SnapshotCounts> history)
    {
        if (history.Count < HistoryMin || now.NewBytes < NewBytesMin)
        {
            return null;
        }

        var reasons = new List<string>();
        bool changed = IsFar(Changed(now), [.. history.Select(Changed)], ChangedFloor, "of its files are new or changed", reasons);
        bool isNew = IsFar(New(now), [.. history.Select(New)], NewFloor, "of its bytes are new to the store", reasons);

        // Without earlier new data there is nothing to compare with: then being incompressible counts by itself.
        double[] compressions = [.. history.Where(counts => counts.NewBytes >= NewBytesMin).Select(Compression)];
        bool isIncompressible = Compression(now) >= IncompressibleMin
            && (compressions.Length < HistoryMin || IsFar(Compression(now), compressions, CompressionFloor, "of its new bytes' size is left after compression", reasons));
        if (isIncompressible && compressions.Length < HistoryMin)
        {
            reasons.Add($"what is new does not compress ({Compression(now):P0} is left)");
        }

        // Any one of them happens on good days: an upgrade changes much, a folder of films does not compress.
        return changed && isNew && isIncompressible ? new Anomaly(reasons) : null;
    }

    private static double Changed(SnapshotCounts counts) => (double)(counts.FilesNew + counts.FilesChanged) / Math.Max(counts.Files, 1);

    private static double New(SnapshotCounts counts) => (double)counts.NewBytes / Math.Max(counts.Bytes, 1);

    private static double Compression(SnapshotCounts counts) => (double)counts.StoredBytes / Math.Max(counts.NewBytes, 1);

    private static bool IsFar(double value, double[] history, double floor, string what, List<string> reasons)
    {
        double median = Median(history);
        double deviation = Math.Max(Median([.. history.Select(past => Math.Abs(past - median))]) * MadToDeviation, floor);
        bool isFar = value - median > DeviationsMax * deviation;
        if (isFar)
        {
            reasons.Add($"{value:P0} {what}, where {median:P0} is usual");
        }

        return isFar;
    }

    private static double Median(double[] values)
    {
        double[] sorted = [.. values.Order()];
        int middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
