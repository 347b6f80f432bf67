using GatewayOS.Store.Index;
using GatewayOS.Store.Packs;
using GatewayOS.Store.Snapshots;

namespace GatewayOS.Store;

/// <summary>Figures of a store.</summary>
public sealed record StoreStatistics
{
    /// <summary>Snapshots.</summary>
    public int Snapshots { get; init; }

    /// <summary>Sum of all snapshots' file bytes: what restoring every one of them would write.</summary>
    public long LogicalBytes { get; init; }

    /// <summary>Plain bytes of all chunks in the store.</summary>
    public long UniqueBytes { get; init; }

    /// <summary>Bytes of the packs.</summary>
    public long StoredBytes { get; init; }

    /// <summary>Chunks of file content.</summary>
    public long DataChunks { get; init; }

    /// <summary>Tree and list chunks.</summary>
    public long TreeChunks { get; init; }

    /// <summary>Packs.</summary>
    public int Packs { get; init; }

    /// <summary>Index segments on disk.</summary>
    public int IndexSegments { get; init; }

    /// <summary>Bytes of the index on disk.</summary>
    public long IndexBytes { get; init; }
}

/// <content>Figures.</content>
public sealed partial class BackupStore
{
    /// <summary>Computes the figures; reads the whole index once.</summary>
    public StoreStatistics Statistics()
    {
        IReadOnlyList<SnapshotRecord> snapshots = Snapshots().Records;
        using IndexLease lease = LeaseIndex();
        StoreIndex index = lease.Index;
        long unique = 0;
        long data = 0;
        long trees = 0;
        IEnumerable<IndexEntry> loose = index.Loose.Select(entry => new IndexEntry(entry.Key, entry.Value)).Order();
        foreach (IndexEntry entry in IndexMerge.Merge([loose, .. index.Segments.ToArray().Select(segment => segment.Entries())], IsReadable))
        {
            unique += entry.Location.PlainBytes;
            data += entry.Location.Kind == ChunkKind.Data ? 1 : 0;
            trees += entry.Location.Kind == ChunkKind.Data ? 0 : 1;
        }

        int[] packs = ReadablePacks();
        return new StoreStatistics
        {
            Snapshots = snapshots.Count,
            LogicalBytes = snapshots.Sum(snapshot => snapshot.Draft.Counts.Bytes),
            UniqueBytes = unique,
            StoredBytes = packs.Sum(Packs.LengthBytes),
            DataChunks = data,
            TreeChunks = trees,
            Packs = packs.Length,
            IndexSegments = index.Segments.Length,
            IndexBytes = index.Segments.ToArray().Sum(segment => segment.Shape.FileBytes),
        };
    }

    /// <summary>Bytes of the packs, as <see cref="Statistics"/> gives them, from memory.</summary>
    public long BytesInPacks()
    {
        using IndexLease lease = LeaseIndex();
        return ReadablePacks().Sum(Packs.LengthBytes);
    }

    private int[] ReadablePacks() => [.. Enumerable.Range(0, Packs.Count).Where(IsReadable)];
}
