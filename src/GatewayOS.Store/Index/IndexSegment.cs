using System.Buffers.Binary;
using GatewayOS.Store.Packs;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Index;

/// <summary>
/// An immutable, sorted index segment on disk. Thread-safe; holds its file open, so it outlives the file's deletion by a merge. Closed when
/// the last <see cref="StoreIndex"/> that has it lets it go.
/// </summary>
internal sealed class IndexSegment : IDisposable
{
    // Pages read at once when all entries are read in order.
    private const int PagesPerRead = 16;

    private static long s_serials;

    private readonly IStoreFile _file;
    private readonly ChunkFilter _filter;
    private readonly int[] _packs;
    private readonly int[] _entriesOfPacks;
    private readonly PackTable _table;
    private readonly IndexPageCache _cache;
    private int _holders;

    private IndexSegment(string name, IStoreFile file, IndexShape shape, PackTable table, IndexPageCache cache)
    {
        (Name, _file, Shape, _table, _cache) = (name, file, shape, table, cache);
        (_packs, _entriesOfPacks) = ReadPackTable(file, name, shape, table);
        _filter = new ChunkFilter(file, shape);
    }

    public string Name { get; }

    public IndexShape Shape { get; }

    /// <summary>A number that no other segment of this process has.</summary>
    public long Serial { get; } = Interlocked.Increment(ref s_serials);

    /// <summary>The process-wide pack numbers of the segment's packs.</summary>
    public ReadOnlySpan<int> Packs => _packs;

    /// <summary>Bytes of the filter that are in memory.</summary>
    public long FilterBytes => _filter.ResidentBytes;

    /// <summary>Opens a segment and checks its head and pack table; filter and pages are checked when they are read.</summary>
    /// <param name="disk">The store's disk.</param>
    /// <param name="path">The file.</param>
    /// <param name="storeId">The store.</param>
    /// <param name="packs">Gets the segment's packs.</param>
    /// <param name="cache">Keeps its pages.</param>
    /// <exception cref="StoreDamagedException">It is no whole segment of this store.</exception>
    /// <exception cref="OutdatedSegmentException">It is one of the version before.</exception>
    public static IndexSegment Open(IStoreDisk disk, string path, Guid storeId, PackTable packs, IndexPageCache cache)
    {
        string name = path[(path.LastIndexOf('/') + 1)..];
        IStoreFile file = disk.OpenRead(path);
        try
        {
            Span<byte> head = stackalloc byte[IndexFormat.HeadBytes];
            int read = file.ReadAt(head, 0);
            if (IndexFormat.IsOutdated(head[..read]))
            {
                throw new OutdatedSegmentException(name);
            }

            IndexShape shape = IndexFormat.ReadHead(head[..read], storeId, out string reason) ?? throw new StoreDamagedException(name, reason);
            if (file.LengthBytes != shape.FileBytes)
            {
                throw new StoreDamagedException(name, $"it is {file.LengthBytes} bytes long instead of {shape.FileBytes}");
            }

            return new IndexSegment(name, file, shape, packs, cache);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Looks a chunk up.</summary>
    /// <param name="id">The chunk.</param>
    /// <param name="usable">Which pack states count as found.</param>
    /// <param name="found">Its place.</param>
    /// <param name="position">The entry's position in the segment; below <see cref="IndexShape.Pages"/> times <see cref="IndexFormat.EntriesPerPage"/>.</param>
    /// <exception cref="StoreDamagedException">The page it would be in is damaged.</exception>
    public bool TryFind(ChunkId id, PackUse usable, out ChunkLocation found, out long position)
    {
        found = default;
        position = -1;
        return Shape.Entries > 0 && _filter.MayContain(id) && Search(id, usable, out found, out position);
    }

    /// <summary>Reads all entries in order; for merging and statistics.</summary>
    public IEnumerable<IndexEntry> Entries()
    {
        foreach ((_, int count, Memory<byte> page) in PagesInOrder())
        {
            for (int i = 0; i < count; i++)
            {
                yield return Entry(page.Span, i);
            }
        }
    }

    /// <summary>The same with their positions; for marking.</summary>
    public IEnumerable<(long Position, IndexEntry Entry)> Positions()
    {
        foreach ((long number, int count, Memory<byte> page) in PagesInOrder())
        {
            for (int i = 0; i < count; i++)
            {
                yield return ((number * IndexFormat.EntriesPerPage) + i, Entry(page.Span, i));
            }
        }
    }

    /// <summary>Checks filter and pages.</summary>
    /// <returns>Null when good, else what is wrong.</returns>
    public string? Check()
    {
        if (!_filter.Check())
        {
            return "its filter is damaged";
        }

        ChunkId last = default;
        long entries = 0;
        int[] entriesOfPacks = new int[_packs.Length];
        try
        {
            foreach ((long number, int count, Memory<byte> page) in PagesInOrder())
            {
                entries += count;
                for (int i = 0; i < count; i++)
                {
                    ChunkId id = IdAt(page.Span, i);
                    if (id < last || Shape.HomePage(id) > number || !_filter.MayContain(id))
                    {
                        return $"page {number} is out of order";
                    }

                    last = id;
                    entriesOfPacks[RowOf(page.Span, i)]++;
                }
            }
        }
        catch (StoreDamagedException error)
        {
            return error.Message;
        }

        if (entries != Shape.Entries)
        {
            return $"it holds {entries} entries instead of {Shape.Entries}";
        }

        return entriesOfPacks.AsSpan().SequenceEqual(_entriesOfPacks) ? null : "its pack table counts other entries than it holds";
    }

    /// <summary>One more index has the segment. From the first one on what is read ahead of its packs counts.</summary>
    public void Hold()
    {
        if (Interlocked.Increment(ref _holders) > 1)
        {
            return;
        }

        for (int row = 0; row < _packs.Length; row++)
        {
            _table.NoteIndexed(_packs[row], _entriesOfPacks[row]);
        }
    }

    /// <summary>An index has it no more; the last one closes it.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref _holders) == 0)
        {
            Dispose();
        }
    }

    public void Dispose() => _file.Dispose();

    internal void ReadPage(long number, Span<byte> page)
    {
        int read = _file.ReadAt(page[..IndexFormat.PageBytes], Shape.PageOffset(number));
        CheckPage(page[..read], number);
    }

    private static (int[] Numbers, int[] Entries) ReadPackTable(IStoreFile file, string name, IndexShape shape, PackTable packs)
    {
        int[] numbers = new int[shape.Packs], entries = new int[shape.Packs];
        byte[] page = new byte[IndexFormat.PageBytes];
        for (int i = 0; i < numbers.Length; i++)
        {
            (int number, int rowInPage) = Math.DivRem(i, IndexFormat.RowsPerPage);
            if (rowInPage == 0 && (file.ReadAt(page, IndexShape.PackPageOffset(number)) != page.Length || !IndexFormat.IsSealed(page)))
            {
                throw new StoreDamagedException(name, "its pack table is damaged");
            }

            ReadOnlySpan<byte> row = page.AsSpan(rowInPage * IndexFormat.PackRowBytes, IndexFormat.PackRowBytes);
            var id = new ChunkId(row[..ChunkId.SizeBytes]);
            long length = BinaryPrimitives.ReadInt64LittleEndian(row[32..]);
            entries[i] = BinaryPrimitives.ReadInt32LittleEndian(row[IndexFormat.PackEntriesOffset..]);

            // A pack the directory listing did not show: missing, deleted by gc since, or not yet listed. Nothing may refer to it.
            numbers[i] = packs.Add(id, length, PackState.Unusable);
            if (packs.LengthBytes(numbers[i]) != length)
            {
                packs.SetState(numbers[i], PackState.Unusable);
            }
        }

        return (numbers, entries);
    }

    // An entry is in its home page, unless the pages from there on are full of smaller ones. So the pages that end before it come first, and
    // there is nearly always none; a forged segment may have many, which the doubling steps bound.
    private bool Search(ChunkId id, PackUse usable, out ChunkLocation found, out long position)
    {
        long low = Shape.HomePage(id);
        long high = low;
        for (long step = 1; EndsBefore(high, id); step *= 2)
        {
            low = high + 1;
            if (low >= Shape.Pages)
            {
                (found, position) = (default, -1);
                return false;
            }

            high = Math.Min(Shape.Pages - 1, high + step);
        }

        while (low < high)
        {
            long middle = low + ((high - low) / 2);
            (low, high) = EndsBefore(middle, id) ? (middle + 1, high) : (low, middle);
        }

        return SearchPage(_cache.Read(this, low), low, id, usable, out found, out position);
    }

    private bool EndsBefore(long number, ChunkId id)
    {
        ReadOnlySpan<byte> page = _cache.Read(this, number);
        return CountOf(page) == IndexFormat.EntriesPerPage && IdAt(page, IndexFormat.EntriesPerPage - 1) < id;
    }

    // A segment holds one entry for a chunk; whoever writes it prefers a copy that may be used.
    private bool SearchPage(ReadOnlySpan<byte> page, long number, ChunkId id, PackUse usable, out ChunkLocation found, out long position)
    {
        int count = CountOf(page);
        int low = 0;
        int high = count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (IdAt(page, middle) < id)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        found = default;
        position = (number * IndexFormat.EntriesPerPage) + low;
        if (low == count || IdAt(page, low) != id)
        {
            return false;
        }

        found = Entry(page, low).Location;
        return usable(found.Pack);
    }

    private IEnumerable<(long Number, int Count, Memory<byte> Page)> PagesInOrder()
    {
        byte[] pages = new byte[PagesPerRead * IndexFormat.PageBytes];
        int read = 0;
        for (long number = 0; number < Shape.Pages; number++)
        {
            int at = (int)(number % PagesPerRead) * IndexFormat.PageBytes;
            if (at == 0)
            {
                read = _file.ReadAt(pages, Shape.PageOffset(number));
            }

            Memory<byte> page = pages.AsMemory(at, Math.Clamp(read - at, 0, IndexFormat.PageBytes));
            yield return (number, CheckPage(page.Span, number), page);
        }
    }

    private int CheckPage(ReadOnlySpan<byte> page, long number)
    {
        if (page.Length == IndexFormat.PageBytes && IndexFormat.IsSealed(page) && BinaryPrimitives.ReadInt64LittleEndian(page[IndexFormat.NumberOffset..]) == number
            && CountOf(page) is int count and >= 0 and <= IndexFormat.EntriesPerPage)
        {
            return count;
        }

        throw new StoreDamagedException(Name, $"page {number} of index segment {Name} is damaged; run rebuild-index");
    }

    private static int CountOf(ReadOnlySpan<byte> page) => BinaryPrimitives.ReadInt32LittleEndian(page[IndexFormat.CountOffset..]);

    private static ChunkId IdAt(ReadOnlySpan<byte> page, int entry) => new(page.Slice(entry * IndexFormat.EntryBytes, ChunkId.SizeBytes));

    private IndexEntry Entry(ReadOnlySpan<byte> page, int entry)
    {
        IndexEntry raw = IndexEntry.Read(page.Slice(entry * IndexFormat.EntryBytes, IndexFormat.EntryBytes));
        return raw with { Location = raw.Location with { Pack = _packs[RowOf(raw)] } };
    }

    private int RowOf(ReadOnlySpan<byte> page, int entry) => RowOf(IndexEntry.Read(page.Slice(entry * IndexFormat.EntryBytes, IndexFormat.EntryBytes)));

    private int RowOf(in IndexEntry raw) =>
        (uint)raw.Location.Pack < (uint)_packs.Length && raw.IsPossible
            ? raw.Location.Pack
            : throw new StoreDamagedException(Name, $"an entry of index segment {Name} names a place that cannot be; run rebuild-index");
}

/// <summary>Decides by its number whether a pack counts for a lookup.</summary>
internal delegate bool PackUse(int pack);

/// <summary>A segment of the format's version 1: whole perhaps, but not read any more. The packs tell what it told.</summary>
internal sealed class OutdatedSegmentException(string name) : Exception($"Index segment {name} is of version {IndexFormat.OutdatedVersion}.");
