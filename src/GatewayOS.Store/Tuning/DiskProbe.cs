using System.Diagnostics;
using System.Runtime.ExceptionServices;
using GatewayOS.Store.Storage;
using Microsoft.Win32.SafeHandles;

namespace GatewayOS.Store.Tuning;

/// <summary>A disk's rate with one way of reading.</summary>
/// <param name="ReadBytes">Bytes of a read.</param>
/// <param name="Streams">Threads that read beside each other, one read each.</param>
/// <param name="BytesPerSecond">All of them together.</param>
public sealed record ReadRate(int ReadBytes, int Streams, double BytesPerSecond);

/// <summary>What a store's disk does.</summary>
/// <param name="WriteBytesPerSecond">Packs written one after the other, each synced.</param>
/// <param name="Sequential">Packs read from their beginning to their end, some at a time.</param>
/// <param name="Random">Reads of a chunk's size anywhere.</param>
public sealed record DiskRates(double WriteBytesPerSecond, IReadOnlyList<ReadRate> Sequential, IReadOnlyList<ReadRate> Random);

/// <summary>
/// Measures the disk below a store with files of its own, which it removes. Writes and reads them past the kernel's cache, as packs are; a cache in a
/// controller or a host of virtual machines is not passed, and can make a disk look faster than it is.
/// </summary>
public static class DiskProbe
{
    /// <summary>Free space that measuring needs, in bytes.</summary>
    public const long FreeBytesMin = 2L * FilesMax * FileBytes;

    private const int FileBytes = StoreOptions.PackBytesMax;
    private const int FilesMin = 4;
    private const int FilesMax = 16;
    private const int WriteBytes = 4 * 1024 * 1024;
    private const int RandomReadBytes = 128 * 1024;
    private const int SeedOfReads = 1;
    private static readonly TimeSpan s_writeTime = TimeSpan.FromSeconds(8);
    private static readonly int[] s_sequentialBytes = [256 * 1024, 1024 * 1024, 4 * 1024 * 1024];
    private static readonly int[] s_sequentialStreams = [1, 2, 4];
    private static readonly int[] s_randomStreams = [1, 2, 4, 8, 16];

    /// <summary>Measures; takes up to half a minute.</summary>
    /// <param name="store">The store whose disk it is. The files stand in its <c>tmp/</c> under the session's name: if this process dies, the next backup removes them.</param>
    /// <param name="eachReading">How long to read in each way.</param>
    /// <param name="progress">Told in words what is measured.</param>
    /// <param name="cancellation">Stops the run; the files are removed.</param>
    /// <exception cref="StoreIoException">There is too little space, or the disk fails.</exception>
    public static DiskRates Run(BackupStore store, TimeSpan eachReading, Action<string> progress, CancellationToken cancellation) => Run(store, FileBytes, eachReading, progress, cancellation);

    /// <summary>The same with files of another size, a multiple of 4 MiB.</summary>
    internal static DiskRates Run(BackupStore store, int fileBytes, TimeSpan eachReading, Action<string> progress, CancellationToken cancellation)
    {
        long free = new DriveInfo(store.Location).AvailableFreeSpace;
        if (free < FreeBytesMin)
        {
            throw new StoreIoException(StoreIoFailure.DiskFull, store.Location, $"Cannot measure the disk of {store.Location}: it needs {FreeBytesMin >> 20} MiB of free space, and there are {free >> 20}.");
        }

        string directory = Path.Join(store.Location, StoreLayout.Temporary);
        var files = new List<string>();
        try
        {
            progress("writing");
            double write = Write(store, directory, fileBytes, files, cancellation);
            var sequential = new List<ReadRate>();
            foreach (int bytes in s_sequentialBytes)
            {
                foreach (int streams in s_sequentialStreams)
                {
                    progress($"reading in sequence, {bytes / 1024} KiB, {streams} at once");
                    sequential.Add(new ReadRate(bytes, streams, Read(store, files, fileBytes, bytes, streams, isRandom: false, eachReading, cancellation)));
                }
            }

            var random = new List<ReadRate>();
            foreach (int streams in s_randomStreams)
            {
                progress($"reading at random, {streams} at once");
                random.Add(new ReadRate(RandomReadBytes, streams, Read(store, files, fileBytes, RandomReadBytes, streams, isRandom: true, eachReading, cancellation)));
            }

            return new DiskRates(write, sequential, random);
        }
        finally
        {
            files.ForEach(File.Delete);
        }
    }

    // As packs are: written front to back past the system's cache, then synced.
    private static double Write(BackupStore store, string directory, int fileBytes, List<string> files, CancellationToken cancellation)
    {
        var noise = new AlignedBuffer(WriteBytes);
        new Random(SeedOfReads).NextBytes(noise.Span);
        long start = Stopwatch.GetTimestamp();
        while (files.Count < FilesMin || (files.Count < FilesMax && Stopwatch.GetElapsedTime(start) < s_writeTime))
        {
            cancellation.ThrowIfCancellationRequested();
            string name = $"{store.NextTemporaryName()}.probe";
            files.Add(Path.Join(directory, name));
            using IStoreFile file = store.Disk.CreateStreamed($"{StoreLayout.Temporary}/{name}");
            for (long at = 0; at < fileBytes; at += WriteBytes)
            {
                file.WriteAt(noise.Span, at);
            }

            file.Sync();
        }

        return (double)files.Count * fileBytes / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static double Read(BackupStore store, List<string> files, int fileBytes, int readBytes, int streams, bool isRandom, TimeSpan time, CancellationToken cancellation)
    {
        // As restores read: past the system's cache, or where a file system does not allow that, from a cache that was told to forget.
        foreach (string file in files)
        {
            using SafeFileHandle handle = File.OpenHandle(file);
            _ = Libc.Advise(handle, 0, 0, Libc.AdviseDontNeed);
        }

        IStoreFile[] handles = [.. files.Select(file => store.Disk.OpenReadStreamed($"{StoreLayout.Temporary}/{Path.GetFileName(file)}"))];
        try
        {
            long total = 0;
            ExceptionDispatchInfo? failure = null;
            long start = Stopwatch.GetTimestamp();
            Thread[] threads = [.. Enumerable.Range(0, streams).Select(number => new Thread(() => Stream(number)) { Name = $"probe {number}", IsBackground = true })];
            Array.ForEach(threads, thread => thread.Start());
            Array.ForEach(threads, thread => thread.Join());
            failure?.Throw();
            cancellation.ThrowIfCancellationRequested();
            return total / Stopwatch.GetElapsedTime(start).TotalSeconds;

            void Stream(int number)
            {
                try
                {
                    var buffer = new AlignedBuffer(readBytes);
                    var random = new Random(SeedOfReads + number);
                    int file = number;
                    long offset = 0;

                    // At least one read: a busy machine may take longer to start the thread.
                    do
                    {
                        if (isRandom)
                        {
                            (file, offset) = (random.Next(handles.Length), random.NextInt64(fileBytes / readBytes) * readBytes);
                        }
                        else if (offset >= fileBytes)
                        {
                            (file, offset) = (file + streams, 0);
                        }

                        // Each file once: the second time it would come from memory.
                        if (file >= handles.Length)
                        {
                            return;
                        }

                        int read = handles[file].ReadAt(buffer.Span, offset);
                        offset += read;
                        Interlocked.Add(ref total, read);
                    }
                    while (Stopwatch.GetElapsedTime(start) < time && !cancellation.IsCancellationRequested);
                }
                catch (Exception error)
                {
                    Interlocked.CompareExchange(ref failure, ExceptionDispatchInfo.Capture(error), null);
                }
            }
        }
        finally
        {
            Array.ForEach(handles, handle => handle.Dispose());
        }
    }
}
