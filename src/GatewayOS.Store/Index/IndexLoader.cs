using System.Collections;
using GatewayOS.Store.Packs;
using GatewayOS.Store.Sessions;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Index;

/// <summary>
/// Opens the index against what is really there. Order matters: segments first, then the condemned lists, then the packs, then the lists once
/// more. A pack is durable before any segment names it, so a later listing shows it. A condemned list goes after its packs, so one that is
/// gone before the packs are listed leaves none of them in the listing; and one made after that waits for this session.
/// </summary>
/// <param name="disk">The store's disk.</param>
/// <param name="storeId">The store.</param>
/// <param name="packs">Gets the packs.</param>
/// <param name="cache">Keeps the segments' pages.</param>
internal sealed class IndexLoader(IStoreDisk disk, Guid storeId, PackTable packs, IndexPageCache cache)
{
    // A merge by another process may delete a segment between listing and opening; its replacement is in the next listing.
    private const int ListingAttemptsMax = 20;

    /// <summary>Makes a segment of entries in order and gives its name; null keeps all in memory, for a disk that cannot be written.</summary>
    public Func<List<IndexEntry>, List<int>, string>? Cover { get; init; }

    /// <summary>See <see cref="OpenOptions.LooseEntriesMax"/>.</summary>
    public required int LooseEntriesMax { get; init; }

    /// <summary>False leaves packs that no segment covers unread, for a rebuild, which reads all packs anyway.</summary>
    public bool ReadsUncovered { get; init; } = true;

    /// <summary>Segments that are open already, by name: a segment never changes, so it need not be opened again.</summary>
    public IReadOnlyDictionary<string, IndexSegment> Open { get; init; } = new Dictionary<string, IndexSegment>(StringComparer.Ordinal);

    /// <summary>Things worth telling: damaged segments that were left out.</summary>
    public List<string> Warnings { get; } = [];

    /// <summary>Files in the index directory that are no usable segments.</summary>
    public List<string> Damaged { get; } = [];

    /// <summary>Segments of the version before, left out as well; what they cover counts as uncovered, and the next segment takes their place.</summary>
    public List<string> Outdated { get; } = [];

    public StoreIndex Load()
    {
        List<IndexSegment> segments = OpenSegments();
        try
        {
            HashSet<ChunkId> condemned = [.. CondemnedList.ReadAll(disk, Warnings).SelectMany(list => list.Packs)];
            List<int> uncovered = ListPacks(segments, condemned);
            MarkCondemned(disk, packs, []);
            Dictionary<ChunkId, ChunkLocation> loose = ReadsUncovered ? ReadUncovered(segments, uncovered) : [];
            return new StoreIndex([.. segments], loose);
        }
        catch
        {
            CloseNew(segments);
            throw;
        }
    }

    private List<IndexSegment> OpenSegments()
    {
        for (int attempt = 1; ; attempt++)
        {
            var opened = new List<IndexSegment>();
            Warnings.Clear();
            Damaged.Clear();
            Outdated.Clear();
            try
            {
                foreach (string name in disk.ListNames(StoreLayout.Index).Where(IsSegment).Order(StringComparer.Ordinal))
                {
                    OpenSegment(name, opened);
                }

                return opened;
            }
            catch (StoreIoException error) when (error.Failure == StoreIoFailure.Missing && attempt < ListingAttemptsMax)
            {
                CloseNew(opened);
            }
            catch
            {
                CloseNew(opened);
                throw;
            }
        }
    }

    private void OpenSegment(string name, List<IndexSegment> opened)
    {
        if (Open.TryGetValue(name, out IndexSegment? known))
        {
            opened.Add(known);
            return;
        }

        try
        {
            opened.Add(IndexSegment.Open(disk, $"{StoreLayout.Index}/{name}", storeId, packs, cache));
        }
        catch (OutdatedSegmentException)
        {
            Outdated.Add(name);
        }
        catch (StoreDamagedException error)
        {
            // The packs it covered are read instead: slower, and nothing is lost.
            Damaged.Add(name);
            Warnings.Add($"Index segment {name} is left out: {error.Message}. Run rebuild-index to replace it.");
        }
    }

    private void CloseNew(List<IndexSegment> segments) =>
        segments.FindAll(segment => !Open.ContainsKey(segment.Name)).ForEach(segment => segment.Dispose());

    private static bool IsSegment(string name) => name.EndsWith(StoreLayout.IndexSuffix, StringComparison.Ordinal);

    // Gives the packs that no segment covers. A pack goes from one state to the other in one step: other threads look chunks up meanwhile, and
    // one that looks present for a moment is referred to for good.
    private List<int> ListPacks(List<IndexSegment> segments, HashSet<ChunkId> condemned)
    {
        var covered = new BitArray(packs.Count);
        foreach (IndexSegment segment in segments)
        {
            foreach (int number in segment.Packs)
            {
                covered[number] = true;
            }
        }

        var uncovered = new List<int>();
        for (int shard = 0; shard < StoreLayout.PackShards; shard++)
        {
            foreach (string name in disk.ListNames(StoreLayout.PackShard(shard)))
            {
                if (!StoreLayout.TryParseId(name, StoreLayout.PackSuffix, out ChunkId id) || (int)(id.Prefix >> 56) != shard)
                {
                    continue;
                }

                int number = packs.Add(id, 0, condemned.Contains(id) ? PackState.Condemned : PackState.Listed);
                if (condemned.Contains(id))
                {
                    packs.SetState(number, PackState.Condemned);
                }
                else if (packs.State(number) is PackState.Condemned or PackState.Suspect or PackState.Unusable)
                {
                    packs.SetState(number, PackState.Listed);
                }

                if (number >= covered.Count || !covered[number])
                {
                    uncovered.Add(number);
                }
            }
        }

        return uncovered;
    }

    /// <summary>Notes which packs gc means to delete.</summary>
    public static void MarkCondemned(IStoreDisk disk, PackTable packs, List<string> warnings)
    {
        foreach (CondemnedList list in CondemnedList.ReadAll(disk, warnings))
        {
            foreach (ChunkId id in list.Packs)
            {
                if (packs.TryFind(id, out int number) && packs.State(number) is PackState.Present or PackState.Listed)
                {
                    packs.SetState(number, PackState.Condemned);
                }
            }
        }
    }

    private Dictionary<ChunkId, ChunkLocation> ReadUncovered(List<IndexSegment> segments, List<int> uncovered)
    {
        if (!disk.IsReadOnly)
        {
            SyncNames(uncovered);
        }

        var loose = new Dictionary<ChunkId, ChunkLocation>();
        long usable = 0;
        foreach (int number in uncovered.Order())
        {
            int before = loose.Count;
            ReadDirectory(number, loose);
            usable += packs.State(number) == PackState.Present ? loose.Count - before : 0;
            if (usable >= LooseEntriesMax && Cover is not null)
            {
                MakeSegment(segments, loose);
                usable = 0;
            }
        }

        return loose;
    }

    private void MakeSegment(List<IndexSegment> segments, Dictionary<ChunkId, ChunkLocation> loose)
    {
        List<IndexEntry> entries = [.. loose.Where(entry => packs.State(entry.Value.Pack) == PackState.Present).Select(entry => new IndexEntry(entry.Key, entry.Value))];
        entries.Sort();
        string name = Cover!(entries, [.. entries.Select(entry => entry.Location.Pack).Distinct().Order()]);
        segments.Add(IndexSegment.Open(disk, $"{StoreLayout.Index}/{name}", storeId, packs, cache));
        entries.ForEach(entry => loose.Remove(entry.Id));
    }

    // Whoever renamed an uncovered pack into its place may have died before syncing the name. Snapshots may come to refer to it now, so the
    // name has to last first. A covered pack's name was durable before the segment was written.
    private void SyncNames(List<int> uncovered)
    {
        foreach (IGrouping<string, int> shard in uncovered.GroupBy(number => StoreLayout.PackShard(packs.Id(number)), StringComparer.Ordinal))
        {
            try
            {
                disk.SyncDirectory(shard.Key);
            }
            catch (StoreIoException error)
            {
                // Good enough to read from, for restores from a failing disk; not to refer to.
                foreach (int number in shard)
                {
                    packs.SetState(number, PackState.Suspect);
                }

                Warnings.Add($"{shard.Count()} packs in {shard.Key} are not used for new backups: {error.Message}");
            }
        }
    }

    // The directory vouches for the pack's length.
    private void ReadDirectory(int number, Dictionary<ChunkId, ChunkLocation> loose)
    {
        ChunkId id = packs.Id(number);
        try
        {
            RecordHead[] records = PackDirectory.Read(disk, storeId, id, out long lengthBytes);
            packs.Confirm(number, lengthBytes);
            foreach (RecordHead record in records)
            {
                var location = new ChunkLocation(number, record.Offset, record.StoredBytes, record.PlainBytes, record.Kind);
                if (!loose.TryAdd(record.Id, location) && packs.State(loose[record.Id].Pack) != PackState.Present)
                {
                    loose[record.Id] = location;
                }
            }
        }
        catch (StoreDamagedException error)
        {
            packs.SetState(number, PackState.Unusable);
            Warnings.Add($"Pack {id} is not used: {error.Message}. Run verify, then repair.");
        }
        catch (StoreIoException error) when (error.Failure == StoreIoFailure.Missing)
        {
            // gc deleted it between the listing and now.
            packs.SetState(number, PackState.Unusable);
        }
    }
}
