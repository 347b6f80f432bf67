using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using GatewayOS.Store;
using GatewayOS.Store.Index;
using GatewayOS.Store.Packs;
using GatewayOS.TestKit;

namespace GatewayOS.Benchmarks.Scale;

/// <summary>What one size costs. Times are per lookup or per entry, reads are calls to the disk per lookup. Several values are those of rounds, in their order.</summary>
internal sealed record ScaleFigures
{
    public long Entries { get; init; }

    public int Segments { get; init; }

    public double BuildSeconds { get; init; }

    public double OpenSeconds { get; init; }

    public double OpenMegabytesRead { get; init; }

    public double LengthCheckMicroseconds { get; init; }

    public double[] MissNanoseconds { get; init; } = [];

    public double MissReads { get; init; }

    public double[] HitNanoseconds { get; init; } = [];

    public double HitReads { get; init; }

    public double[] StreamNanoseconds { get; init; } = [];

    public double StreamReads { get; init; }

    public double[] FlushNanoseconds { get; init; } = [];

    public double MergeNanoseconds { get; init; }

    public double RewrittenPerEntry { get; init; }

    /// <summary>Merges' part of an insert.</summary>
    public double MergeShareNanoseconds => (RewrittenPerEntry - 1) * MergeNanoseconds;

    public long FilterBytes { get; init; }

    public long ResidentBytes { get; init; }

    public long PeakBytes { get; init; }
}

/// <summary>
/// Measures one size in a process of its own, so that its memory is that of an opened store and little else. Between groups of lookups it reads through
/// 64 MiB of other memory: in a backup, hashing and compressing come between one lookup and the next, and leave the processor's caches cold.
/// </summary>
internal static class ScaleProbe
{
    private const int Rounds = 5;
    private const int Groups = 100;
    private const int GroupLookups = 32;
    private const int StreamsAtOnce = 16;
    private const int Flushes = 24;
    private const int ScrubBytes = 64 * 1024 * 1024;

    private static readonly byte[] s_scrub = new byte[ScrubBytes];
    private static ulong s_absent;
    private static long s_kept;

    /// <summary>Runs as the child: <c>scale-probe DIRECTORY ENTRIES</c>; prints the figures as JSON on the last line.</summary>
    public static int Run(string[] args)
    {
        long entries = long.Parse(args[1], CultureInfo.InvariantCulture);
        ScaleStore built = ScaleStore.Build(args[0], entries);
        GC.Collect();
        ScaleFigures figures = Measure(built);
        Console.WriteLine(JsonSerializer.Serialize(figures));
        return 0;
    }

    private static ScaleFigures Measure(ScaleStore built)
    {
        CountingDisk disk = built.Disk();
        double open = Best(() => built.Open(disk).Dispose());
        long opened = disk.BytesRead;
        using BackupStore store = built.Open(disk);
        double openMegabytes = (disk.BytesRead - opened) / 1e6;
        Array.Fill(s_scrub, (byte)1);

        // Every pack's length is looked at once in a session; that is no cost of the lookups that follow.
        long packs = built.Segments.Sum(segment => (long)segment.Packs);
        double check = Seconds(() =>
        {
            for (int pack = 0; pack < packs; pack++)
            {
                s_kept += store.IsPresent(pack) ? 1 : 0;
            }
        });

        // All filter slices come into memory.
        for (int i = 0; i < 100_000; i++)
        {
            s_kept += store.IsReferable(SyntheticSegment.Absent(s_absent++)) ? 1 : 0;
        }

        var random = Seeded.Random(7);
        (double[] missTimes, double missReads) = Lookups(disk, () => SyntheticSegment.Absent(s_absent++), id => store.IsReferable(id), expected: false);
        (double[] hitTimes, double hitReads) = Lookups(disk, () => RandomEntry(built, random), id => store.TryLocateByIndex(id, out _), expected: true);
        (double[] streamTimes, double streamReads) = Streams(built, store, disk);
        GC.Collect();
        long resident = StatusBytes("VmRSS:");
        long filters = store.Index.FilterBytes;
        int segments = store.Index.Segments.Length;
        double merge = MergeCost(built, store);
        double[] flushes = FlushCost(store);
        ScaleStore.SegmentSizes(built.Entries, out double rewritten);
        return new ScaleFigures
        {
            Entries = built.Entries,
            Segments = segments,
            BuildSeconds = built.BuildSeconds,
            OpenSeconds = open,
            OpenMegabytesRead = openMegabytes,
            LengthCheckMicroseconds = check / packs * 1e6,
            MissNanoseconds = missTimes,
            MissReads = missReads,
            HitNanoseconds = hitTimes,
            HitReads = hitReads,
            StreamNanoseconds = streamTimes,
            StreamReads = streamReads,
            FlushNanoseconds = flushes,
            MergeNanoseconds = merge,
            RewrittenPerEntry = rewritten,
            FilterBytes = filters,
            ResidentBytes = resident,
            PeakBytes = StatusBytes("VmHWM:"),
        };
    }

    // Each round has groups of lookups with cold caches before each group.
    private static (double[] Nanoseconds, double Reads) Lookups(CountingDisk disk, Func<ChunkId> next, Func<ChunkId, bool> find, bool expected)
    {
        double[] times = new double[Rounds];
        var ids = new ChunkId[GroupLookups];
        long reads = disk.Reads;
        for (int round = 0; round < Rounds; round++)
        {
            long ticks = 0;
            for (int group = 0; group < Groups; group++)
            {
                for (int i = 0; i < ids.Length; i++)
                {
                    ids[i] = next();
                }

                Scrub();
                long start = Stopwatch.GetTimestamp();
                int found = 0;
                foreach (ChunkId id in ids)
                {
                    found += find(id) ? 1 : 0;
                }

                ticks += Stopwatch.GetTimestamp() - start;
                Require(found == (expected ? ids.Length : 0));
            }

            times[round] = ticks * 1e9 / Stopwatch.Frequency / (Groups * GroupLookups);
        }

        return (times, (double)(disk.Reads - reads) / (Rounds * Groups * GroupLookups));
    }

    // Streams side by side, as nodes back up: each goes through packs from front to back.
    private static (double[] Nanoseconds, double Reads) Streams(ScaleStore built, BackupStore store, CountingDisk disk)
    {
        SyntheticSegment segment = built.Segments[0];
        const int rounds = ScaleStore.StreamPacks / StreamsAtOnce;
        double[] times = new double[rounds];
        var ids = new ChunkId[GroupLookups];
        long reads = disk.Reads;
        for (int round = 0; round < rounds; round++)
        {
            long ticks = 0;
            for (int first = 0; first < SyntheticSegment.RecordsPerPack; first += GroupLookups)
            {
                for (int stream = 0; stream < StreamsAtOnce; stream++)
                {
                    for (int i = 0; i < GroupLookups; i++)
                    {
                        ids[i] = segment.IdOf(segment.EntryAt(((round * StreamsAtOnce) + stream) * built.StreamPackStep, first + i));
                    }

                    long start = Stopwatch.GetTimestamp();
                    int found = 0;
                    foreach (ChunkId id in ids)
                    {
                        found += store.IsReferable(id) ? 1 : 0;
                    }

                    ticks += Stopwatch.GetTimestamp() - start;
                    Require(found == GroupLookups);
                }

                Scrub();
            }

            times[round] = ticks * 1e9 / Stopwatch.Frequency / (StreamsAtOnce * SyntheticSegment.RecordsPerPack);
        }

        return (times, (double)(disk.Reads - reads) / (ScaleStore.StreamPacks * SyntheticSegment.RecordsPerPack));
    }

    // What a merge of the whole index costs for each entry it writes, its sync included.
    private static double MergeCost(ScaleStore built, BackupStore store)
    {
        using IndexLease lease = store.LeaseIndex();
        IndexSegment[] segments = lease.Index.Segments.ToArray();
        int[] packs = [.. segments.SelectMany(segment => segment.Packs.ToArray()).Distinct().Order()];
        string name = store.NextTemporaryName() + StoreLayout.IndexSuffix;
        double seconds = Seconds(() => IndexSegmentWriter.Write(
            store.Disk, store.Guid, name, store.Packs, packs, IndexMerge.Merge([.. segments.Select(segment => segment.Entries())], store.IsListed), SegmentSizing.Beside(built.Entries, 0)));
        store.Disk.Delete($"{StoreLayout.Index}/{name}");
        return seconds / built.Entries * 1e9;
    }

    // Commits' own part: sort the new entries, write and sync a segment of them, open it. Merges are accounted by MergeCost.
    private static double[] FlushCost(BackupStore store)
    {
        double[] times = new double[Flushes];
        for (int flush = 0; flush < Flushes; flush++)
        {
            var segment = new SyntheticSegment((ulong)(1000 + flush), ScaleStore.FlushEntries / SyntheticSegment.StratumEntries, store.Packs.Count);
            for (int pack = 0; pack < segment.Packs; pack++)
            {
                store.Packs.Publish(store.Packs.Add(default, 0, PackState.Writing), SyntheticSegment.Absent(s_absent++), SyntheticSegment.PackBytes);
            }

            List<IndexEntry> entries = [.. segment.Sorted()];
            IndexEntry[] shuffled = [.. entries];
            Seeded.Random(flush).Shuffle(shuffled);
            entries = [.. shuffled];
            times[flush] = Seconds(() =>
            {
                entries.Sort();
                store.AddSegment(entries, [.. Enumerable.Range(segment.FirstPack, segment.Packs)], merge: false);
            }) / entries.Count * 1e9;
        }

        return times;
    }

    private static ChunkId RandomEntry(ScaleStore built, Random random)
    {
        long number = random.NextInt64(built.Entries);
        foreach (SyntheticSegment segment in built.Segments)
        {
            if (number < segment.Entries)
            {
                return segment.IdOf(number);
            }

            number -= segment.Entries;
        }

        throw new InvalidOperationException("A number below the sum lies in one of the segments.");
    }

    private static void Scrub()
    {
        long sum = 0;
        for (int at = 0; at < s_scrub.Length; at += 64)
        {
            sum += s_scrub[at];
        }

        s_kept += sum;
    }

    private static double Best(Action action) => Enumerable.Range(0, 3).Select(_ => Seconds(action)).Min();

    private static double Seconds(Action action)
    {
        long start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static void Require(bool holds)
    {
        if (!holds)
        {
            throw new InvalidOperationException("The index found something else than what was put in.");
        }
    }

    private static long StatusBytes(string name) =>
        long.Parse(File.ReadLines("/proc/self/status").First(line => line.StartsWith(name, StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)[1], CultureInfo.InvariantCulture) * 1024;
}
