using GatewayOS.Backup.Posix;
using GatewayOS.Store;
using GatewayOS.Store.Pipeline;
using GatewayOS.Store.Reading;
using GatewayOS.Store.Storage;
using GatewayOS.Store.Trees;

namespace GatewayOS.Backup.Files;

/// <summary>Reads files into a lane: one for each reading thread.</summary>
internal sealed class FileReader(IngestLane lane, ChunkSink sink, OwnerNames owners, ISnapshotStore store, BackupProgress progress, FileReadHooks? hooks, CancellationToken cancellation) : IDisposable
{
    private const int BlockBytes = 512;
    private const string Replaced = "it was replaced by something else while the backup ran";

    // Names of hard-link groups whose first name was lost, to be read in its place.
    private readonly Queue<(LinkWaiter Waiter, FileTask Instead)> _promoted = new();

    // For lists of what long files held before.
    private readonly Lazy<ContentReader> _lists = new(store.OpenReader);

    /// <summary>Takes a file through: open, check, read, check again. Lets go of its directory.</summary>
    /// <exception cref="OperationCanceledException">The run was cancelled; the file is dropped from the lane.</exception>
    public void Read(FileTask task)
    {
        ReadAndRelease(task);
        while (_promoted.TryDequeue(out (LinkWaiter Waiter, FileTask Instead) next))
        {
            ReadPromoted(next.Waiter, next.Instead);
        }
    }

    public void Dispose()
    {
        if (_lists.IsValueCreated)
        {
            _lists.Value.Dispose();
        }
    }

    private void ReadPromoted(LinkWaiter waiter, FileTask instead)
    {
        // The walk has left this directory, perhaps long ago, and a waiting name holds none open: there may be millions of them.
        if (waiter.Frame.OpenAgain() is { } directory)
        {
            ReadAndRelease(instead with { Frame = waiter.Frame, Slot = waiter.Slot, Directory = directory });
            return;
        }

        progress.AddProblem(waiter.Frame.PathOf(waiter.Node.Name), "its directory was moved while the backup ran");
        GiveUp(instead with { Frame = waiter.Frame, Slot = waiter.Slot }, node: null);
    }

    private void ReadAndRelease(FileTask task)
    {
        try
        {
            Open(task);
        }
        finally
        {
            task.Directory.Release();
        }
    }

    private void Open(FileTask task)
    {
        byte[] name = task.Frame.Names[task.Slot];
        hooks?.BeforeOpen?.Invoke(name);
        int fd = Sys.OpenToRead(task.Directory.Fd, name);
        if (fd < 0)
        {
            Unreadable(task, name, -fd);
            return;
        }

        try
        {
            ReadOpened(task, name, fd);
        }
        finally
        {
            _ = Libc.Close(fd);
        }
    }

    private void ReadOpened(FileTask task, byte[] name, int fd)
    {
        int error = FileStat.TryGet(fd, out FileStat stat);
        if (error != 0 || stat.Type != NodeType.File)
        {
            // The next backup meets it as what it is.
            Drop(task, name, error != 0 ? Sys.Describe("it cannot be read", error) : Replaced);
            return;
        }

        if (stat.Inode != task.Stat.Inode || stat.Device != task.Stat.Device)
        {
            // Saved anew by a rename since the walk saw it: the new version is as good as the old one, but no name of the old one's group.
            Promote(task);
            task = task with { Link = null };
        }

        if (Attributes.Read(fd, [], out ExtendedAttribute[] attributes) is { } problem)
        {
            progress.AddProblem(task.Frame.PathOf(name), problem);
        }

        TreeNode node = Nodes.Make(name, stat, owners, attributes);
        var ticket = new FileTicket(task, node);
        lane.Begin(ticket, stat.SizeBytes, task.Before?.Content, _lists);
        long length;
        try
        {
            length = stat.SizeBytes > stat.Blocks * BlockBytes ? ReadSparse(fd, stat.SizeBytes, out error) : ReadRange(fd, 0, stat.SizeBytes == 0 ? long.MaxValue : stat.SizeBytes, out error);
        }
        catch
        {
            lane.Abort();
            throw;
        }

        hooks?.AfterRead?.Invoke(name);
        Judge(task, node, fd, stat, length, error);
        progress.AddFile(task.Before is not null);
        lane.End();
    }

    // Says whether what was read is one state of the file.
    private void Judge(FileTask task, TreeNode node, int fd, in FileStat before, long length, int error)
    {
        if (error != 0)
        {
            node.Flags |= NodeFlags.Incomplete;
            progress.AddProblem(task.Frame.PathOf(node.Name), $"{Sys.Describe("it cannot be read to its end", error)}; {length} bytes are in the backup");
            return;
        }

        bool same = FileStat.TryGet(fd, out FileStat after) == 0
            && after.SizeBytes == before.SizeBytes && after.ModifiedNs == before.ModifiedNs && after.ChangedNs == before.ChangedNs;
        if (!same || (length != before.SizeBytes && before.SizeBytes != 0))
        {
            node.Flags |= NodeFlags.ChangedWhileRead;
            progress.AddProblem(task.Frame.PathOf(node.Name), "it changed while it was read: its content may mix two states");
        }
    }

    private long ReadSparse(int fd, long size, out int error)
    {
        long offset = 0;
        error = 0;
        while (offset < size && error == 0)
        {
            long data = Libc.Seek(fd, offset, Libc.SeekData);
            if (data < 0)
            {
                // No data behind here (ENXIO), or a file system that cannot tell: then everything is data.
                int seekError = Sys.Call(data == -1 ? -1 : 0);
                data = seekError == Libc.Enxio ? size : offset;
            }

            if (data > offset)
            {
                long hole = Math.Min(data, size) - offset;
                lane.AppendHole(hole);
                progress.AddBytes(hole);
                offset += hole;
                continue;
            }

            long end = Libc.Seek(fd, offset, Libc.SeekHole);
            end = end <= offset ? size : Math.Min(end, size);
            long read = ReadRange(fd, offset, end - offset, out error);
            offset += read;
            if (read == 0)
            {
                break;
            }
        }

        return offset;
    }

    private long ReadRange(int fd, long offset, long count, out int error)
    {
        long done = 0;
        error = 0;
        while (done < count)
        {
            cancellation.ThrowIfCancellationRequested();
            Span<byte> buffer = lane.GetBuffer();
            int read = Sys.ReadAt(fd, buffer[..(int)Math.Min(buffer.Length, count - done)], offset + done);
            if (read <= 0)
            {
                error = -read;
                break;
            }

            lane.Advance(read);
            done += read;
            progress.AddBytes(read);
        }

        return done;
    }

    private void Unreadable(FileTask task, byte[] name, int error)
    {
        if (error is Libc.Enoent or Libc.Eloop or Libc.Enxio or Libc.Enotdir)
        {
            Drop(task, name, error == Libc.Enoent ? "it vanished while the backup ran" : Replaced);
            return;
        }

        // Its name and metadata are known: they are kept, so that the snapshot shows that something is missing.
        progress.AddProblem(task.Frame.PathOf(name), Sys.Describe("it cannot be opened", error));
        TreeNode node = Nodes.Make(name, task.Stat, owners, []);
        node.Flags |= NodeFlags.Incomplete;
        progress.AddFile(task.Before is not null);
        GiveUp(task, node);
    }

    private void Drop(FileTask task, byte[] name, string reason)
    {
        progress.AddProblem(task.Frame.PathOf(name), reason);
        GiveUp(task, node: null);
    }

    private void Promote(FileTask task)
    {
        if (task.Link?.Fail() is { } next)
        {
            _promoted.Enqueue((next, task));
        }
    }

    private void GiveUp(FileTask task, TreeNode? node)
    {
        Promote(task);
        task.Frame.Set(task.Slot, node);
        task.Frame.Release(sink);
    }

    private sealed class FileTicket(FileTask task, TreeNode node) : ContentTicket
    {
        protected override void OnStored(ChunkSink worker)
        {
            node.Content = Content;
            task.Link?.Complete(Content, node.Flags, worker);
            task.Frame.Set(task.Slot, node);
            task.Frame.Release(worker);
        }
    }
}

/// <summary>Lets a test change files at exact moments of a read.</summary>
internal sealed record FileReadHooks(Action<byte[]>? BeforeOpen, Action<byte[]>? AfterRead);

/// <summary>Makes entries from what the file system says.</summary>
internal static class Nodes
{
    public static TreeNode Make(byte[] name, in FileStat stat, OwnerNames owners, ExtendedAttribute[] attributes, byte[]? linkTarget = null) => new()
    {
        Name = name,
        Type = stat.Type,
        Mode = stat.Mode,
        UserId = stat.UserId,
        GroupId = stat.GroupId,
        UserName = owners.User(stat.UserId),
        GroupName = owners.Group(stat.GroupId),
        ModifiedNs = stat.ModifiedNs,
        ChangedNs = stat.ChangedNs,
        SizeBytes = stat.Type == NodeType.File ? stat.SizeBytes : 0,
        Inode = stat.Inode,
        LinkCount = stat.Type == NodeType.Directory ? 1 : stat.LinkCount,
        LinkDevice = stat.Type != NodeType.Directory && stat.LinkCount > 1 ? stat.Device : 0,
        DeviceNumber = stat.Type is NodeType.CharacterDevice or NodeType.BlockDevice ? stat.DeviceNumber : 0,
        LinkTarget = linkTarget ?? [],
        Attributes = attributes,
        Flags = stat.Flags,
    };
}
