using GatewayOS.Store.Index;
using GatewayOS.Store.Packs;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store;

/// <content>Lookup, the index's growth, and snapshots.</content>
public sealed partial class BackupStore
{
    // Segments are merged in tiers, so that their number grows with the logarithm of the store and each entry is rewritten as often.
    private const int SegmentsPerTierMax = 4;
    private const int TierRatio = 3;

    private string[] _damagedSegments = [];
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

        StoreIndex index = _index;
        return index.TryFind(id, _isPresent ??= IsPresent, out location) || index.TryFind(id, _isReadable ??= IsReadable, out location);
    }

    /// <summary>True when a new snapshot may refer to the chunk: its pack is whole and gc does not mean to delete it.</summary>
    internal bool IsReferable(ChunkId id)
    {
        try
        {
            return _index.TryFind(id, _isPresent ??= IsPresent, out _);
        }
        catch (StoreDamagedException error)
        {
            // Storing the chunk once more costs space; refusing the backup would cost the backup.
            Warn(error.Message);
            return false;
        }
    }

    internal bool IsPresent(int pack) => Packs.State(pack) == PackState.Present;

    internal bool IsReadable(int pack) => Packs.State(pack) is PackState.Present or PackState.Condemned or PackState.Suspect;

    /// <summary>Reads the index anew, to see what other processes have added.</summary>
    internal void Reload()
    {
        lock (_indexGate)
        {
            _betterCopies = null;
            _index = LoadIndex();
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

            List<IndexSegment> merged = merge ? ChooseForMerge([.. old.Segments], entries.Count) : [];
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

            ReplaceSegments(old, merged, name);
        }
    }

    /// <summary>Writes the index anew without entries of packs that gc is about to delete.</summary>
    internal void DropCondemnedFromIndex()
    {
        string name = NextTemporaryName() + StoreLayout.IndexSuffix;
        lock (_indexGate)
        {
            IndexSegment[] segments = [.. _index.Segments];
            int[] packs = [.. segments.SelectMany(segment => segment.Packs.ToArray()).Distinct().Where(IsPresent).Order()];
            IEnumerable<IndexEntry> kept = IndexMerge.Merge([.. segments.Select(segment => segment.Entries())], IsPresent);
            IndexSegmentWriter.Write(Disk, Guid, name, Packs, packs, kept, segments.Sum(segment => segment.Shape.Entries));
        }

        AdoptSegments([name]);
    }

    /// <summary>Makes these segments the whole index: what this store had loaded, or could not load, goes.</summary>
    internal void AdoptSegments(IReadOnlyList<string> names)
    {
        lock (_indexGate)
        {
            // A segment that another process has added since the last load stays.
            string[] old = [.. _index.Segments.ToArray().Select(segment => segment.Name), .. _damagedSegments];
            _index = new StoreIndex([.. names.Select(OpenSegment)], []);
            foreach (string name in old)
            {
                DurableFile.DeleteIfPresent(Disk, $"{StoreLayout.Index}/{name}");
            }

            _damagedSegments = [];
            Disk.SyncDirectory(StoreLayout.Index);
        }
    }

    /// <summary>All snapshots, oldest first, and the files that are none.</summary>
    public SnapshotList Snapshots()
    {
        var records = new List<SnapshotRecord>();
        var damaged = new List<DamagedSnapshot>();
        foreach (StoreEntry entry in Disk.List(StoreLayout.Snapshots))
        {
            try
            {
                records.Add(SnapshotFile.Decode(entry.Name, DurableFile.Read(Disk, $"{StoreLayout.Snapshots}/{entry.Name}"), Guid, Keys));
            }
            catch (StoreDamagedException error)
            {
                damaged.Add(new DamagedSnapshot(entry.Name, error.Message));
            }
            catch (StoreIoException error) when (error.Failure == StoreIoFailure.Missing)
            {
                // Forgotten by another process just now.
            }
            catch (StoreIoException error)
            {
                damaged.Add(new DamagedSnapshot(entry.Name, error.Message, error));
            }
        }

        return new SnapshotList(
            [.. records.OrderBy(record => record.Draft.StartedUtc).ThenBy(record => record.FinishedUtc).ThenBy(record => record.Id, StringComparer.Ordinal)],
            [.. damaged.OrderBy(file => file.FileName, StringComparer.Ordinal)]);
    }

    /// <summary>
    /// The snapshots that can be read, oldest first, without reading records anew that were read before: a file never changes under its
    /// name. For looking, not for deciding what may go: damage that came since is not noticed. Their lists of problems are left out.
    /// </summary>
    public IReadOnlyList<SnapshotRecord> KnownSnapshots()
    {
        var known = new Dictionary<string, SnapshotRecord>(StringComparer.Ordinal);
        Dictionary<string, SnapshotRecord> before = Options.KnownSnapshots.ByFile;
        foreach (StoreEntry entry in Disk.List(StoreLayout.Snapshots))
        {
            if (before.TryGetValue(entry.Name, out SnapshotRecord? record))
            {
                known.Add(entry.Name, record);
                continue;
            }

            try
            {
                SnapshotRecord read = SnapshotFile.Decode(entry.Name, DurableFile.Read(Disk, $"{StoreLayout.Snapshots}/{entry.Name}"), Guid, Keys);
                known.Add(entry.Name, read with { Draft = read.Draft with { Problems = [] } });
            }
            catch (Exception error) when (error is StoreDamagedException or StoreIoException)
            {
                // Asked for again the next time; Snapshots() says what is wrong with it.
            }
        }

        Options.KnownSnapshots.ByFile = known;
        return [.. known.Values.OrderBy(record => record.Draft.StartedUtc).ThenBy(record => record.FinishedUtc).ThenBy(record => record.Id, StringComparer.Ordinal)];
    }

    /// <summary>Finds a snapshot.</summary>
    /// <param name="idOrLatest">An ID, a unique beginning of one, or <c>latest</c>.</param>
    /// <exception cref="StoreUnusableException">None or several match.</exception>
    public SnapshotRecord FindSnapshot(string idOrLatest) =>
        Snapshots().Find(idOrLatest, $"{Location} holds no snapshot yet. Make one with 'gatewayctl store backup'.");

    /// <summary>Deletes a snapshot's record. Its chunks go with the next gc, as far as nothing else names them.</summary>
    /// <exception cref="StoreUnusableException">The snapshot is locked.</exception>
    public void DeleteSnapshot(SnapshotRecord snapshot)
    {
        Locks.RefuseIfLocked(snapshot.Id);
        DurableFile.DeleteIfPresent(Disk, StoreLayout.SnapshotPath(snapshot.Id));
        Disk.SyncDirectory(StoreLayout.Snapshots);
        Locks.Forget(snapshot.Id);
    }

    /// <summary>Writes a snapshot record: the commit point.</summary>
    internal SnapshotRecord WriteSnapshot(SnapshotDraft draft, DateTimeOffset finishedUtc)
    {
        (byte[] file, string id) = SnapshotFile.Encode(draft, finishedUtc, ProgramVersion, Guid, Keys, Entropy);
        DurableFile.Replace(Disk, NextTemporaryName(), StoreLayout.SnapshotPath(id), file);
        return SnapshotFile.Decode(id + StoreLayout.SnapshotSuffix, file, Guid, Keys);
    }

    private static List<IndexSegment> ChooseForMerge(IndexSegment[] segments, long newEntries)
    {
        var chosen = new List<IndexSegment>();
        long sum = newEntries;
        foreach (IndexSegment segment in segments.OrderBy(segment => segment.Shape.Entries))
        {
            if (segment.Shape.Entries > sum * TierRatio)
            {
                break;
            }

            sum += segment.Shape.Entries;
            chosen.Add(segment);
        }

        return chosen.Count >= SegmentsPerTierMax ? chosen : [];
    }

    private void WriteSegment(string name, List<IndexEntry> entries, HashSet<int> entryPacks, List<IndexSegment> merged, IReadOnlyList<int> addedPacks)
    {
        var added = new HashSet<int>(addedPacks);
        var packs = new HashSet<int>(entryPacks);
        foreach (IndexSegment segment in merged)
        {
            packs.UnionWith(segment.Packs.ToArray().Where(IsPresent));
        }

        IEnumerable<IndexEntry> all = merged.Count == 0 ? entries : IndexMerge.Merge([entries, .. merged.Select(segment => segment.Entries())], number => added.Contains(number) || IsPresent(number));
        IndexSegmentWriter.Write(Disk, Guid, name, Packs, [.. packs.Order()], all, entries.Count + merged.Sum(segment => segment.Shape.Entries));
    }

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

    private void ReplaceSegments(StoreIndex old, List<IndexSegment> merged, string newName)
    {
        IndexSegment[] kept = [.. old.Segments.ToArray().Except(merged)];

        // Entries of condemned packs are in no segment any more; gc may still have to copy from them.
        Dictionary<ChunkId, ChunkLocation> loose = old.Loose.Where(entry => !IsPresent(entry.Value.Pack)).ToDictionary();
        _index = new StoreIndex([.. kept, OpenSegment(newName)], loose);
        foreach (IndexSegment segment in merged)
        {
            DurableFile.DeleteIfPresent(Disk, $"{StoreLayout.Index}/{segment.Name}");
        }
    }

    private IndexSegment OpenSegment(string name)
    {
        IndexSegment segment = IndexSegment.Open(Disk, name, Guid, Packs, _pageCache);
        _openedSegments.Add(segment);
        return segment;
    }

    /// <summary>How often the index was read from the disk: tells whether something other than this handle may have changed it.</summary>
    internal int IndexLoads { get; private set; }

    private StoreIndex LoadIndex()
    {
        IndexLoads++;
        var loader = new IndexLoader(Disk, Guid, Packs, _pageCache);
        StoreIndex index = loader.Load();
        loader.Warnings.ForEach(Warn);
        _damagedSegments = [.. loader.Damaged];
        _openedSegments.AddRange(index.Segments);
        return index;
    }
}
