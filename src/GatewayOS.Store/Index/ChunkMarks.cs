namespace GatewayOS.Store.Index;

/// <summary>
/// A set of chunks: one bit for each place of an index entry, so marking every chunk of a 50 TB store takes some 65 MB; chunks that are in no
/// segment go to a small hash set.
/// </summary>
/// <param name="lease">The index whose entries have the bits; the set's from here on.</param>
/// <param name="usable">Packs whose entries count; must not change while the set is in use.</param>
internal sealed class ChunkMarks(IndexLease lease, PackUse usable) : IDisposable
{
    private const int BitsPerWord = 64;

    private readonly ulong[] _bits = new ulong[(lease.Index.PositionsEnd / BitsPerWord) + 1];
    private readonly HashSet<ChunkId> _others = [];

    /// <summary>The index.</summary>
    public StoreIndex Index => lease.Index;

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

    /// <summary>Lets the index go.</summary>
    public void Dispose() => lease.Dispose();

    private long PositionOf(ChunkId id)
    {
        try
        {
            return lease.Index.TryFind(id, usable, out _, out long position) ? position : -1;
        }
        catch (Storage.StoreDamagedException)
        {
            return -1;
        }
    }
}
