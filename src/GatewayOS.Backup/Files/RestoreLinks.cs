using GatewayOS.Backup.Posix;
using GatewayOS.Store.Trees;

namespace GatewayOS.Backup.Files;

/// <summary>
/// Hard links of a restore: the first name of a group is restored, the others are linked to it afterwards. One small object for each inode
/// with several names and one for each further name are held until the end.
/// </summary>
internal sealed class RestoreLinks(RestoreOptions options, RestoreProgress progress, TargetDirectories directories)
{
    private readonly Dictionary<(ulong Device, ulong Inode), RestoredFile> _firsts = [];
    private readonly SpecialEntries _specials = new(options, progress, directories);
    private List<(TargetDirectory Directory, TreeNode Node)> _links = [];

    /// <summary>Asks whether an entry is a further name of one that is being restored; then it is noted for <see cref="Make"/>.</summary>
    public bool IsFurther(TargetDirectory directory, TreeNode node)
    {
        if (node.LinkCount <= 1 || !_firsts.ContainsKey((node.LinkDevice, node.Inode)))
        {
            return false;
        }

        _links.Add((directory, node));
        return true;
    }

    /// <summary>Notes the first name of a group.</summary>
    public void AddFirst(RestoredFile file)
    {
        if (file.Node.LinkCount > 1)
        {
            _firsts[(file.Node.LinkDevice, file.Node.Inode)] = file;
        }
    }

    /// <summary>Makes the links whose first name stands.</summary>
    /// <param name="restoreInstead">Takes a file whose group has no standing name yet.</param>
    /// <returns>True when a file was taken, so that links remain to be made.</returns>
    public bool Make(Action<RestoredFile> restoreInstead)
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
            else if (node.Type != NodeType.File)
            {
                _firsts[key] = new RestoredFile(directory, node) { Stands = _specials.Make(directory, node) };
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

    private void Link(RestoredFile first, TargetDirectory directory, TreeNode node)
    {
        DirectoryHandle? from = directories.Get(first.Directory, out int error);
        DirectoryHandle? to = from is null ? null : directories.Get(directory, out error);
        bool skipped = false;
        if (to is not null)
        {
            error = Link(from!.Fd, first.Node.Name, to.Fd, node, out skipped);
        }

        from?.Release();
        to?.Release();
        if (error != 0)
        {
            progress.AddProblem(directory.PathOf(node.Name), $"it cannot be linked to {first.Path}: {Sys.Message(error)}");
        }
        else if (skipped)
        {
            progress.AddSkipped();
        }
        else if (node.Type == NodeType.File)
        {
            progress.AddFile();
            progress.AddBytes(node.SizeBytes);
        }
        else
        {
            progress.AddOther();
        }
    }

    private int Link(int fromDirectory, byte[] first, int toDirectory, TreeNode node, out bool skipped)
    {
        skipped = false;
        int error = Link(fromDirectory, first, toDirectory, node.Name);
        if (error != Libc.Eexist)
        {
            return error;
        }

        error = FileStat.TryGet(toDirectory, node.Name, out FileStat there);
        if (error != 0 || there.Type == NodeType.Directory)
        {
            return error != 0 ? error : Libc.Eisdir;
        }

        bool isLinked = FileStat.TryGet(fromDirectory, first, out FileStat origin) == 0 && there.Inode == origin.Inode && there.Device == origin.Device;
        skipped = isLinked || options.Overwrite == OverwritePolicy.Never || (options.Overwrite == OverwritePolicy.IfNewer && node.ModifiedNs <= there.ModifiedNs);
        if (skipped)
        {
            return 0;
        }

        // What is there goes only when the link that replaces it stands.
        byte[] temporary = RestoredFile.NextTemporaryName();
        error = Link(fromDirectory, first, toDirectory, temporary);
        return error != 0 ? error : SpecialEntries.Replace(toDirectory, temporary, node.Name);
    }

    private static unsafe int Link(int fromDirectory, byte[] first, int toDirectory, byte[] name)
    {
        fixed (byte* source = new CName(first, stackalloc byte[CName.BufferBytes]).Bytes)
        fixed (byte* target = new CName(name, stackalloc byte[CName.BufferBytes]).Bytes)
        {
            return Sys.Call(Libc.LinkAt(fromDirectory, source, toDirectory, target, 0));
        }
    }
}
