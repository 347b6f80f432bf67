using GatewayOS.Backup.Posix;
using GatewayOS.Store.Trees;

namespace GatewayOS.Backup.Files;

/// <summary>
/// Puts metadata back, in the order in which nothing undoes what came before: owner (which clears set-ID bits and capabilities), mode,
/// attributes (ACLs may narrow the mode, capabilities survive), times. Inode flags come last of all, when nothing is to be linked any more.
/// </summary>
internal static unsafe class Metadata
{
    private const long NsPerSecond = 1_000_000_000;
    private const int FlagImmutable = 0x10;
    private const int FlagAppendOnly = 0x20;
    private const int FlagNoDump = 0x40;

    /// <summary>True when a policy lets a snapshot's entry replace what is there.</summary>
    public static bool Replaces(OverwritePolicy policy, in FileStat there, TreeNode node) => policy switch
    {
        OverwritePolicy.Always => true,
        OverwritePolicy.Never => false,
        OverwritePolicy.IfNewer => node.ModifiedNs > there.ModifiedNs,
        _ => there.Type != node.Type || there.SizeBytes != node.SizeBytes || there.ModifiedNs != node.ModifiedNs,
    };

    /// <summary>Applies owner, mode, attributes and times to an open file or directory.</summary>
    public static void ApplyToFile(int fd, TreeNode node, string path, RestoreProgress progress)
    {
        Report(Sys.Call(Libc.ChangeOwner(fd, node.UserId, node.GroupId)), "owner", path, progress);
        Report(Sys.Call(Libc.ChangeMode(fd, node.Mode)), "mode", path, progress);
        if (node.Attributes.Length > 0)
        {
            (int error, byte[] name) = Attributes.Write(fd, [], node.Attributes);
            Report(error, $"extended attribute {ByteName.Escape(name)}", path, progress);
        }

        long* times = stackalloc long[4];
        SplitTimes(node.ModifiedNs, times);
        Report(Sys.Call(Libc.SetTimes(fd, times)), "time", path, progress);
    }

    /// <summary>Applies owner, mode, attributes and times to what cannot be opened: links, devices, pipes, sockets.</summary>
    public static void ApplyByName(int directory, TreeNode node, string path, RestoreProgress progress)
    {
        fixed (byte* name = new CName(node.Name, stackalloc byte[CName.BufferBytes]).Bytes)
        {
            Report(Sys.Call(Libc.ChangeOwnerAt(directory, name, node.UserId, node.GroupId, Libc.AtSymlinkNoFollow)), "owner", path, progress);
            if (node.Type != NodeType.Symlink)
            {
                Report(Sys.Call(Libc.ChangeModeAt(directory, name, node.Mode, 0)), "mode", path, progress);
            }

            if (node.Attributes.Length > 0)
            {
                (int error, byte[] attribute) = Attributes.Write(-1, [.. Sys.ProcPath(directory, node.Name), 0], node.Attributes);
                Report(error, $"extended attribute {ByteName.Escape(attribute)}", path, progress);
            }

            long* times = stackalloc long[4];
            SplitTimes(node.ModifiedNs, times);
            Report(Sys.Call(Libc.SetTimesAt(directory, name, times, Libc.AtSymlinkNoFollow)), "time", path, progress);
        }
    }

    /// <summary>Sets immutable, append-only and no-dump on a file or directory.</summary>
    public static void ApplyFlags(int directory, TreeNode node, string path, RestoreProgress progress)
    {
        int fd = Sys.Open(directory, node.Name, Libc.OpenReadOnly | Libc.OpenNoFollow | Libc.OpenNonBlock);
        if (fd < 0)
        {
            Report(-fd, "inode flags", path, progress);
            return;
        }

        int flags = 0;
        int error = Sys.Call(Libc.Control(fd, Libc.GetFlags, &flags));
        flags |= node.Flags.HasFlag(NodeFlags.Immutable) ? FlagImmutable : 0;
        flags |= node.Flags.HasFlag(NodeFlags.AppendOnly) ? FlagAppendOnly : 0;
        flags |= node.Flags.HasFlag(NodeFlags.NoDump) ? FlagNoDump : 0;
        error = error != 0 ? error : Sys.Call(Libc.Control(fd, Libc.SetFlags, &flags));
        _ = Libc.Close(fd);
        Report(error, "inode flags (immutable, append-only, no-dump)", path, progress);
    }

    private static void Report(int error, string what, string path, RestoreProgress progress)
    {
        if (error == 0)
        {
            return;
        }

        string reason = $"its {what} cannot be set: {Sys.Message(error)}";
        if (error is Libc.Eperm or Libc.Eacces or Libc.Enotsup)
        {
            progress.AddProblemOnce(what, path, $"{reason}; the same for other files is not repeated. Restore as root, to a file system that can hold it, to keep everything");
        }
        else
        {
            progress.AddProblem(path, reason);
        }
    }

    // The access time is not in the snapshot; it gets the modification time, which tools take for "not read since".
    private static void SplitTimes(long ns, long* times)
    {
        long seconds = Math.DivRem(ns, NsPerSecond, out long rest);
        if (rest < 0)
        {
            seconds--;
            rest += NsPerSecond;
        }

        times[0] = times[2] = seconds;
        times[1] = times[3] = rest;
    }
}
