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
