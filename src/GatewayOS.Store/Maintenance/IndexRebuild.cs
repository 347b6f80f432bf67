using GatewayOS.Store.Index;
using GatewayOS.Store.Packs;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Maintenance;

/// <summary>How to rebuild the index.</summary>
public sealed record RebuildOptions
{
    /// <summary>
    /// Threads that read pack directories; 0 reads in a fixed order on the caller's. More than processors: they wait for the disk, and an array
    /// serves many small reads at once.
    /// </summary>
    public int Threads { get; init; } = 16;

    /// <summary>Told about progress, on any thread.</summary>
    public IProgress<MaintenanceProgress>? Progress { get; init; }

    /// <summary>Entries after which a part is made durable: 2 million of some 60 bytes in memory. Smaller in tests.</summary>
    internal int EntriesPerPart { get; init; } = 2_000_000;

    /// <summary>Packs after which a part is made durable: what an interruption costs at most, some 500 GB of packs.</summary>
    internal int PacksPerPart { get; init; } = 8192;
}

/// <summary>What a rebuild of the index did.</summary>
public sealed record RebuildReport
{
    /// <summary>Packs covered.</summary>
    public int Packs { get; init; }

    /// <summary>Those of them that an earlier rebuild had read before it was interrupted.</summary>
    public int PacksDoneBefore { get; init; }

    /// <summary>Entries in the new index.</summary>
    public long Entries { get; init; }

    /// <summary>Packs without a readable directory, and foreign files.</summary>
    public required IReadOnlyList<Finding> Findings { get; init; }
}

/// <summary>
/// Makes the index anew from the packs' own directories, of which it reads nothing else. Snapshots and packs are not touched. It works in parts: each is
/// durable when it is done, so a rebuild that is interrupted goes on where it was; then all parts become one segment, and the old index goes.
/// </summary>
public static class IndexRebuild
{
    /// <summary>Rebuilds the index.</summary>
    /// <param name="store">The store; best opened without <see cref="OpenOptions.ReadsUncoveredPacks"/>.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellation">Stops the run; the old index stays, and the next run goes on.</param>
    /// <exception cref="StoreUnusableException">A gc or repair runs.</exception>
    public static RebuildReport Run(BackupStore store, RebuildOptions options, CancellationToken cancellation)
    {
        using IStoreLock held = MaintenanceLock.Take(store, "rebuild the index");
        return RunLocked(store, options, cancellation);
    }

    internal static RebuildReport RunLocked(BackupStore store, RebuildOptions options, CancellationToken cancellation)
    {
        PackSalvage.Run(store);
        store.Reload();
        return new RebuildRun(store, options, cancellation).Run();
    }
}

/// <summary>One rebuild, step by step.</summary>
internal sealed class RebuildRun(BackupStore store, RebuildOptions options, CancellationToken cancellation)
{
    private readonly FindingList _findings = new();
    private readonly Lock _gate = new();
    private readonly List<IndexSegment> _parts = [];
    private readonly List<IndexEntry> _entries = [];
    private readonly List<int> _packs = [];

    public RebuildReport Run()
    {
        List<(ChunkId Id, long Bytes)> packs = StoreFiles.ListPacks(store.Disk, _findings);
        foreach (string shard in packs.Select(pack => StoreLayout.PackShard(pack.Id)).Distinct(StringComparer.Ordinal))
        {
            // A segment vouches for the names of its packs, and not every one of these has been synced by who made it.
            store.Disk.SyncDirectory(shard);
        }

        try
        {
            // 1 What an interrupted rebuild left, 2 the packs it had not come to, 3 one segment of all parts, which takes the old index's place.
            OpenParts();
            List<(ChunkId Id, long Bytes)> missing = NotInParts(packs);
            ReadPacks(missing);
            long entries = Merge();
            return new RebuildReport { Packs = packs.Count, PacksDoneBefore = packs.Count - missing.Count, Entries = entries, Findings = _findings.ToSorted() };
        }
        finally
        {
            _parts.ForEach(part => part.Dispose());
        }
    }

    private void OpenParts()
    {
        foreach (string name in store.Disk.ListNames(StoreLayout.Index).Where(name => name.EndsWith(StoreLayout.IndexPartSuffix, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            string path = $"{StoreLayout.Index}/{name}";
            if (IsWhole(path))
            {
                _parts.Add(Open(path));
            }
            else
            {
                // Its packs are read again.
                DurableFile.DeleteIfPresent(store.Disk, path);
            }
        }
    }

    private bool IsWhole(string path)
    {
        try
        {
            // Checked in an object of its own: the check brings the filter into memory, and merging does not need it.
            using IndexSegment part = Open(path);
            return part.Check() is null;
        }
        catch (Exception error) when (error is StoreDamagedException or OutdatedSegmentException)
        {
            return false;
        }
    }

    private IndexSegment Open(string path) => IndexSegment.Open(store.Disk, path, store.Guid, store.Packs, store.PageCache);

    // Packs never change under their names, so what a part says of one stays right as long as the pack is there.
    private List<(ChunkId Id, long Bytes)> NotInParts(List<(ChunkId Id, long Bytes)> packs)
    {
        HashSet<int> done = [.. _parts.SelectMany(part => part.Packs.ToArray())];
        return packs.FindAll(pack => !(store.Packs.TryFind(pack.Id, out int number) && done.Contains(number) && store.Packs.LengthBytes(number) == pack.Bytes));
    }

    private void ReadPacks(List<(ChunkId Id, long Bytes)> packs)
    {
        long items = 0;
        OwnedThreads.Run(
            options.Threads,
            packs,
            pack =>
            {
                ReadPack(pack.Id);
                options.Progress?.Report(new MaintenanceProgress("reading directories", 0, 0, Interlocked.Increment(ref items), packs.Count));
            },
            cancellation);
        WritePart();
    }

    private void ReadPack(ChunkId id)
    {
        RecordHead[] heads;
        long bytes;
        try
        {
            heads = PackDirectory.Read(store.Disk, store.Guid, id, out bytes);
        }
        catch (Exception error) when (error is StoreDamagedException or StoreIoException)
        {
            _findings.Add(FindingKind.PackDamaged, id + StoreLayout.PackSuffix, error.Message, StoreVerifier.Remedy);
            return;
        }

        int number = store.Packs.Add(id, bytes, PackState.Present);
        if (store.Packs.State(number) == PackState.Condemned)
        {
            return;
        }

        store.Packs.Confirm(number, bytes);
        store.Packs.SetState(number, PackState.Present);
        lock (_gate)
        {
            _packs.Add(number);
            foreach (RecordHead head in heads)
            {
                _entries.Add(new IndexEntry(head.Id, new ChunkLocation(number, head.Offset, head.StoredBytes, head.PlainBytes, head.Kind)));
            }

            // The other threads wait meanwhile: memory stays bounded, and writing is a small part of the work.
            if (_entries.Count >= options.EntriesPerPart || _packs.Count >= options.PacksPerPart)
            {
                WritePart();
            }
        }
    }

    private void WritePart()
    {
        if (_packs.Count == 0)
        {
            return;
        }

        // With all copies of a chunk: gc may take one of them before the next run, and the other's pack is not read again.
        _entries.Sort();
        string name = store.NextTemporaryName() + StoreLayout.IndexPartSuffix;
        IndexSegmentWriter.Write(store.Disk, store.Guid, name, store.Packs, [.. _packs.Order()], _entries, SegmentSizing.Beside(_entries.Count, 0));
        _parts.Add(Open($"{StoreLayout.Index}/{name}"));
        _entries.Clear();
        _packs.Clear();
    }

    private long Merge()
    {
        if (_parts.Count == 0)
        {
            store.AdoptSegments([]);
            return 0;
        }

        long entries = 0;
        int[] packs = [.. _parts.SelectMany(part => part.Packs.ToArray()).Distinct().Where(store.IsPresent).Order()];
        IEnumerable<IndexEntry> all = IndexMerge.Merge([.. _parts.Select(part => part.Entries())], store.IsPresent).Select(entry =>
        {
            if (entries++ % IndexFormat.EntriesPerPage == 0)
            {
                cancellation.ThrowIfCancellationRequested();
            }

            return entry;
        });
        string name = store.NextTemporaryName() + StoreLayout.IndexSuffix;
        IndexSegmentWriter.Write(store.Disk, store.Guid, name, store.Packs, packs, all, SegmentSizing.Beside(_parts.Sum(part => part.Shape.Entries), 0));
        store.AdoptSegments([name]);
        foreach (IndexSegment part in _parts)
        {
            DurableFile.DeleteIfPresent(store.Disk, $"{StoreLayout.Index}/{part.Name}");
        }

        return entries;
    }
}
