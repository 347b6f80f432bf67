using GatewayOS.Store.Index;
using GatewayOS.Store.Packs;
using GatewayOS.Store.Reading;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Maintenance;

/// <summary>Checks that every chunk any snapshot reaches is in a whole record, and remembers those that are not.</summary>
internal sealed class ReachCheck(BackupStore store, PackSurvey packs, FindingList findings) : IReachVisitor
{
    private readonly ChunkMarks _seen = new(store.Index, static _ => true);
    private readonly Dictionary<ChunkId, string> _lost = [];

    /// <summary>Lost chunks with the reason.</summary>
    public IReadOnlyDictionary<ChunkId, string> Lost => _lost;

    public void Walk(IReadOnlyList<SnapshotRecord> snapshots, VerifyOptions options, CancellationToken cancellation)
    {
        using ChunkReader reader = store.OpenReader();
        var reach = new Reachability(reader, this);
        for (int i = 0; i < snapshots.Count; i++)
        {
            reach.Walk(snapshots[i].Draft.Root, cancellation);
            options.Progress?.Report(new MaintenanceProgress("walking snapshots", 0, 0, i + 1, snapshots.Count));
        }
    }

    public bool Visit(ChunkId id, ChunkKind kind, long plainBytes)
    {
        bool located = StoreVerifier.LocateQuietly(store, id, out ChunkLocation location);
        if (!_seen.Mark(id))
        {
            return false;
        }

        if (located && packs.IsGood(new RecordPlace(store.Packs.Id(location.Pack), location.OffsetBytes)))
        {
            if (location.Kind == kind && (plainBytes < 0 || location.PlainBytes == plainBytes))
            {
                return kind != ChunkKind.Data;
            }

            Lose(id, FindingKind.TreeDamaged, $"a {kind} chunk of {plainBytes} bytes is needed, the store holds a {location.Kind} chunk of {location.PlainBytes}");
            return false;
        }

        Lose(id, FindingKind.ChunkMissing, located ? "its only record is damaged" : "no pack holds it");
        return false;
    }

    public void Unreadable(ChunkId id, ChunkKind kind, string reason) => Lose(id, FindingKind.TreeDamaged, reason);

    private void Lose(ChunkId id, FindingKind kind, string reason)
    {
        if (_lost.TryAdd(id, reason))
        {
            findings.Add(kind, id.ToString(), reason, StoreVerifier.Remedy);
        }
    }
}
