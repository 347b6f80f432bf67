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
internal sealed class RestoreTree(RestoreOptions options, RestoreProgress progress, TargetDirectories directories, ChunkReader reader, Action<RestoredFile> addFile)
{
    private readonly List<TargetDirectory> _made = [];
    private readonly List<(TargetDirectory Directory, TreeNode Node)> _flagged = [];
    private readonly Dictionary<(ulong Device, ulong Inode), RestoredFile> _firsts = [];
    private List<(TargetDirectory Directory, TreeNode Node)> _links = [];

    /// <summary>Walks the snapshot.</summary>
    /// <param name="snapshot">The snapshot.</param>
    /// <param name="betweenEntries">Called between entries, where work can be flushed.</param>
    /// <param name="cancellation">Stops the walk.</param>
    public void Walk(SnapshotRecord snapshot, Action betweenEntries, CancellationToken cancellation)
    {
        var target = new TargetDirectory(null, [], null);
        PathFilter filter = PathFilter.For(options.Paths);
        var frames = new Stack<Frame>();
        frames.Push(new Frame(target, [], filter, reader.Entries(snapshot.Draft.Root).GetEnumerator()));
        while (frames.TryPeek(out Frame? frame))
        {
            cancellation.ThrowIfCancellationRequested();
            betweenEntries();
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
    public bool MakeLinks(Action<RestoredFile> restoreInstead)
    {
        var later = new List<(TargetDirectory Directory, TreeNode Node)>();
        var taken = new HashSet<(ulong, ulong)>();
        foreach ((TargetDirectory directory, TreeNode node) in _links)
        {
            (ulong, ulong) key = (node.LinkDevice, node.Inode);
            RestoredFile first = _firsts[key];
            if (first.Stands)
            {
                Link(first, directory, node);
            }
            else if (taken.Add(key))
            {
                var file = new RestoredFile(directory, node);
                _firsts[key] = file;
                restoreInstead(file);
            }
            else
            {
                later.Add((directory, node));
            }
        }

        _links = later;
        return taken.Count > 0;
    }

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

            Metadata.ApplyToFile(handle.Fd, directory.Node!, path, progress);
            handle.Release();
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
            var inner = new Frame(directory, path, filter, reader.Entries(node.Content).GetEnumerator()) { Included = included, Outer = frame };
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
            next.Blocked = next.Blocked || next.Outer!.Blocked || !MakeDirectory(next.Directory);
            if (next.Blocked)
            {
                return false;
            }

            next.IsMade = true;
        }

        return true;
    }

    private unsafe bool MakeDirectory(TargetDirectory directory)
    {
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
            error = Sys.Call(Libc.MakeDirectoryAt(parent.Fd, name, 0b111_000_000));
        }

        if (error == Libc.Eexist)
        {
            error = FileStat.TryGet(parent.Fd, directory.Name, out FileStat there);
            error = error == 0 && there.Type != NodeType.Directory ? Libc.Enotdir : error;
        }

        parent.Release();
        if (error != 0)
        {
            string reason = error == Libc.Enotdir ? "something that is no directory has its name; move it away. A link is not followed" : Sys.Message(error);
            progress.AddProblem(path, $"it cannot be made, nothing in it is restored: {reason}");
            return false;
        }

        _made.Add(directory);
        Note(directory.Parent, node);
        progress.AddOther();
        return true;
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
        if (node.LinkDevice != 0 || node.LinkCount > 1)
        {
            if (_firsts.ContainsKey((node.LinkDevice, node.Inode)))
            {
                _links.Add((directory, node));
                return;
            }
        }

        if (node.Type != NodeType.File)
        {
            MakeSpecial(directory, node);
            return;
        }

        var file = new RestoredFile(directory, node);
        if (node.LinkCount > 1)
        {
            _firsts.Add((node.LinkDevice, node.Inode), file);
        }

        Note(directory, node);
        addFile(file);
    }

    private unsafe void MakeSpecial(TargetDirectory directory, TreeNode node)
    {
        if (options.DryRun)
        {
            progress.AddOther();
            return;
        }

        string path = directory.PathOf(node.Name);
        if (directories.Get(directory, out int error) is not { } parent)
        {
            progress.AddProblem(path, $"its directory cannot be opened: {Sys.Message(error)}");
            return;
        }

        error = Create(parent.Fd, node);
        if (error == Libc.Eexist && FileStat.TryGet(parent.Fd, node.Name, out FileStat there) == 0)
        {
            if (there.Type != NodeType.Directory && !Metadata.Replaces(options.Overwrite, there, node))
            {
                progress.AddSkipped();
                parent.Release();
                return;
            }

            fixed (byte* name = new CName(node.Name, stackalloc byte[CName.BufferBytes]).Bytes)
            {
                error = Sys.Call(Libc.UnlinkAt(parent.Fd, name, 0));
            }

            error = error == 0 ? Create(parent.Fd, node) : error;
        }

        if (error == 0)
        {
            Metadata.ApplyByName(parent.Fd, node, path, progress);
            progress.AddOther();
        }
        else
        {
            progress.AddProblem(path, $"it cannot be made: {Sys.Message(error)}");
        }

        parent.Release();
    }

    private static unsafe int Create(int directory, TreeNode node)
    {
        fixed (byte* name = new CName(node.Name, stackalloc byte[CName.BufferBytes]).Bytes)
        {
            if (node.Type == NodeType.Symlink)
            {
                fixed (byte* target = new CName(node.LinkTarget, stackalloc byte[CName.BufferBytes]).Bytes)
                {
                    return Sys.Call(Libc.MakeSymlinkAt(target, directory, name));
                }
            }

            uint type = node.Type switch
            {
                NodeType.Fifo => 0x1000,
                NodeType.CharacterDevice => 0x2000,
                NodeType.BlockDevice => 0x6000,
                _ => 0xc000,
            };
            return Sys.Call(Libc.MakeNodeAt(directory, name, type | 0b110_000_000, node.DeviceNumber));
        }
    }

    private unsafe void Link(RestoredFile first, TargetDirectory directory, TreeNode node)
    {
        string path = directory.PathOf(node.Name);
        DirectoryHandle? from = directories.Get(first.Directory, out int error);
        DirectoryHandle? to = from is null ? null : directories.Get(directory, out error);
        if (to is not null)
        {
            fixed (byte* source = new CName(first.Node.Name, stackalloc byte[CName.BufferBytes]).Bytes)
            fixed (byte* name = new CName(node.Name, stackalloc byte[CName.BufferBytes]).Bytes)
            {
                error = Sys.Call(Libc.LinkAt(from!.Fd, source, to.Fd, name, 0));
                if (error == Libc.Eexist && FileStat.TryGet(to.Fd, node.Name, out FileStat there) == 0 && FileStat.TryGet(from.Fd, first.Node.Name, out FileStat origin) == 0)
                {
                    bool same = there.Inode == origin.Inode && there.Device == origin.Device;
                    if (same || options.Overwrite == OverwritePolicy.Never)
                    {
                        error = 0;
                    }
                    else
                    {
                        error = Sys.Call(Libc.UnlinkAt(to.Fd, name, 0));
                        error = error == 0 ? Sys.Call(Libc.LinkAt(from.Fd, source, to.Fd, name, 0)) : error;
                    }
                }
            }
        }

        from?.Release();
        to?.Release();
        if (error == 0)
        {
            progress.AddFile();
            progress.AddBytes(node.SizeBytes);
        }
        else
        {
            progress.AddProblem(path, $"it cannot be linked to {first.Path}: {Sys.Message(error)}");
        }
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

        public bool IsMade { get; set; }

        /// <summary>It could not be made, which was reported: nothing below is tried.</summary>
        public bool Blocked { get; set; }
    }
}

/// <summary>Picks named paths out of a tree, and remembers which were met.</summary>
internal sealed class PathFilter
{
    private static readonly PathFilter s_all = new() { Whole = true };
    private static readonly PathFilter s_none = new();

    private readonly List<(byte[][] Names, int Depth, bool[] Met)> _paths = [];

    private PathFilter()
    {
    }

    /// <summary>True when the entry and everything below is picked.</summary>
    public bool Whole { get; private init; }

    /// <summary>True when something at or below the entry may be picked.</summary>
    public bool MayHold => Whole || _paths.Count > 0;

    public static PathFilter For(IReadOnlyList<byte[]> paths)
    {
        var filter = new PathFilter { Whole = paths.Count == 0 };
        foreach (byte[] path in paths)
        {
            byte[][] names = [.. ByteName.Split(path)];
            if (names.Length == 0)
            {
                return s_all;
            }

            filter._paths.Add((names, 0, new bool[1]));
        }

        return filter;
    }

    public PathFilter Enter(byte[] name)
    {
        if (Whole)
        {
            return s_all;
        }

        PathFilter? inner = null;
        foreach ((byte[][] names, int depth, bool[] met) in _paths)
        {
            if (!names[depth].AsSpan().SequenceEqual(name))
            {
                continue;
            }

            if (depth == names.Length - 1)
            {
                met[0] = true;
                return s_all;
            }

            inner ??= new PathFilter();
            inner._paths.Add((names, depth + 1, met));
        }

        return inner ?? s_none;
    }

    public IEnumerable<string> Missing() => _paths.Where(path => !path.Met[0]).Select(path => "/" + string.Join('/', path.Names.Select(name => ByteName.Escape(name))));
}
