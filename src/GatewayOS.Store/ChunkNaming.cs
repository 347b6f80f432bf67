using GatewayOS.Store.Hashing;

namespace GatewayOS.Store;

/// <summary>
/// How a store gets from a chunk's bytes to the hash that trees hold and to the ID that packs hold (FORMAT.md, "Chunks"). Thread-safe.
/// </summary>
internal sealed class ChunkNaming
{
    private readonly byte[] _chunkIdKey;
    private readonly bool _keyedContent;

    /// <summary>Names chunks as a store of this format does.</summary>
    /// <param name="format">The store's format.</param>
    /// <param name="chunkIdKey">32 bytes; borrowed.</param>
    public ChunkNaming(int format, byte[] chunkIdKey)
    {
        // Format 1 hashed the bytes under the key at once, so hash and ID were the same and only a holder of the key could name a chunk.
        (_keyedContent, _chunkIdKey) = (format == 1, chunkIdKey);
    }

    /// <summary>True when a hash can be computed without the store's key, as nodes do.</summary>
    public bool IsOpen => !_keyedContent;

    public ContentHash Hash(ReadOnlySpan<byte> plain)
    {
        Span<byte> hash = stackalloc byte[ContentHash.SizeBytes];
        if (_keyedContent)
        {
            Blake3.KeyedHash(_chunkIdKey, plain, hash);
        }
        else
        {
            Blake3.Hash(plain, hash);
        }

        return new ContentHash(hash);
    }

    public ChunkId Id(in ContentHash hash)
    {
        Span<byte> bytes = stackalloc byte[ContentHash.SizeBytes];
        hash.CopyTo(bytes);
        if (!_keyedContent && !hash.IsNone)
        {
            Span<byte> id = stackalloc byte[ChunkId.SizeBytes];
            Blake3.KeyedHash(_chunkIdKey, bytes, id);
            return new ChunkId(id);
        }

        return new ChunkId(bytes);
    }

    /// <summary>The ID of a chunk with these bytes.</summary>
    public ChunkId IdOf(ReadOnlySpan<byte> plain) => Id(Hash(plain));
}
