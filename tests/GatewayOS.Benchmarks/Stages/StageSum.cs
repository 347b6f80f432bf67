using System.Diagnostics;
using GatewayOS.Benchmarks.Results;
using GatewayOS.Store;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Tuning;

namespace GatewayOS.Benchmarks.Stages;

/// <summary>
/// Each stage of the write path alone, and their sum divided by the cores: what a first backup would take if the cores shared the work without any
/// loss, writing included.
/// </summary>
internal static class StageSum
{
    public const string Walk = "walk and read";
    public const string Write = "write packs, synced";
    public const string Ideal = "sum of stages ÷ cores";
    public const string OneCore = "one core";
    public const string ShareOfBackup = "share of a backup";

    private static readonly TimeSpan s_each = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_eachReading = TimeSpan.FromMilliseconds(100);

    /// <summary>The stages, in the order in which data passes them.</summary>
    public static readonly string[] Stages = [Walk, StageProbe.Chunk, StageProbe.Hash, StageProbe.LookUp, StageProbe.Compress, StageProbe.Seal, Write];

    /// <summary>Measures all and adds their rows.</summary>
    /// <param name="results">Gets the rows; the sum is one of the given tool's, in seconds.</param>
    /// <param name="tool">Whose backup it is.</param>
    /// <param name="store">A store that has just been filled from the tree: lookups find what they look for, and its snapshot says how much was new.</param>
    /// <param name="tree">The tree.</param>
    public static void Measure(BenchResults results, string tool, BackupStore store, SampledTree tree)
    {
        // What ran before may have driven the tree out of the cache, which the backup found warm.
        tree.ReadAll();
        long start = Stopwatch.GetTimestamp();
        double walk = tree.ReadAll() / Stopwatch.GetElapsedTime(start).TotalSeconds;
        StageRates rates = StageProbe.Run(store, tree.Sample, s_each, CancellationToken.None);
        double write = DiskProbe.Run(store, s_eachReading, static _ => { }, CancellationToken.None).WriteBytesPerSecond;

        // Only what is new is compressed, sealed and written.
        SnapshotCounts counts = store.FindSnapshot("latest").Draft.Counts;
        var seconds = new Dictionary<string, double> { [Walk] = tree.Bytes / walk, [Write] = counts.StoredBytes / write };
        results.Add(Walk, OneCore, "MB/s", walk / 1e6, "find and read every file, 1 MiB at a time, warm cache");
        results.Add(Write, "disk", "MB/s of stored bytes", write / 1e6, "64 MiB files, each synced");
        foreach (StageRate rate in rates.Stages)
        {
            results.Add(rate.Name, OneCore, rate.OfStored ? "MB/s of stored bytes" : "MB/s", rate.BytesPerSecond / 1e6, "StageProbe");
            seconds[rate.Name] = (rate.OfStored ? counts.StoredBytes : rate.Name == StageProbe.Compress ? counts.NewBytes : tree.Bytes) / rate.BytesPerSecond;
        }

        foreach (string stage in Stages)
        {
            results.Add(stage, ShareOfBackup, "s", seconds[stage], "bytes that pass the stage ÷ rate");
        }

        results.Add(Ideal, tool, "s", Stages.Sum(stage => seconds[stage]) / Environment.ProcessorCount, "all stages' seconds ÷ cores");
    }
}
