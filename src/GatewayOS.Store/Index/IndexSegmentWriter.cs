using System.Buffers.Binary;
using GatewayOS.Store.Packs;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Index;

/// <summary>Writes index segments: under a temporary name, fsync, rename, fsync of the directory.</summary>
internal sealed class IndexSegmentWriter
{
    private const int PagesPerWrite = 64;

    private readonly IStoreFile _file;
    private readonly ChunkFilter _filter;
    private readonly IndexShape _shape;
    private readonly byte[] _buffer = new byte[PagesPerWrite * IndexFormat.PageBytes];
    private int _bufferedPages;
    private int _entriesInPage;
    private long _pagesWritten;
    private long _entries;

    private IndexSegmentWriter(IStoreFile file, IndexShape shape)
    {
        _file = file;
        _shape = shape;
        _filter = ChunkFilter.WithBlocks(shape.FilterBlocks);
    }

    /// <summary>Writes a segment.</summary>
    /// <param name="disk">The store's disk.</param>
    /// <param name="storeId">The store.</param>
    /// <param name="name">Unique name of the segment, without directory.</param>
    /// <param name="packs">The table the entries' pack numbers refer to.</param>
    /// <param name="packNumbers">Every pack that entries may name.</param>
    /// <param name="entries">Entries in ascending order, at most one for a chunk.</param>
    /// <param name="entriesMax">At least their count; sizes the filter.</param>
    public static void Write(IStoreDisk disk, Guid storeId, string name, PackTable packs, IReadOnlyList<int> packNumbers, IEnumerable<IndexEntry> entries, long entriesMax)
    {
        string temporary = $"{StoreLayout.Temporary}/{name}";
        var shape = new IndexShape(0, packNumbers.Count, ChunkFilter.BlocksFor(entriesMax));
        using (IStoreFile file = disk.Create(temporary))
        {
            var local = new Dictionary<int, int>(packNumbers.Count);
            foreach (int number in packNumbers)
            {
                local.Add(number, local.Count);
            }

            var writer = new IndexSegmentWriter(file, shape);
            foreach (IndexEntry entry in entries)
            {
                writer.Add(entry, local[entry.Location.Pack]);
            }

            writer.Finish(storeId, packs, packNumbers);
            file.Sync();
        }

        disk.Rename(temporary, $"{StoreLayout.Index}/{name}");
        disk.SyncDirectory(StoreLayout.Index);
    }

    private void Add(in IndexEntry entry, int localPack)
    {
        int page = _bufferedPages * IndexFormat.PageBytes;
        entry.Write(_buffer.AsSpan(page + (_entriesInPage * IndexFormat.EntryBytes)), localPack);
        _filter.Add(entry.Id);
        _entries++;
        if (++_entriesInPage == IndexFormat.EntriesPerPage)
        {
            EndPage();
        }
    }

    private void EndPage()
    {
        Span<byte> page = _buffer.AsSpan(_bufferedPages * IndexFormat.PageBytes, IndexFormat.PageBytes);
        page[(_entriesInPage * IndexFormat.EntryBytes)..].Clear();
        IndexFormat.Hash(page[..^IndexFormat.HashBytes], page[^IndexFormat.HashBytes..]);
        _entriesInPage = 0;
        if (++_bufferedPages == PagesPerWrite)
        {
            WriteBuffered();
        }
    }

    private void WriteBuffered()
    {
        _file.WriteAt(_buffer.AsSpan(0, _bufferedPages * IndexFormat.PageBytes), _shape.PagesOffset + (_pagesWritten * IndexFormat.PageBytes));
        _pagesWritten += _bufferedPages;
        _bufferedPages = 0;
    }

    private void Finish(Guid storeId, PackTable packs, IReadOnlyList<int> packNumbers)
    {
        if (_entriesInPage > 0)
        {
            EndPage();
        }

        WriteBuffered();
        IndexShape final = _shape with { Entries = _entries };
        byte[] front = new byte[final.PagesOffset];
        IndexFormat.WriteHead(front, storeId, final);
        Span<byte> table = front.AsSpan((int)final.PackTableOffset);
        for (int i = 0; i < packNumbers.Count; i++)
        {
            Span<byte> row = table.Slice(i * IndexFormat.PackRowBytes, IndexFormat.PackRowBytes);
            packs.Id(packNumbers[i]).CopyTo(row);
            BinaryPrimitives.WriteInt64LittleEndian(row[32..], packs.LengthBytes(packNumbers[i]));
        }

        IndexFormat.Hash(table[..final.PackTableBytes], table[final.PackTableBytes..]);
        Span<byte> filter = front.AsSpan((int)final.FilterOffset);
        _filter.Bytes.CopyTo(filter);
        IndexFormat.Hash(_filter.Bytes, filter[(int)final.FilterBytes..]);
        _file.WriteAt(front, 0);
        _file.SetLength(final.FileBytes);
    }
}
