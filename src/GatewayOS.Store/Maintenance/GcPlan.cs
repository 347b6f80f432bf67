using GatewayOS.Store.Index;
using GatewayOS.Store.Packs;

namespace GatewayOS.Store.Maintenance;

/// <summary>Which packs go as they are, and which have their live records copied first.</summary>
internal sealed class GcPlan
{
    // Small packs, as every short backup leaves them, are merged once there are this many: a store of a thousand daily runs would
    // otherwise consist of two thousand slivers.
    private const int SmallPacksMin = 16;
    private const int SmallPackShare = 4;

    private readonly BackupStore? _store;
    private readonly GcMark? _mark;
    private readonly Dictionary<int, long> _liveBytes = [];
    private readonly Dictionary<int, long> _garbageBytes = [];

    private GcPlan(BackupStore? store, GcMark? mark) => (_store, _mark) = (store, mark);

    public static GcPlan Nothing => new(null, null);

    /// <summary>Packs without any live record.</summary>
    public HashSet<int> Unused { get; } = [];

    /// <summary>Packs to copy from.</summary>
    public HashSet<int> Rewrite { get; } = [];

    public long TotalBytes { get; private set; }

    public long LiveBytes { get; private set; }

    public long BytesToCopy => Rewrite.Sum(LiveBytesOf);

    public long BytesToFree => Unused.Concat(Rewrite).Sum(_store!.Packs.LengthBytes) - BytesToCopy;

    public static GcPlan Make(BackupStore store, GcMark mark, GcOptions options)
    {
        var plan = new GcPlan(store, mark);
        plan.Measure();
        plan.Choose(options.MaxUnusedPercent);
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

    private long LiveBytesOf(int pack) => _liveBytes.GetValueOrDefault(pack);

    private void Measure() => ForEachLive(entry =>
    {
        _liveBytes[entry.Location.Pack] = _liveBytes.GetValueOrDefault(entry.Location.Pack) + entry.Location.RecordBytes;
        LiveBytes += entry.Location.RecordBytes;
    });

    private void ForEachLive(Action<IndexEntry> action)
    {
        foreach ((long position, IndexEntry entry) in _mark!.Index.Positions())
        {
            if (_mark.IsLive(position))
            {
                action(entry);
            }
        }
    }

    private void Choose(double maxUnusedPercent)
    {
        BackupStore store = _store!;
        var partly = new List<int>();
        long unusedBytes = 0;
        HashSet<int> uncovered = [.. _mark!.Index.Loose.Values.Select(location => location.Pack)];
        for (int number = 0; number < _mark.PackCount; number++)
        {
            if (!store.IsPresent(number) || uncovered.Contains(number))
            {
                continue;
            }

            TotalBytes += store.Packs.LengthBytes(number);
            if (LiveBytesOf(number) == 0)
            {
                Unused.Add(number);
            }
            else
            {
                unusedBytes += GarbageOf(number);
                partly.Add(number);
            }
        }

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

    // Head, directory and tail are no garbage: every pack has them. The directory's size costs one read of 64 bytes a pack.
    private long GarbageOf(int number)
    {
        if (!_garbageBytes.TryGetValue(number, out long bytes))
        {
            long overhead = PackFormat.HeadBytes + PackFormat.TailBytes + (PackDirectory.RecordCount(_store!.Disk, _store.Packs.Id(number)) * (long)PackFormat.RecordHeadBytes);
            bytes = Math.Max(0, _store.Packs.LengthBytes(number) - overhead - LiveBytesOf(number));
            _garbageBytes.Add(number, bytes);
        }

        return bytes;
    }
}
