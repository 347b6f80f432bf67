using GatewayOS.Backup.Posix;
using GatewayOS.Store;
using GatewayOS.Store.Profiling;
using GatewayOS.Store.Reading;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;
using GatewayOS.Store.Trees;

namespace GatewayOS.Backup.Files;

/// <summary>
/// Restores a snapshot to a file system: the tree is walked and its directories and special entries made; files gather in windows, are
/// sorted by where their content lies in the packs, and written by several threads; hard links, directory metadata and inode flags follow.
/// </summary>
public sealed class FileRestore
{
    // Pieces of work sorted at once: bounds memory for any size of tree, and is plenty to find sequential reads in.
    // The next window is walked while the last is written, so there are two.
    private const int WindowItemsMax = 8_000;

    // Content parts of all of them together, 56 bytes each: a single file of many terabytes has more than memory should hold.
    private const int WindowPartsMax = 250_000;

    // A large file is written by several threads, in runs of this size.
    internal const long RunBytesMax = 64L * 1024 * 1024;

    private readonly ISnapshotStore _store;
    private readonly RestoreOptions _options;
    private readonly RestoreProgress _progress;
    private readonly CancellationToken _cancellation;
    private readonly List<RestoreRun> _window = [];
    private int _windowParts;
    private readonly RestoreTree _tree;
    private readonly ContentReader _reader;
    private readonly RestoreCrew _crew;

    private FileRestore(ISnapshotStore store, RestoreOptions options, RestoreProgress progress, TargetDirectories directories, ContentReader reader, RestoreCrew crew, CancellationToken cancellation)
    {
        _cancellation = cancellation;
        (_store, _options, _progress, _reader, _crew) = (store, options, progress, reader, crew);
        _tree = new RestoreTree(options, progress, directories, reader, AddFile);
    }

    /// <summary>Restores.</summary>
    /// <param name="store">The store; borrowed.</param>
    /// <param name="snapshot">What to restore.</param>
    /// <param name="options">Where and how.</param>
    /// <param name="progress">Counters and problems that the caller may read meanwhile.</param>
    /// <param name="cancellation">Stops the run; files under their names are whole.</param>
    /// <exception cref="InvalidJobException">A path is not in the snapshot, or the target cannot be used.</exception>
    public static void Run(ISnapshotStore store, SnapshotRecord snapshot, RestoreOptions options, RestoreProgress progress, CancellationToken cancellation)
    {
        using var directories = new TargetDirectories(OpenTarget(options));
        using ContentReader reader = store.OpenReader();
        reader.Counters = options.Profile.NewCounters();
        progress.ExpectedBytes = options.Paths.Count == 0 && options.Includes.IsEmpty && options.Excludes.IsEmpty ? snapshot.Draft.Counts.Bytes : 0;
        using var crew = new RestoreCrew(options.DryRun ? 0 : options.Threads, () => new RunWriter(store, options, progress, directories), cancellation);
        new FileRestore(store, options, progress, directories, reader, crew, cancellation).Run(snapshot);
    }

    private static DirectoryHandle OpenTarget(RestoreOptions options)
    {
        string target = ByteName.Escape(options.Target);
        if (!options.DryRun)
        {
            try
            {
                // The target may be a link: it is the user's word. Below it no link is followed.
                Directory.CreateDirectory(System.Text.Encoding.UTF8.GetString(options.Target));
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new InvalidJobException($"The target directory {target} cannot be made: {error.Message}");
            }
        }

        int fd = Sys.Open(Libc.AtCurrentDirectory, options.Target, Libc.OpenReadOnly | Libc.OpenDirectory);
        if (fd < 0 && options.DryRun)
        {
            fd = Sys.OpenDirectory(Libc.AtCurrentDirectory, "/"u8);
        }

        return fd >= 0 ? new DirectoryHandle(fd) : throw new InvalidJobException($"The target directory {target} cannot be opened: {Sys.Message(-fd)}.");
    }

    private void Run(SnapshotRecord snapshot)
    {
        StageCounters counters = _reader.Counters;
        long start = StageCounters.Start();
        _tree.Walk(snapshot, _cancellation);
        Flush();
        counters.Busy(Stage.Walk, ref start);
        counters.TakeOff(Stage.Walk, _crew.WaitedTicks);
        _crew.Drain();
        if (_options.DryRun)
        {
            return;
        }

        // A file whose first name failed is restored under its next one, to which the rest is linked.
        while (_tree.MakeLinks(AddFile))
        {
            Flush();
            _crew.Drain();
        }

        start = StageCounters.Start();
        _tree.FinishDirectories();
        _tree.SetFlags();
        counters.Busy(Stage.Metadata, ref start);
    }

    private void AddFile(RestoredFile file)
    {
        if (_options.DryRun)
        {
            _progress.AddFile();
            _progress.AddBytes(file.Node.SizeBytes);
            return;
        }

        // Held until all runs are in: the window may be worked off in between.
        file.RunsLeft = 1;
        var parts = new List<ContentPart>();
        long offset = 0;
        long start = 0;
        try
        {
            foreach (ContentPart part in _reader.Leaves(file.Node.Content))
            {
                if (offset - start >= RunBytesMax)
                {
                    AddRun(MakeRun(file, start, parts));
                    parts.Clear();
                    start = offset;
                }

                parts.Add(part);
                offset += part.LengthBytes;
            }
        }
        catch (StoreDamagedException error)
        {
            file.Fail(_progress, $"part of its content list is damaged, what follows byte {offset} reads as zeros: {error.Message}", isDamage: true);
        }

        // An empty file has one run too, which makes it. It stays in the window, so this never drops the last hold.
        AddRun(MakeRun(file, start, parts));
        Interlocked.Decrement(ref file.RunsLeft);
    }

    private void AddRun(RestoreRun run)
    {
        if (_window.Count >= WindowItemsMax || _windowParts >= WindowPartsMax)
        {
            Flush();
        }

        Interlocked.Increment(ref run.File.RunsLeft);
        _window.Add(run);
        _windowParts += run.Parts.Length;
    }

    private RestoreRun MakeRun(RestoredFile file, long offset, List<ContentPart> parts)
    {
        ContentPart first = parts.Find(static part => part.Kind == PartKind.Chunk);
        ChunkLocation location = default;
        try
        {
            location = first.Kind == PartKind.Chunk ? _store.ReadingOrder(first.Hash) : default;
        }
        catch (StoreDamagedException)
        {
            // Reading the run meets the damaged index page again, and reports it with the file.
        }

        return new RestoreRun(file, offset, [.. parts], location, _window.Count);
    }

    // The walk goes on while the crew writes.
    private void Flush()
    {
        if (_window.Count > 0)
        {
            _window.Sort(static (left, right) => left.Location.CompareTo(right.Location) is int order and not 0 ? order : left.Order.CompareTo(right.Order));
            _crew.Submit([.. _window]);
            _window.Clear();
            _windowParts = 0;
        }
    }
}

/// <summary>A run of a file's content.</summary>
internal sealed record RestoreRun(RestoredFile File, long OffsetBytes, ContentPart[] Parts, ChunkLocation Location, int Order);
