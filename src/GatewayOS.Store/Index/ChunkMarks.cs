namespace GatewayOS.Store.Index;

/// <summary>
/// A set of chunks: one bit for each index entry, so marking every chunk of a 50 TB store takes some 50 MB; chunks that are in no segment
/// go to a small hash set.
/// </summary>
/// <param name="index">The index whose entries have the bits.</param>
/// <param name="usable">Packs whose entries count; must not change while the set is in use.</param>
internal sealed class ChunkMarks(StoreIndex index, PackUse usable)
{
    private const int BitsPerWord = 64;

    private readonly ulong[] _bits = new ulong[(index.SegmentEntries / BitsPerWord) + 1];
    private readonly HashSet<ChunkId> _others = [];

    /// <summary>Marks a chunk.</summary>
    /// <returns>False when it is marked already.</returns>
    public bool Mark(ChunkId id)
    {
        long position = PositionOf(id);
        if (position < 0)
        {
            return _others.Add(id);
        }

        ref ulong word = ref _bits[position / BitsPerWord];
        ulong bit = 1UL << (int)(position % BitsPerWord);
        bool first = (word & bit) == 0;
        word |= bit;
        return first;
    }

    /// <summary>True when the entry at a position is marked.</summary>
    public bool IsMarked(long position) => (_bits[position / BitsPerWord] & (1UL << (int)(position % BitsPerWord))) != 0;

    private long PositionOf(ChunkId id)
    {
        try
        {
            return index.TryFind(id, usable, out _, out long position) ? position : -1;
        }
        catch (Storage.StoreDamagedException)
        {
            return -1;
        }
    }
}
