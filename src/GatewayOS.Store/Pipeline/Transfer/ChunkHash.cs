using GatewayOS.Store.Hashing;

namespace GatewayOS.Store.Pipeline;

/// <summary>Names content as stores of format 2 and later do; needs no key.</summary>
public static class ChunkHash
{
    /// <summary>The content hash of a chunk.</summary>
    /// <param name="plain">Its plain bytes.</param>
    public static ContentHash Of(ReadOnlySpan<byte> plain)
    {
        Span<byte> hash = stackalloc byte[ContentHash.SizeBytes];
        Blake3.Hash(plain, hash);
        return new ContentHash(hash);
    }
}
