using System.Globalization;

namespace GatewayOS.Store.Tuning;

/// <summary>A tuning chosen from measurements, with the reason for each value.</summary>
/// <param name="Tuning">The tuning.</param>
/// <param name="Reasons">By the key's name, in words.</param>
public sealed record TuningChoice(PipelineTuning Tuning, IReadOnlyDictionary<string, string> Reasons)
{
    // More of something is taken only when it brings this much.
    private const double WorthwhileShare = 0.95;

    // Each thread of a restore may hold the read-ahead of eight packs.
    private const int RestoreThreadsMax = 16;

    private const int ReadThreadsMin = 2;
    private const int CoresPerReadThread = 2;
    private const double MegaByte = 1e6;

    // Where the processor is the limit, so many more threads than cores keep it busy while others wait for a disk.
    private const int WorkersWaiting = 1, RestoreThreadsWaiting = 2, VerifyThreadsWaiting = 1;

    /// <summary>Chooses.</summary>
    /// <param name="cores">Logical processors that jobs may use.</param>
    /// <param name="stages">What one core does.</param>
    /// <param name="disk">What the disk does.</param>
    public static TuningChoice Make(int cores, StageRates stages, DiskRates disk)
    {
        double worker = stages.Together(StageProbe.WorkerStages);
        double diskPlain = disk.WriteBytesPerSecond / stages.StoredShare;
        int workers = Threads(diskPlain, worker, cores, WorkersWaiting);

        double restore = stages.Together(StageProbe.RestoreStages);
        double processor = restore * cores * stages.StoredShare;
        double sequential = disk.Sequential.Max(rate => rate.BytesPerSecond);
        double random = disk.Random.Max(rate => rate.BytesPerSecond);
        ReadRate streams = Fewest(disk.Sequential, processor);
        ReadRate depth = Fewest(disk.Random, processor);

        // Where several are read in turn, as a restore reads packs, short reads cost the most.
        ReadRate[] inTurn = [.. disk.Sequential.Where(rate => rate.Streams == disk.Sequential.Max(other => other.Streams)).OrderBy(rate => rate.ReadBytes)];
        double inTurnBest = inTurn.Max(rate => rate.BytesPerSecond);
        ReadRate ahead = inTurn.First(rate => rate.BytesPerSecond >= inTurnBest * WorthwhileShare);
        double readPlain = sequential / stages.StoredShare;
        int restoreThreads = Math.Min(RestoreThreadsMax, Math.Max(Threads(readPlain, restore, cores, RestoreThreadsWaiting), depth.Streams));
        int verifyThreads = Math.Max(Threads(readPlain, restore, cores, VerifyThreadsWaiting), streams.Streams);
        int readers = Math.Clamp(cores / CoresPerReadThread, ReadThreadsMin, PipelineTuning.ThreadsMax);
        var reasons = new Dictionary<string, string>
        {
            ["read-threads"] = $"one for {CoresPerReadThread} of {cores} cores, at least {ReadThreadsMin}: cutting takes little ({Rate(stages.PlainRate(StageProbe.Chunk))} a core); the source's disk was not measured",
            ["worker-threads"] = $"a core takes {Rate(worker)} of new data, the disk {Rate(diskPlain)}: {Cores(diskPlain, worker, cores)}",
            ["restore-threads"] = $"the disk gives {Rate(random)} at random, and {depth.Streams} at once reach {Rate(depth.BytesPerSecond)}; a core unpacks {Rate(restore)} of {Rate(readPlain)}: {Cores(readPlain, restore, cores)}",
            ["verify-threads"] = $"the disk gives {Rate(sequential)} in sequence, and {streams.Streams} at once reach {Rate(streams.BytesPerSecond)}; for the rest as a restore",
            ["read-ahead-kib"] = $"reads of {ahead.ReadBytes / 1024} KiB, {ahead.Streams} at once, reach {Rate(ahead.BytesPerSecond)} of {Rate(inTurnBest)}",
        };
        var tuning = new PipelineTuning { ReadThreads = readers, WorkerThreads = workers, RestoreThreads = restoreThreads, VerifyThreads = verifyThreads, ReadAheadBytes = ahead.ReadBytes };
        return new TuningChoice(tuning, reasons);
    }

    // More streams than the processor can follow bring nothing.
    private static ReadRate Fewest(IReadOnlyList<ReadRate> rates, double processor)
    {
        double wanted = Math.Min(rates.Max(rate => rate.BytesPerSecond) * WorthwhileShare, processor);
        return rates.OrderBy(rate => rate.Streams).ThenByDescending(rate => rate.BytesPerSecond).First(rate => rate.BytesPerSecond >= wanted);
    }

    private static int Threads(double wanted, double perCore, int cores, int waiting) =>
        Math.Clamp(wanted / perCore > cores ? cores + waiting : (int)Math.Ceiling(wanted / perCore), 1, PipelineTuning.ThreadsMax);

    private static string Cores(double wanted, double perCore, int cores) =>
        wanted / perCore > cores ? $"all {cores} cores and some that wait, and the processor is the limit" : $"{Math.Ceiling(wanted / perCore):0} of {cores} cores, and the disk is the limit";

    private static string Rate(double bytesPerSecond) => bytesPerSecond >= 1000 * MegaByte
        ? (bytesPerSecond / MegaByte / 1000).ToString("0.0", CultureInfo.InvariantCulture) + " GB/s"
        : (bytesPerSecond / MegaByte).ToString("0", CultureInfo.InvariantCulture) + " MB/s";
}
