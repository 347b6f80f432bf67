using GatewayOS.Backup.Posix;
using GatewayOS.Store.Pipeline;
using GatewayOS.Store.Storage;
using GatewayOS.Store.Trees;

namespace GatewayOS.Backup.Files;

/// <summary>Reads files into a lane: one for each reading thread.</summary>
internal sealed class FileReader(IngestLane lane, ChunkSink sink, OwnerNames owners, BackupProgress progress, FileReadHooks? hooks)
{
    private const int BlockBytes = 512;

    /// <summary>Takes a file through: open, check, read, check again.</summary>
    public void Read(FileTask task)
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
        if (error != 0 || stat.Type != NodeType.File || stat.Inode != task.Stat.Inode || stat.Device != task.Stat.Device)
        {
            // Another file took the name since the walk saw it. The next backup meets it as what it is.
            Drop(task, name, error != 0 ? Sys.Describe("it cannot be read", error) : "it was replaced by something else while the backup ran");
            return;
        }

        if (Attributes.Read(fd, [], out ExtendedAttribute[] attributes) is { } problem)
        {
            progress.AddProblem(task.Frame.PathOf(name), problem);
        }

        TreeNode node = Nodes.Make(name, stat, owners, attributes);
        var ticket = new FileTicket(task, node);
        lane.Begin(ticket, stat.SizeBytes);
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
        progress.AddFile(task.InParent);
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
            Drop(task, name, error == Libc.Enoent ? "it vanished while the backup ran" : "it was replaced by something else while the backup ran");
            return;
        }

        // Its name and metadata are known: they are kept, so that the snapshot shows that something is missing.
        progress.AddProblem(task.Frame.PathOf(name), Sys.Describe("it cannot be opened", error));
        TreeNode node = Nodes.Make(name, task.Stat, owners, []);
        node.Flags |= NodeFlags.Incomplete;
        progress.AddFile(task.InParent);
        task.Link?.Complete(ContentRef.Empty, node.Flags, sink);
        Finish(task, node);
    }

    private void Drop(FileTask task, byte[] name, string reason)
    {
        progress.AddProblem(task.Frame.PathOf(name), reason);
        task.Link?.Complete(ContentRef.Empty, NodeFlags.Incomplete, sink);
        Finish(task, node: null);
    }

    private void Finish(FileTask task, TreeNode? node)
    {
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
