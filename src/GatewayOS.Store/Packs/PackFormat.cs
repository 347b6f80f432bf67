using System.Buffers.Binary;
using GatewayOS.Store.Compression;
using GatewayOS.Store.Hashing;

namespace GatewayOS.Store.Packs;

/// <summary>Byte layouts of a pack (FORMAT.md, "Packs"): head, records, directory, tail. All integers little-endian.</summary>
internal static class PackFormat
{
    public const int HeadBytes = 64;
    public const int RecordHeadBytes = 64;
    public const int TailBytes = 64;
    public const int SaltBytes = 32;
    public const int TagBytes = 16;
    public const int NonceBytes = 12;

    /// <summary>Record-head bytes that are authenticated with the ciphertext and covered by its hash.</summary>
    public const int AuthenticatedBytes = 48;

    public const int CipherHashBytes = 16;

    /// <summary>Longest plain chunk a reader accepts, in bytes; chunkers stay far below.</summary>
    public const int PlainBytesMax = 16 * 1024 * 1024;

    /// <summary>Longest pack a reader accepts, in bytes. Offsets are 32 bits wide.</summary>
    public const long PackBytesMax = 256L * 1024 * 1024;

    /// <summary>Most records of a pack; bounds the directory to 8 MiB.</summary>
    public const int RecordsMax = 128 * 1024;

    public const ushort Version = 1;
    public const ushort RecordMagic = 0xC7D5;

    private static ReadOnlySpan<byte> HeadMagic => "GWOSPACK"u8;

    private static ReadOnlySpan<byte> TailMagic => "GWOSPEND"u8;

    public static void WriteHead(Span<byte> head, Guid storeId, ReadOnlySpan<byte> salt)
    {
        head[..HeadBytes].Clear();
        HeadMagic.CopyTo(head);
        BinaryPrimitives.WriteUInt16LittleEndian(head[8..], Version);
        storeId.TryWriteBytes(head.Slice(16, 16), bigEndian: true, out _);
        salt.CopyTo(head.Slice(32, SaltBytes));
    }

    /// <summary>Checks a pack's head.</summary>
    /// <returns>Null when good, else what is wrong.</returns>
    public static string? CheckHead(ReadOnlySpan<byte> head, Guid storeId)
    {
        if (head.Length < HeadBytes || !head.StartsWith(HeadMagic))
        {
            return "it does not begin as a pack does";
        }

        ushort version = BinaryPrimitives.ReadUInt16LittleEndian(head[8..]);
        if (version != Version)
        {
            return $"its format version is {version}, this program knows {Version}";
        }

        return new Guid(head.Slice(16, 16), bigEndian: true) == storeId ? null : "it belongs to another store";
    }

    public static ReadOnlySpan<byte> Salt(ReadOnlySpan<byte> head) => head.Slice(32, SaltBytes);

    public static void WriteTail(Span<byte> tail, long directoryOffset, int records, ReadOnlySpan<byte> packId)
    {
        tail[..TailBytes].Clear();
        TailMagic.CopyTo(tail);
        BinaryPrimitives.WriteInt64LittleEndian(tail[8..], directoryOffset);
        BinaryPrimitives.WriteInt32LittleEndian(tail[16..], records);
        packId.CopyTo(tail[32..]);
    }

    /// <summary>Reads a tail against the file's length.</summary>
    /// <returns>False when it is no tail of a whole pack of that length.</returns>
    public static bool TryReadTail(ReadOnlySpan<byte> tail, long packBytes, out long directoryOffset, out int records)
    {
        directoryOffset = BinaryPrimitives.ReadInt64LittleEndian(tail[8..]);
        records = BinaryPrimitives.ReadInt32LittleEndian(tail[16..]);
        return tail.StartsWith(TailMagic) && records is >= 0 and <= RecordsMax
            && directoryOffset >= HeadBytes && directoryOffset + ((long)records * RecordHeadBytes) + TailBytes == packBytes;
    }

    /// <summary>A pack's ID: BLAKE3 over head and directory, so it commits to every record's ciphertext hash.</summary>
    public static ChunkId PackId(ReadOnlySpan<byte> head, ReadOnlySpan<byte> directory)
    {
        var hasher = new Blake3Hasher();
        hasher.Update(head[..HeadBytes]);
        hasher.Update(directory);
        Span<byte> id = stackalloc byte[ChunkId.SizeBytes];
        hasher.Finish(id);
        return new ChunkId(id);
    }

    /// <summary>The GCM nonce of a record: its offset. Unique because each pack has its own key and no range of a pack is written twice.</summary>
    public static void WriteNonce(Span<byte> nonce, uint offset)
    {
        nonce[..NonceBytes].Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(nonce[8..], offset);
    }

    /// <summary>The ciphertext hash: BLAKE3-128 over the authenticated head bytes and the stored bytes.</summary>
    public static void CipherHash(Blake3Hasher hasher, ReadOnlySpan<byte> recordHead, ReadOnlySpan<byte> stored, Span<byte> hash)
    {
        hasher.Reset();
        hasher.Update(recordHead[..AuthenticatedBytes]);
        hasher.Update(stored);
        hasher.Finish(hash[..CipherHashBytes]);
    }
}

/// <summary>The fixed head of a record, decoded.</summary>
internal readonly record struct RecordHead(ChunkKind Kind, Codec Codec, uint Offset, int PlainBytes, int StoredBytes, ChunkId Id)
{
    /// <summary>Bytes of the whole record: head and stored bytes.</summary>
    public long TotalBytes => PackFormat.RecordHeadBytes + (long)StoredBytes;

    /// <summary>Writes the authenticated part; the ciphertext hash follows later.</summary>
    public void Write(Span<byte> head)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(head, PackFormat.RecordMagic);
        head[2] = (byte)Kind;
        head[3] = (byte)Codec;
        BinaryPrimitives.WriteUInt32LittleEndian(head[4..], Offset);
        BinaryPrimitives.WriteInt32LittleEndian(head[8..], PlainBytes);
        BinaryPrimitives.WriteInt32LittleEndian(head[12..], StoredBytes);
        Id.CopyTo(head[16..]);
    }

    /// <summary>Decodes a head; false when a field is out of range.</summary>
    public static bool TryRead(ReadOnlySpan<byte> head, out RecordHead record)
    {
        record = new RecordHead(
            (ChunkKind)head[2],
            (Codec)head[3],
            BinaryPrimitives.ReadUInt32LittleEndian(head[4..]),
            BinaryPrimitives.ReadInt32LittleEndian(head[8..]),
            BinaryPrimitives.ReadInt32LittleEndian(head[12..]),
            new ChunkId(head.Slice(16, ChunkId.SizeBytes)));
        return BinaryPrimitives.ReadUInt16LittleEndian(head) == PackFormat.RecordMagic
            && record.Kind is >= ChunkKind.Data and <= ChunkKind.List
            && record.Codec is >= Codec.Raw and <= Codec.Zstd
            && record.PlainBytes is >= 0 and <= PackFormat.PlainBytesMax
            && record.StoredBytes is >= PackFormat.TagBytes and <= PackFormat.PlainBytesMax + PackFormat.TagBytes
            && record.Offset >= PackFormat.HeadBytes;
    }
}
