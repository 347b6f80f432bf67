using GatewayOS.Store.Maintenance;
using GatewayOS.Store.Pipeline;

namespace GatewayOS.Store.Tuning;

/// <summary>
/// How many threads and how large reads suit a machine and its disk. Immutable; jobs read it once, when they begin. Nothing of it is part of a store:
/// any values give the same store.
/// </summary>
public sealed record PipelineTuning
{
    /// <summary>Most threads of any kind.</summary>
    public const int ThreadsMax = WriterOptions.WorkersMax;

    /// <summary>Smallest and largest read ahead, in bytes: a chunk, and what eight open packs of every reading thread may hold.</summary>
    public const int ReadAheadBytesMin = 64 * 1024, ReadAheadBytesMax = 16 * 1024 * 1024;

    /// <summary>What is used where nobody has measured.</summary>
    public static PipelineTuning Default { get; } = new();

    /// <summary>Everything that can be set, by the names users give.</summary>
    public static IReadOnlyList<TuningKey> Keys { get; } =
    [
        new("read-threads", "threads that read and cut files of a backup", 1, ThreadsMax, tuning => tuning.ReadThreads, (tuning, value) => tuning with { ReadThreads = value }),
        new("worker-threads", "threads that hash, compress and encrypt", 1, ThreadsMax, tuning => tuning.WorkerThreads, (tuning, value) => tuning with { WorkerThreads = value }),
        new("restore-threads", "threads of a restore", 1, ThreadsMax, tuning => tuning.RestoreThreads, (tuning, value) => tuning with { RestoreThreads = value }),
        new("verify-threads", "packs verified beside each other", 1, ThreadsMax, tuning => tuning.VerifyThreads, (tuning, value) => tuning with { VerifyThreads = value }),
        new("read-ahead-kib", "KiB read at once where a restore reads in sequence", ReadAheadBytesMin / 1024, ReadAheadBytesMax / 1024, tuning => tuning.ReadAheadBytes / 1024, (tuning, value) => tuning with { ReadAheadBytes = value * 1024 }),
    ];

    /// <summary>Threads that read and cut files of a backup.</summary>
    public int ReadThreads { get; init; } = 2;

    /// <summary>Threads that hash, compress and encrypt.</summary>
    public int WorkerThreads { get; init; } = WriterOptions.WorkersDefault;

    /// <summary>Threads of a restore: each reads packs and writes files. Two more than processors: some always wait for a disk.</summary>
    public int RestoreThreads { get; init; } = Math.Clamp(Environment.ProcessorCount + 2, 1, 16);

    /// <summary>Threads of a verification: each reads a pack of its own.</summary>
    public int VerifyThreads { get; init; } = Math.Clamp(VerifyOptions.ThreadsDefault, 1, ThreadsMax);

    /// <summary>Bytes read at once from a pack that is read in sequence.</summary>
    public int ReadAheadBytes { get; init; } = 2 * 1024 * 1024;
}

/// <summary>A value of a tuning.</summary>
/// <param name="Name">As users write it, the unit last.</param>
/// <param name="What">What it is, in words.</param>
/// <param name="Min">Smallest value.</param>
/// <param name="Max">Largest value.</param>
/// <param name="Get">Reads it.</param>
/// <param name="With">Gives a tuning that has another value.</param>
public sealed record TuningKey(string Name, string What, int Min, int Max, Func<PipelineTuning, int> Get, Func<PipelineTuning, int, PipelineTuning> With);
