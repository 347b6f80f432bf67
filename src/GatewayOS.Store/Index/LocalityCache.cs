using System.Collections.Concurrent;
using GatewayOS.Store.Packs;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Index;

/// <summary>
/// Chunks of packs that streams are going through (Zhu, Li and Patterson, FAST 2008): what was stored together is asked for together, so two
/// hits close behind each other in a pack bring its whole directory into memory, and the next thousand lookups read nothing. Only packs all of whose records the index
/// has are read: a record without an entry is one that gc and readers do not know, and nothing may refer to it. Thread-safe.
/// </summary>
/// <param name="disk">The store's disk.</param>
/// <param name="storeId">The store.</param>
/// <param name="packs">The packs.</param>
/// <param name="warn">Told about directories that cannot be read.</param>
internal sealed class LocalityCache(IStoreDisk disk, Guid storeId, PackTable packs, Action<string> warn)
{
    // Two generations of 64 shards: at most 250 000 chunks of some 70 bytes, 17 MB. That is the packs of some 250 streams at once. A shard's
    // limit is a size to which the dictionary grows by itself.
    private const int ShardCount = 64;
    private const int ShardRecordsMax = 1931;

    // Hits remembered, one of each pack.
    private const int HitSlots = 1024;

    // Records of a stream that is known but for some changes lie this close; hits of unrelated lookups in one pack of 60 MiB rarely do.
    private const uint StreamGapBytes = 1024 * 1024;

    private readonly Shard[] _shards = [.. Enumerable.Range(0, ShardCount).Select(static _ => new Shard())];
    private readonly long[] _hits = new long[HitSlots];
    private readonly ConcurrentDictionary<int, byte> _loading = new();
    private long _loads;

    /// <summary>Pack directories read so far.</summary>
    public long Loads => Volatile.Read(ref _loads);

    /// <summary>Looks a chunk up in a pack that may be used.</summary>
    public bool TryFind(ChunkId id, PackUse usable, out ChunkLocation found)
    {
        Shard shard = ShardOf(id);
        lock (shard)
        {
            if (!shard.TryFind(id, out found))
            {
                return false;
            }
        }

        return usable(found.Pack);
    }

    /// <summary>Tells of a chunk that was found in the index: when it follows another one in its pack, the pack's directory is read.</summary>
    public void Found(in ChunkLocation location)
    {
        ref long slot = ref _hits[location.Pack & (HitSlots - 1)];
        long hit = ((long)location.Pack << 32) | location.OffsetBytes;
        long gap = hit - Interlocked.Exchange(ref slot, hit);

        // Packs are below offsets, so a gap within a pack is small and one to another pack is not.
        if (gap is > 0 and <= StreamGapBytes && packs.Indexed(location.Pack) > 0 && _loading.TryAdd(location.Pack, 0))
        {
            try
            {
                Load(location.Pack);
            }
            finally
            {
                _loading.TryRemove(location.Pack, out _);
            }
        }
    }

    // Reading ahead is a help: what goes wrong with it goes wrong again, and is told, where the pack is needed.
    private void Load(int pack)
    {
        RecordHead[] records;
        try
        {
            records = PackDirectory.Read(disk, storeId, packs.Id(pack));
        }
        catch (StoreDamagedException error)
        {
            warn($"The directory of pack {packs.Id(pack)} cannot be read: {error.Message}. Run verify, then repair.");
            packs.NoteNotAllIndexed(pack);
            return;
        }
        catch (StoreIoException)
        {
            packs.NoteNotAllIndexed(pack);
            return;
        }

        // Merges keep one entry of a chunk that two backups stored at once, and when gc takes that pack the record here is nobody's.
        if (records.Length != packs.Indexed(pack))
        {
            packs.NoteNotAllIndexed(pack);
            return;
        }

        Interlocked.Increment(ref _loads);
        foreach (RecordHead record in records)
        {
            Shard shard = ShardOf(record.Id);
            lock (shard)
            {
                shard.Add(record.Id, new ChunkLocation(pack, record.Offset, record.StoredBytes, record.PlainBytes, record.Kind));
            }
        }
    }

    private Shard ShardOf(ChunkId id) => _shards[(int)(id.SecondWord & (ShardCount - 1))];

    /// <summary>Two generations: when the younger is full, the older goes.</summary>
    private sealed class Shard
    {
        private Dictionary<ChunkId, ChunkLocation>? _young;
        private Dictionary<ChunkId, ChunkLocation>? _old;

        public bool TryFind(ChunkId id, out ChunkLocation found)
        {
            if (_young is not null && _young.TryGetValue(id, out found))
            {
                return true;
            }

            found = default;
            return _old is not null && _old.TryGetValue(id, out found);
        }

        public void Add(ChunkId id, in ChunkLocation location)
        {
            if (_young is { Count: ShardRecordsMax })
            {
                (_young, _old) = (_old, _young);
                _young?.Clear();
            }

            _young ??= [];
            _young[id] = location;
        }
    }
}
