using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace GatewayOS.Store.Storage;

/// <summary>The system calls below <see cref="PosixDisk"/>. Called directly because errno decides what the user is told.</summary>
internal static unsafe partial class Libc
{
    public const int ReadOnly = 0;
    public const int ReadWrite = 2;
    public const int Create = 0x40;
    public const int Exclusive = 0x80;
    public const int CloseOnExec = 0x80000;

    public const int LockExclusive = 2;
    public const int LockNonBlocking = 4;

    public const uint WritebackStart = 2;

    // FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE.
    public const int PunchHole = 3;

    public const int AdviseDontNeed = 4;

    public const int Enoent = 2;
    public const int Eintr = 4;
    public const int Eagain = 11;
    public const int Einval = 22;
    public const int Eacces = 13;
    public const int Eexist = 17;
    public const int Eperm = 1;
    public const int Enospc = 28;
    public const int Erofs = 30;
    public const int Edquot = 122;
    public const int Enotdir = 20;
    public const int Eisdir = 21;

    /// <summary>Direct I/O; one of the flags whose values differ between x86-64 and arm64.</summary>
    public static int Direct { get; } = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x10000 : 0x4000;

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Open(string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "pread", SetLastError = true)]
    public static partial nint ReadAt(SafeFileHandle file, byte* buffer, nint count, long offset);

    [LibraryImport("libc", EntryPoint = "pwrite", SetLastError = true)]
    public static partial nint WriteAt(SafeFileHandle file, byte* buffer, nint count, long offset);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    public static partial int Sync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    public static partial int SyncData(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "ftruncate", SetLastError = true)]
    public static partial int Truncate(SafeFileHandle file, long length);

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    public static partial int Allocate(SafeFileHandle file, int mode, long offset, long count);

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    public static partial long Seek(SafeFileHandle file, long offset, int whence);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    public static partial int Lock(SafeFileHandle file, int operation);

    [LibraryImport("libc", EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Rename(string from, string to);

    [LibraryImport("libc", EntryPoint = "unlink", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Unlink(string path);

    [LibraryImport("libc", EntryPoint = "mkdir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int MakeDirectory(string path, uint mode);

    [LibraryImport("libc", EntryPoint = "access", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Access(string path, int mode);

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    public static partial int Advise(SafeFileHandle file, long offset, long count, int advice);

    [LibraryImport("libc", EntryPoint = "sync_file_range", SetLastError = true)]
    public static partial int SyncFileRange(SafeFileHandle file, long offset, long count, uint flags);

    /// <summary>Asks for huge pages behind a stretch of memory (madvise(2)); where there are none, nothing changes.</summary>
    public static void AdviseHugePages(nint address, nint bytes)
    {
        const int hugePage = 14;
        const int pageBytes = 4096;
        nint from = (address + pageBytes - 1) & -pageBytes;
        _ = AdviseMemory(from, address + bytes - from, hugePage);
    }

    /// <summary>Time since the machine was started, sleep included.</summary>
    public static TimeSpan SinceBoot()
    {
        const int boottime = 7;
        long* time = stackalloc long[2];
        return GetClock(boottime, time) == 0
            ? TimeSpan.FromSeconds(time[0]) + TimeSpan.FromTicks(time[1] / TimeSpan.NanosecondsPerTick)
            : throw new StoreIoException(StoreIoFailure.Device, "CLOCK_BOOTTIME", "The machine's time since boot cannot be read.");
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int AdviseMemory(nint address, nint bytes, int advice);

    [LibraryImport("libc", EntryPoint = "clock_gettime", SetLastError = true)]
    private static partial int GetClock(int clock, long* time);
}
