using System.Diagnostics;
using GatewayOS.Store;
using GatewayOS.Store.Index;
using GatewayOS.Store.Keys;
using GatewayOS.Store.Packs;
using GatewayOS.Store.Storage;

namespace GatewayOS.Benchmarks.Scale;

/// <summary>
/// A store whose index is as large as wanted and whose packs are holes: segments of the sizes that commits would have left, written by the store's own
/// writer; files of the right names and lengths for all packs; and whole directories in those that the streams go through.
/// </summary>
internal sealed class ScaleStore
{
    /// <summary>Entries of a commit: a night's new chunks of one node, 8 GB.</summary>
    public const int FlushEntries = 64 * 1024;

    /// <summary>Packs that streams go through.</summary>
    public const int StreamPacks = 192;

    private static readonly StoreSecret s_secret = new StoreSecret.KeyFile("GATEWAY-KEY-1 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n"u8.ToArray());

    private readonly string _directory;

    private ScaleStore(string directory, List<SyntheticSegment> segments) => (_directory, Segments) = (directory, segments);

    /// <summary>The segments, the largest first.</summary>
    public IReadOnlyList<SyntheticSegment> Segments { get; }

    public long Entries => Segments.Sum(segment => segment.Entries);

    /// <summary>How far apart the packs of streams are in the largest segment.</summary>
    public int StreamPackStep => Math.Max(1, (Segments[0].Packs - 1) / StreamPacks);

    public double BuildSeconds { get; private init; }

    /// <summary>Segment sizes after commits of equal size, as the store merges them.</summary>
    /// <param name="entries">Entries in the end.</param>
    /// <param name="rewrittenPerEntry">How often an entry was written while the index doubled to that size.</param>
    public static List<long> SegmentSizes(long entries, out double rewrittenPerEntry)
    {
        var sizes = new List<long>();
        double written = 0, added = 0;
        for (long total = 0; total < entries; total += FlushEntries)
        {
            int merged = SegmentMerging.Choose(sizes, FlushEntries);
            long size = FlushEntries + sizes.Take(merged).Sum();
            sizes.RemoveRange(0, merged);
            sizes.Insert(0, size);
            if (total >= entries / 2)
            {
                (written, added) = (written + size, added + FlushEntries);
            }
        }

        rewrittenPerEntry = written / added;
        return [.. sizes.OrderDescending()];
    }

    public static ScaleStore Build(string directory, long entries)
    {
        long start = Stopwatch.GetTimestamp();
        var disk = new PosixDisk(directory);
        using (BackupStore.Create(disk, new StoreOptions(), s_secret, "scale", new OpenOptions { Purpose = "init" }))
        {
        }

        using BackupStore store = BackupStore.Open(disk, s_secret, new OpenOptions { Purpose = "scale" });
        var segments = new List<SyntheticSegment>();
        foreach (long size in SegmentSizes(entries, out _))
        {
            var segment = new SyntheticSegment((ulong)segments.Count + 1, Math.Max(1, size / SyntheticSegment.StratumEntries), store.Packs.Count);
            segments.Add(segment);
            WritePacks(store, segment, streams: segments.Count == 1);
            int[] packs = [.. Enumerable.Range(segment.FirstPack, segment.Packs)];
            var sizing = SegmentSizing.Beside(segment.Entries, segments.Count == 1 ? 0 : segments[0].Entries);
            IndexSegmentWriter.Write(disk, store.Guid, $"scale-{segments.Count}{StoreLayout.IndexSuffix}", store.Packs, packs, segment.Sorted(), sizing);
        }

        return new ScaleStore(directory, segments) { BuildSeconds = Stopwatch.GetElapsedTime(start).TotalSeconds };
    }

    public BackupStore Open(IStoreDisk disk) => BackupStore.Open(disk, s_secret, new OpenOptions { Purpose = "scale" });

    public CountingDisk Disk() => new(new PosixDisk(_directory));

    private static void WritePacks(BackupStore store, SyntheticSegment segment, bool streams)
    {
        string Path(ChunkId id) => System.IO.Path.Join(store.Location, StoreLayout.PackPath(id));
        int step = Math.Max(1, (segment.Packs - 1) / StreamPacks);
        for (int pack = 0; pack < segment.Packs; pack++)
        {
            ChunkId id;
            if (streams && pack % step == 0 && pack / step < StreamPacks)
            {
                id = segment.WritePack(pack, store.Guid, Path);
            }
            else
            {
                id = SyntheticSegment.Absent(ulong.MaxValue - (ulong)(segment.FirstPack + pack));
                using var file = File.OpenHandle(Path(id), FileMode.CreateNew, FileAccess.Write);
                RandomAccess.SetLength(file, SyntheticSegment.PackBytes);
            }

            store.Packs.Publish(store.Packs.Add(default, 0, PackState.Writing), id, SyntheticSegment.PackBytes);
        }
    }
}
