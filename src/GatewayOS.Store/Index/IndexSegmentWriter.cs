using System.Buffers.Binary;
using System.Runtime.InteropServices;
using GatewayOS.Store.Packs;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Index;

/// <summary>
/// Writes index segments: under a temporary name, fsync, rename, fsync of the directory. Entries come in order, and with them filter and pages
/// fill from front to back: a segment of any size is written with a few buffers.
/// </summary>
internal sealed class IndexSegmentWriter
{
    private const int PagesPerWrite = 64;

    private readonly IStoreFile _file;
    private readonly byte[] _pages = new byte[PagesPerWrite * IndexFormat.PageBytes];
    private readonly ulong[] _slice;
    private readonly int[] _entriesOfPacks;
    private IndexShape _shape;
    private int _sliceNumber;
    private int _bufferedPages;
    private long _page;
    private int _entriesInPage;
    private long _entries;

    private IndexSegmentWriter(IStoreFile file, IndexShape shape)
    {
        _file = file;
        _shape = shape;
        _slice = new ulong[shape.SliceBytes(0) / sizeof(ulong)];
        _entriesOfPacks = new int[shape.Packs];
    }

    /// <summary>Writes a segment into the index.</summary>
    /// <param name="disk">The store's disk.</param>
    /// <param name="storeId">The store.</param>
    /// <param name="name">Unique name of the segment's file, without directory.</param>
    /// <param name="packs">The table the entries' pack numbers refer to.</param>
    /// <param name="packNumbers">Every pack that entries may name.</param>
    /// <param name="entries">Entries in ascending order, at most one for a chunk.</param>
    /// <param name="sizing">What the segment is sized for.</param>
    public static void Write(IStoreDisk disk, Guid storeId, string name, PackTable packs, IReadOnlyList<int> packNumbers, IEnumerable<IndexEntry> entries, SegmentSizing sizing)
    {
        string temporary = $"{StoreLayout.Temporary}/{name}";
        WriteBeside(disk, storeId, temporary, packs, packNumbers, entries, sizing);
        disk.Rename(temporary, $"{StoreLayout.Index}/{name}");
        disk.SyncDirectory(StoreLayout.Index);
    }

    /// <summary>Writes a segment that is no part of the index.</summary>
    /// <param name="disk">The store's disk.</param>
    /// <param name="storeId">The store.</param>
    /// <param name="path">The file to make.</param>
    /// <param name="packs">The table the entries' pack numbers refer to.</param>
    /// <param name="packNumbers">Every pack that entries may name.</param>
    /// <param name="entries">Entries in ascending order.</param>
    /// <param name="sizing">What the segment is sized for.</param>
    public static void WriteBeside(IStoreDisk disk, Guid storeId, string path, PackTable packs, IReadOnlyList<int> packNumbers, IEnumerable<IndexEntry> entries, SegmentSizing sizing)
    {
        using IStoreFile file = disk.Create(path);

        // Numbers of this process become rows of the table.
        int[] rows = new int[packs.Count];
        for (int row = 0; row < packNumbers.Count; row++)
        {
            rows[packNumbers[row]] = row;
        }

        var writer = new IndexSegmentWriter(file, sizing.Shape(packNumbers.Count));
        foreach (IndexEntry entry in entries)
        {
            writer.Add(entry, rows[entry.Location.Pack]);
        }

        writer.FinishPages();
        writer.WritePackTable(packs, packNumbers);
        writer.WriteHead(storeId);
        file.Sync();
    }

    private void WritePackTable(PackTable packs, IReadOnlyList<int> numbers)
    {
        byte[] page = new byte[IndexFormat.PageBytes];
        for (int first = 0; first < numbers.Count; first += IndexFormat.RowsPerPage)
        {
            page.AsSpan().Clear();
            int rows = Math.Min(IndexFormat.RowsPerPage, numbers.Count - first);
            for (int i = 0; i < rows; i++)
            {
                Span<byte> row = page.AsSpan(i * IndexFormat.PackRowBytes, IndexFormat.PackRowBytes);
                packs.Id(numbers[first + i]).CopyTo(row);
                BinaryPrimitives.WriteInt64LittleEndian(row[32..], packs.LengthBytes(numbers[first + i]));
                BinaryPrimitives.WriteInt32LittleEndian(row[IndexFormat.PackEntriesOffset..], _entriesOfPacks[first + i]);
            }

            IndexFormat.SealPage(page);
            _file.WriteAt(page, IndexShape.PackPageOffset(first / IndexFormat.RowsPerPage));
        }
    }

    private void Add(in IndexEntry entry, int packRow)
    {
        (long slice, long block) = Math.DivRem(FilterBlock.Of(entry.Id, _shape.FilterBlocks), IndexFormat.BlocksPerSlice);
        while (_sliceNumber < slice)
        {
            WriteSlice();
        }

        FilterBlock.Add(_slice.AsSpan((int)block * (FilterBlock.Bytes / sizeof(ulong)), FilterBlock.Bytes / sizeof(ulong)), entry.Id);
        long home = _shape.HomePage(entry.Id);
        while (_page < home || _entriesInPage == IndexFormat.EntriesPerPage)
        {
            EndPage();
        }

        entry.Write(_pages.AsSpan((_bufferedPages * IndexFormat.PageBytes) + (_entriesInPage * IndexFormat.EntryBytes)), packRow);
        _entriesInPage++;
        _entriesOfPacks[packRow]++;
        _entries++;
    }

    private void EndPage()
    {
        IndexFormat.EndPage(_pages.AsSpan(_bufferedPages * IndexFormat.PageBytes, IndexFormat.PageBytes), _page, _entriesInPage);
        _page++;
        _entriesInPage = 0;
        if (++_bufferedPages == PagesPerWrite)
        {
            WritePages();
        }
    }

    private void WritePages()
    {
        ReadOnlySpan<byte> pages = _pages.AsSpan(0, _bufferedPages * IndexFormat.PageBytes);
        long offset = _shape.PageOffset(_page - _bufferedPages);
        _file.WriteAt(pages, offset);
        _file.StartWriteback(offset, pages.Length);
        _bufferedPages = 0;
    }

    private void WriteSlice()
    {
        Span<byte> slice = MemoryMarshal.AsBytes(_slice.AsSpan())[.._shape.SliceBytes(_sliceNumber)];
        IndexFormat.Hash(slice[..^FilterBlock.Bytes], slice[^FilterBlock.Bytes..]);
        _file.WriteAt(slice, _shape.SliceOffset(_sliceNumber));
        _slice.AsSpan().Clear();
        _sliceNumber++;
    }

    private void FinishPages()
    {
        while (_sliceNumber < _shape.FilterSlices)
        {
            WriteSlice();
        }

        while (_page < _shape.HomePages || _entriesInPage > 0)
        {
            EndPage();
        }

        WritePages();
        _shape = _shape with { Entries = _entries, Pages = _page };
    }

    // The head comes last: a file cut off before is none.
    private void WriteHead(Guid storeId)
    {
        byte[] head = new byte[IndexFormat.PageBytes];
        IndexFormat.WriteHead(head, storeId, _shape);
        _file.WriteAt(head, 0);
    }
}
