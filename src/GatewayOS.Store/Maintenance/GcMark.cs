using GatewayOS.Store.Index;
using GatewayOS.Store.Reading;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Maintenance;

/// <summary>
/// Marks what snapshots need: a bit for each index entry in a pack that stays, and a list of what only condemned packs hold. Works on the
/// index and the packs as they were at the start: what a reload brings on the way is none of this round's business.
/// </summary>
internal sealed class GcMark(BackupStore store) : IReachVisitor, IDisposable
{
    private readonly ChunkMarks _marks = new(store.LeaseIndex(), store.IsPresent);

    /// <summary>The index whose positions are marked.</summary>
    public StoreIndex Index => _marks.Index;

    /// <summary>What <see cref="BackupStore.IndexLoads"/> was then.</summary>
    public int IndexLoads { get; } = store.IndexLoads;

    /// <summary>Packs below this number are the ones to decide about.</summary>
    public int PackCount { get; } = store.Packs.Count;

    /// <summary>Live chunks that only condemned packs hold: newer snapshots refer to them, so they are copied out.</summary>
    public Dictionary<ChunkId, ChunkLocation> Rescue { get; } = [];

    /// <summary>Live chunks that no pack holds.</summary>
    public Dictionary<ChunkId, string> Missing { get; } = [];

    /// <summary>Set while the newest snapshots are walked.</summary>
    public bool IsNewest { get; set; }

    /// <summary>How scattered lies what they need.</summary>
    public GcScatter Scatter { get; } = new();

    /// <summary>True when the entry at this index position is live.</summary>
    public bool IsLive(long position) => _marks.IsMarked(position);

    public bool Visit(ChunkId id, ChunkKind kind, long plainBytes)
    {
        if (!_marks.Mark(id))
        {
            return false;
        }

        if (Index.TryFind(id, store.IsPresent, out ChunkLocation present))
        {
            if (IsNewest)
            {
                Scatter.Read(present);
            }

            return true;
        }

        if (store.TryLocateByIndex(id, out ChunkLocation condemned))
        {
            Rescue.TryAdd(id, condemned);
            return true;
        }

        if (kind != ChunkKind.Data)
        {
            Unreadable(id, kind, $"{kind} chunk {id} is missing: a snapshot needs it and no pack holds it.");
        }

        Missing.TryAdd(id, "a snapshot needs it and no pack holds it");
        return false;
    }

    public void Dispose() => _marks.Dispose();

    // What an unreadable tree reaches is unknown, so nothing may be called garbage.
    public void Unreadable(ChunkId id, ChunkKind kind, string reason) =>
        throw new StoreDamagedException(id.ToString(), $"{reason} What it refers to is unknown, so nothing is collected. Run repair first.");
}
