using System.Runtime.InteropServices;

namespace GatewayOS.Store.Index;

/// <summary>
/// Blocked Bloom filter (Putze, Sanders and Singler, WEA 2007): says "surely not here" for about 98.5 of 100 absent chunks at 10 bits an
/// entry and one cache line a question. Chunk IDs are keyed hashes already, so their own bits serve as hash functions.
/// </summary>
internal sealed class ChunkFilter
{
    public const int BlockBytes = 64;

    private const int BitsPerEntry = 10;
    private const int ProbeCount = 6;
    private const int WordsPerBlock = BlockBytes / sizeof(ulong);

    private readonly ulong[] _words;

    private ChunkFilter(ulong[] words) => _words = words;

    public int Blocks => _words.Length / WordsPerBlock;

    /// <summary>The filter as bytes: the on-disk form on little-endian machines, which are the only ones supported.</summary>
    public Span<byte> Bytes => MemoryMarshal.AsBytes(_words.AsSpan());

    public static int BlocksFor(long entries) => checked((int)((entries * BitsPerEntry / (BlockBytes * 8)) + 1));

    public static ChunkFilter ForEntries(long entries) => new(new ulong[BlocksFor(entries) * WordsPerBlock]);

    public static ChunkFilter WithBlocks(int blocks) => new(new ulong[checked(blocks * WordsPerBlock)]);

    public void Add(ChunkId id)
    {
        int block = BlockOf(id);
        ulong bits = id.SecondWord;
        for (int probe = 0; probe < ProbeCount; probe++)
        {
            _words[block + (int)((bits >> 6) & 7)] |= 1UL << (int)(bits & 63);
            bits >>= 9;
        }
    }

    public bool MayContain(ChunkId id)
    {
        int block = BlockOf(id);
        ulong bits = id.SecondWord;
        for (int probe = 0; probe < ProbeCount; probe++)
        {
            if ((_words[block + (int)((bits >> 6) & 7)] & (1UL << (int)(bits & 63))) == 0)
            {
                return false;
            }

            bits >>= 9;
        }

        return true;
    }

    private int BlockOf(ChunkId id) => (int)Math.BigMul(id.Prefix, (ulong)Blocks, out _) * WordsPerBlock;
}
