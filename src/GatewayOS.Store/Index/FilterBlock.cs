namespace GatewayOS.Store.Index;

/// <summary>
/// Blocked Bloom filter (Putze, Sanders and Singler, WEA 2007): a question costs one cache line. With 8 bits an entry it says "surely not here"
/// for 97 of 100 absent chunks, with 12 for 99.5. Chunk IDs are keyed hashes already, so their own bits serve as hash functions; and since the
/// block follows from the ID's first bits, a writer that gets entries in order fills one block after the other.
/// </summary>
internal static class FilterBlock
{
    public const int Bytes = 64;

    private const int ProbeCount = 6;

    public static long BlocksFor(long entries, int bitsPerEntry) => (entries * bitsPerEntry / (Bytes * 8)) + 1;

    /// <summary>The block of a chunk.</summary>
    public static long Of(ChunkId id, long blocks) => (long)Math.BigMul(id.Prefix, (ulong)blocks, out _);

    public static void Add(Span<ulong> block, ChunkId id)
    {
        ulong bits = id.SecondWord;
        for (int probe = 0; probe < ProbeCount; probe++)
        {
            block[(int)((bits >> 6) & 7)] |= 1UL << (int)(bits & 63);
            bits >>= 9;
        }
    }

    public static bool MayContain(ReadOnlySpan<ulong> block, ChunkId id)
    {
        ulong bits = id.SecondWord;
        for (int probe = 0; probe < ProbeCount; probe++)
        {
            if ((block[(int)((bits >> 6) & 7)] & (1UL << (int)(bits & 63))) == 0)
            {
                return false;
            }

            bits >>= 9;
        }

        return true;
    }
}
