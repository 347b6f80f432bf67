using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Trees;

namespace GatewayOS.Backup.Files;

/// <summary>Counters of a running backup. Written by its threads, read by anyone at any time.</summary>
public sealed class BackupProgress
{
    private readonly Lock _gate = new();
    private readonly List<SnapshotProblem> _problems = [];
    private long _files;
    private long _directories;
    private long _others;
    private long _bytes;
    private long _filesNew;
    private long _filesChanged;
    private long _filesUnmodified;
    private long _problemCount;

    /// <summary>Regular files finished by the walk.</summary>
    public long Files => Interlocked.Read(ref _files);

    /// <summary>Bytes of files read or taken over.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Problems so far.</summary>
    public long ProblemCount => Interlocked.Read(ref _problemCount);

    /// <summary>Bytes expected, or 0 when unknown.</summary>
    public long ExpectedBytes { get; set; }

    /// <summary>The first problems, up to <see cref="SnapshotDraft.ProblemsMax"/>.</summary>
    public IReadOnlyList<SnapshotProblem> Problems
    {
        get
        {
            lock (_gate)
            {
                return [.. _problems];
            }
        }
    }

    internal SnapshotCounts Counts(long newBytes, long storedBytes) => new()
    {
        Files = Files,
        Directories = Interlocked.Read(ref _directories),
        Others = Interlocked.Read(ref _others),
        Bytes = Bytes,
        FilesNew = Interlocked.Read(ref _filesNew),
        FilesChanged = Interlocked.Read(ref _filesChanged),
        FilesUnmodified = Interlocked.Read(ref _filesUnmodified),
        NewBytes = newBytes,
        StoredBytes = storedBytes,
    };

    internal void AddBytes(long bytes) => Interlocked.Add(ref _bytes, bytes);

    internal void AddDirectory() => Interlocked.Increment(ref _directories);

    internal void AddOther() => Interlocked.Increment(ref _others);

    internal void AddUnmodified(long bytes)
    {
        Interlocked.Increment(ref _files);
        Interlocked.Increment(ref _filesUnmodified);
        AddBytes(bytes);
    }

    internal void AddFile(bool inParent)
    {
        Interlocked.Increment(ref _files);
        Interlocked.Increment(ref inParent ? ref _filesChanged : ref _filesNew);
    }

    internal void AddProblem(ReadOnlySpan<byte> path, string reason)
    {
        Interlocked.Increment(ref _problemCount);
        lock (_gate)
        {
            if (_problems.Count < SnapshotDraft.ProblemsMax)
            {
                _problems.Add(new SnapshotProblem(ByteName.Escape(path), reason));
            }
        }
    }
}
