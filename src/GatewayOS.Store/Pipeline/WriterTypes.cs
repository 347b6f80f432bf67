using GatewayOS.Store.Profiling;

namespace GatewayOS.Store.Pipeline;

/// <summary>How a writer works.</summary>
public sealed record WriterOptions
{
    /// <summary>Most worker threads a writer accepts.</summary>
    public const int WorkersMax = 64;

    /// <summary>Threads that hash, compress, encrypt and write. 0 does it all on the caller's thread, in a fixed order.</summary>
    public int Workers { get; init; } = WorkersDefault;

    /// <summary>One more than processors: some always wait for the disk.</summary>
    public static int WorkersDefault { get; } = Math.Clamp(Environment.ProcessorCount + 1, 1, WorkersMax);

    /// <summary>Lanes that will be open at once: sizes the buffers.</summary>
    public int Lanes { get; init; } = 2;

    /// <summary>Batches for chunks that come over a network, about 2 MiB each; shared by all who send.</summary>
    public int ReceivedBatches { get; init; } = 16;

    /// <summary>Clock for time stamps.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>
    /// False leaves index segments apart. A merge keeps one entry of a chunk, and while gc or repair has yet to say which packs go, that may be
    /// the one in such a pack.
    /// </summary>
    internal bool MergesIndex { get; init; } = true;
}

/// <summary>A writer's counters at one moment.</summary>
public readonly record struct WriterStatistics
{
    /// <summary>Plain bytes handed in and processed.</summary>
    public long PlainBytes { get; init; }

    /// <summary>Chunks processed.</summary>
    public long Chunks { get; init; }

    /// <summary>Chunks the store did not have.</summary>
    public long NewChunks { get; init; }

    /// <summary>Plain bytes of those.</summary>
    public long NewBytes { get; init; }

    /// <summary>Bytes they take in packs, heads and tags included.</summary>
    public long StoredBytes { get; init; }

    /// <summary>What each stage did, for <c>--profile</c>.</summary>
    public IReadOnlyList<StageStatistics> Stages { get; init; }
}
