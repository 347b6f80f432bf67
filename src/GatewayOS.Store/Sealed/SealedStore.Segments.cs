using GatewayOS.Store.Index;
using GatewayOS.Store.Maintenance;
using GatewayOS.Store.Packs;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Sealed;

/// <content>Index segments for a copy that has not all packs of the store.</content>
public sealed partial class SealedStore
{
    // Directories are small reads that wait for the disk.
    private const int DirectoryThreads = 8;

    // Some 60 bytes each in memory.
    private const int EntriesPerPart = 1_000_000;

    /// <summary>
    /// Makes an index segment of packs, from their directories, and hands it out. It has an entry of every record, so a copy with these packs needs no other. It lies in the
    /// store's temporary directory meanwhile and is no part of the store's index.
    /// </summary>
    /// <param name="packs">The packs, each once, in any order.</param>
    /// <param name="copy">Where to read what the store has no more.</param>
    /// <param name="use">Gets the segment and the packs that it covers: all that have a directory to read in the store or the copy. Not called when none has.</param>
    /// <param name="cancellation">Stops between packs.</param>
    /// <exception cref="StoreIoException">The store cannot be written, or neither can be read.</exception>
    public void WithSegmentOf(IReadOnlyCollection<ChunkId> packs, IStoreDisk copy, Action<IStoreFile, IReadOnlyList<ChunkId>> use, CancellationToken cancellation)
    {
        using var made = new SegmentOfCopy(_disk, copy, StoreId, NextTemporaryName, EntriesPerPart);
        OwnedThreads.Run<ChunkId>(DirectoryThreads, [.. packs.Order()], made.Read, cancellation);
        if (made.Covered.Count == 0)
        {
            return;
        }

        string path = made.Finish(cancellation);
        using IStoreFile file = _disk.OpenRead(path);
        use(file, made.Covered);
    }

    /// <summary>How many of a copy's segments a new one takes in, so that their number grows with the logarithm of the copy.</summary>
    /// <param name="ascending">Packs of those there are, ascending.</param>
    /// <param name="added">Packs that none covers.</param>
    /// <returns>How many of the smallest.</returns>
    public static int SegmentsToMerge(IReadOnlyList<long> ascending, long added) => SegmentMerging.Choose(ascending, added);
}

/// <summary>A segment in the making: parts of a bounded size, and in the end one of all. Disposed, it deletes what it wrote.</summary>
internal sealed class SegmentOfCopy(IStoreDisk store, IStoreDisk copy, Guid storeId, Func<string> nextName, int entriesPerPart) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly PackTable _packs = new();
    private readonly IndexPageCache _cache = new();
    private readonly List<IndexEntry> _entries = [];
    private readonly List<int> _numbers = [];
    private readonly List<string> _parts = [];

    /// <summary>The packs that could be read.</summary>
    public IReadOnlyList<ChunkId> Covered => [.. Enumerable.Range(0, _packs.Count).Select(_packs.Id)];

    public void Read(ChunkId pack)
    {
        if (TryRead(store, pack, static _ => true, out RecordHead[] heads, out long bytes) || TryRead(copy, pack, static failure => failure == StoreIoFailure.Missing, out heads, out bytes))
        {
            lock (_gate)
            {
                Add(pack, heads, bytes);
            }
        }
    }

    public string Finish(CancellationToken cancellation)
    {
        if (_parts.Count == 0 || _numbers.Count > 0)
        {
            WritePart();
        }

        return _parts.Count == 1 ? _parts[0] : Merge(cancellation);
    }

    public void Dispose()
    {
        _parts.ForEach(part => DurableFile.DeleteIfPresent(store, part));
        _parts.Clear();
    }

    // A directory vouches for itself, wherever it lies: the pack's name is its hash.
    private bool TryRead(IStoreDisk disk, ChunkId pack, Func<StoreIoFailure, bool> isPassedOver, out RecordHead[] heads, out long bytes)
    {
        try
        {
            heads = PackDirectory.Read(disk, storeId, pack, out bytes);
            return true;
        }
        catch (Exception error) when (error is StoreDamagedException || (error is StoreIoException io && isPassedOver(io.Failure)))
        {
            (heads, bytes) = ([], 0);
            return false;
        }
    }

    private void Add(ChunkId pack, RecordHead[] heads, long bytes)
    {
        int number = _packs.Add(pack, bytes, PackState.Present);
        _numbers.Add(number);
        foreach (RecordHead head in heads)
        {
            _entries.Add(new IndexEntry(head.Id, new ChunkLocation(number, head.Offset, head.StoredBytes, head.PlainBytes, head.Kind)));
        }

        if (_entries.Count >= entriesPerPart)
        {
            WritePart();
        }
    }

    // Of a chunk that stands twice one place is enough: all packs of a segment are in the copy, and it is made anew before one goes.
    private void WritePart()
    {
        _entries.Sort();
        Write([.. _numbers.Order()], IndexMerge.Merge([_entries], static _ => true), _entries.Count);
        _entries.Clear();
        _numbers.Clear();
    }

    private string Merge(CancellationToken cancellation)
    {
        var parts = new List<IndexSegment>();
        try
        {
            parts.AddRange(_parts.Select(part => IndexSegment.Open(store, part, storeId, _packs, _cache)));
            long count = 0;
            IEnumerable<IndexEntry> all = IndexMerge.Merge([.. parts.Select(part => part.Entries())], static _ => true).Select(entry =>
            {
                if (count++ % IndexFormat.EntriesPerPage == 0)
                {
                    cancellation.ThrowIfCancellationRequested();
                }

                return entry;
            });
            Write([.. Enumerable.Range(0, _packs.Count)], all, parts.Sum(part => part.Shape.Entries));
            return _parts[^1];
        }
        finally
        {
            parts.ForEach(part => part.Dispose());
        }
    }

    private void Write(int[] numbers, IEnumerable<IndexEntry> entries, long entriesMax)
    {
        string path = $"{StoreLayout.Temporary}/{nextName()}";
        _parts.Add(path);
        IndexSegmentWriter.WriteBeside(store, storeId, path, _packs, numbers, entries, SegmentSizing.Beside(entriesMax, 0));
    }
}
