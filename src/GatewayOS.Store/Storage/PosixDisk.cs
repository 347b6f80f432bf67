using System.IO.Enumeration;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace GatewayOS.Store.Storage;

/// <summary>A store directory on a POSIX file system (ext4, xfs, btrfs; NFS with working flock(2)). Files are made 0600, directories 0700.</summary>
public sealed class PosixDisk : IStoreDisk
{
    private const uint FileMode = 0b110_000_000;
    private const uint DirectoryMode = 0b111_000_000;
    private const int AccessWrite = 2;

    private static readonly EnumerationOptions s_allEntries = new() { AttributesToSkip = FileAttributes.None, IgnoreInaccessible = false };

    private readonly string _root;

    /// <summary>Uses a directory. It need not exist before <see cref="CreateDirectory"/> makes it.</summary>
    /// <param name="directory">The store's directory; relative to the working directory or absolute.</param>
    public PosixDisk(string directory) => _root = Path.GetFullPath(directory);

    /// <inheritdoc/>
    public string Location => _root;

    /// <inheritdoc/>
    public bool IsReadOnly => Libc.Access(_root, AccessWrite) != 0 && Marshal.GetLastPInvokeError() is Libc.Erofs or Libc.Eacces or Libc.Eperm;

    /// <inheritdoc/>
    public IStoreFile Create(string path) => Open(path, Libc.ReadWrite | Libc.Create | Libc.Exclusive, "create");

    /// <inheritdoc/>
    public IStoreFile CreateStreamed(string path) => Open(path, Libc.ReadWrite | Libc.Create | Libc.Exclusive, "create", Libc.ReadWrite);

    /// <inheritdoc/>
    public IStoreFile OpenRead(string path) => Open(path, Libc.ReadOnly, "open");

    /// <inheritdoc/>
    public IStoreFile OpenReadStreamed(string path) => Open(path, Libc.ReadOnly, "open", Libc.ReadOnly);

    /// <inheritdoc/>
    public IStoreFile OpenWrite(string path) => Open(path, Libc.ReadWrite, "open for writing");

    /// <inheritdoc/>
    public void Rename(string from, string to) => Check(Libc.Rename(Full(from), Full(to)), "rename to", Full(to));

    /// <inheritdoc/>
    public void Delete(string path) => Check(Libc.Unlink(Full(path)), "delete", Full(path));

    /// <inheritdoc/>
    public void CreateDirectory(string path)
    {
        string full = Full(path);
        if (Libc.MakeDirectory(full, DirectoryMode) != 0 && !(Marshal.GetLastPInvokeError() == Libc.Eexist && Directory.Exists(full)))
        {
            throw Failure("create the directory", full, Marshal.GetLastPInvokeError());
        }
    }

    /// <inheritdoc/>
    public void SyncDirectory(string path)
    {
        string full = Full(path);
        using SafeFileHandle handle = OpenHandle(full, Libc.ReadOnly, "open");
        Check(Libc.Sync(handle), "sync the directory", full);
    }

    /// <inheritdoc/>
    public IReadOnlyList<StoreEntry> List(string directory) => Enumerate(directory, static info =>
    {
        var entries = new List<StoreEntry>();
        foreach (FileSystemInfo entry in info.EnumerateFileSystemInfos())
        {
            // An entry may vanish between listing and stat, when another process tidies up: it is simply not listed.
            if (entry is FileInfo file)
            {
                if (file.Exists)
                {
                    entries.Add(new StoreEntry(file.Name, file.Length, IsDirectory: false));
                }
            }
            else
            {
                entries.Add(new StoreEntry(entry.Name, 0, IsDirectory: true));
            }
        }

        return entries;
    });

    /// <inheritdoc/>
    public IReadOnlyList<string> ListNames(string directory) => Enumerate(directory, static info =>
        new FileSystemEnumerable<string>(info.FullName, static (ref FileSystemEntry entry) => entry.FileName.ToString(), s_allEntries)
        {
            // The kind of an entry comes with its name on every file system that matters.
            ShouldIncludePredicate = static (ref FileSystemEntry entry) => !entry.IsDirectory,
        }.ToList());

    /// <inheritdoc/>
    public IStoreLock? TryLock(string path)
    {
        string full = Full(path);
        SafeFileHandle handle = OpenHandle(full, Libc.ReadWrite | Libc.Create, "create the lock");
        if (TryFlock(handle, full))
        {
            return new PosixLock(handle, full);
        }

        handle.Dispose();
        return null;
    }

    /// <inheritdoc/>
    public bool IsLocked(string path)
    {
        string full = Full(path);

        // For writing, though nothing is written: over NFS an exclusive lock needs it (flock(2), "NFS details").
        int fd = Libc.Open(full, Libc.ReadWrite | Libc.CloseOnExec, 0);
        if (fd < 0)
        {
            int error = Marshal.GetLastPInvokeError();
            return error == Libc.Enoent ? false : throw Failure("open the lock", full, error);
        }

        using var handle = new SafeFileHandle(fd, ownsHandle: true);
        return !TryFlock(handle, full);
    }

    internal static StoreIoException Failure(string action, string path, int errno)
    {
        (StoreIoFailure kind, string remedy) = errno switch
        {
            Libc.Enospc or Libc.Edquot => (StoreIoFailure.DiskFull, " Free some space (forget and gc, or a larger disk), then run the same command again."),
            Libc.Eacces or Libc.Eperm => (StoreIoFailure.Permission, " Run as the store's owner or mend its permissions."),
            Libc.Erofs => (StoreIoFailure.Permission, " The file system is mounted read-only."),
            Libc.Enoent or Libc.Enotdir => (StoreIoFailure.Missing, ""),
            Libc.Eexist => (StoreIoFailure.Exists, ""),
            _ => (StoreIoFailure.Device, " Look at the kernel's log for the disk's state before trying again."),
        };
        return new StoreIoException(kind, path, $"Cannot {action} {path}: {Marshal.GetPInvokeErrorMessage(errno)}.{remedy}");
    }

    private static bool TryFlock(SafeFileHandle handle, string path)
    {
        while (Libc.Lock(handle, Libc.LockExclusive | Libc.LockNonBlocking) != 0)
        {
            int error = Marshal.GetLastPInvokeError();
            if (error == Libc.Eagain)
            {
                return false;
            }

            if (error != Libc.Eintr)
            {
                throw Failure("lock", path, error);
            }
        }

        return true;
    }

    internal static void Check(int result, string action, string path)
    {
        if (result != 0)
        {
            throw Failure(action, path, Marshal.GetLastPInvokeError());
        }
    }

    private static SafeFileHandle OpenHandle(string full, int flags, string action)
    {
        int fd;
        while ((fd = Libc.Open(full, flags | Libc.CloseOnExec, FileMode)) < 0)
        {
            int error = Marshal.GetLastPInvokeError();
            if (error != Libc.Eintr)
            {
                throw Failure(action, full, error);
            }
        }

        return new SafeFileHandle(fd, ownsHandle: true);
    }

    private List<T> Enumerate<T>(string directory, Func<DirectoryInfo, List<T>> read)
    {
        var info = new DirectoryInfo(Full(directory));
        if (!info.Exists)
        {
            return [];
        }

        try
        {
            return read(info);
        }
        catch (UnauthorizedAccessException error)
        {
            throw new StoreIoException(StoreIoFailure.Permission, info.FullName, $"Cannot list {info.FullName}: permission denied. Run as the store's owner.", error);
        }
        catch (IOException error) when (error is not FileNotFoundException)
        {
            throw new StoreIoException(StoreIoFailure.Device, info.FullName, $"Cannot list {info.FullName}: {error.Message}", error);
        }
    }

    private string Full(string path) => path.Length == 0 ? _root : Path.Join(_root, path);

    private PosixFile Open(string path, int flags, string action)
    {
        string full = Full(path);
        return new PosixFile(OpenHandle(full, flags, action), full);
    }

    // The second descriptor is for what passes by the cache. A file system without direct I/O refuses it: then the first serves for all.
    private PosixFile Open(string path, int flags, string action, int directFlags)
    {
        string full = Full(path);
        SafeFileHandle handle = OpenHandle(full, flags, action);
        int fd = Libc.Open(full, directFlags | Libc.Direct | Libc.CloseOnExec, 0);
        return new PosixFile(handle, full, direct: fd >= 0 ? new SafeFileHandle(fd, ownsHandle: true) : null);
    }

    private sealed class PosixLock(SafeFileHandle handle, string path) : IStoreLock
    {
        public bool IsStillNamed
        {
            get
            {
                // The lock is on the inode: it counts only while a fresh open of the name meets the same, locked, inode.
                int fd = Libc.Open(path, Libc.ReadWrite | Libc.CloseOnExec, 0);
                if (fd < 0)
                {
                    return false;
                }

                using var again = new SafeFileHandle(fd, ownsHandle: true);
                return !TryFlock(again, path);
            }
        }

        public void Describe(ReadOnlySpan<byte> content)
        {
            using var file = new PosixFile(handle, path, ownsHandle: false);
            file.SetLength(0);
            file.WriteAt(content, 0);
        }

        public void Dispose() => handle.Dispose();
    }
}
