using GatewayOS.Backup.Posix;
using GatewayOS.Store.Reading;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;
using GatewayOS.Store.Trees;

namespace GatewayOS.Backup.Files;

/// <summary>
/// The tree side of a restore: walks the snapshot, makes directories and special entries, picks files, and afterwards links, directory
/// metadata and inode flags. No recursion.
/// </summary>
internal sealed class RestoreTree(RestoreOptions options, RestoreProgress progress, TargetDirectories directories, ContentReader reader, Action<RestoredFile> addFile)
{
    private const uint OwnerAll = 0b111_000_000;

    private readonly List<TargetDirectory> _made = [];
    private readonly List<(TargetDirectory Directory, TreeNode Node)> _flagged = [];
    private readonly List<(TargetDirectory Directory, uint Mode)> _opened = [];
    private readonly SpecialEntries _specials = new(options, progress, directories);
    private readonly RestoreLinks _links = new(options, progress, directories);

    /// <summary>Walks the snapshot.</summary>
    /// <param name="snapshot">The snapshot.</param>
    /// <param name="cancellation">Stops the walk.</param>
    public void Walk(SnapshotRecord snapshot, CancellationToken cancellation)
    {
        var target = new TargetDirectory(null, [], null);
        if (directories.Get(target, out _) is { } root)
        {
            target.HandsDown = Attributes.HandsDownAccess(root.Fd);
            root.Release();
        }

        PathFilter filter = PathFilter.For(options.Paths);
        var frames = new Stack<Frame>();
        frames.Push(new Frame(target, [], filter, reader.Entries(snapshot.Draft.Root).GetEnumerator()));
        while (frames.TryPeek(out Frame? frame))
        {
            cancellation.ThrowIfCancellationRequested();
            if (!Next(frame, out TreeNode? node))
            {
                frames.Pop();
                frame.Entries.Dispose();
                continue;
            }

            if (Take(frame, node) is { } inner)
            {
                frames.Push(inner);
            }
        }

        if (filter.Missing().ToList() is { Count: > 0 } missing)
        {
            throw new InvalidJobException($"Snapshot {snapshot.ShortId} holds no {string.Join(" and no ", missing.Select(path => $"'{path}'"))}. 'gatewayctl store ls' shows what it holds.");
        }
    }

    /// <summary>Makes the hard links whose first name stands.</summary>
    /// <param name="restoreInstead">Takes a file whose group has no standing name yet.</param>
    /// <returns>True when a file was taken, so that links remain to be made.</returns>
    public bool MakeLinks(Action<RestoredFile> restoreInstead) => _links.Make(restoreInstead);

    /// <summary>Gives directories their metadata, the deepest first.</summary>
    public void FinishDirectories()
    {
        for (int i = _made.Count - 1; i >= 0; i--)
        {
            TargetDirectory directory = _made[i];
            string path = directory.Parent!.PathOf(directory.Name);
            if (directories.Get(directory, out int error) is not { } handle)
            {
                progress.AddProblem(path, $"its metadata cannot be set: {Sys.Message(error)}");
                continue;
            }

            Metadata.ApplyToFile(handle.Fd, directory.Node!, path, progress, removeOthers: !directory.IsOurs || directory.Parent.HandsDown);
            handle.Release();
        }

        foreach ((TargetDirectory directory, uint mode) in _opened)
        {
            if (directories.Get(directory, out _) is { } handle)
            {
                _ = Libc.ChangeMode(handle.Fd, mode);
                handle.Release();
            }
        }
    }

    /// <summary>Sets immutable and kin, after which nothing can be changed any more.</summary>
    public void SetFlags()
    {
        for (int i = _flagged.Count - 1; i >= 0; i--)
        {
            (TargetDirectory directory, TreeNode node) = _flagged[i];
            if (directories.Get(directory, out _) is { } handle)
            {
                Metadata.ApplyFlags(handle.Fd, node, directory.PathOf(node.Name), progress);
                handle.Release();
            }
        }
    }

    private bool Next(Frame frame, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out TreeNode? node)
    {
        node = null;
        try
        {
            if (!frame.Entries.MoveNext())
            {
                return false;
            }
        }
        catch (StoreDamagedException error)
        {
            progress.AddProblem(frame.Path.Length == 0 ? "/" : ByteName.Escape(frame.Path), $"entries of this directory are damaged in the store and not restored: {error.Message}", isDamage: true);
            return false;
        }

        node = frame.Entries.Current;
        return true;
    }

    private Frame? Take(Frame frame, TreeNode node)
    {
        byte[] path = [.. frame.Path, (byte)'/', .. node.Name];
        PathFilter filter = frame.Filter.Enter(node.Name);
        bool isDirectory = node.Type == NodeType.Directory;
        if (!filter.MayHold || !IsName(node.Name) || options.Excludes.Matches(path.AsSpan(1), path.AsSpan(1), isDirectory))
        {
            return null;
        }

        bool included = frame.Included || options.Includes.IsEmpty || options.Includes.Matches(path.AsSpan(1), path.AsSpan(1), isDirectory);
        if (isDirectory)
        {
            var directory = new TargetDirectory(frame.Directory, node.Name, node);
            var inner = new Frame(directory, path, filter, reader.Entries(node.Content).GetEnumerator()) { Included = included, Picked = included && filter.Whole, Outer = frame };
            return included && filter.Whole && !MakeWay(inner) ? null : inner;
        }

        if (filter.Whole && included && MakeWay(frame))
        {
            TakeEntry(frame.Directory, node);
        }

        return null;
    }

    // A damaged or hostile store must not name its way out of the target.
    private static bool IsName(byte[] name) =>
        name.Length is > 0 and <= 255 && !name.AsSpan().ContainsAny((byte)0, (byte)'/') && !name.AsSpan().SequenceEqual("."u8) && !name.AsSpan().SequenceEqual(".."u8);

    // A directory on the way to an included entry is made when the first one needs it.
    private bool MakeWay(Frame? frame)
    {
        var way = new Stack<Frame>();
        for (; frame is { IsMade: false, Outer: not null }; frame = frame.Outer)
        {
            way.Push(frame);
        }

        while (way.TryPop(out Frame? next))
        {
            next.Blocked = next.Blocked || next.Outer!.Blocked || !MakeDirectory(next);
            if (next.Blocked)
            {
                return false;
            }

            next.IsMade = true;
        }

        return true;
    }

    private unsafe bool MakeDirectory(Frame frame)
    {
        TargetDirectory directory = frame.Directory;
        TreeNode node = directory.Node!;
        if (options.DryRun)
        {
            progress.AddOther();
            return true;
        }

        string path = directory.Parent!.PathOf(directory.Name);
        if (directories.Get(directory.Parent, out int error) is not { } parent)
        {
            progress.AddProblem(path, $"its directory cannot be opened: {Sys.Message(error)}");
            return false;
        }

        fixed (byte* name = new CName(directory.Name, stackalloc byte[CName.BufferBytes]).Bytes)
        {
            // Open to its owner alone until everything in it stands; its own mode comes at the end.
            error = Sys.Call(Libc.MakeDirectoryAt(parent.Fd, name, OwnerAll));
        }

        directory.IsOurs = error == 0;
        directory.HandsDown = directory.IsOurs && directory.Parent.HandsDown;
        error = error == Libc.Eexist ? EnterExisting(parent.Fd, frame) : error;
        parent.Release();
        if (error != 0)
        {
            string reason = error == Libc.Enotdir ? "something that is no directory has its name; move it away. A link is not followed" : Sys.Message(error);
            progress.AddProblem(path, $"it cannot be made, nothing in it is restored: {reason}");
            return false;
        }

        // A directory that was there keeps its metadata when the policy says so, and when it is only on the way to what is restored.
        if (directory.IsOurs || (frame.Picked && options.Overwrite != OverwritePolicy.Never))
        {
            _made.Add(directory);
            Note(directory.Parent, node);
        }

        if ((node.Flags & NodeFlags.Incomplete) != NodeFlags.None)
        {
            progress.AddProblem(path, "it could not be listed to its end when it was backed up: entries of it may be missing");
        }

        progress.AddOther();
        return true;
    }

    private unsafe int EnterExisting(int parent, Frame frame)
    {
        int error = FileStat.TryGet(parent, frame.Directory.Name, out FileStat there);
        if (error != 0 || there.Type != NodeType.Directory)
        {
            return error != 0 ? error : Libc.Enotdir;
        }

        uint user = Libc.EffectiveUser();
        if (user != 0 && there.UserId == user && (there.Mode & OwnerAll) != OwnerAll)
        {
            // An ordinary user's own read-only directory: open while it is worked in, closed again at the end.
            fixed (byte* name = new CName(frame.Directory.Name, stackalloc byte[CName.BufferBytes]).Bytes)
            {
                error = Sys.Call(Libc.ChangeModeAt(parent, name, there.Mode | OwnerAll, Libc.AtSymlinkNoFollow));
            }

            if (!frame.Picked || options.Overwrite == OverwritePolicy.Never)
            {
                _opened.Add((frame.Directory, there.Mode));
            }
        }

        int fd = error == 0 ? Sys.OpenDirectory(parent, frame.Directory.Name) : -error;
        if (fd < 0)
        {
            return -fd;
        }

        frame.Directory.HandsDown = Attributes.HandsDownAccess(fd);
        _ = Libc.Close(fd);
        return 0;
    }

    private void Note(TargetDirectory directory, TreeNode node)
    {
        if ((node.Flags & (NodeFlags.Immutable | NodeFlags.AppendOnly | NodeFlags.NoDump)) != NodeFlags.None)
        {
            _flagged.Add((directory, node));
        }
    }

    private void TakeEntry(TargetDirectory directory, TreeNode node)
    {
        if (_links.IsFurther(directory, node))
        {
            return;
        }

        var file = new RestoredFile(directory, node);
        _links.AddFirst(file);
        if (node.Type != NodeType.File)
        {
            file.Stands = _specials.Make(directory, node);
            return;
        }

        if ((node.Flags & NodeFlags.Incomplete) != NodeFlags.None)
        {
            progress.AddProblem(file.Path, "it could not be read to its end when it was backed up: what is restored is not the whole file");
        }
        else if ((node.Flags & NodeFlags.ChangedWhileRead) != NodeFlags.None)
        {
            progress.AddProblem(file.Path, "it changed while it was backed up: its content may mix two states");
        }

        Note(directory, node);
        addFile(file);
    }

    private sealed class Frame(TargetDirectory directory, byte[] path, PathFilter filter, IEnumerator<TreeNode> entries)
    {
        public TargetDirectory Directory { get; } = directory;

        public byte[] Path { get; } = path;

        public PathFilter Filter { get; } = filter;

        public IEnumerator<TreeNode> Entries { get; } = entries;

        public Frame? Outer { get; init; }

        /// <summary>A directory above matched the includes: everything below belongs to it.</summary>
        public bool Included { get; init; }

        /// <summary>The directory itself belongs to what is restored, rather than being on the way to it.</summary>
        public bool Picked { get; init; }

        public bool IsMade { get; set; }

        /// <summary>It could not be made, which was reported: nothing below is tried.</summary>
        public bool Blocked { get; set; }
    }
}
