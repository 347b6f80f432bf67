using GatewayOS.Store.Index;
using GatewayOS.Store.Reading;
using GatewayOS.Store.Snapshots;

namespace GatewayOS.Store.Maintenance;

/// <summary>A chunk to copy.</summary>
/// <param name="Entry">The chunk and its place.</param>
/// <param name="IsCold">True when no newest snapshot needs it.</param>
internal readonly record struct GcCopy(IndexEntry Entry, bool IsCold);

/// <summary>
/// The order in which gc copies: trees, then data; in each what the newest snapshots need, in the order in which they need it, and then the rest as it
/// lay. So the newest snapshots read in long stretches again, and cold chunks come into packs of their own.
/// </summary>
internal sealed class GcOrder : IReachVisitor, IDisposable
{
    private readonly Dictionary<ChunkId, int> _turns = [];
    private readonly ChunkMarks _seen;
    private int _next;

    private GcOrder(BackupStore store) => _seen = new ChunkMarks(store.LeaseIndex(), store.IsPresent);

    /// <summary>Puts entries in order.</summary>
    /// <param name="store">The store.</param>
    /// <param name="newest">The newest snapshot of each series.</param>
    /// <param name="entries">What is to be copied.</param>
    /// <param name="cancellation">Stops the walk.</param>
    public static List<GcCopy> Sort(BackupStore store, IEnumerable<SnapshotRecord> newest, List<IndexEntry> entries, CancellationToken cancellation)
    {
        using var order = new GcOrder(store);
        foreach (IndexEntry entry in entries)
        {
            order._turns[entry.Id] = int.MaxValue;
        }

        using ChunkReader reader = store.OpenReader();
        var reach = new Reachability(reader, order);
        foreach (SnapshotRecord snapshot in newest)
        {
            reach.Walk(snapshot.Draft.Root, cancellation);
        }

        return
        [
            .. entries
                .OrderBy(entry => entry.Location.Kind == ChunkKind.Data)
                .ThenBy(entry => order._turns[entry.Id])
                .ThenBy(entry => entry.Location)
                .Select(entry => new GcCopy(entry, order._turns[entry.Id] == int.MaxValue)),
        ];
    }

    public bool Visit(ChunkId id, ChunkKind kind, long plainBytes)
    {
        if (!_seen.Mark(id))
        {
            return false;
        }

        if (_turns.ContainsKey(id))
        {
            _turns[id] = _next++;
        }

        return kind != ChunkKind.Data;
    }

    public void Dispose() => _seen.Dispose();

    // Marking has read it. If it rots in between, only the order suffers.
    public void Unreadable(ChunkId id, ChunkKind kind, string reason)
    {
    }
}
