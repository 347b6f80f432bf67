using GatewayOS.Store.Profiling;

namespace GatewayOS.Backup.Files;

/// <summary>What to do with a file that is already there.</summary>
public enum OverwritePolicy
{
    /// <summary>Replaces it when its size or modification time differs.</summary>
    IfChanged,

    /// <summary>Replaces it always.</summary>
    Always,

    /// <summary>Replaces it when the one in the snapshot is newer.</summary>
    IfNewer,

    /// <summary>Leaves it.</summary>
    Never,
}

/// <summary>How to restore.</summary>
public sealed record RestoreOptions
{
    /// <summary>Directory to restore into; made when missing. The full path in the snapshot goes below it; "/" restores in place.</summary>
    public required byte[] Target { get; init; }

    /// <summary>Paths in the snapshot to restore, each with everything below; empty for all.</summary>
    public IReadOnlyList<byte[]> Paths { get; init; } = [];

    /// <summary>Restores only what matches; empty for all.</summary>
    public PatternSet Includes { get; init; } = PatternSet.None;

    /// <summary>Leaves out what matches.</summary>
    public PatternSet Excludes { get; init; } = PatternSet.None;

    /// <summary>What to do with files that are there.</summary>
    public OverwritePolicy Overwrite { get; init; }

    /// <summary>Only counts what would be written.</summary>
    public bool DryRun { get; init; }

    /// <summary>Reads every restored file back from the disk and compares it with the snapshot.</summary>
    public bool Verify { get; init; }

    /// <summary>Threads that read packs and write files.</summary>
    public int Threads { get; init; } = ThreadsDefault;

    /// <summary>Gets what each stage spent its time on.</summary>
    public StageProfile Profile { get; init; } = new();

    /// <summary>What a machine nobody has measured gets.</summary>
    public static int ThreadsDefault { get; } = Store.Tuning.PipelineTuning.Default.RestoreThreads;
}

/// <summary>Something that could not be restored as it was.</summary>
/// <param name="Path">Escaped path in the snapshot.</param>
/// <param name="Reason">Why.</param>
/// <param name="IsDamage">True when stored data is damaged, false when the target is the trouble.</param>
public sealed record RestoreProblem(string Path, string Reason, bool IsDamage);

/// <summary>Counters and problems of a restore. Written by its threads, read by anyone.</summary>
public sealed class RestoreProgress
{
    /// <summary>Most problems listed; <see cref="ProblemCount"/> counts on.</summary>
    public const int ProblemsMax = 1000;

    private readonly Lock _gate = new();
    private readonly List<RestoreProblem> _problems = [];
    private readonly HashSet<string> _once = [];
    private long _files;
    private long _skipped;
    private long _others;
    private long _bytes;
    private long _problemCount;
    private int _damaged;

    /// <summary>Files restored.</summary>
    public long Files => Interlocked.Read(ref _files);

    /// <summary>Files left as they were.</summary>
    public long Skipped => Interlocked.Read(ref _skipped);

    /// <summary>Directories, links, devices and other entries restored.</summary>
    public long Others => Interlocked.Read(ref _others);

    /// <summary>Content bytes written.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Bytes expected; 0 when unknown.</summary>
    public long ExpectedBytes { get; set; }

    /// <summary>Problems so far.</summary>
    public long ProblemCount => Interlocked.Read(ref _problemCount);

    /// <summary>True when stored data proved damaged.</summary>
    public bool Damaged => Volatile.Read(ref _damaged) != 0;

    /// <summary>The first problems.</summary>
    public IReadOnlyList<RestoreProblem> Problems
    {
        get
        {
            lock (_gate)
            {
                return [.. _problems];
            }
        }
    }

    internal void AddFile() => Interlocked.Increment(ref _files);

    internal void AddSkipped() => Interlocked.Increment(ref _skipped);

    internal void AddOther() => Interlocked.Increment(ref _others);

    internal void AddBytes(long bytes) => Interlocked.Add(ref _bytes, bytes);

    internal void AddProblem(string path, string reason, bool isDamage = false)
    {
        Interlocked.Increment(ref _problemCount);
        if (isDamage)
        {
            Volatile.Write(ref _damaged, 1);
        }

        lock (_gate)
        {
            if (_problems.Count < ProblemsMax)
            {
                _problems.Add(new RestoreProblem(path, reason, isDamage));
            }
        }
    }

    // What an ordinary user may not set is the same for every file: said once, for the first.
    internal void AddProblemOnce(string kind, string path, string reason)
    {
        lock (_gate)
        {
            if (!_once.Add(kind))
            {
                return;
            }
        }

        AddProblem(path, reason);
    }
}
