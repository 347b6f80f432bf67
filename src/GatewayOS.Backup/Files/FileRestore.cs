using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using GatewayOS.Backup.Posix;
using GatewayOS.Store;
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
    private const int WindowItemsMax = 50_000;

    // Content parts of all of them together, 56 bytes each: a single file of many terabytes has more than memory should hold.
    private const int WindowPartsMax = 1_000_000;

    // A large file is written by several threads, in runs of this size.
    private const long RunBytesMax = 64L * 1024 * 1024;

    private readonly ISnapshotStore _store;
    private readonly RestoreOptions _options;
    private readonly RestoreProgress _progress;
    private readonly TargetDirectories _directories;
    private readonly CancellationToken _cancellation;
    private readonly List<RestoreRun> _window = [];
    private int _windowParts;
    private readonly RestoreTree _tree;
    private readonly ContentReader _reader;

    private FileRestore(ISnapshotStore store, RestoreOptions options, RestoreProgress progress, TargetDirectories directories, ContentReader reader, CancellationToken cancellation)
    {
        _cancellation = cancellation;
        (_store, _options, _progress, _directories, _reader) = (store, options, progress, directories, reader);
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
        progress.ExpectedBytes = options.Paths.Count == 0 && options.Includes.IsEmpty && options.Excludes.IsEmpty ? snapshot.Draft.Counts.Bytes : 0;
        new FileRestore(store, options, progress, directories, reader, cancellation).Run(snapshot);
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
        _tree.Walk(snapshot, _cancellation);
        Flush();
        if (_options.DryRun)
        {
            return;
        }

        // A file whose first name failed is restored under its next one, to which the rest is linked.
        while (_tree.MakeLinks(AddFile))
        {
            Flush();
        }

        _tree.FinishDirectories();
        _tree.SetFlags();
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

    private void Flush()
    {
        if (_window.Count == 0)
        {
            return;
        }

        _window.Sort(static (left, right) => left.Location.CompareTo(right.Location) is int order and not 0 ? order : left.Order.CompareTo(right.Order));
        int next = -1;
        ExceptionDispatchInfo? failure = null;
        Thread[] threads = [.. Enumerable.Range(0, Math.Max(1, _options.Threads)).Select(number => new Thread(Work) { Name = $"restore {number}", IsBackground = true })];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        _window.Clear();
        _windowParts = 0;
        failure?.Throw();
        _cancellation.ThrowIfCancellationRequested();

        void Work()
        {
            try
            {
                using var writer = new RunWriter(_store, _options, _progress, _directories);
                while (failure is null && !_cancellation.IsCancellationRequested && Interlocked.Add(ref next, RunsTakenAtOnce) is int last)
                {
                    // Neighbouring runs stay with one thread, so that its reads follow each other in the pack.
                    int first = last - RunsTakenAtOnce + 1;
                    writer.Write(CollectionsMarshal.AsSpan(_window)[Math.Min(first, _window.Count)..Math.Min(last + 1, _window.Count)]);

                    if (last >= _window.Count - 1)
                    {
                        return;
                    }
                }
            }
            catch (Exception error)
            {
                Interlocked.CompareExchange(ref failure, ExceptionDispatchInfo.Capture(error), null);
            }
        }
    }

    private const int RunsTakenAtOnce = 32;
}

/// <summary>A run of a file's content.</summary>
internal sealed record RestoreRun(RestoredFile File, long OffsetBytes, ContentPart[] Parts, ChunkLocation Location, int Order);

/// <summary>Writes runs: one for each thread.</summary>
internal sealed class RunWriter(ISnapshotStore store, RestoreOptions options, RestoreProgress progress, TargetDirectories directories) : IDisposable
{
    private readonly ContentReader _reader = store.OpenReader();
    private byte[] _check = [];

    public void Write(ReadOnlySpan<RestoreRun> runs)
    {
        foreach (RestoreRun run in runs)
        {
            _reader.Expect(run.Parts);
        }

        foreach (RestoreRun run in runs)
        {
            Write(run);
        }
    }

    private void Write(RestoreRun run)
    {
        RestoredFile file = run.File;
        int fd = file.Open(directories, options, progress);
        long offset = run.OffsetBytes;
        foreach (ContentPart part in run.Parts)
        {
            if (fd < 0 || file.Given)
            {
                break;
            }

            WritePart(file, fd, part, offset);
            offset += part.LengthBytes;
        }

        if (Interlocked.Decrement(ref file.RunsLeft) == 0)
        {
            file.Finish(options, progress, Verify);
        }
    }

    public void Dispose() => _reader.Dispose();

    private void WritePart(RestoredFile file, int fd, in ContentPart part, long offset)
    {
        if (part.Kind == PartKind.Lost)
        {
            file.Fail(progress, $"{part.LengthBytes} bytes at {offset} were lost before; they read as zeros", isDamage: true);
        }

        if (part.Kind != PartKind.Chunk)
        {
            progress.AddBytes(part.LengthBytes);
            return;
        }

        try
        {
            ReadOnlySpan<byte> plain = _reader.Read(part.Hash);
            int error = plain.Length == part.LengthBytes ? Sys.WriteAt(fd, plain, offset) : throw new StoreDamagedException(file.Path, "a chunk has another length than the file's entry says.");
            if (error != 0)
            {
                file.Fail(progress, $"it cannot be written: {Sys.Message(error)}");
                return;
            }

            progress.AddBytes(part.LengthBytes);
        }
        catch (StoreDamagedException error)
        {
            file.Fail(progress, $"{part.LengthBytes} bytes at {offset} are damaged in the store and read as zeros: {error.Message}", isDamage: true);
        }
    }

    // From the disk, not from memory: the pages are written and dropped first.
    private bool Verify(RestoredFile file, int fd)
    {
        _ = Libc.SyncData(fd);
        _ = Libc.Advise(fd, 0, 0, Libc.AdviseDontNeed);
        long offset = 0;
        foreach (ContentPart part in _reader.Leaves(file.Node.Content))
        {
            if (part.Kind == PartKind.Chunk)
            {
                _check = _check.Length < part.LengthBytes ? new byte[part.LengthBytes] : _check;
                Span<byte> bytes = _check.AsSpan(0, (int)part.LengthBytes);
                if (ReadAll(fd, bytes, offset) != bytes.Length || store.ComputeHash(bytes) != part.Hash)
                {
                    file.Fail(progress, $"what was written at {offset} reads back differently: the target disk or memory is faulty");
                    return false;
                }
            }

            offset += part.LengthBytes;
        }

        return true;
    }

    private static int ReadAll(int fd, Span<byte> bytes, long offset)
    {
        int done = 0;
        while (done < bytes.Length)
        {
            int read = Sys.ReadAt(fd, bytes[done..], offset + done);
            if (read <= 0)
            {
                break;
            }

            done += read;
        }

        return done;
    }
}
