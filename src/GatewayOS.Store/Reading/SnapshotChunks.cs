using GatewayOS.Store.Index;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Reading;

/// <summary>Lists what snapshots consist of.</summary>
public static class SnapshotChunks
{
    /// <summary>Calls back for each chunk that any of the snapshots reaches, once.</summary>
    /// <param name="store">The store.</param>
    /// <param name="snapshots">The snapshots.</param>
    /// <param name="found">Gets each chunk's ID.</param>
    /// <param name="cancellation">Stops the walk.</param>
    /// <param name="unreadable">Gets each tree or list that cannot be read, and why; null when it does not matter.</param>
    /// <remarks>Reads trees and lists, no data. What lies behind a damaged one is left out.</remarks>
    public static void Walk(BackupStore store, IReadOnlyList<SnapshotRecord> snapshots, Action<ChunkId> found, CancellationToken cancellation, Action<ChunkId, string>? unreadable = null)
    {
        using ChunkReader reader = store.OpenReader();
        using var seen = new ChunkMarks(store.LeaseIndex(), static _ => true);
        var reach = new Reachability(reader, new Visitor(seen, found, unreadable));
        foreach (SnapshotRecord snapshot in snapshots)
        {
            reach.Walk(snapshot.Draft.Root, cancellation);
        }
    }

    private sealed class Visitor(ChunkMarks seen, Action<ChunkId> found, Action<ChunkId, string>? unreadable) : IReachVisitor
    {
        public bool Visit(ChunkId id, ChunkKind kind, long plainBytes)
        {
            if (!seen.Mark(id))
            {
                return false;
            }

            found(id);
            return kind != ChunkKind.Data;
        }

        public void Unreadable(ChunkId id, ChunkKind kind, string reason) => unreadable?.Invoke(id, reason);
    }
}
