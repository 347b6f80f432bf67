namespace GatewayOS.Store.Maintenance;

/// <summary>Which chunks gc compresses anew, with zstd instead of LZ4, when it copies them.</summary>
public enum Recompression
{
    /// <summary>None: every chunk is copied in the form it is stored in.</summary>
    Never,

    /// <summary>Those that no newest snapshot of a series needs. What is likely to be restored stays as fast to read as it was.</summary>
    Cold,

    /// <summary>All, and packs are rewritten for this alone.</summary>
    All,
}

/// <summary>How to collect garbage.</summary>
public sealed record GcOptions
{
    /// <summary>Share of unused bytes that may stay in the store's packs, in percent of the used ones; 0 rewrites every pack with any garbage.</summary>
    public double MaxUnusedPercent { get; init; } = 5;

    /// <summary>
    /// Bytes that may be copied only to bring what the newest snapshots read into one place, in percent of the used ones, 0 to 100. 0 leaves
    /// scattered chunks where they are.
    /// </summary>
    public double MaxReclusterPercent { get; init; } = 10;

    /// <summary>Which chunks are compressed anew on the way.</summary>
    public Recompression Recompress { get; init; } = Recompression.Cold;

    /// <summary>Only tells what would be done.</summary>
    public bool DryRun { get; init; }

    /// <summary>Threads that copy; 0 works on the caller's alone, in a fixed order.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Told about progress, on any thread.</summary>
    public IProgress<MaintenanceProgress>? Progress { get; init; }
}

/// <summary>What a collection did.</summary>
public sealed record GcReport
{
    /// <summary>Bytes of packs before the run.</summary>
    public long BytesBefore { get; set; }

    /// <summary>Bytes of records that snapshots need.</summary>
    public long BytesLive { get; set; }

    /// <summary>Bytes of packs deleted.</summary>
    public long BytesFreed { get; set; }

    /// <summary>Bytes read to be written anew on the way.</summary>
    public long BytesCopied { get; set; }

    /// <summary>Bytes of packs that go when <see cref="WaitingFor"/> have ended and gc runs again.</summary>
    public long BytesPending { get; set; }

    /// <summary>Plain bytes of chunks that are stored with zstd now and were not before.</summary>
    public long BytesRecompressed { get; set; }

    /// <summary>Bytes those took before, less what they take now.</summary>
    public long BytesSaved { get; set; }

    /// <summary>Packs deleted.</summary>
    public int PacksDeleted { get; set; }

    /// <summary>Packs whose live records were copied.</summary>
    public int PacksRewritten { get; set; }

    /// <summary>Those of them that were rewritten because the newest snapshots' chunks in them were scattered.</summary>
    public int PacksReclustered { get; set; }

    /// <summary>Packs condemned and not yet deleted.</summary>
    public int PacksPending { get; set; }

    /// <summary>Places in packs at which reading the newest snapshots had to begin anew before the run: what a disk has to seek.</summary>
    public long ReadJumps { get; set; }

    /// <summary>Sessions that may still use condemned packs.</summary>
    public IReadOnlyList<BlockingSession> WaitingFor { get; set; } = [];

    /// <summary>Damage met; the packs concerned were left alone.</summary>
    public IReadOnlyList<Finding> Findings { get; set; } = [];
}
