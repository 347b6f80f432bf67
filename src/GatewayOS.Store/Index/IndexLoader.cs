using GatewayOS.Store.Packs;
using GatewayOS.Store.Sessions;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Index;

/// <summary>
/// Opens the index against what is really there. Order matters: segments first, then the condemned lists, then the packs, then the lists once
/// more. A pack is durable before any segment names it, so a later listing shows it. A condemned list goes after its packs, so one that is
/// gone before the packs are listed leaves none of them in the listing; and one made after that waits for this session.
/// </summary>
internal sealed class IndexLoader(IStoreDisk disk, Guid storeId, PackTable packs, IndexPageCache cache)
{
    // A merge by another process may delete a segment between listing and opening; its replacement is in the next listing.
    private const int ListingAttemptsMax = 20;

    /// <summary>Things worth telling: damaged segments that were left out, packs of the wrong length.</summary>
    public List<string> Warnings { get; } = [];

    /// <summary>Files in the index directory that are no usable segments.</summary>
    public List<string> Damaged { get; } = [];

    public StoreIndex Load()
    {
        IndexSegment[] segments = OpenSegments();
        try
        {
            HashSet<ChunkId> condemned = [.. CondemnedList.ReadAll(disk, Warnings).SelectMany(list => list.Packs)];
            HashSet<int> present = ListPacks(condemned);
            MarkCondemned(disk, packs, []);
            return new StoreIndex(segments, ReadUncovered(segments, present));
        }
        catch
        {
            foreach (IndexSegment segment in segments)
            {
                segment.Dispose();
            }

            throw;
        }
    }

    private IndexSegment[] OpenSegments()
    {
        for (int attempt = 1; ; attempt++)
        {
            var opened = new List<IndexSegment>();
            Warnings.Clear();
            Damaged.Clear();
            try
            {
                foreach (string name in disk.List(StoreLayout.Index).Select(entry => entry.Name).Where(IsSegment).Order(StringComparer.Ordinal))
                {
                    OpenSegment(name, opened);
                }

                return [.. opened];
            }
            catch (StoreIoException error) when (error.Failure == StoreIoFailure.Missing && attempt < ListingAttemptsMax)
            {
                opened.ForEach(segment => segment.Dispose());
            }
        }
    }

    private void OpenSegment(string name, List<IndexSegment> opened)
    {
        try
        {
            opened.Add(IndexSegment.Open(disk, name, storeId, packs, cache));
        }
        catch (StoreDamagedException error)
        {
            // The packs it covered are read instead: slower, and nothing is lost.
            Damaged.Add(name);
            Warnings.Add($"Index segment {name} is left out: {error.Message}. Run rebuild-index to replace it.");
        }
    }

    private static bool IsSegment(string name) => name.EndsWith(StoreLayout.IndexSuffix, StringComparison.Ordinal);

    // A pack goes from one state to the other in one step: other threads look chunks up meanwhile, and one that looks present for a moment
    // is referred to for good.
    private HashSet<int> ListPacks(HashSet<ChunkId> condemned)
    {
        var present = new HashSet<int>();
        for (int shard = 0; shard < StoreLayout.PackShards; shard++)
        {
            foreach (StoreEntry entry in disk.List(StoreLayout.PackShard(shard)))
            {
                if (entry.IsDirectory || !StoreLayout.TryParseId(entry.Name, StoreLayout.PackSuffix, out ChunkId id) || (int)(id.Prefix >> 56) != shard)
                {
                    continue;
                }

                PackState whole = condemned.Contains(id) ? PackState.Condemned : PackState.Present;
                int number = packs.Add(id, entry.LengthBytes, whole);
                if (packs.LengthBytes(number) == entry.LengthBytes)
                {
                    packs.SetState(number, whole);
                    present.Add(number);
                }
                else
                {
                    packs.SetState(number, PackState.Suspect);
                    Warnings.Add($"Pack {id} is {entry.LengthBytes} bytes long instead of {packs.LengthBytes(number)}. Run verify, then repair.");
                }
            }
        }

        return present;
    }

    /// <summary>Notes which packs gc means to delete.</summary>
    public static void MarkCondemned(IStoreDisk disk, PackTable packs, List<string> warnings)
    {
        foreach (CondemnedList list in CondemnedList.ReadAll(disk, warnings))
        {
            foreach (ChunkId id in list.Packs)
            {
                if (packs.TryFind(id, out int number) && packs.State(number) == PackState.Present)
                {
                    packs.SetState(number, PackState.Condemned);
                }
            }
        }
    }

    private Dictionary<ChunkId, ChunkLocation> ReadUncovered(IndexSegment[] segments, HashSet<int> present)
    {
        foreach (IndexSegment segment in segments)
        {
            foreach (int number in segment.Packs)
            {
                present.Remove(number);
            }
        }

        if (!disk.IsReadOnly)
        {
            SyncNames(present);
        }

        var loose = new Dictionary<ChunkId, ChunkLocation>();
        foreach (int number in present.Order())
        {
            ReadDirectory(number, loose);
        }

        return loose;
    }

    // Whoever renamed an uncovered pack into its place may have died before syncing the name. Snapshots may come to refer to it now, so the
    // name has to last first. A covered pack's name was durable before the segment was written.
    private void SyncNames(HashSet<int> uncovered)
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

    private void ReadDirectory(int number, Dictionary<ChunkId, ChunkLocation> loose)
    {
        ChunkId id = packs.Id(number);
        try
        {
            foreach (RecordHead record in PackDirectory.Read(disk, storeId, id))
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
