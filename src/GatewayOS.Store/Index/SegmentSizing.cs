namespace GatewayOS.Store.Index;

/// <summary>What a new segment is sized for.</summary>
/// <param name="EntriesMax">At least the number of its entries.</param>
/// <param name="FilterBits">Bits of its filter for each entry.</param>
internal readonly record struct SegmentSizing(long EntriesMax, int FilterBits)
{
    // The largest segment holds three quarters of the index or more, so its filter decides about memory; the others' are cheap, and several of
    // them are asked (Dayan, Athanassoulis and Idreos, "Monkey", SIGMOD 2017).
    private const int FilterBitsOfLargest = 8;
    private const int FilterBitsOfOthers = 12;

    /// <summary>The sizing of a segment that comes to stand beside others.</summary>
    /// <param name="entriesMax">At least the number of its entries.</param>
    /// <param name="largestOther">Entries of the largest other segment.</param>
    public static SegmentSizing Beside(long entriesMax, long largestOther) => new(entriesMax, entriesMax >= largestOther ? FilterBitsOfLargest : FilterBitsOfOthers);

    public IndexShape Shape(int packs) => new(
        Entries: 0,
        packs,
        FilterBlock.BlocksFor(EntriesMax, FilterBits),
        HomePages: (EntriesMax / IndexFormat.EntriesPerPageMean) + 1,
        Pages: 0);
}

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
