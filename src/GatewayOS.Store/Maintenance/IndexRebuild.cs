using GatewayOS.Store.Index;
using GatewayOS.Store.Packs;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Maintenance;

/// <summary>What a rebuild of the index did.</summary>
public sealed record RebuildReport
{
    /// <summary>Packs read.</summary>
    public int Packs { get; init; }

    /// <summary>Entries in the new index.</summary>
    public long Entries { get; init; }

    /// <summary>Packs without a readable directory, and foreign files.</summary>
    public required IReadOnlyList<Finding> Findings { get; init; }
}

/// <summary>Makes the index anew from the packs' own directories. Snapshots and packs are not touched.</summary>
public static class IndexRebuild
{
    // Entries sorted in memory at once: 4 million of about 60 bytes.
    private const int EntriesPerSegmentMax = 4_000_000;

    /// <summary>Rebuilds the index.</summary>
    /// <param name="store">The store.</param>
    /// <param name="progress">Told about progress.</param>
    /// <param name="cancellation">Stops the run; the old index stays.</param>
    /// <exception cref="StoreUnusableException">A gc or repair runs.</exception>
    public static RebuildReport Run(BackupStore store, IProgress<MaintenanceProgress>? progress, CancellationToken cancellation)
    {
        using IStoreLock held = MaintenanceLock.Take(store, "rebuild the index");
        return RunLocked(store, progress, cancellation);
    }

    internal static RebuildReport RunLocked(BackupStore store, IProgress<MaintenanceProgress>? progress, CancellationToken cancellation)
    {
        PackSalvage.Run(store);
        store.Reload();
        var findings = new FindingList();
        List<(ChunkId Id, long Bytes)> packs = StoreFiles.ListPacks(store.Disk, findings);
        foreach (string shard in packs.Select(pack => StoreLayout.PackShard(pack.Id)).Distinct(StringComparer.Ordinal))
        {
            // A segment vouches for the names of its packs, and not every one of these has been synced by who made it.
            store.Disk.SyncDirectory(shard);
        }

        var entries = new List<IndexEntry>();
        var numbers = new HashSet<int>();
        var made = new List<string>();
        long total = 0;
        for (int i = 0; i < packs.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            ReadPack(store, packs[i].Id, packs[i].Bytes, entries, numbers, findings);
            progress?.Report(new MaintenanceProgress("reading directories", 0, 0, i + 1, packs.Count));
            if (entries.Count >= EntriesPerSegmentMax || i == packs.Count - 1)
            {
                total += Write(store, entries, numbers, made);
            }
        }

        store.AdoptSegments(made);
        return new RebuildReport { Packs = packs.Count, Entries = total, Findings = findings.ToSorted() };
    }

    private static void ReadPack(BackupStore store, ChunkId id, long bytes, List<IndexEntry> entries, HashSet<int> numbers, FindingList findings)
    {
        try
        {
            RecordHead[] heads = PackDirectory.Read(store.Disk, store.Guid, id);
            int number = store.Packs.Add(id, bytes, PackState.Present);
            if (store.Packs.State(number) == PackState.Condemned)
            {
                return;
            }

            store.Packs.Confirm(number, bytes);
            numbers.Add(number);
            entries.AddRange(heads.Select(head => new IndexEntry(head.Id, new ChunkLocation(number, head.Offset, head.StoredBytes, head.PlainBytes, head.Kind))));
        }
        catch (Exception error) when (error is StoreDamagedException or StoreIoException)
        {
            findings.Add(FindingKind.PackDamaged, id + StoreLayout.PackSuffix, error.Message, StoreVerifier.Remedy);
        }
    }

    private static long Write(BackupStore store, List<IndexEntry> entries, HashSet<int> numbers, List<string> made)
    {
        entries.Sort();
        string name = store.NextTemporaryName() + StoreLayout.IndexSuffix;
        IndexSegmentWriter.Write(store.Disk, store.Guid, name, store.Packs, [.. numbers.Order()], IndexMerge.Distinct(entries), entries.Count);
        made.Add(name);
        long count = entries.Count;
        entries.Clear();
        numbers.Clear();
        return count;
    }
}
