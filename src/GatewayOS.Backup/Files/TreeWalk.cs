using GatewayOS.Backup.Posix;
using GatewayOS.Store;
using GatewayOS.Store.Pipeline;
using GatewayOS.Store.Reading;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;
using GatewayOS.Store.Trees;

namespace GatewayOS.Backup.Files;

/// <summary>
/// Walks the sources on one thread: lists, stats, excludes, compares with the parent snapshot, and hands changed files to the readers.
/// Works by directory descriptors, so paths of any length and symlinks planted on the way do no harm.
/// </summary>
internal sealed class TreeWalk(BackupOptions options, BackupProgress progress, OwnerNames owners, ContentWriter writer, ContentReader reader, ChunkSink sink, Action<FileTask> hand)
{
    // Directories kept open from the deepest upwards; those above are closed, and reopened through ".." on the way back.
    private const int OpenDirectoriesMax = 128;

    // A file whose status changed this shortly before the parent's run may have changed again within the clock's tick: it is read.
    private const long ClockTickNs = 20_000_000;

    private readonly Stack<DirectoryFrame> _frames = new();
    private readonly LinkTable _links = new(progress);
    private long _trustChangesBeforeNs;

    /// <summary>Walks everything.</summary>
    /// <returns>The root's frame; complete when all readers and workers have finished.</returns>
    public DirectoryFrame Run(SourceTree sources, SnapshotRecord? parent, CancellationToken cancellation)
    {
        _trustChangesBeforeNs = parent is null ? long.MinValue : ToNs(parent.Draft.StartedUtc) - ClockTickNs;
        DirectoryFrame root = OpenRoot(sources, parent);
        _frames.Push(root);
        try
        {
            while (_frames.TryPeek(out DirectoryFrame? frame))
            {
                if (frame.Next < frame.Names.Count)
                {
                    cancellation.ThrowIfCancellationRequested();
                    Visit(frame, frame.Next++);
                    frame.EncodeFinished(sink);
                }
                else
                {
                    Leave(frame);
                }
            }
        }
        finally
        {
            foreach (DirectoryFrame frame in _frames)
            {
                frame.Handle?.Release();
                frame.Before?.Dispose();
            }
        }

        return root;
    }

    private static long ToNs(DateTimeOffset time) => (time - DateTimeOffset.UnixEpoch).Ticks * 100;

    private DirectoryFrame OpenRoot(SourceTree sources, SnapshotRecord? parent)
    {
        int fd = Sys.OpenDirectory(Libc.AtCurrentDirectory, "/"u8);
        if (fd < 0 || FileStat.TryGet(fd, out FileStat stat) != 0)
        {
            throw new InvalidJobException($"The root directory cannot be opened: {Sys.Message(-fd)}.");
        }

        var names = new List<byte[]>();
        if (sources.Whole)
        {
            ListInto(fd, names, "/"u8);
        }
        else
        {
            names.AddRange(sources.Names);
        }

        return new DirectoryFrame(null, 0, null, names)
        {
            Handle = new DirectoryHandle(fd),
            Stat = stat,
            Sources = sources,
            IsWhole = sources.Whole,
            Path = "/"u8.ToArray(),
            SourcePrefix = 1,
            SourceDevice = stat.Device,
            Before = parent is null ? null : reader.Entries(parent.Draft.Root).GetEnumerator(),
        };
    }

    private void Visit(DirectoryFrame frame, int slot)
    {
        byte[] name = frame.Names[slot];
        SourceTree? source = frame.Sources?.Child(name);
        TreeNode? before = FindBefore(frame, name);
        int error = FileStat.TryGet(frame.Handle!.Fd, name, out FileStat stat);
        if (error != 0)
        {
            progress.AddProblem(frame.PathOf(name), error == Libc.Enoent ? "it vanished while the backup ran" : Sys.Describe("it cannot be looked at", error));
            return;
        }

        if (frame.IsWhole && source is null && IsExcluded(frame, name, stat))
        {
            return;
        }

        switch (stat.Type)
        {
            case NodeType.Directory:
                Enter(frame, slot, name, stat, source, before);
                break;
            case NodeType.File:
                VisitFile(frame, slot, name, stat, before);
                break;
            default:
                VisitOther(frame, slot, name, stat, before);
                break;
        }
    }

    private bool IsExcluded(DirectoryFrame frame, byte[] name, in FileStat stat)
    {
        if (stat.Type == NodeType.File && options.ExcludeLargerThanBytes is { } max && stat.SizeBytes > max)
        {
            return true;
        }

        if (options.Excludes.IsEmpty)
        {
            return false;
        }

        byte[] path = frame.PathOf(name);
        return options.Excludes.Matches(path.AsSpan(frame.SourcePrefix), path.AsSpan(1), stat.Type == NodeType.Directory);
    }

    // Both lists are in byte order, so one step forward at a time finds the entry of the same name.
    private TreeNode? FindBefore(DirectoryFrame frame, byte[] name)
    {
        if (frame.Before is not { } before || frame.BeforeEnded)
        {
            return null;
        }

        try
        {
            while (true)
            {
                int order = before.Current is { } current ? current.Name.AsSpan().SequenceCompareTo(name) : -1;
                if (order >= 0)
                {
                    return order == 0 ? before.Current : null;
                }

                if (!before.MoveNext())
                {
                    frame.BeforeEnded = true;
                    return null;
                }
            }
        }
        catch (StoreDamagedException)
        {
            // What the parent's damaged tree held is read again, which mends the store too.
            frame.BeforeEnded = true;
            return null;
        }
    }

    private void VisitFile(DirectoryFrame frame, int slot, byte[] name, in FileStat stat, TreeNode? before)
    {
        before = before is { Type: NodeType.File } ? before : null;
        if (before is not null && IsUnmodified(before, stat))
        {
            // Only its number of names may differ without a change of its own: a change of that is a change of its status.
            frame.Set(slot, before);
            progress.AddUnmodified(stat.SizeBytes);
            return;
        }

        LinkGroup? group = null;
        if (stat.LinkCount > 1 && _links.Find(stat, out group))
        {
            TakeLinked(frame, slot, name, stat, group);
            return;
        }

        frame.Expect(slot);
        hand(new FileTask(frame, slot, frame.Handle!.Hold(), stat, before, group));
    }

    private bool IsUnmodified(TreeNode before, in FileStat stat) =>
        before.SizeBytes == stat.SizeBytes && IsUntouched(before, stat) && HasSameLinks(before, stat)
        && (before.Flags & (NodeFlags.ChangedWhileRead | NodeFlags.Incomplete)) == NodeFlags.None
        && StoreHas(before.Content);

    // The status change time moves with everything that can be changed of an inode, attributes and flags among it, and cannot be set back.
    private bool IsUntouched(TreeNode before, in FileStat stat) =>
        !options.ForceRead && before.Type == stat.Type && before.Inode == stat.Inode
        && before.ModifiedNs == stat.ModifiedNs && before.ChangedNs == stat.ChangedNs && stat.ChangedNs < _trustChangesBeforeNs;

    private static bool HasSameLinks(TreeNode before, in FileStat stat) =>
        before.LinkCount == stat.LinkCount && before.LinkDevice == (stat.LinkCount > 1 ? stat.Device : 0);

    private bool StoreHas(ContentRef content)
    {
        try
        {
            foreach (ContentPart part in content.Parts)
            {
                if (part.Kind == PartKind.Lost || (part.Kind == PartKind.Chunk && !writer.Contains(part.Hash)))
                {
                    return false;
                }

                if (content.Depth > 0 && part.Kind == PartKind.Chunk && !StoreHas(new ContentRef(content.Depth - 1, reader.ReadList(part))))
                {
                    return false;
                }
            }

            return true;
        }
        catch (StoreDamagedException)
        {
            return false;
        }
    }

    private void TakeLinked(DirectoryFrame frame, int slot, byte[] name, in FileStat stat, LinkGroup group)
    {
        if (Attributes.Read(-1, [.. Sys.ProcPath(frame.Handle!.Fd, name), 0], out ExtendedAttribute[] attributes) is { } problem)
        {
            progress.AddProblem(frame.PathOf(name), problem);
        }

        TreeNode node = Nodes.Make(name, stat, owners, attributes);
        switch (group.Join(frame, slot, node))
        {
            case LinkJoin.Taken:
                frame.Set(slot, node);
                break;
            case LinkJoin.ReadIt:
                frame.Expect(slot);
                hand(new FileTask(frame, slot, frame.Handle!.Hold(), stat, Before: null, group));
                break;
            case LinkJoin.Waiting:
            default:
                break;
        }
    }

    private void VisitOther(DirectoryFrame frame, int slot, byte[] name, in FileStat stat, TreeNode? before)
    {
        if (before is not null && IsUntouched(before, stat) && HasSameLinks(before, stat))
        {
            frame.Set(slot, before);
            progress.AddOther();
            return;
        }

        byte[] target = [];
        int error = stat.Type == NodeType.Symlink ? Sys.ReadLink(frame.Handle!.Fd, name, out target) : 0;
        if (error != 0)
        {
            progress.AddProblem(frame.PathOf(name), Sys.Describe("its target cannot be read", error));
            return;
        }

        if (Attributes.Read(-1, [.. Sys.ProcPath(frame.Handle!.Fd, name), 0], out ExtendedAttribute[] attributes) is { } problem)
        {
            progress.AddProblem(frame.PathOf(name), problem);
        }

        frame.Set(slot, Nodes.Make(name, stat, owners, attributes, target));
        progress.AddOther();
    }

    private void Enter(DirectoryFrame frame, int slot, byte[] name, in FileStat stat, SourceTree? source, TreeNode? before)
    {
        progress.AddDirectory();
        bool newSource = source is { Whole: true };
        int fd = Sys.OpenDirectory(frame.Handle!.Fd, name);
        if (fd < 0)
        {
            progress.AddProblem(frame.PathOf(name), Sys.Describe("it cannot be entered; nothing in it is in the backup", -fd));
            TreeNode closed = Nodes.Make(name, stat, owners, []);
            closed.Flags |= NodeFlags.Incomplete;
            frame.Set(slot, closed);
            return;
        }

        // Another directory may have taken the name since: what is open is what is backed up, and told about.
        FileStat opened = FileStat.TryGet(fd, out FileStat now) == 0 ? now : stat;
        ExtendedAttribute[] attributes = before?.Attributes ?? [];
        bool isUntouched = before is not null && IsUntouched(before, opened) && !before.Flags.HasFlag(NodeFlags.Incomplete);
        if (!isUntouched && Attributes.Read(fd, [], out attributes) is { } problem)
        {
            progress.AddProblem(frame.PathOf(name), problem);
        }

        TreeNode node = Nodes.Make(name, opened, owners, attributes);
        bool elsewhere = options.OneFileSystem && frame.IsWhole && source is null && opened.Device != frame.SourceDevice;
        bool isWhole = frame.IsWhole || newSource;
        List<byte[]> names = elsewhere ? [] : isWhole ? NamesIn(fd, frame, name, node, source) : [.. source!.Names];
        byte[] path = [.. frame.Path, .. name, (byte)'/'];
        frame.Expect(slot);
        CloseFarAbove();
        _frames.Push(new DirectoryFrame(frame, slot, node, names)
        {
            Handle = new DirectoryHandle(fd),
            Stat = opened,
            Sources = source,
            IsWhole = isWhole,
            Path = path,
            SourcePrefix = newSource ? path.Length : frame.SourcePrefix,
            SourceDevice = newSource ? opened.Device : frame.SourceDevice,
            Before = before is { Type: NodeType.Directory } ? reader.Entries(before.Content).GetEnumerator() : null,
        });
    }

    private List<byte[]> NamesIn(int fd, DirectoryFrame frame, byte[] name, TreeNode node, SourceTree? source)
    {
        var names = new List<byte[]>();
        if (!ListInto(fd, names, frame.PathOf(name)))
        {
            node.Flags |= NodeFlags.Incomplete;
        }

        if (CacheDirectory.FindMarker(options, fd, names) is { } marker)
        {
            names.RemoveAll(entry => !entry.AsSpan().SequenceEqual(marker) && source?.Child(entry) is null);
        }

        return names;
    }

    private bool ListInto(int fd, List<byte[]> names, ReadOnlySpan<byte> path)
    {
        int error = Sys.List(fd, names, out int unusable);
        if (unusable > 0)
        {
            progress.AddProblem(path, $"{unusable} of its entries have names that no file can have, or the same name twice; they are left out. Check the file system");
        }

        if (error != 0)
        {
            progress.AddProblem(path, Sys.Describe("it cannot be listed to its end", error));
        }

        return error == 0;
    }

    private void CloseFarAbove()
    {
        if (_frames.Count < OpenDirectoriesMax)
        {
            return;
        }

        // One directory further in than the limit means one further out to close; the others above it are closed already.
        DirectoryFrame far = _frames.ElementAt(OpenDirectoriesMax - 1);
        far.Handle?.Release();
        far.Handle = null;
    }

    private void Leave(DirectoryFrame frame)
    {
        _frames.Pop();
        frame.Before?.Dispose();
        if (_frames.TryPeek(out DirectoryFrame? above) && above.Handle is null)
        {
            Reopen(above, frame);
        }

        frame.Handle!.Release();
        frame.Handle = null;
        frame.Release(sink);
    }

    private void Reopen(DirectoryFrame above, DirectoryFrame from)
    {
        int fd = Sys.Open(from.Handle!.Fd, ".."u8, Libc.OpenReadOnly | Libc.OpenDirectory);
        if (fd >= 0 && FileStat.TryGet(fd, out FileStat stat) == 0 && stat.Inode == above.Stat.Inode && stat.Device == above.Stat.Device)
        {
            above.Handle = new DirectoryHandle(fd);
            return;
        }

        if (fd >= 0)
        {
            _ = Libc.Close(fd);
        }

        // Somebody moved the directory we come from. The one above may still be where it was.
        if (above.OpenAgain() is { } again)
        {
            above.Handle = again;
            return;
        }

        progress.AddProblem(above.Path, "it was moved while the backup ran; the rest of it is not in the backup");
        above.MarkIncomplete();
        above.Handle = from.Handle.Hold();
        above.Next = above.Names.Count;
    }
}
