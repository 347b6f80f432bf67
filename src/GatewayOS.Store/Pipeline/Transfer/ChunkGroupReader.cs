using GatewayOS.Store.Compression;
using GatewayOS.Store.Reading;

namespace GatewayOS.Store.Pipeline.Transfer;

/// <summary>The appliance's end of a restore: collects chunks in their stored form into a group to send. Belongs to one thread.</summary>
/// <param name="store">The store; borrowed.</param>
public sealed class ChunkGroupReader(BackupStore store) : IDisposable
{
    private readonly ChunkReader _reader = store.OpenReader();
    private int _chunks;

    /// <summary>Rows of the group's directory.</summary>
    public byte[] Directory { get; } = new byte[ChunkDirectory.RowBytes * ChunkDirectory.ChunksMax];

    /// <summary>The stored bytes.</summary>
    public byte[] Payload { get; } = GC.AllocateUninitializedArray<byte>(ChunkBatch.BytesFor(store.Chunker));

    /// <summary>Bytes of <see cref="Directory"/> in use.</summary>
    public int DirectoryBytes => _chunks * ChunkDirectory.RowBytes;

    /// <summary>Bytes of <see cref="Payload"/> in use.</summary>
    public int PayloadBytes { get; private set; }

    /// <summary>Empties the group.</summary>
    public void Clear()
    {
        _chunks = 0;
        PayloadBytes = 0;
    }

    /// <summary>Adds a chunk.</summary>
    /// <param name="hash">The chunk.</param>
    /// <returns>False when the group is full: send it, clear it and add the chunk again.</returns>
    /// <exception cref="Storage.StoreDamagedException">The chunk is missing or damaged.</exception>
    public bool TryAdd(ContentHash hash)
    {
        ReadOnlySpan<byte> stored = _reader.ReadStored(_reader.IdOf(hash), out TransferredChunk row);
        if (_chunks == ChunkDirectory.ChunksMax || stored.Length > Payload.Length - PayloadBytes)
        {
            return false;
        }

        stored.CopyTo(Payload.AsSpan(PayloadBytes));
        ChunkDirectory.Write(Directory.AsSpan(DirectoryBytes), row with { Hash = hash });
        PayloadBytes += stored.Length;
        _chunks++;
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => _reader.Dispose();
}

/// <summary>The node's end of a restore: takes a received group apart, checking every hash.</summary>
public static class ChunkGroup
{
    /// <summary>Largest chunk accepted, plain, in bytes.</summary>
    public const int PlainBytesMax = 16 * 1024 * 1024;

    /// <summary>Calls back for each chunk of a group.</summary>
    /// <param name="directory">The group's directory.</param>
    /// <param name="payload">Its stored bytes.</param>
    /// <param name="found">Gets hash and plain bytes; the bytes are the callee's.</param>
    /// <returns>Null when all is well, else what is wrong.</returns>
    public static string? Open(ReadOnlySpan<byte> directory, ReadOnlySpan<byte> payload, Action<ContentHash, byte[]> found)
    {
        for (; directory.Length >= ChunkDirectory.RowBytes; directory = directory[ChunkDirectory.RowBytes..])
        {
            if (!ChunkDirectory.TryRead(directory, PlainBytesMax, out TransferredChunk chunk) || chunk.StoredBytes > payload.Length)
            {
                return "a chunk's row in the directory makes no sense";
            }

            byte[] plain = GC.AllocateUninitializedArray<byte>(chunk.PlainBytes);
            if (!ChunkCodec.TryDecompress(chunk.Codec, payload[..chunk.StoredBytes], plain) || ChunkHash.Of(plain) != chunk.Hash)
            {
                return "a chunk's content does not have its hash";
            }

            found(chunk.Hash, plain);
            payload = payload[chunk.StoredBytes..];
        }

        return directory.IsEmpty && payload.IsEmpty ? null : "directory and payload do not fit together";
    }
}
