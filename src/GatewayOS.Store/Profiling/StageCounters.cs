using System.Diagnostics;

namespace GatewayOS.Store.Profiling;

/// <summary>What a thread of a data path may spend its time on; <see cref="StageCounters.Sum"/> names them for people.</summary>
public enum Stage
{
    /// <summary>Listing and comparing a source, or going through a snapshot's trees.</summary>
    Walk,

    /// <summary>Opening and reading files or packs.</summary>
    Read,

    /// <summary>Finding chunk borders.</summary>
    Chunk,

    /// <summary>Hashing plain bytes, to name or to check them.</summary>
    Hash,

    /// <summary>Asking the index.</summary>
    LookUp,

    /// <summary>Compressing.</summary>
    Compress,

    /// <summary>Encrypting, and hashing the ciphertext.</summary>
    Encrypt,

    /// <summary>Checking the ciphertext's hash.</summary>
    CheckHash,

    /// <summary>Decrypting and authenticating.</summary>
    Decrypt,

    /// <summary>Decompressing.</summary>
    Decompress,

    /// <summary>Writing packs, or restored files.</summary>
    Write,

    /// <summary>Completing files and encoding their directories.</summary>
    Complete,

    /// <summary>Making files, and giving files and directories their metadata.</summary>
    Metadata,

    /// <summary>Making packs, index and snapshot durable.</summary>
    Sync,
}

/// <summary>
/// What one thread spends its time on. Written by that thread alone and read by anyone: readers may see figures a moment old. A stop costs one
/// look at the clock, some 30 ns, so it is always on.
/// </summary>
public sealed class StageCounters
{
    private static readonly string[] s_names =
    [
        "walk", "read", "chunk (gear)", "hash (BLAKE3)", "look up", "compress (LZ4)", "encrypt (AES-GCM, BLAKE3)", "check hash (BLAKE3)", "decrypt (AES-GCM)", "decompress",
        "write", "complete files and trees", "metadata", "sync",
    ];

    private readonly Row[] _rows = new Row[s_names.Length];

    /// <summary>The clock now, to begin a stretch with.</summary>
    public static long Start() => Stopwatch.GetTimestamp();

    /// <summary>Counts the time since then as work, and begins the next stretch.</summary>
    /// <param name="stage">The stage.</param>
    /// <param name="start">When the stretch began.</param>
    /// <param name="bytes">Bytes that went through.</param>
    public void Busy(Stage stage, ref long start, long bytes = 0)
    {
        ref Row row = ref _rows[(int)stage];
        long now = Stopwatch.GetTimestamp();
        row.BusyTicks += now - start;
        row.Bytes += bytes;
        start = now;
    }

    /// <summary>Counts the time since then as waiting for other stages, and begins the next stretch.</summary>
    public void Stalled(Stage stage, ref long start)
    {
        long now = Stopwatch.GetTimestamp();
        _rows[(int)stage].StalledTicks += now - start;
        start = now;
    }

    /// <summary>Counts bytes alone.</summary>
    public void AddBytes(Stage stage, long bytes) => _rows[(int)stage].Bytes += bytes;

    /// <summary>Takes time off a stage that was counted elsewhere meanwhile.</summary>
    public void TakeOff(Stage stage, long ticks) => _rows[(int)stage].BusyTicks -= ticks;

    /// <summary>Sums the counters of several threads.</summary>
    /// <param name="threads">Their counters.</param>
    /// <returns>The stages that something was counted in, in the order of the data.</returns>
    public static IReadOnlyList<StageStatistics> Sum(IReadOnlyCollection<StageCounters> threads)
    {
        var sums = new List<StageStatistics>();
        for (int stage = 0; stage < s_names.Length; stage++)
        {
            Row sum = default;
            foreach (StageCounters counters in threads)
            {
                ref Row row = ref counters._rows[stage];
                sum.BusyTicks += row.BusyTicks;
                sum.StalledTicks += row.StalledTicks;
                sum.Bytes += row.Bytes;
            }

            if (sum.BusyTicks + sum.StalledTicks + sum.Bytes > 0)
            {
                sums.Add(new StageStatistics(s_names[stage], Stopwatch.GetElapsedTime(0, sum.BusyTicks), Stopwatch.GetElapsedTime(0, sum.StalledTicks), sum.Bytes));
            }
        }

        return sums;
    }

    private struct Row
    {
        public long BusyTicks;
        public long StalledTicks;
        public long Bytes;
    }
}

/// <summary>What one stage of a data path did, summed over its threads.</summary>
/// <param name="Name">For instance <c>compress (LZ4)</c>.</param>
/// <param name="Busy">Time spent working, system calls and their waiting for disks included.</param>
/// <param name="Stalled">Time spent waiting for other stages to give or take.</param>
/// <param name="Bytes">Bytes that went through; 0 where they are not what counts.</param>
public readonly record struct StageStatistics(string Name, TimeSpan Busy, TimeSpan Stalled, long Bytes);
