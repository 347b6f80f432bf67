using GatewayOS.Store.Index;
using GatewayOS.Store.Packs;
using GatewayOS.Store.Reading;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Maintenance;

/// <summary>Checks that every chunk any snapshot reaches is in a whole record, and remembers those that are not.</summary>
/// <param name="store">The store.</param>
/// <param name="packs">What checking the packs found.</param>
/// <param name="findings">Gets what is lost.</param>
/// <param name="better">Places of whole records where the index names none or a damaged one.</param>
internal sealed class ReachCheck(BackupStore store, PackSurvey packs, FindingList findings, IReadOnlyDictionary<ChunkId, ChunkLocation> better) : IReachVisitor, IDisposable
{
    private readonly ChunkMarks _seen = new(store.LeaseIndex(), static _ => true);
    private readonly Dictionary<ChunkId, string> _lost = [];

    /// <summary>Lost chunks with the reason.</summary>
    public IReadOnlyDictionary<ChunkId, string> Lost => _lost;

    /// <summary>Chunks that are whole in some pack and that the index places nowhere: a restore would not find them.</summary>
    public long NotIndexed { get; private set; }

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

        if (better.ContainsKey(id) && !IsIndexed(id))
        {
            NotIndexed++;
        }

        if (located && packs.IsGood(new RecordPlace(store.Packs.Id(location.Pack), location.OffsetBytes)))
        {
            if (location.Fits(kind, plainBytes))
            {
                return kind != ChunkKind.Data;
            }

            Lose(id, FindingKind.TreeDamaged, $"a {kind} chunk of {plainBytes} bytes is needed, the store holds a {location.Kind} chunk of {location.PlainBytes}");
            return false;
        }

        Lose(id, FindingKind.ChunkMissing, located ? "its only record is damaged" : "no pack holds it");
        return false;
    }

    private bool IsIndexed(ChunkId id)
    {
        try
        {
            return _seen.Index.TryFind(id, store.IsReadable, out _);
        }
        catch (StoreDamagedException)
        {
            // The damaged page is a finding of its own.
            return true;
        }
    }

    public void Dispose() => _seen.Dispose();

    public void Unreadable(ChunkId id, ChunkKind kind, string reason) => Lose(id, FindingKind.TreeDamaged, reason);

    private void Lose(ChunkId id, FindingKind kind, string reason)
    {
        if (_lost.TryAdd(id, reason))
        {
            findings.Add(kind, id.ToString(), reason, StoreVerifier.Remedy);
        }
    }
}
