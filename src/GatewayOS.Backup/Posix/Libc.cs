using System.Runtime.InteropServices;

namespace GatewayOS.Backup.Posix;

/// <summary>The system calls of the file engine, called directly because names are bytes and errno decides what is reported.</summary>
internal static unsafe partial class Libc
{
    public const int OpenReadOnly = 0;
    public const int OpenWriteOnly = 1;
    public const int OpenReadWrite = 2;
    public const int OpenCreate = 0x40;
    public const int OpenExclusive = 0x80;
    public const int OpenNonBlock = 0x800;
    public const int OpenNoAtime = 0x40000;
    public const int OpenCloseOnExec = 0x80000;

    public const int AtCurrentDirectory = -100;
    public const int AtSymlinkNoFollow = 0x100;
    public const int AtRemoveDirectory = 0x200;
    public const int AtEmptyPath = 0x1000;

    public const uint StatBasic = 0x7ff;
    public const int StatBytes = 256;

    public const int SeekData = 3;
    public const int SeekHole = 4;

    public const int AdviseDontNeed = 4;

    public const nuint GetFlags = 0x80086601;
    public const nuint SetFlags = 0x40086602;

    public const int Eperm = 1;
    public const int Enoent = 2;
    public const int Eintr = 4;
    public const int Eio = 5;
    public const int Enxio = 6;
    public const int Eacces = 13;
    public const int Eexist = 17;
    public const int Enotdir = 20;
    public const int Eisdir = 21;
    public const int Einval = 22;
    public const int Erange = 34;
    public const int Eloop = 40;
    public const int Enodata = 61;
    public const int Enotsup = 95;

    private static readonly bool s_arm = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

    // The flags whose values differ between x86-64 and arm64.
    public static int OpenDirect => s_arm ? 0x10000 : 0x4000;

    public static int OpenDirectory => s_arm ? 0x4000 : 0x10000;

    public static int OpenNoFollow => s_arm ? 0x8000 : 0x20000;

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true)]
    public static partial int OpenAt(int directory, byte* name, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    public static partial int Close(int fd);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true)]
    public static partial int StatX(int directory, byte* name, int flags, uint mask, byte* buffer);

    [LibraryImport("libc", EntryPoint = "getdents64", SetLastError = true)]
    public static partial nint GetEntries(int directory, byte* buffer, nint bytes);

    [LibraryImport("libc", EntryPoint = "readlinkat", SetLastError = true)]
    public static partial nint ReadLinkAt(int directory, byte* name, byte* buffer, nint bytes);

    [LibraryImport("libc", EntryPoint = "pread", SetLastError = true)]
    public static partial nint ReadAt(int fd, byte* buffer, nint bytes, long offset);

    [LibraryImport("libc", EntryPoint = "pwrite", SetLastError = true)]
    public static partial nint WriteAt(int fd, byte* buffer, nint bytes, long offset);

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    public static partial long Seek(int fd, long offset, int whence);

    [LibraryImport("libc", EntryPoint = "ftruncate", SetLastError = true)]
    public static partial int Truncate(int fd, long length);

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    public static partial int Allocate(int fd, int mode, long offset, long count);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    public static partial int SyncData(int fd);

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    public static partial int Advise(int fd, long offset, long length, int advice);

    [LibraryImport("libc", EntryPoint = "flistxattr", SetLastError = true)]
    public static partial nint ListAttributes(int fd, byte* names, nint bytes);

    [LibraryImport("libc", EntryPoint = "fgetxattr", SetLastError = true)]
    public static partial nint GetAttribute(int fd, byte* name, byte* value, nint bytes);

    [LibraryImport("libc", EntryPoint = "fsetxattr", SetLastError = true)]
    public static partial int SetAttribute(int fd, byte* name, byte* value, nint bytes, int flags);

    [LibraryImport("libc", EntryPoint = "llistxattr", SetLastError = true)]
    public static partial nint ListAttributesOf(byte* path, byte* names, nint bytes);

    [LibraryImport("libc", EntryPoint = "lgetxattr", SetLastError = true)]
    public static partial nint GetAttributeOf(byte* path, byte* name, byte* value, nint bytes);

    [LibraryImport("libc", EntryPoint = "lsetxattr", SetLastError = true)]
    public static partial int SetAttributeOf(byte* path, byte* name, byte* value, nint bytes, int flags);

    [LibraryImport("libc", EntryPoint = "fremovexattr", SetLastError = true)]
    public static partial int RemoveAttribute(int fd, byte* name);

    [LibraryImport("libc", EntryPoint = "lremovexattr", SetLastError = true)]
    public static partial int RemoveAttributeOf(byte* path, byte* name);

    [LibraryImport("libc", EntryPoint = "mkdirat", SetLastError = true)]
    public static partial int MakeDirectoryAt(int directory, byte* name, uint mode);

    [LibraryImport("libc", EntryPoint = "mknodat", SetLastError = true)]
    public static partial int MakeNodeAt(int directory, byte* name, uint mode, ulong device);

    [LibraryImport("libc", EntryPoint = "symlinkat", SetLastError = true)]
    public static partial int MakeSymlinkAt(byte* target, int directory, byte* name);

    [LibraryImport("libc", EntryPoint = "linkat", SetLastError = true)]
    public static partial int LinkAt(int fromDirectory, byte* from, int toDirectory, byte* to, int flags);

    [LibraryImport("libc", EntryPoint = "renameat", SetLastError = true)]
    public static partial int RenameAt(int fromDirectory, byte* from, int toDirectory, byte* to);

    [LibraryImport("libc", EntryPoint = "unlinkat", SetLastError = true)]
    public static partial int UnlinkAt(int directory, byte* name, int flags);

    [LibraryImport("libc", EntryPoint = "fchownat", SetLastError = true)]
    public static partial int ChangeOwnerAt(int directory, byte* name, uint user, uint group, int flags);

    [LibraryImport("libc", EntryPoint = "fchown", SetLastError = true)]
    public static partial int ChangeOwner(int fd, uint user, uint group);

    [LibraryImport("libc", EntryPoint = "fchmod", SetLastError = true)]
    public static partial int ChangeMode(int fd, uint mode);

    [LibraryImport("libc", EntryPoint = "fchmodat", SetLastError = true)]
    public static partial int ChangeModeAt(int directory, byte* name, uint mode, int flags);

    [LibraryImport("libc", EntryPoint = "utimensat", SetLastError = true)]
    public static partial int SetTimesAt(int directory, byte* name, long* times, int flags);

    [LibraryImport("libc", EntryPoint = "futimens", SetLastError = true)]
    public static partial int SetTimes(int fd, long* times);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    public static partial int Control(int fd, nuint request, int* value);

    [LibraryImport("libc", EntryPoint = "realpath", SetLastError = true)]
    public static partial byte* RealPath(byte* path, byte* buffer);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    public static partial uint EffectiveUser();
}
