using System.Runtime.InteropServices;
using GatewayOS.Backup.Files;
using GatewayOS.Backup.Posix;
using GatewayOS.Store;
using GatewayOS.Store.Storage;
using GatewayOS.Store.Trees;
using Text = System.Text.Encoding;

namespace GatewayOS.Backup.Mount;

/// <summary>
/// Mounts a store read-only through FUSE: every snapshot as a directory, with full metadata, read on demand. One mount a process, because
/// the C library's callbacks carry no object.
/// </summary>
public static unsafe class SnapshotMount
{
    private static SnapshotTree? s_tree;

    /// <summary>Mounts, serves until somebody unmounts or the token is cancelled, and unmounts.</summary>
    /// <param name="store">The store; borrowed. Its session keeps gc from deleting what is mounted.</param>
    /// <param name="mountPoint">An existing, empty directory.</param>
    /// <param name="mounted">Called once the mount is asked for.</param>
    /// <param name="cancellation">Unmounts.</param>
    /// <exception cref="InvalidJobException">The mount point or FUSE cannot be used.</exception>
    public static void Run(BackupStore store, string mountPoint, Action mounted, CancellationToken cancellation)
    {
        Check(mountPoint);
        using var tree = new SnapshotTree(store, TimeProvider.System);
        if (Interlocked.CompareExchange(ref s_tree, tree, null) is not null)
        {
            throw new InvalidJobException("This process has a mount already.");
        }

        try
        {
            Serve(mountPoint, mounted, cancellation);
        }
        finally
        {
            s_tree = null;
        }
    }

    private static void Check(string mountPoint)
    {
        if (!Directory.Exists(mountPoint))
        {
            throw new InvalidJobException($"The mount point {mountPoint} is no directory. Make it first: mkdir {mountPoint}");
        }

        if (Directory.EnumerateFileSystemEntries(mountPoint).Any())
        {
            throw new InvalidJobException($"The mount point {mountPoint} is not empty. Choose an empty directory.");
        }

        if (!File.Exists("/dev/fuse"))
        {
            throw new InvalidJobException("There is no /dev/fuse: this kernel or container has no FUSE. Restore instead, or mount on the host.");
        }
    }

    private static void Serve(string mountPoint, Action mounted, CancellationToken cancellation)
    {
        nint* operations = stackalloc nint[Fuse.OperationCount];
        new Span<nint>(operations, Fuse.OperationCount).Clear();
        operations[Fuse.GetAttr] = (nint)(delegate* unmanaged<byte*, byte*, nint, int>)&GetAttr;
        operations[Fuse.ReadLink] = (nint)(delegate* unmanaged<byte*, byte*, nint, int>)&ReadLink;
        operations[Fuse.Open] = (nint)(delegate* unmanaged<byte*, int*, int>)&Open;
        operations[Fuse.Read] = (nint)(delegate* unmanaged<byte*, byte*, nint, long, nint, int>)&Read;
        operations[Fuse.GetXattr] = (nint)(delegate* unmanaged<byte*, byte*, byte*, nint, int>)&GetXattr;
        operations[Fuse.ListXattr] = (nint)(delegate* unmanaged<byte*, byte*, nint, int>)&ListXattr;
        operations[Fuse.ReadDir] = (nint)(delegate* unmanaged<byte*, nint, delegate* unmanaged<nint, byte*, nint, long, int, int>, long, nint, int, int>)&ReadDir;
        operations[Fuse.Init] = (nint)(delegate* unmanaged<nint, byte*, nint>)&Init;
        string options = "ro,fsname=gatewayos,subtype=store,default_permissions" + (Libc.EffectiveUser() == 0 ? ",allow_other" : "");
        nint fuse = New(options, operations);
        try
        {
            fixed (byte* point = Text.UTF8.GetBytes(mountPoint + "\0"))
            {
                if (Fuse.Mount(fuse, point) != 0)
                {
                    throw new InvalidJobException($"{mountPoint} cannot be mounted. As an ordinary user you need the Debian package fuse3 and a mount point of your own.");
                }
            }

            // A thread of the C library waits in the kernel for requests; unmounting from here wakes it.
            using (cancellation.Register(() => Stop(fuse)))
            {
                mounted();
                _ = Fuse.Loop(fuse, 0);
            }

            Fuse.Unmount(fuse);
        }
        finally
        {
            Fuse.Destroy(fuse);
        }
    }

    private static void Stop(nint fuse)
    {
        Fuse.Exit(fuse);
        Fuse.Unmount(fuse);
    }

    private static nint New(string options, nint* operations)
    {
        fixed (byte* name = "gatewayctl\0"u8)
        fixed (byte* flag = "-o\0"u8)
        fixed (byte* value = Text.ASCII.GetBytes(options + "\0"))
        {
            byte** values = stackalloc byte*[3];
            values[0] = name;
            values[1] = flag;
            values[2] = value;
            var arguments = new Fuse.Arguments { Count = 3, Values = values };
            try
            {
                nint fuse = Fuse.New(&arguments, operations, Fuse.OperationCount * sizeof(nint), 0);
                return fuse != 0 ? fuse : throw new InvalidJobException("libfuse refused to start; its message is above.");
            }
            catch (DllNotFoundException error)
            {
                throw new DllNotFoundException("libfuse3 is missing: install the Debian packages libfuse3-3 and fuse3.", error);
            }
        }
    }

    private static ReadOnlySpan<byte> Path(byte* path) => MemoryMarshal.CreateReadOnlySpanFromNullTerminated(path);

    // Runs a request; whatever goes wrong becomes an error number, because nothing may be thrown into the C library.
    private static int Answer(byte* path, Func<SnapshotTree, MountEntry, int> answer)
    {
        try
        {
            SnapshotTree tree = s_tree!;
            return tree.Find(Path(path)) is { } entry ? answer(tree, entry) : -Libc.Enoent;
        }
        catch (Exception error)
        {
            Console.Error.WriteLine($"gatewayctl: {ByteName.Escape(Path(path))}: {(error is StoreDamagedException or StoreIoException ? error.Message : error.ToString())}");
            return -Libc.Eio;
        }
    }

    // Stable within a mount; names of one inode share theirs, entries of different snapshots never do.
    private static ulong InodeOf(byte* path, MountEntry entry)
    {
        var hash = default(HashCode);
        if (entry.Snapshot is { } snapshot && entry.Node.LinkCount > 1)
        {
            return BitConverter.ToUInt64(Convert.FromHexString(snapshot.Id.AsSpan(0, 16))) ^ (entry.Node.Inode * 0x9e3779b97f4a7c15) ^ entry.Node.LinkDevice;
        }

        hash.AddBytes(Path(path));
        return ((ulong)(uint)hash.ToHashCode() << 32) | (uint)Path(path).Length | 0x8000_0000;
    }

    // Our inode numbers count, so that tools see hard links; a snapshot never changes, so the kernel may keep what it has read.
    [UnmanagedCallersOnly]
    private static nint Init(nint connection, byte* config)
    {
        *(int*)(config + Fuse.ConfigUseInode) = 1;
        *(int*)(config + Fuse.ConfigKernelCache) = 1;
        return 0;
    }

    [UnmanagedCallersOnly]
    private static int GetAttr(byte* path, byte* stat, nint file) => Answer(path, (_, entry) =>
    {
        Fuse.WriteStat(stat, entry.Node, InodeOf(path, entry));
        return 0;
    });

    [UnmanagedCallersOnly]
    private static int ReadLink(byte* path, byte* buffer, nint bytes) => Answer(path, (_, entry) =>
    {
        int length = (int)Math.Min(bytes - 1, entry.Node.LinkTarget.Length);
        entry.Node.LinkTarget.AsSpan(0, length).CopyTo(new Span<byte>(buffer, length));
        buffer[length] = 0;
        return 0;
    });

    [UnmanagedCallersOnly]
    private static int Open(byte* path, int* flags)
    {
        const int accessMode = 3;
        return Answer(path, (_, _) => (*flags & accessMode) == 0 ? 0 : -Fuse.ErofsError);
    }

    [UnmanagedCallersOnly]
    private static int Read(byte* path, byte* buffer, nint bytes, long offset, nint file) =>
        Answer(path, (tree, entry) => tree.Read(entry.Node, new Span<byte>(buffer, (int)bytes), offset));

    [UnmanagedCallersOnly]
    private static int GetXattr(byte* path, byte* name, byte* value, nint bytes) => Answer(path, (_, entry) =>
    {
        foreach (ExtendedAttribute attribute in entry.Node.Attributes)
        {
            if (attribute.Name.AsSpan().SequenceEqual(Path(name)))
            {
                return Give(attribute.Value, value, bytes);
            }
        }

        return -Libc.Enodata;
    });

    [UnmanagedCallersOnly]
    private static int ListXattr(byte* path, byte* names, nint bytes) =>
        Answer(path, (_, entry) => Give([.. entry.Node.Attributes.SelectMany(attribute => (byte[])[.. attribute.Name, 0])], names, bytes));

    // Size 0 asks how much there is (getxattr(2)).
    private static int Give(ReadOnlySpan<byte> value, byte* destination, nint bytes)
    {
        if (bytes == 0)
        {
            return value.Length;
        }

        if (bytes < value.Length)
        {
            return -Libc.Erange;
        }

        value.CopyTo(new Span<byte>(destination, value.Length));
        return value.Length;
    }

    [UnmanagedCallersOnly]
    private static int ReadDir(byte* path, nint buffer, delegate* unmanaged<nint, byte*, nint, long, int, int> fill, long offset, nint file, int flags) => Answer(path, (tree, entry) =>
    {
        if (entry.Node.Type != NodeType.Directory)
        {
            return -Libc.Enotdir;
        }

        foreach (string name in tree.List(Path(path), entry).Prepend("..").Prepend("."))
        {
            fixed (byte* bytes = Text.Latin1.GetBytes(name + "\0"))
            {
                _ = fill(buffer, bytes, 0, 0, 0);
            }
        }

        return 0;
    });
}
