using System.Buffers.Binary;
using GatewayOS.Store.Compression;
using GatewayOS.Store.Packs;

namespace GatewayOS.Store.Pipeline.Transfer;

/// <summary>
/// What heads a group of chunks on its way to an appliance: for each chunk a row of 44 bytes — kind (u8), codec (u8), two zero bytes, plain
/// length (u32), stored length (u32), content hash (32 bytes), little-endian — in the order in which the stored bytes follow each other.
/// </summary>
public static class ChunkDirectory
{
    /// <summary>Length of a row, in bytes.</summary>
    public const int RowBytes = 44;

    /// <summary>Most chunks in a group.</summary>
    public const int ChunksMax = ChunkBatch.ChunksMax;

    internal static void Write(Span<byte> row, in TransferredChunk chunk)
    {
        row[0] = (byte)chunk.Kind;
        row[1] = (byte)chunk.Codec;
        row[2] = row[3] = 0;
        BinaryPrimitives.WriteInt32LittleEndian(row[4..], chunk.PlainBytes);
        BinaryPrimitives.WriteInt32LittleEndian(row[8..], chunk.StoredBytes);
        chunk.Hash.CopyTo(row[12..]);
    }

    /// <summary>Reads a row, trusting nothing.</summary>
    /// <returns>False when no chunk can be like that.</returns>
    internal static bool TryRead(ReadOnlySpan<byte> row, int plainBytesMax, out TransferredChunk chunk)
    {
        chunk = new TransferredChunk(
            (ChunkKind)row[0],
            (Codec)row[1],
            BinaryPrimitives.ReadInt32LittleEndian(row[4..]),
            BinaryPrimitives.ReadInt32LittleEndian(row[8..]),
            new ContentHash(row[12..RowBytes]));
        return chunk.Kind is ChunkKind.Data or ChunkKind.Tree or ChunkKind.List
            && chunk.Codec is Codec.Raw or Codec.Lz4 or Codec.Zstd
            && chunk.PlainBytes >= 0 && chunk.PlainBytes <= plainBytesMax
            && chunk.StoredBytes >= 0
            && (chunk.Codec == Codec.Raw ? chunk.StoredBytes == chunk.PlainBytes : chunk.StoredBytes < chunk.PlainBytes);
    }
}

/// <summary>One row of a <see cref="ChunkDirectory"/>.</summary>
internal readonly record struct TransferredChunk(ChunkKind Kind, Codec Codec, int PlainBytes, int StoredBytes, ContentHash Hash);
