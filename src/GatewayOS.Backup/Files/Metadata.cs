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

    // Set-user-ID and set-group-ID.
    private const uint SetIdBits = 0b110_000_000_000;

    /// <summary>True when a policy lets a snapshot's entry replace what is there.</summary>
    public static bool Replaces(OverwritePolicy policy, in FileStat there, TreeNode node) => policy switch
    {
        OverwritePolicy.Always => true,
        OverwritePolicy.Never => false,
        OverwritePolicy.IfNewer => node.ModifiedNs > there.ModifiedNs,
        _ => there.Type != node.Type || node.Type != NodeType.File || there.SizeBytes != node.SizeBytes || there.ModifiedNs != node.ModifiedNs || IsForeignLink(there, node),
    };

    /// <summary>
    /// Brings the metadata of a file whose content is kept into line, touching nothing that is right already. Not of one with several names:
    /// one of them may be outside what is restored, planted to have another file's owner or mode changed.
    /// </summary>
    public static void Correct(int directory, TreeNode node, string path, RestoreProgress progress)
    {
        int fd = Sys.Open(directory, node.Name, Libc.OpenReadOnly | Libc.OpenNoFollow | Libc.OpenNonBlock);
        if (fd < 0)
        {
            Report(-fd, "metadata", path, progress);
            return;
        }

        if (FileStat.TryGet(fd, out FileStat stat) == 0 && stat is { Type: NodeType.File, LinkCount: 1 })
        {
            _ = Attributes.Read(fd, [], out ExtendedAttribute[] present);
            if (!IsSameOwnerAndMode(stat, node) || !AreSame(present, node.Attributes))
            {
                ApplyToFile(fd, node, path, progress, removeOthers: true);
            }
        }

        _ = Libc.Close(fd);
    }

    /// <summary>Applies owner, mode, attributes and times to an open file or directory.</summary>
    /// <param name="fd">The file.</param>
    /// <param name="node">Its entry.</param>
    /// <param name="path">For messages.</param>
    /// <param name="progress">Gets the problems.</param>
    /// <param name="removeOthers">Takes off attributes that the entry does not have: for what was there, or inherited some.</param>
    public static void ApplyToFile(int fd, TreeNode node, string path, RestoreProgress progress, bool removeOthers)
    {
        int owner = Sys.Call(Libc.ChangeOwner(fd, node.UserId, node.GroupId));
        Report(owner, "owner", path, progress);
        Report(Sys.Call(Libc.ChangeMode(fd, ModeUnder(owner, node))), "mode", path, progress);
        if (removeOthers)
        {
            Attributes.RemoveOthers(fd, [], node.Attributes);
        }

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
    /// <param name="directory">Its directory.</param>
    /// <param name="at">Its name there, which may be a temporary one.</param>
    /// <param name="node">Its entry.</param>
    /// <param name="path">For messages.</param>
    /// <param name="progress">Gets the problems.</param>
    /// <param name="removeOthers">Takes off attributes that it inherited.</param>
    public static void ApplyByName(int directory, byte[] at, TreeNode node, string path, RestoreProgress progress, bool removeOthers)
    {
        fixed (byte* name = new CName(at, stackalloc byte[CName.BufferBytes]).Bytes)
        {
            int owner = Sys.Call(Libc.ChangeOwnerAt(directory, name, node.UserId, node.GroupId, Libc.AtSymlinkNoFollow));
            Report(owner, "owner", path, progress);
            if (node.Type != NodeType.Symlink)
            {
                // Without following: a link put in its place by now must not have its target's mode changed.
                Report(Sys.Call(Libc.ChangeModeAt(directory, name, ModeUnder(owner, node), Libc.AtSymlinkNoFollow)), "mode", path, progress);
            }

            if (removeOthers)
            {
                Attributes.RemoveOthers(-1, [.. Sys.ProcPath(directory, at), 0], node.Attributes);
            }

            if (node.Attributes.Length > 0)
            {
                (int error, byte[] attribute) = Attributes.Write(-1, [.. Sys.ProcPath(directory, at), 0], node.Attributes);
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

    // A file of several names with other metadata than the snapshot's: it cannot be corrected in place (see Correct), only replaced.
    private static bool IsForeignLink(in FileStat there, TreeNode node) => there.LinkCount > 1 && !IsSameOwnerAndMode(there, node);

    private static bool IsSameOwnerAndMode(in FileStat there, TreeNode node) => there.UserId == node.UserId && there.GroupId == node.GroupId && there.Mode == node.Mode;

    // Set-ID bits were given for an owner. On a file that stays the restoring user's they would lend that user's rights to everybody.
    private static uint ModeUnder(int ownerError, TreeNode node) =>
        ownerError == 0 || node.Type == NodeType.Directory ? node.Mode : node.Mode & ~SetIdBits;

    private static bool AreSame(ExtendedAttribute[] left, ExtendedAttribute[] right)
    {
        for (int i = 0; left.Length == right.Length && i < left.Length; i++)
        {
            if (!left[i].Name.AsSpan().SequenceEqual(right[i].Name) || !left[i].Value.AsSpan().SequenceEqual(right[i].Value))
            {
                return false;
            }
        }

        return left.Length == right.Length;
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
