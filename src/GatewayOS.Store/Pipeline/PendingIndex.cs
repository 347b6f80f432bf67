using GatewayOS.Store.Index;

namespace GatewayOS.Store.Pipeline;

/// <summary>
/// Chunks this writer has taken on and that no index segment covers yet. A chunk is claimed before it is compressed, so two workers with
/// equal content store it once; the claim is enough to refer to it, because a commit waits for all of them.
/// </summary>
internal sealed class PendingIndex
{
    private const int ShardCount = 64;

    // The pack of a claim without a place yet.
    private const int Unplaced = -1;

    private readonly Dictionary<ChunkId, ChunkLocation>[] _shards = new Dictionary<ChunkId, ChunkLocation>[ShardCount];
    private int _count;

    public PendingIndex()
    {
        for (int i = 0; i < ShardCount; i++)
        {
            _shards[i] = [];
        }
    }

    public int Count => Volatile.Read(ref _count);

    /// <summary>Claims a chunk.</summary>
    /// <returns>False when it is claimed already.</returns>
    public bool TryClaim(ChunkId id)
    {
        Dictionary<ChunkId, ChunkLocation> shard = Shard(id);
        lock (shard)
        {
            if (!shard.TryAdd(id, new ChunkLocation(Unplaced, 0, 0, 0, default)))
            {
                return false;
            }
        }

        Interlocked.Increment(ref _count);
        return true;
    }

    public bool Contains(ChunkId id)
    {
        Dictionary<ChunkId, ChunkLocation> shard = Shard(id);
        lock (shard)
        {
            return shard.ContainsKey(id);
        }
    }

    public void Place(ChunkId id, in ChunkLocation location)
    {
        Dictionary<ChunkId, ChunkLocation> shard = Shard(id);
        lock (shard)
        {
            shard[id] = location;
        }
    }

    /// <summary>Sorted entries of the given packs.</summary>
    public List<IndexEntry> EntriesOf(HashSet<int> packs)
    {
        var entries = new List<IndexEntry>(Count);
        foreach (Dictionary<ChunkId, ChunkLocation> shard in _shards)
        {
            lock (shard)
            {
                foreach ((ChunkId id, ChunkLocation location) in shard)
                {
                    if (packs.Contains(location.Pack))
                    {
                        entries.Add(new IndexEntry(id, location));
                    }
                }
            }
        }

        entries.Sort();
        return entries;
    }

    /// <summary>Drops entries that a segment covers now.</summary>
    public void Remove(List<IndexEntry> entries)
    {
        foreach (IndexEntry entry in entries)
        {
            Dictionary<ChunkId, ChunkLocation> shard = Shard(entry.Id);
            lock (shard)
            {
                shard.Remove(entry.Id);
            }
        }

        Interlocked.Add(ref _count, -entries.Count);
    }

    private Dictionary<ChunkId, ChunkLocation> Shard(ChunkId id) => _shards[(int)(id.SecondWord & (ShardCount - 1))];
}
