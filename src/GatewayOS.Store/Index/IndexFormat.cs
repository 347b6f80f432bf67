using System.Buffers.Binary;
using GatewayOS.Store.Hashing;

namespace GatewayOS.Store.Index;

/// <summary>
/// Byte layout of an index segment (FORMAT.md, "Index"): head, pack table, filter, then entries sorted by chunk ID in pages of 4 KiB, each
/// with its own hash, so that one lookup reads and checks one or two pages whatever the segment's size.
/// </summary>
internal static class IndexFormat
{
    public const int HeadBytes = 128;
    public const int PackRowBytes = 40;
    public const int HashBytes = 16;
    public const int EntryBytes = 48;
    public const int PageBytes = 4096;
    public const int EntriesPerPage = (PageBytes - HashBytes) / EntryBytes;
    public const ushort Version = 1;

    private const int HashedHeadBytes = HeadBytes - HashBytes;

    private static ReadOnlySpan<byte> Magic => "GWOSINDX"u8;

    public static void WriteHead(Span<byte> head, Guid storeId, in IndexShape shape)
    {
        head[..HeadBytes].Clear();
        Magic.CopyTo(head);
        BinaryPrimitives.WriteUInt16LittleEndian(head[8..], Version);
        storeId.TryWriteBytes(head.Slice(16, 16), bigEndian: true, out _);
        BinaryPrimitives.WriteInt64LittleEndian(head[32..], shape.Entries);
        BinaryPrimitives.WriteInt32LittleEndian(head[40..], shape.Packs);
        BinaryPrimitives.WriteInt32LittleEndian(head[44..], shape.FilterBlocks);
        Hash(head[..HashedHeadBytes], head[HashedHeadBytes..]);
    }

    /// <summary>Reads a head; null with the reason when it is none.</summary>
    public static IndexShape? ReadHead(ReadOnlySpan<byte> head, Guid storeId, out string reason)
    {
        reason = "";
        if (head.Length < HeadBytes || !head.StartsWith(Magic))
        {
            reason = "it does not begin as an index segment does";
        }
        else if (BinaryPrimitives.ReadUInt16LittleEndian(head[8..]) != Version)
        {
            reason = "its format version is unknown";
        }
        else if (!HashMatches(head[..HashedHeadBytes], head[HashedHeadBytes..HeadBytes]))
        {
            reason = "its head is damaged";
        }
        else if (new Guid(head.Slice(16, 16), bigEndian: true) != storeId)
        {
            reason = "it belongs to another store";
        }

        return reason.Length > 0 ? null : new IndexShape(
            BinaryPrimitives.ReadInt64LittleEndian(head[32..]),
            BinaryPrimitives.ReadInt32LittleEndian(head[40..]),
            BinaryPrimitives.ReadInt32LittleEndian(head[44..]));
    }

    public static void Hash(ReadOnlySpan<byte> bytes, Span<byte> hash) => Blake3.Hash(bytes, hash[..HashBytes]);

    public static bool HashMatches(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> expected)
    {
        Span<byte> hash = stackalloc byte[HashBytes];
        Hash(bytes, hash);
        return hash.SequenceEqual(expected[..HashBytes]);
    }
}

/// <summary>The sizes of a segment's sections, from which every offset follows.</summary>
internal readonly record struct IndexShape(long Entries, int Packs, int FilterBlocks)
{
    public long PackTableOffset => IndexFormat.HeadBytes;

    public int PackTableBytes => Packs * IndexFormat.PackRowBytes;

    public long FilterOffset => PackTableOffset + PackTableBytes + IndexFormat.HashBytes;

    public long FilterBytes => (long)FilterBlocks * ChunkFilter.BlockBytes;

    public long PagesOffset => (FilterOffset + FilterBytes + IndexFormat.HashBytes + IndexFormat.PageBytes - 1) / IndexFormat.PageBytes * IndexFormat.PageBytes;

    public long Pages => (Entries + IndexFormat.EntriesPerPage - 1) / IndexFormat.EntriesPerPage;

    public long FileBytes => PagesOffset + (Pages * IndexFormat.PageBytes);
}

/// <summary>One entry: a chunk and its place in a pack, the pack given by a number in the table at hand.</summary>
internal readonly record struct IndexEntry(ChunkId Id, ChunkLocation Location) : IComparable<IndexEntry>
{
    private const int KindShift = 28;
    private const uint StoredMask = (1u << KindShift) - 1;

    public void Write(Span<byte> destination, int segmentPack)
    {
        Id.CopyTo(destination);
        BinaryPrimitives.WriteInt32LittleEndian(destination[32..], segmentPack);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[36..], Location.OffsetBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[40..], (uint)Location.StoredBytes | ((uint)Location.Kind << KindShift));
        BinaryPrimitives.WriteInt32LittleEndian(destination[44..], Location.PlainBytes);
    }

    public static IndexEntry Read(ReadOnlySpan<byte> entry)
    {
        uint storedAndKind = BinaryPrimitives.ReadUInt32LittleEndian(entry[40..]);
        return new IndexEntry(
            new ChunkId(entry[..ChunkId.SizeBytes]),
            new ChunkLocation(
                BinaryPrimitives.ReadInt32LittleEndian(entry[32..]),
                BinaryPrimitives.ReadUInt32LittleEndian(entry[36..]),
                (int)(storedAndKind & StoredMask),
                BinaryPrimitives.ReadInt32LittleEndian(entry[44..]),
                (ChunkKind)(storedAndKind >> KindShift)));
    }

    public int CompareTo(IndexEntry other)
    {
        int order = Id.CompareTo(other.Id);
        return order != 0 ? order : Location.CompareTo(other.Location);
    }
}
