using GatewayOS.Backup.Posix;
using GatewayOS.Store;
using GatewayOS.Store.Profiling;
using GatewayOS.Store.Reading;
using GatewayOS.Store.Storage;
using GatewayOS.Store.Trees;

namespace GatewayOS.Backup.Files;

/// <summary>Writes runs: one for each thread.</summary>
internal sealed class RunWriter(ISnapshotStore store, RestoreOptions options, RestoreProgress progress, TargetDirectories directories) : IDisposable
{
    // Twice a run's length: what claims to be longer is damaged, and must not fill the disk.
    private const long ReservedBytesMax = 2 * FileRestore.RunBytesMax;

    private readonly ContentReader _reader = Open(store, options);
    private readonly PieceWriter _pieces = new();
    private byte[] _check = [];

    /// <summary>What this thread spends its time on.</summary>
    public StageCounters Counters => _reader.Counters;

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
        long start = StageCounters.Start();
        int fd = file.Open(directories, options, progress);
        if (file.DirectFd >= 0)
        {
            Reserve(fd, run);
        }

        Counters.Busy(Stage.Metadata, ref start);
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

        start = StageCounters.Start();
        Report(file, _pieces.Flush());
        Counters.Busy(Stage.Write, ref start);

        if (Interlocked.Decrement(ref file.RunsLeft) == 0)
        {
            file.Finish(options, progress, Verify);
            Counters.Busy(Stage.Metadata, ref start);
        }
    }

    public void Dispose() => _reader.Dispose();

    // Writes into room that is there need not wait for each other, as those do that extend a file. Holes get none. A hint: a disk without enough
    // room refuses the writes too.
    private static void Reserve(int fd, RestoreRun run)
    {
        long bytes = 0;
        foreach (ContentPart part in run.Parts)
        {
            if (part.Kind != PartKind.Chunk)
            {
                return;
            }

            bytes += part.LengthBytes;
        }

        if (bytes is > 0 and <= ReservedBytesMax)
        {
            _ = Libc.Allocate(fd, 0, run.OffsetBytes, bytes);
        }
    }

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
            long start = StageCounters.Start();
            int error = plain.Length == part.LengthBytes ? _pieces.Write(file, fd, plain, offset) : throw new StoreDamagedException(file.Path, "a chunk has another length than the file's entry says.");
            Counters.Busy(Stage.Write, ref start, part.LengthBytes);
            if (!Report(file, error))
            {
                progress.AddBytes(part.LengthBytes);
            }
        }
        catch (StoreDamagedException error)
        {
            file.Fail(progress, $"{part.LengthBytes} bytes at {offset} are damaged in the store and read as zeros: {error.Message}", isDamage: true);
        }
    }

    private static ContentReader Open(ISnapshotStore store, RestoreOptions options)
    {
        ContentReader reader = store.OpenStreamingReader();
        reader.Counters = options.Profile.NewCounters();
        return reader;
    }

    private bool Report(RestoredFile file, int error)
    {
        if (error != 0)
        {
            file.Fail(progress, $"it cannot be written: {Sys.Message(error)}");
        }

        return error != 0;
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
