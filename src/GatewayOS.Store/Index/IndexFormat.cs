using System.Buffers.Binary;
using GatewayOS.Store.Hashing;
using GatewayOS.Store.Packs;

namespace GatewayOS.Store.Index;

/// <summary>
/// Byte layout of an index segment (FORMAT.md, "Index"): head, pack table, filter, then entries sorted by chunk ID in pages of 4 KiB. A chunk's
/// ID says which page it is in, so that one lookup reads and checks one page whatever the segment's size.
/// </summary>
internal static class IndexFormat
{
    public const int HeadBytes = 128;
    public const int PackRowBytes = 48;
    public const int PackEntriesOffset = 40;
    public const int HashBytes = 16;
    public const int EntryBytes = 48;
    public const int PageBytes = 4096;
    public const int RowsPerPage = (PageBytes - HashBytes) / PackRowBytes;
    public const int CountOffset = PageBytes - HashBytes - sizeof(uint);
    public const int NumberOffset = CountOffset - sizeof(ulong);
    public const int EntriesPerPage = NumberOffset / EntryBytes;

    /// <summary>Entries a page gets on average: three quarters full, so that one page in two hundred runs over into the next.</summary>
    public const int EntriesPerPageMean = 64;

    /// <summary>Filter blocks in a slice of 1 MiB; one block's place carries the slice's hash.</summary>
    public const int BlocksPerSlice = (1024 * 1024 / FilterBlock.Bytes) - 1;

    public const ushort Version = 2;

    /// <summary>The version of earlier programs: left out, what it covers is read from the packs, and the next segment takes its place.</summary>
    public const ushort OutdatedVersion = 1;

    /// <summary>Most entries of a segment: a million million.</summary>
    public const long EntriesMax = 1L << 40;

    /// <summary>Most packs of a segment: 1 PB in packs of 60 MiB. Bounds what a forged head can make a reader allocate.</summary>
    public const int PacksMax = 1 << 24;

    private const int HashedHeadBytes = HeadBytes - HashBytes;

    private static ReadOnlySpan<byte> Magic => "GWOSINDX"u8;

    public static void WriteHead(Span<byte> head, Guid storeId, in IndexShape shape)
    {
        head[..HeadBytes].Clear();
        Magic.CopyTo(head);
        BinaryPrimitives.WriteUInt16LittleEndian(head[8..], Version);
        storeId.TryWriteBytes(head.Slice(16, 16), bigEndian: true, out _);
        BinaryPrimitives.WriteInt64LittleEndian(head[32..], shape.Entries);
        BinaryPrimitives.WriteInt64LittleEndian(head[40..], shape.Packs);
        BinaryPrimitives.WriteInt64LittleEndian(head[48..], shape.FilterBlocks);
        BinaryPrimitives.WriteInt64LittleEndian(head[56..], shape.HomePages);
        BinaryPrimitives.WriteInt64LittleEndian(head[64..], shape.Pages);
        Hash(head[..HashedHeadBytes], head[HashedHeadBytes..]);
    }

    /// <summary>True for a segment of the version before this one.</summary>
    public static bool IsOutdated(ReadOnlySpan<byte> head) =>
        head.Length >= HeadBytes && head.StartsWith(Magic) && BinaryPrimitives.ReadUInt16LittleEndian(head[8..]) == OutdatedVersion;

    /// <summary>Reads a head; null with the reason when it is none. What it gives lies within the limits, whoever wrote it.</summary>
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

        if (reason.Length > 0)
        {
            return null;
        }

        var shape = new IndexShape(
            BinaryPrimitives.ReadInt64LittleEndian(head[32..]),
            BinaryPrimitives.ReadInt64LittleEndian(head[40..]),
            BinaryPrimitives.ReadInt64LittleEndian(head[48..]),
            BinaryPrimitives.ReadInt64LittleEndian(head[56..]),
            BinaryPrimitives.ReadInt64LittleEndian(head[64..]));
        if (!shape.IsPossible)
        {
            reason = "its head gives impossible sizes";
            return null;
        }

        return shape;
    }

    public static void Hash(ReadOnlySpan<byte> bytes, Span<byte> hash) => Blake3.Hash(bytes, hash[..HashBytes]);

    public static bool HashMatches(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> expected)
    {
        Span<byte> hash = stackalloc byte[HashBytes];
        Hash(bytes, hash);
        return hash.SequenceEqual(expected[..HashBytes]);
    }

    /// <summary>Writes what stands behind the entries of a page.</summary>
    public static void EndPage(Span<byte> page, long number, int entries)
    {
        page[(entries * EntryBytes)..].Clear();
        BinaryPrimitives.WriteInt64LittleEndian(page[NumberOffset..], number);
        BinaryPrimitives.WriteInt32LittleEndian(page[CountOffset..], entries);
        SealPage(page);
    }

    /// <summary>Writes the hash of a page's other bytes into its end.</summary>
    public static void SealPage(Span<byte> page) => Hash(page[..^HashBytes], page[^HashBytes..]);

    public static bool IsSealed(ReadOnlySpan<byte> page) => HashMatches(page[..^HashBytes], page[^HashBytes..]);
}

/// <summary>The sizes of a segment's sections, from which every offset follows.</summary>
/// <param name="Entries">Entries.</param>
/// <param name="Packs">Rows of the pack table.</param>
/// <param name="FilterBlocks">Blocks of the filter.</param>
/// <param name="HomePages">Pages over which chunk IDs are spread.</param>
/// <param name="Pages">Pages there are: more than that when the last ones ran over.</param>
internal readonly record struct IndexShape(long Entries, long Packs, long FilterBlocks, long HomePages, long Pages)
{
    // Blocks and pages: enough for the most entries, and an offset behind all sections stays far below 2^63.
    private const long SectionsMax = 1L << 36;

    /// <summary>True when no size is negative or beyond its limit; offsets computed from it cannot overflow then.</summary>
    public bool IsPossible =>
        Entries is >= 0 and <= IndexFormat.EntriesMax && Packs is >= 0 and <= IndexFormat.PacksMax
        && FilterBlocks is >= 1 and <= SectionsMax && HomePages is >= 1 and <= SectionsMax && Pages >= HomePages && Pages <= SectionsMax + HomePages
        && Entries <= Pages * IndexFormat.EntriesPerPage;

    public long PackPages => (Packs + IndexFormat.RowsPerPage - 1) / IndexFormat.RowsPerPage;

    public long FilterOffset => (1 + PackPages) * IndexFormat.PageBytes;

    public int FilterSlices => checked((int)((FilterBlocks + IndexFormat.BlocksPerSlice - 1) / IndexFormat.BlocksPerSlice));

    public long PagesOffset => (FilterOffset + ((FilterBlocks + FilterSlices) * FilterBlock.Bytes) + IndexFormat.PageBytes - 1) / IndexFormat.PageBytes * IndexFormat.PageBytes;

    public long FileBytes => PagesOffset + (Pages * IndexFormat.PageBytes);

    public static long PackPageOffset(long number) => (1 + number) * IndexFormat.PageBytes;

    public long SliceOffset(int number) => FilterOffset + ((long)number * (IndexFormat.BlocksPerSlice + 1) * FilterBlock.Bytes);

    /// <summary>Bytes of a slice with its hash.</summary>
    public int SliceBytes(int number) => ((int)Math.Min(IndexFormat.BlocksPerSlice, FilterBlocks - ((long)number * IndexFormat.BlocksPerSlice)) + 1) * FilterBlock.Bytes;

    public long PageOffset(long number) => PagesOffset + (number * IndexFormat.PageBytes);

    /// <summary>The page where a chunk is, or from which its neighbours pushed it on.</summary>
    public long HomePage(ChunkId id) => (long)Math.BigMul(id.Prefix, (ulong)HomePages, out _);
}

/// <summary>One entry: a chunk and its place in a pack, the pack given by a number in the table at hand.</summary>
internal readonly record struct IndexEntry(ChunkId Id, ChunkLocation Location) : IComparable<IndexEntry>
{
    private const int KindShift = 28;
    private const uint StoredMask = (1u << KindShift) - 1;

    /// <summary>False when it can be no place of a record, whatever pack it names.</summary>
    public bool IsPossible =>
        Location.Kind is >= ChunkKind.Data and <= ChunkKind.List
        && Location.PlainBytes is >= 0 and <= PackFormat.PlainBytesMax
        && Location.StoredBytes is >= PackFormat.TagBytes and <= PackFormat.PlainBytesMax + PackFormat.TagBytes
        && Location.OffsetBytes >= PackFormat.HeadBytes;

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
