using System.Collections;
using GatewayOS.Store.Index;
using GatewayOS.Store.Packs;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store;

/// <content>Lookup, and the index's growth.</content>
public sealed partial class BackupStore
{
    // gc writes a segment anew when more than a quarter of its packs are gone: each entry is so rewritten a few times in its life at most,
    // and a collection that frees little writes little.
    private const int GoneShareInverse = 4;

    // Segment files that the next index replaces: damaged ones, and those of the format's version before.
    private string[] _damagedSegments = [];
    private string[] _outdatedSegments = [];
    private volatile IReadOnlyDictionary<ChunkId, ChunkLocation>? _betterCopies;

    // Made once: a delegate for each lookup would be most of the garbage of a backup.
    private PackUse? _isPresent;
    private PackUse? _isReadable;

    /// <summary>Finds a chunk that can be read.</summary>
    /// <param name="hash">The chunk, as trees name it.</param>
    /// <param name="location">Its place; sorts in reading order.</param>
    public bool TryLocate(ContentHash hash, out ChunkLocation location) => TryLocate(Keys.Naming.Id(hash), out location);

    /// <summary>Finds a chunk that can be read.</summary>
    /// <param name="id">The chunk.</param>
    /// <param name="location">Its place; sorts in reading order.</param>
    public bool TryLocate(ChunkId id, out ChunkLocation location)
    {
        // A condemned pack goes away under sessions that began after it was condemned: only what nothing else holds is read from one, and gc
        // copies that out before.
        if (_betterCopies is { } better && better.TryGetValue(id, out location))
        {
            return true;
        }

        using IndexLease lease = LeaseIndex();
        return TryFindPresent(lease.Index, id, out location) || lease.Index.TryFind(id, _isReadable ??= IsReadable, out location);
    }

    /// <summary>The pack that a chunk is read from; null when it is in none, or when the index does not tell because it is damaged there.</summary>
    public ChunkId? PackOf(ChunkId id)
    {
        try
        {
            return TryLocate(id, out ChunkLocation location) ? Packs.Id(location.Pack) : null;
        }
        catch (StoreDamagedException)
        {
            return null;
        }
    }

    /// <summary>Finds a chunk as <see cref="TryLocate(ChunkId, out ChunkLocation)"/> does, without help of what was read ahead: only what the index itself says, for those who check it or act on it.</summary>
    internal bool TryLocateByIndex(ChunkId id, out ChunkLocation location)
    {
        if (_betterCopies is { } better && better.TryGetValue(id, out location))
        {
            return true;
        }

        using IndexLease lease = LeaseIndex();
        return lease.Index.TryFind(id, _isPresent ??= IsPresent, out location) || lease.Index.TryFind(id, _isReadable ??= IsReadable, out location);
    }

    /// <summary>True when a new snapshot may refer to the chunk: its pack is whole and gc does not mean to delete it.</summary>
    internal bool IsReferable(ChunkId id)
    {
        try
        {
            using IndexLease lease = LeaseIndex();
            return TryFindPresent(lease.Index, id, out _);
        }
        catch (StoreDamagedException error)
        {
            // Storing the chunk once more costs space; refusing the backup would cost the backup.
            Warn(error.Message);
            return false;
        }
    }

    /// <summary>True for a pack that may be referred to. The first question about a pack looks at its file's length.</summary>
    internal bool IsPresent(int pack) => Packs.State(pack) switch
    {
        PackState.Present => true,
        PackState.Listed => IsWhole(pack),
        _ => false,
    };

    /// <summary>True for a pack that may be referred to as far as is known without looking at its file: enough to keep its entries.</summary>
    internal bool IsListed(int pack) => Packs.State(pack) is PackState.Listed or PackState.Present;

    internal bool IsReadable(int pack) => Packs.State(pack) is PackState.Listed or PackState.Present or PackState.Condemned or PackState.Suspect;

    /// <summary>Keeps the index as it is now in use until the lease is disposed.</summary>
    internal IndexLease LeaseIndex()
    {
        while (true)
        {
            StoreIndex index = _index;
            if (index.TryUse())
            {
                return new IndexLease(index);
            }

            // Replaced since it was looked at; or the last one, and the store is closed.
            ObjectDisposedException.ThrowIf(ReferenceEquals(index, _index), this);
        }
    }

    /// <summary>Reads the index anew, to see what other processes have added.</summary>
    internal void Reload()
    {
        lock (_indexGate)
        {
            _betterCopies = null;
            Replace(LoadIndex(_index));
        }
    }

    /// <summary>
    /// Reads these chunks from elsewhere than the index says, until the next reload: a verification knows places that are whole where the
    /// index names damaged ones. For reading only: nothing new refers to them.
    /// </summary>
    internal void ReadFrom(IReadOnlyDictionary<ChunkId, ChunkLocation> betterCopies) => _betterCopies = betterCopies.Count > 0 ? betterCopies : null;

    /// <summary>
    /// Makes a segment of new entries durable, together with loose entries, and merges small segments. When it fails nothing is lost: the
    /// packs are there, and the next opening reads their directories.
    /// </summary>
    internal void AddSegment(List<IndexEntry> sortedEntries, IReadOnlyList<int> packs, bool merge = true)
    {
        lock (_indexGate)
        {
            // A gc in another process may have condemned packs since: old entries of such must not get into a new segment. New entries
            // stay whatever gc thinks of their packs: the snapshot about to be committed names them, and gc copies what it then finds.
            var warnings = new List<string>();
            IndexLoader.MarkCondemned(Disk, Packs, warnings);
            warnings.ForEach(Warn);
            StoreIndex old = _index;
            var packSet = new HashSet<int>(packs);
            List<IndexEntry> entries = sortedEntries;
            if (old.Loose.Count > 0)
            {
                entries = WithLoose(sortedEntries, old.Loose, packSet);
            }

            List<IndexSegment> merged = merge ? ChooseForMerge(old, entries.Count) : [];
            string name = NextTemporaryName() + StoreLayout.IndexSuffix;
            try
            {
                WriteSegment(name, entries, packSet, merged, packs);
            }
            catch (StoreDamagedException error) when (merged.Count > 0)
            {
                // A page of the cache has rotted. Only the merge needs it: the commit must not fail for it.
                Warn(error.Message);
                DurableFile.DeleteIfPresent(Disk, $"{StoreLayout.Temporary}/{name}");
                merged = [];
                name = NextTemporaryName() + StoreLayout.IndexSuffix;
                WriteSegment(name, entries, packSet, merged, packs);
            }

            // Entries of condemned packs are in no segment any more; gc may still have to copy from them.
            ReplaceSegments(merged, name, old.Loose.Where(entry => !IsPresent(entry.Value.Pack)).ToDictionary());
            DeleteSegments(_outdatedSegments);
            _outdatedSegments = [];
        }
    }

    /// <summary>
    /// Writes those segments anew of which gc has taken much: without entries of packs that are gone, or about to go. In the others such entries
    /// stay, count for nothing, and go with the next merge.
    /// </summary>
    internal void DropGoneFromIndex()
    {
        lock (_indexGate)
        {
            foreach (IndexSegment segment in _index.Segments.ToArray())
            {
                int[] kept = [.. segment.Packs.ToArray().Where(IsListed).Order()];
                if ((segment.Packs.Length - kept.Length) * GoneShareInverse <= segment.Packs.Length)
                {
                    continue;
                }

                string? name = null;
                if (kept.Length > 0)
                {
                    name = NextTemporaryName() + StoreLayout.IndexSuffix;
                    SegmentSizing sizing = SegmentSizing.Beside(segment.Shape.Entries, LargestBeside([segment]));
                    IndexSegmentWriter.Write(Disk, Guid, name, Packs, kept, segment.Entries().Where(entry => IsListed(entry.Location.Pack)), sizing);
                }

                ReplaceSegments([segment], name, new Dictionary<ChunkId, ChunkLocation>(_index.Loose));
            }

            Disk.SyncDirectory(StoreLayout.Index);
            GonePacks.Tidy(Disk, Guid, NextTemporaryName(), _index, Packs);
        }
    }

    /// <summary>Makes these segments the whole index: what this store had loaded, or could not load, goes.</summary>
    internal void AdoptSegments(IReadOnlyList<string> names)
    {
        lock (_indexGate)
        {
            // A segment that another process has added since the last load stays.
            string[] old = [.. _index.Segments.ToArray().Select(segment => segment.Name), .. _damagedSegments, .. _outdatedSegments];
            Replace(new StoreIndex([.. names.Select(OpenSegment)], []));
            DeleteSegments(old);
            (_damagedSegments, _outdatedSegments) = ([], []);
            Disk.SyncDirectory(StoreLayout.Index);
            GonePacks.Tidy(Disk, Guid, NextTemporaryName(), _index, Packs);
        }
    }

    private bool TryFindPresent(StoreIndex index, ChunkId id, out ChunkLocation location)
    {
        PackUse present = _isPresent ??= IsPresent;
        if (_locality.TryFind(id, present, out location))
        {
            return true;
        }

        if (!index.TryFind(id, present, out location))
        {
            return false;
        }

        if (Options.ReadsDirectoriesAhead)
        {
            _locality.Found(location);
        }

        return true;
    }

    private bool IsWhole(int pack)
    {
        PackState state;
        try
        {
            using IStoreFile file = Disk.OpenRead(StoreLayout.PackPath(Packs.Id(pack)));
            long length = file.LengthBytes;
            state = length == Packs.LengthBytes(pack) ? PackState.Present : PackState.Suspect;
            if (state == PackState.Suspect)
            {
                Warn($"Pack {Packs.Id(pack)} is {length} bytes long instead of {Packs.LengthBytes(pack)}. Run verify, then repair.");
            }
        }
        catch (StoreIoException error) when (error.Failure == StoreIoFailure.Missing)
        {
            state = PackState.Unusable;
        }
        catch (StoreIoException error)
        {
            state = PackState.Suspect;
            Warn($"Pack {Packs.Id(pack)} is not used for new backups: {error.Message}");
        }

        // gc may have condemned it meanwhile.
        return Packs.Change(pack, PackState.Listed, state) == PackState.Present;
    }

    private static List<IndexSegment> ChooseForMerge(StoreIndex index, long newEntries)
    {
        IndexSegment[] ascending = [.. index.Segments.ToArray().OrderBy(segment => segment.Shape.Entries)];
        return [.. ascending.Take(SegmentMerging.Choose([.. ascending.Select(segment => segment.Shape.Entries)], newEntries))];
    }

    private void WriteSegment(string name, List<IndexEntry> entries, HashSet<int> entryPacks, List<IndexSegment> merged, IReadOnlyList<int> addedPacks)
    {
        var added = new HashSet<int>(addedPacks);
        var packs = new BitArray(Packs.Count);
        foreach (int pack in entryPacks)
        {
            packs[pack] = true;
        }

        foreach (IndexSegment segment in merged)
        {
            foreach (int pack in segment.Packs)
            {
                packs[pack] |= IsListed(pack);
            }
        }

        int[] numbers = [.. Enumerable.Range(0, packs.Count).Where(pack => packs[pack])];
        IEnumerable<IndexEntry> all = merged.Count == 0 ? entries : IndexMerge.Merge([entries, .. merged.Select(segment => segment.Entries())], number => added.Contains(number) || IsListed(number), number => added.Contains(number) || IsPresent(number));
        IndexSegmentWriter.Write(Disk, Guid, name, Packs, numbers, all, SegmentSizing.Beside(entries.Count + merged.Sum(segment => segment.Shape.Entries), LargestBeside(merged)));
    }

    private long LargestBeside(List<IndexSegment> replaced) =>
        _index.Segments.ToArray().Except(replaced).Select(segment => segment.Shape.Entries).DefaultIfEmpty().Max();

    private List<IndexEntry> WithLoose(List<IndexEntry> entries, IReadOnlyDictionary<ChunkId, ChunkLocation> loose, HashSet<int> packs)
    {
        var uncovered = new List<IndexEntry>();
        foreach ((ChunkId id, ChunkLocation location) in loose)
        {
            if (IsPresent(location.Pack))
            {
                uncovered.Add(new IndexEntry(id, location));
                packs.Add(location.Pack);
            }
        }

        uncovered.Sort();
        return [.. IndexMerge.Merge([entries, uncovered], static _ => true)];
    }

    private void ReplaceSegments(List<IndexSegment> replaced, string? newName, Dictionary<ChunkId, ChunkLocation> loose)
    {
        List<IndexSegment> segments = [.. _index.Segments.ToArray().Except(replaced)];
        if (newName is not null)
        {
            segments.Add(OpenSegment(newName));
        }

        Replace(new StoreIndex([.. segments], loose));
        DeleteSegments(replaced.Select(segment => segment.Name));
    }

    private void DeleteSegments(IEnumerable<string> names)
    {
        foreach (string name in names)
        {
            DurableFile.DeleteIfPresent(Disk, $"{StoreLayout.Index}/{name}");
        }
    }

    // Who uses the old index keeps it; its segments close behind the last one.
    private void Replace(StoreIndex index)
    {
        StoreIndex old = _index;
        _index = index;
        old.Release();
    }

    private IndexSegment OpenSegment(string name) => IndexSegment.Open(Disk, $"{StoreLayout.Index}/{name}", Guid, Packs, _pageCache);

    private string CoverLoose(List<IndexEntry> entries, List<int> packs)
    {
        string name = NextTemporaryName() + StoreLayout.IndexSuffix;
        IndexSegmentWriter.Write(Disk, Guid, name, Packs, packs, entries, SegmentSizing.Beside(entries.Count, 0));
        return name;
    }

    /// <summary>How often the index was read from the disk: tells whether something other than this handle may have changed it.</summary>
    internal int IndexLoads { get; private set; }

    private StoreIndex LoadIndex(StoreIndex? old)
    {
        IndexLoads++;
        var loader = new IndexLoader(Disk, Guid, Packs, _pageCache)
        {
            Cover = _session is null ? null : CoverLoose,
            LooseEntriesMax = Options.LooseEntriesMax,
            ReadsUncovered = Options.ReadsUncoveredPacks,
            Open = (old is null ? [] : old.Segments.ToArray()).ToDictionary(segment => segment.Name, StringComparer.Ordinal),
        };
        StoreIndex index = loader.Load();
        loader.Warnings.ForEach(Warn);
        (_damagedSegments, _outdatedSegments) = ([.. loader.Damaged], [.. loader.Outdated]);
        return index;
    }
}
