using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using GatewayOS.Backup.Posix;
using GatewayOS.Store;
using GatewayOS.Store.Pipeline;
using GatewayOS.Store.Profiling;
using GatewayOS.Store.Reading;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;
using GatewayOS.Store.Trees;

namespace GatewayOS.Backup.Files;

/// <summary>
/// Backs up file trees: the file to read first.
/// <code>
/// 1 resolve sources ─▶ 2 open writer, find parent ─▶ 3 walk ─▶ 4 read changed files ─▶ 5 directories encode upwards ─▶ 6 commit
///                                                    one thread  reader threads,          whoever brings the last
///                                                    stat, compare  a lane each           entry of a directory
/// </code>
/// The walk compares each entry with the parent snapshot's; what is unchanged is taken over without opening it, provided the store still
/// has every chunk of it. Nothing a single file does — vanish, change, refuse — stops the backup; it is reported and the snapshot is marked.
/// </summary>
public sealed class FileBackup : IDisposable
{
    // Files between walk and readers: bounds how far the walk runs ahead. Each may hold a directory open, and with a bundle for each reader and
    // the walk's own 128 they must stay below the 1024 descriptors that some systems allow a process.
    private const int QueuedTasksMax = 256;

    // Small files are handed over in bundles: waking a reader for each costs more than reading it. A bundle's length and the bytes it holds are
    // bounded, so that no reader runs out of work while another has much.
    private const int BundleTasksMax = 16;
    private const long BundleBytesMax = 1024 * 1024;

    private readonly ISnapshotStore _store;
    private readonly BackupOptions _options;
    private readonly BlockingCollection<FileTask[]> _tasks = new(QueuedTasksMax / BundleTasksMax);
    private readonly List<FileTask> _bundle = new(BundleTasksMax);
    private long _bundleBytes;
    private ExceptionDispatchInfo? _failure;
    private StageCounters _walkCounters = new();
    private long _walking;

    private FileBackup(ISnapshotStore store, BackupOptions options, BackupProgress progress)
    {
        (_store, _options, Progress) = (store, options, progress);
    }

    /// <summary>The counters.</summary>
    private BackupProgress Progress { get; }

    internal FileReadHooks? Hooks { get; init; }

    /// <summary>Runs a backup.</summary>
    /// <param name="store">The store; borrowed.</param>
    /// <param name="options">What and how.</param>
    /// <param name="progress">Counters that the caller may read meanwhile.</param>
    /// <param name="cancellation">Stops the run: no snapshot is made, and the next run reuses what was stored.</param>
    /// <returns>The committed snapshot.</returns>
    /// <exception cref="InvalidJobException">The options make no sense or no source is there.</exception>
    /// <exception cref="StoreIoException">The store cannot be written; no snapshot is made.</exception>
    public static BackupResult Run(ISnapshotStore store, BackupOptions options, BackupProgress progress, CancellationToken cancellation) =>
        Run(store, options, progress, hooks: null, cancellation);

    internal static BackupResult Run(ISnapshotStore store, BackupOptions options, BackupProgress progress, FileReadHooks? hooks, CancellationToken cancellation) =>
        Run(new FileBackup(store, options, progress) { Hooks = hooks }, cancellation);

    /// <inheritdoc/>
    public void Dispose() => _tasks.Dispose();

    private static BackupResult Run(FileBackup backup, CancellationToken cancellation)
    {
        using (backup)
        {
            return backup.Run(cancellation);
        }
    }

    private BackupResult Run(CancellationToken cancellation)
    {
        if (_options.Errors() is { Count: > 0 } errors)
        {
            throw new InvalidJobException(string.Join(' ', errors));
        }

        // 1 resolve sources
        DateTimeOffset started = _options.Time.GetUtcNow();
        SourceTree sources = SourceTree.Resolve(_options.Sources, Progress, out IReadOnlyList<string> paths);

        // 2 open writer, find parent
        using ContentWriter writer = _store.OpenWriter(new WriterOptions { Workers = _options.Workers, Lanes = _options.Readers, Time = _options.Time });
        SnapshotRecord? parent = FindParent(paths);
        Progress.ExpectedBytes = Progress.ExpectedBytes == 0 ? parent?.Draft.Counts.Bytes ?? 0 : Progress.ExpectedBytes;

        // 3, 4, 5
        ContentRef root = WalkAndRead(writer, sources, parent, cancellation);

        // 6 commit
        WriterStatistics statistics = writer.Statistics;
        StageCounters committing = writer.Profile.NewCounters();
        long start = StageCounters.Start();
        SnapshotRecord snapshot = writer.Commit(new SnapshotDraft
        {
            Host = _options.Host,
            UserName = Environment.UserName,
            Tags = _options.Tags,
            Sources = paths,
            StartedUtc = started,
            ParentId = parent?.Id,
            Root = root,
            Counts = Progress.Counts(statistics.NewBytes, statistics.StoredBytes),
            Problems = Progress.Problems,
            ProblemCount = Progress.ProblemCount,
        });
        committing.Busy(Stage.Sync, ref start);
        return new BackupResult(snapshot, statistics with { Stages = writer.Profile.Stages });
    }

    private SnapshotRecord? FindParent(IReadOnlyList<string> paths)
    {
        if (_options.Parent is { } id)
        {
            return _store.FindSnapshot(id);
        }

        return _store.Snapshots().Records.LastOrDefault(record => record.Draft.Host == _options.Host && record.Draft.Sources.SequenceEqual(paths, StringComparer.Ordinal));
    }

    private ContentRef WalkAndRead(ContentWriter writer, SourceTree sources, SnapshotRecord? parent, CancellationToken cancellation)
    {
        var owners = new OwnerNames();
        int readerCount = _options.Workers == 0 ? 0 : _options.Readers;
        Thread[] readers = [.. Enumerable.Range(0, readerCount).Select(number => new Thread(() => ReadFiles(writer, owners, cancellation)) { Name = $"file reader {number}", IsBackground = true })];
        Array.ForEach(readers, reader => reader.Start());
        try
        {
            using ContentReader reader = _store.OpenReader();
            using IngestLane? lane = readerCount == 0 ? writer.OpenLane() : null;
            ChunkSink sink = writer.OpenSink();
            using FileReader? inline = lane is null ? null : new FileReader(lane, sink, owners, _store, Progress, Hooks, cancellation);
            var walk = new TreeWalk(_options, Progress, owners, writer, reader, sink, task => Hand(task, inline));
            StageCounters counters = writer.Profile.NewCounters();
            _walking = StageCounters.Start();
            _walkCounters = counters;
            DirectoryFrame root = walk.Run(sources, parent, cancellation);
            HandBundle();
            counters.Busy(Stage.Walk, ref _walking);
            _tasks.CompleteAdding();
            Array.ForEach(readers, thread => thread.Join());
            Volatile.Read(ref _failure)?.Throw();
            cancellation.ThrowIfCancellationRequested();
            lane?.Flush();
            writer.Drain();
            return root.Root ?? throw new InvalidOperationException("A directory was never completed.");
        }
        finally
        {
            _tasks.CompleteAdding();
            Array.ForEach(readers, thread => thread.Join());
            Release(CollectionsMarshal.AsSpan(_bundle));
        }
    }

    private void Hand(FileTask task, FileReader? inline)
    {
        if (inline is not null)
        {
            _walkCounters.Busy(Stage.Walk, ref _walking);
            inline.Read(task);
            _walking = StageCounters.Start();
            return;
        }

        _bundle.Add(task);
        _bundleBytes += task.Stat.SizeBytes;
        if (_bundle.Count == BundleTasksMax || _bundleBytes >= BundleBytesMax)
        {
            HandBundle();
        }
    }

    private void HandBundle()
    {
        Volatile.Read(ref _failure)?.Throw();
        if (_bundle.Count > 0)
        {
            _walkCounters.Busy(Stage.Walk, ref _walking);
            _tasks.Add([.. _bundle]);
            _walkCounters.Stalled(Stage.Walk, ref _walking);
            _bundle.Clear();
            _bundleBytes = 0;
        }
    }

    private void ReadFiles(ContentWriter writer, OwnerNames owners, CancellationToken cancellation)
    {
        try
        {
            using IngestLane lane = writer.OpenLane();
            using var reader = new FileReader(lane, writer.OpenSink(), owners, _store, Progress, Hooks, cancellation);
            lane.Pause();
            foreach (FileTask[] bundle in _tasks.GetConsumingEnumerable(CancellationToken.None))
            {
                lane.Resume();
                ReadBundle(reader, bundle, cancellation);
                lane.Pause();
            }

            if (Volatile.Read(ref _failure) is null && !cancellation.IsCancellationRequested)
            {
                lane.Flush();
            }
        }
        catch (Exception error)
        {
            Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(error), null);

            // Whoever waits to hand a task in must not wait for a reader that is gone.
            foreach (FileTask[] bundle in _tasks.GetConsumingEnumerable(CancellationToken.None))
            {
                Release(bundle);
            }
        }
    }

    private void ReadBundle(FileReader reader, FileTask[] bundle, CancellationToken cancellation)
    {
        int next = 0;
        try
        {
            while (next < bundle.Length && Volatile.Read(ref _failure) is null && !cancellation.IsCancellationRequested)
            {
                reader.Read(bundle[next++]);
            }
        }
        finally
        {
            Release(bundle.AsSpan(next));
        }
    }

    private static void Release(ReadOnlySpan<FileTask> tasks)
    {
        foreach (FileTask task in tasks)
        {
            task.Directory.Release();
        }
    }
}
