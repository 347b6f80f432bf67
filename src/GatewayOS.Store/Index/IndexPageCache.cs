using System.Runtime.CompilerServices;

namespace GatewayOS.Store.Index;

/// <summary>
/// Checked index pages, direct-mapped: a page's hash is checked once while it stays, and hot pages cost
/// neither a system call nor a hash. Bounded by its slot count; slots fill on demand.
/// </summary>
internal sealed class IndexPageCache
{
    // 4096 slots of 4 KiB: 16 MiB at most, which covers every page of a store of about 350 000 chunks (some 40 GB).
    private const int SlotCount = 4096;

    private readonly Slot?[] _slots = new Slot?[SlotCount];

    /// <summary>A page's bytes, checked.</summary>
    /// <exception cref="Storage.StoreDamagedException">The page is damaged.</exception>
    public ReadOnlySpan<byte> Read(IndexSegment segment, long number)
    {
        // Neighbouring pages of a segment never share a slot.
        ref Slot? slot = ref _slots[(RuntimeHelpers.GetHashCode(segment) + (int)number) & (SlotCount - 1)];
        if (slot is { } hit && hit.Number == number && ReferenceEquals(hit.Segment, segment))
        {
            // Slots never change once published, so a reader never sees half a page.
            return hit.Page;
        }

        byte[] page = new byte[IndexFormat.PageBytes];
        segment.ReadPage(number, page);
        slot = new Slot(segment, number, page);
        return page;
    }

    private sealed class Slot(IndexSegment segment, long number, byte[] page)
    {
        public IndexSegment Segment { get; } = segment;

        public long Number { get; } = number;

        public byte[] Page { get; } = page;
    }
}
