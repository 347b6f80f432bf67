using GatewayOS.Store.Snapshots;

namespace GatewayOS.Appliance.Alerts;

/// <summary>What makes a backup suspicious.</summary>
/// <param name="Reasons">One sentence for each figure that is far off.</param>
public sealed record Anomaly(IReadOnlyList<string> Reasons);

/// <summary>
/// Notices backups that look as after encryption by ransomware: many more files are replaced than usual, many more bytes are new, and what is new does
/// not compress. The first two are compared with the series' own history, by its upper quartile, which a few odd backups do not move. Pure.
/// </summary>
/// <remarks>How often it is wrong, and what it finds, is measured in RansomwareTests.cs and stated in this project's README.</remarks>
public static class AnomalyRadar
{
    /// <summary>Fewest earlier backups of a series: with less there is no history to be far off from.</summary>
    public const int HistoryMin = 7;

    /// <summary>Earlier backups that count.</summary>
    public const int HistoryMax = 30;

    /// <summary>New bytes below which nothing can be said about them.</summary>
    public const long NewBytesMin = 4 * 1024 * 1024;

    // What is far off: twice the upper quartile and an eighth of everything; but never more than half of the way from there to everything, so that nodes
    // that change much each day are watched, too.
    private const double FarFactor = 2;
    private const double FarFloor = 0.125;
    private const double Quartile = 0.75;

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

        // Any one of them happens on good days: an upgrade replaces much, a folder of films does not compress, an import is new.
        var reasons = new List<string>();
        bool isReplaced = IsFar(Replaced(now, history.Max(past => past.Files)), [.. history.Select(Changed)], "of its files were replaced or changed", reasons);
        bool isNew = IsFar(New(now), [.. history.Select(New)], "of its bytes are new to the store", reasons);
        double compression = (double)now.StoredBytes / now.NewBytes;
        reasons.Add($"what is new does not compress ({compression:P0} is left)");
        return isReplaced && isNew && compression >= IncompressibleMin ? new Anomaly(reasons) : null;
    }

    // Files that came to the others replace none.
    private static double Replaced(SnapshotCounts counts, long filesBefore) =>
        (double)(counts.FilesChanged + Math.Max(0, counts.FilesNew - Math.Max(0, counts.Files - filesBefore))) / Math.Max(counts.Files, 1);

    private static double Changed(SnapshotCounts counts) => (double)(counts.FilesNew + counts.FilesChanged) / Math.Max(counts.Files, 1);

    private static double New(SnapshotCounts counts) => (double)counts.NewBytes / Math.Max(counts.Bytes, 1);

    private static bool IsFar(double value, double[] history, string what, List<string> reasons)
    {
        Array.Sort(history);
        double upper = history[(int)(history.Length * Quartile)];
        bool isFar = value > Math.Min((upper * FarFactor) + FarFloor, (1 + upper) / 2);
        if (isFar)
        {
            reasons.Add($"{value:P0} {what}, where {history[history.Length / 2]:P0} is usual");
        }

        return isFar;
    }
}
