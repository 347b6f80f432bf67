using System.Buffers.Binary;
using GatewayOS.Store.Packs;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Index;

/// <summary>An immutable, sorted index segment on disk. Thread-safe; holds its file open, so it outlives the file's deletion by a merge.</summary>
internal sealed class IndexSegment : IDisposable
{
    // Guesses before halvings mix in.
    private const int GuessesMax = 6;

    private readonly IStoreFile _file;
    private readonly ChunkFilter _filter;
    private readonly int[] _packs;
    private readonly IndexPageCache _cache;

    private IndexSegment(string name, IStoreFile file, IndexShape shape, ChunkFilter filter, int[] packs, IndexPageCache cache)
    {
        (Name, _file, Shape, _filter, _packs, _cache) = (name, file, shape, filter, packs, cache);
    }

    public string Name { get; }

    public IndexShape Shape { get; }

    /// <summary>The process-wide pack numbers of the segment's packs.</summary>
    public ReadOnlySpan<int> Packs => _packs;

    /// <summary>Opens a segment and checks its head, pack table and filter.</summary>
    /// <exception cref="StoreDamagedException">It is no whole segment of this store.</exception>
    public static IndexSegment Open(IStoreDisk disk, string name, Guid storeId, PackTable packs, IndexPageCache cache)
    {
        IStoreFile file = disk.OpenRead($"{StoreLayout.Index}/{name}");
        try
        {
            Span<byte> head = stackalloc byte[IndexFormat.HeadBytes];
            int read = file.ReadAt(head, 0);
            IndexShape shape = IndexFormat.ReadHead(head[..read], storeId, out string reason) ?? throw new StoreDamagedException(name, reason);
            if (file.LengthBytes != shape.FileBytes)
            {
                throw new StoreDamagedException(name, $"it is {file.LengthBytes} bytes long instead of {shape.FileBytes}");
            }

            int[] numbers = ReadPackTable(file, name, shape, packs);
            ChunkFilter filter = ReadFilter(file, name, shape);
            return new IndexSegment(name, file, shape, filter, numbers, cache);
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
    /// <param name="position">The entry's position in the segment.</param>
    /// <exception cref="StoreDamagedException">The page it would be in is damaged.</exception>
    public bool TryFind(ChunkId id, PackUse usable, out ChunkLocation found, out long position)
    {
        found = default;
        position = -1;
        return Shape.Entries > 0 && _filter.MayContain(id) && Search(id, usable, out found, out position);
    }

    /// <summary>Reads an entry range in order; for merging and statistics.</summary>
    public IEnumerable<IndexEntry> Entries()
    {
        byte[] page = new byte[IndexFormat.PageBytes];
        for (long number = 0; number < Shape.Pages; number++)
        {
            ReadPage(number, page);
            for (int i = 0; i < EntriesIn(number); i++)
            {
                yield return Entry(page, i);
            }
        }
    }

    /// <summary>Checks every page.</summary>
    /// <returns>Null when good, else what is wrong.</returns>
    public string? Check()
    {
        byte[] page = new byte[IndexFormat.PageBytes];
        ChunkId last = default;
        for (long number = 0; number < Shape.Pages; number++)
        {
            try
            {
                ReadPage(number, page);
            }
            catch (StoreDamagedException error)
            {
                return error.Message;
            }

            for (int i = 0; i < EntriesIn(number); i++)
            {
                ChunkId id = IdAt(page, i);
                if (id < last)
                {
                    return $"page {number} is out of order";
                }

                last = id;
            }
        }

        return null;
    }

    public void Dispose() => _file.Dispose();

    private static int[] ReadPackTable(IStoreFile file, string name, IndexShape shape, PackTable packs)
    {
        byte[] table = new byte[shape.PackTableBytes + IndexFormat.HashBytes];
        file.ReadAt(table, shape.PackTableOffset);
        if (!IndexFormat.HashMatches(table.AsSpan(0, shape.PackTableBytes), table.AsSpan(shape.PackTableBytes)))
        {
            throw new StoreDamagedException(name, "its pack table is damaged");
        }

        int[] numbers = new int[shape.Packs];
        for (int i = 0; i < numbers.Length; i++)
        {
            ReadOnlySpan<byte> row = table.AsSpan(i * IndexFormat.PackRowBytes, IndexFormat.PackRowBytes);
            var id = new ChunkId(row[..ChunkId.SizeBytes]);
            long length = BinaryPrimitives.ReadInt64LittleEndian(row[32..]);

            // A pack the directory listing did not show: missing, deleted by gc since, or not yet listed. Nothing may refer to it.
            numbers[i] = packs.TryFind(id, out int known) ? known : packs.Add(id, length, PackState.Unusable);
            if (packs.LengthBytes(numbers[i]) != length)
            {
                packs.SetState(numbers[i], PackState.Unusable);
            }
        }

        return numbers;
    }

    private static ChunkFilter ReadFilter(IStoreFile file, string name, IndexShape shape)
    {
        ChunkFilter filter = ChunkFilter.WithBlocks(shape.FilterBlocks);
        file.ReadAt(filter.Bytes, shape.FilterOffset);
        Span<byte> hash = stackalloc byte[IndexFormat.HashBytes];
        file.ReadAt(hash, shape.FilterOffset + shape.FilterBytes);
        return IndexFormat.HashMatches(filter.Bytes, hash) ? filter : throw new StoreDamagedException(name, "its filter is damaged");
    }

    // Interpolation search over pages.
    private bool Search(ChunkId id, PackUse usable, out ChunkLocation found, out long position)
    {
        long low = 0;
        long high = Shape.Pages - 1;
        ulong lowPrefix = 0;
        ulong highPrefix = ulong.MaxValue;
        for (int probe = 0; low <= high; probe++)
        {
            // IDs are uniform, so the second guess is as a rule the page. Halving in between bounds the probes on hostile input.
            bool halve = probe >= GuessesMax && probe % 2 == 1;
            long number = halve ? low + ((high - low) / 2) : Guess(id.Prefix, low, high, lowPrefix, highPrefix);
            ReadOnlySpan<byte> page = _cache.Read(this, number);
            int count = EntriesIn(number);
            ChunkId first = IdAt(page, 0);
            ChunkId last = IdAt(page, count - 1);
            if (id < first)
            {
                (high, highPrefix) = (number - 1, first.Prefix);
            }
            else if (id > last)
            {
                (low, lowPrefix) = (number + 1, last.Prefix);
            }
            else
            {
                return SearchPage(page, number, count, id, usable, out found, out position);
            }
        }

        found = default;
        position = -1;
        return false;
    }

    private static long Guess(ulong prefix, long low, long high, ulong lowPrefix, ulong highPrefix)
    {
        if (prefix <= lowPrefix || highPrefix <= lowPrefix)
        {
            return low;
        }

        double share = (double)(prefix - lowPrefix) / (highPrefix - lowPrefix);
        return Math.Clamp(low + (long)(share * (high - low + 1)), low, high);
    }

    // A segment holds one entry for a chunk; whoever writes it prefers a copy that may be used.
    private bool SearchPage(ReadOnlySpan<byte> page, long number, int count, ChunkId id, PackUse usable, out ChunkLocation found, out long position)
    {
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

    internal void ReadPage(long number, Span<byte> page)
    {
        int read = _file.ReadAt(page[..IndexFormat.PageBytes], Shape.PagesOffset + (number * IndexFormat.PageBytes));
        if (read != IndexFormat.PageBytes || !IndexFormat.HashMatches(page[..(IndexFormat.PageBytes - IndexFormat.HashBytes)], page[(IndexFormat.PageBytes - IndexFormat.HashBytes)..]))
        {
            throw new StoreDamagedException(Name, $"page {number} of index segment {Name} is damaged; run rebuild-index");
        }
    }

    private static ChunkId IdAt(ReadOnlySpan<byte> page, int entry) => new(page.Slice(entry * IndexFormat.EntryBytes, ChunkId.SizeBytes));

    private IndexEntry Entry(ReadOnlySpan<byte> page, int entry)
    {
        IndexEntry raw = IndexEntry.Read(page.Slice(entry * IndexFormat.EntryBytes, IndexFormat.EntryBytes));
        int number = raw.Location.Pack;
        return (uint)number < (uint)_packs.Length
            ? raw with { Location = raw.Location with { Pack = _packs[number] } }
            : throw new StoreDamagedException(Name, $"an entry of index segment {Name} names a pack it does not list; run rebuild-index");
    }

    private int EntriesIn(long page) => (int)Math.Min(IndexFormat.EntriesPerPage, Shape.Entries - (page * IndexFormat.EntriesPerPage));
}

/// <summary>Decides by its number whether a pack counts for a lookup.</summary>
internal delegate bool PackUse(int pack);
