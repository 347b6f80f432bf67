namespace GatewayOS.Store.Index;

/// <summary>
/// Checked index pages, direct-mapped: a page's hash is checked once while it stays, and hot pages cost
/// neither a system call nor a hash. Bounded by its slot count; slots fill on demand.
/// </summary>
internal sealed class IndexPageCache
{
    // 4096 slots of 4 KiB: 16 MiB at most. Streams find their chunks in the locality cache; this one serves small stores and hot trees.
    private const int SlotCount = 4096;

    // Spreads segments over the slots (2^64 divided by the golden ratio).
    private const ulong Spread = 0x9E37_79B9_7F4A_7C15;

    private readonly Slot?[] _slots = new Slot?[SlotCount];
    private long _reads;

    /// <summary>Pages read from segments so far.</summary>
    public long Reads => Volatile.Read(ref _reads);

    /// <summary>A page's bytes, checked.</summary>
    /// <exception cref="Storage.StoreDamagedException">The page is damaged.</exception>
    public ReadOnlySpan<byte> Read(IndexSegment segment, long number)
    {
        // Neighbouring pages of a segment never share a slot.
        ref Slot? slot = ref _slots[(int)((((ulong)segment.Serial * Spread) >> 32) + (ulong)number) & (SlotCount - 1)];
        if (slot is { } hit && hit.Number == number && hit.Serial == segment.Serial)
        {
            // Slots never change once published, so a reader never sees half a page.
            return hit.Page;
        }

        byte[] page = new byte[IndexFormat.PageBytes];
        Interlocked.Increment(ref _reads);
        segment.ReadPage(number, page);
        slot = new Slot(segment.Serial, number, page);
        return page;
    }

    // The segment by its number: a page left in its slot must not keep a closed segment's filter in memory.
    private sealed class Slot(long serial, long number, byte[] page)
    {
        public long Serial { get; } = serial;

        public long Number { get; } = number;

        public byte[] Page { get; } = page;
    }
}
