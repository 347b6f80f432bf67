using GatewayOS.Backup.Posix;
using GatewayOS.Store.Trees;

namespace GatewayOS.Backup.Files;

/// <summary>Restores entries without content: links, pipes, devices, sockets. They are cheap, so the walk makes them itself.</summary>
internal sealed class SpecialEntries(RestoreOptions options, RestoreProgress progress, TargetDirectories directories)
{
    /// <summary>Makes an entry, in place of one that is there when the policy says so.</summary>
    /// <returns>True when it stands: links may be made to it.</returns>
    public bool Make(TargetDirectory directory, TreeNode node)
    {
        if (options.DryRun)
        {
            progress.AddOther();
            return false;
        }

        string path = directory.PathOf(node.Name);
        if (directories.Get(directory, out int error) is not { } parent)
        {
            progress.AddProblem(path, $"its directory cannot be opened: {Sys.Message(error)}");
            return false;
        }

        try
        {
            return Make(parent.Fd, directory, node, path);
        }
        finally
        {
            parent.Release();
        }
    }

    private bool Make(int parent, TargetDirectory directory, TreeNode node, string path)
    {
        byte[] at = node.Name;
        int error = Create(parent, at, node);
        if (error == Libc.Eexist && FileStat.TryGet(parent, node.Name, out FileStat there) == 0 && there.Type != NodeType.Directory)
        {
            if (!Metadata.Replaces(options.Overwrite, there, node))
            {
                progress.AddSkipped();
                return false;
            }

            // Beside it first: what is there goes only when its successor stands.
            at = RestoredFile.NextTemporaryName();
            error = Create(parent, at, node);
        }

        if (error == 0)
        {
            Metadata.ApplyByName(parent, at, node, path, progress, removeOthers: directory.HandsDown && node.Type != NodeType.Symlink);
            error = ReferenceEquals(at, node.Name) ? 0 : Replace(parent, at, node.Name);
        }

        if (error != 0)
        {
            progress.AddProblem(path, $"it cannot be made: {Sys.Message(error)}");
            return false;
        }

        progress.AddOther();
        return true;
    }

    /// <summary>Gives an entry its name, in place of what has it. When that fails the entry is removed.</summary>
    /// <returns>0, or the error number.</returns>
    public static unsafe int Replace(int directory, byte[] temporary, byte[] name)
    {
        fixed (byte* from = new CName(temporary, stackalloc byte[CName.BufferBytes]).Bytes)
        fixed (byte* to = new CName(name, stackalloc byte[CName.BufferBytes]).Bytes)
        {
            int error = Sys.Call(Libc.RenameAt(directory, from, directory, to));

            // A rename between two names of one inode does nothing and leaves both.
            _ = Libc.UnlinkAt(directory, from, 0);
            return error;
        }
    }

    private static unsafe int Create(int directory, byte[] at, TreeNode node)
    {
        fixed (byte* name = new CName(at, stackalloc byte[CName.BufferBytes]).Bytes)
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
}
