namespace GatewayOS.Store.Index;

/// <summary>
/// Decides which segments a new one takes in. Whatever is merged is at most three times as large as all that is smaller, so each entry is rewritten a few
/// times for each time the index grows fourfold; and what is left alone is more than three times as large as what was last merged below it, so
/// the number of segments grows with the logarithm of the index: <see cref="SegmentsMax"/>.
/// </summary>
internal static class SegmentMerging
{
    /// <summary>Segments that may wait for a merge.</summary>
    public const int UnmergedMax = 3;

    private const int SizeRatio = 3;

    /// <summary>Upper bound of the number of segments of an index that only commits have changed.</summary>
    /// <param name="entries">All entries.</param>
    public static int SegmentsMax(long entries) => UnmergedMax + 1 + (int)Math.Log(Math.Max(entries, 1), SizeRatio);

    /// <summary>Chooses.</summary>
    /// <param name="ascending">Entries of the segments there are, ascending.</param>
    /// <param name="newEntries">Entries of the new segment.</param>
    /// <returns>How many of the smallest are merged into it; 0 for none.</returns>
    public static int Choose(IReadOnlyList<long> ascending, long newEntries)
    {
        long sum = newEntries;
        int chosen = 0;
        while (chosen < ascending.Count && ascending[chosen] <= sum * SizeRatio)
        {
            sum += ascending[chosen++];
        }

        return chosen > UnmergedMax ? chosen : 0;
    }
}
