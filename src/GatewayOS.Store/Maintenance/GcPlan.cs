using GatewayOS.Store.Compression;
using GatewayOS.Store.Index;
using GatewayOS.Store.Packs;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Maintenance;

/// <summary>Which packs go as they are, and which have their live records copied first.</summary>
internal sealed class GcPlan
{
    // Small packs, as every short backup leaves them, are merged once there are this many: a store of a thousand daily runs would
    // otherwise consist of two thousand slivers.
    private const int SmallPacksMin = 16;
    private const int SmallPackShare = 4;

    // A pack is rewritten for its compression alone when this part of it, one in so many bytes, is stored with LZ4.
    private const int RecompressShare = 16;

    private readonly BackupStore? _store;
    private readonly GcMark? _mark;
    private readonly Dictionary<int, (long Bytes, int Records)> _live = [];
    private readonly Dictionary<int, long> _garbageBytes = [];

    private GcPlan(BackupStore? store, GcMark? mark) => (_store, _mark) = (store, mark);

    public static GcPlan Nothing => new(null, null);

    /// <summary>Packs without any live record.</summary>
    public HashSet<int> Unused { get; } = [];

    /// <summary>Packs to copy from.</summary>
    public HashSet<int> Rewrite { get; } = [];

    /// <summary>Those of them that are copied only because the newest snapshots' chunks in them are scattered.</summary>
    public HashSet<int> Scattered { get; } = [];

    public long TotalBytes { get; private set; }

    public long LiveBytes { get; private set; }

    public long BytesToCopy => Rewrite.Sum(LiveBytesOf);

    public long BytesToFree => Unused.Concat(Rewrite).Sum(_store!.Packs.LengthBytes) - BytesToCopy;

    public static GcPlan Make(BackupStore store, GcMark mark, GcOptions options)
    {
        var plan = new GcPlan(store, mark);
        plan.Measure();
        List<int> partly = plan.Sort();
        plan.ChooseByGarbage(partly, options.MaxUnusedPercent);
        plan.ChooseScattered(partly, options.MaxReclusterPercent);
        if (options.Recompress == Recompression.All)
        {
            plan.Rewrite.UnionWith(partly.Where(plan.IsWorthRecompressing));
        }

        return plan;
    }

    /// <summary>Live entries of some packs, in reading order.</summary>
    public List<IndexEntry> LiveEntriesOf(HashSet<int> packs)
    {
        var live = new List<IndexEntry>();
        if (packs.Count > 0)
        {
            ForEachLive(entry =>
            {
                if (packs.Contains(entry.Location.Pack))
                {
                    live.Add(entry);
                }
            });
            live.Sort(static (left, right) => left.Location.CompareTo(right.Location));
        }

        return live;
    }

    private long LiveBytesOf(int pack) => _live.GetValueOrDefault(pack).Bytes;

    private void Measure() => ForEachLive(entry =>
    {
        (long bytes, int records) = _live.GetValueOrDefault(entry.Location.Pack);
        _live[entry.Location.Pack] = (bytes + entry.Location.RecordBytes, records + 1);
        LiveBytes += entry.Location.RecordBytes;
    });

    private void ForEachLive(Action<IndexEntry> action)
    {
        long position = 0;
        foreach (IndexSegment segment in _mark!.Index.Segments)
        {
            foreach (IndexEntry entry in segment.Entries())
            {
                if (_mark.IsLive(position++))
                {
                    action(entry);
                }
            }
        }
    }

    // Packs this run decides about: those without any live record are unused, the others are returned.
    private List<int> Sort()
    {
        var partly = new List<int>();
        HashSet<int> uncovered = [.. _mark!.Index.Loose.Values.Select(location => location.Pack)];
        for (int number = 0; number < _mark.PackCount; number++)
        {
            if (_store!.Packs.State(number) != PackState.Present || uncovered.Contains(number))
            {
                continue;
            }

            TotalBytes += _store.Packs.LengthBytes(number);
            if (LiveBytesOf(number) == 0)
            {
                Unused.Add(number);
            }
            else
            {
                partly.Add(number);
            }
        }

        return partly;
    }

    private void ChooseByGarbage(List<int> partly, double maxUnusedPercent)
    {
        BackupStore store = _store!;
        long unusedBytes = partly.Sum(GarbageOf);

        // The packs with the largest share of garbage free the most for each byte copied.
        long allowed = (long)(LiveBytes * maxUnusedPercent / 100);
        foreach (int number in partly.Where(number => GarbageOf(number) > 0).OrderByDescending(number => (double)GarbageOf(number) / store.Packs.LengthBytes(number)).ThenBy(store.Packs.Id))
        {
            if (unusedBytes <= allowed)
            {
                break;
            }

            unusedBytes -= GarbageOf(number);
            Rewrite.Add(number);
        }

        int[] small = [.. partly.Where(number => store.Packs.LengthBytes(number) < store.PackBytes / SmallPackShare)];
        if (small.Length >= SmallPacksMin)
        {
            Rewrite.UnionWith(small);
        }
    }

    private void ChooseScattered(List<int> partly, double maxReclusterPercent)
    {
        HashSet<int> candidates = [.. partly.Where(number => !Rewrite.Contains(number))];
        long budget = (long)(LiveBytes * maxReclusterPercent / 100);
        foreach (int number in _mark!.Scatter.Scattered(LiveBytesOf).Where(candidates.Contains))
        {
            budget -= LiveBytesOf(number);
            if (budget < 0)
            {
                break;
            }

            Scattered.Add(number);
        }

        Rewrite.UnionWith(Scattered);
    }

    // What LZ4 shrinks, zstd shrinks further. A pack that cannot be read is none of this run's business.
    private bool IsWorthRecompressing(int number)
    {
        try
        {
            RecordHead[] heads = PackDirectory.Read(_store!.Disk, _store.Guid, _store.Packs.Id(number));
            return heads.Where(head => head.Codec == Codec.Lz4).Sum(head => (long)head.StoredBytes) * RecompressShare > _store.Packs.LengthBytes(number);
        }
        catch (Exception error) when (error is StoreDamagedException or StoreIoException)
        {
            return false;
        }
    }

    // Head, directory and tail are no garbage: every pack has them. Nor is the padding of a pack whose records are all in use: rewriting it would
    // leave as much. The directory's size costs one read of 64 bytes a pack.
    private long GarbageOf(int number)
    {
        if (!_garbageBytes.TryGetValue(number, out long bytes))
        {
            (long liveBytes, int liveRecords) = _live.GetValueOrDefault(number);
            int records = PackDirectory.RecordCount(_store!.Disk, _store.Packs.Id(number));
            long overhead = PackFormat.HeadBytes + PackFormat.TailBytes + (records * (long)PackFormat.RecordHeadBytes);
            long padding = liveRecords >= records ? PackAppender.PaddingBytesMax(liveBytes) : 0;
            bytes = Math.Max(0, _store.Packs.LengthBytes(number) - overhead - liveBytes - padding);
            _garbageBytes.Add(number, bytes);
        }

        return bytes;
    }
}
