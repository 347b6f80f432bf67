namespace GatewayOS.Store.Trees;

/// <summary>Type of a directory entry. The value is part of the format.</summary>
public enum NodeType : byte
{
    /// <summary>Regular file.</summary>
    File = 1,

    /// <summary>Directory.</summary>
    Directory = 2,

    /// <summary>Symbolic link.</summary>
    Symlink = 3,

    /// <summary>Named pipe.</summary>
    Fifo = 4,

    /// <summary>Character device.</summary>
    CharacterDevice = 5,

    /// <summary>Block device.</summary>
    BlockDevice = 6,

    /// <summary>Socket: recorded, and restored as an empty socket node.</summary>
    Socket = 7,
}

/// <summary>Marks of an entry. The values are part of the format.</summary>
[Flags]
public enum NodeFlags : ushort
{
    /// <summary>No mark.</summary>
    None = 0,

    /// <summary>The immutable attribute (chattr +i).</summary>
    Immutable = 1,

    /// <summary>The append-only attribute (chattr +a).</summary>
    AppendOnly = 2,

    /// <summary>The no-dump attribute (chattr +d).</summary>
    NoDump = 4,

    /// <summary>The file changed while it was read: its content may mix two states.</summary>
    ChangedWhileRead = 256,

    /// <summary>The content could not be read to its end, or the directory could not be listed; what is here is what there was.</summary>
    Incomplete = 512,
}

/// <summary>An extended attribute: name and value are bytes, as the kernel has them.</summary>
/// <param name="Name">Full name with its namespace, for instance <c>security.capability</c>.</param>
/// <param name="Value">The value, up to 64 KiB.</param>
public readonly record struct ExtendedAttribute(byte[] Name, byte[] Value);

/// <summary>
/// One directory entry with everything needed to restore it (POSIX.1-2017 stat fields, Linux xattrs, which carry ACLs and capabilities)
/// and to notice a change of it (ctime, inode). Names are bytes: any but NUL and '/'.
/// </summary>
public sealed class TreeNode
{
    /// <summary>Name in its directory; empty only for the root of a snapshot.</summary>
    public required byte[] Name { get; init; }

    /// <summary>Type.</summary>
    public required NodeType Type { get; init; }

    /// <summary>Permission bits with set-user-ID, set-group-ID and sticky: 07777.</summary>
    public uint Mode { get; init; }

    /// <summary>Owner.</summary>
    public uint UserId { get; init; }

    /// <summary>Owning group.</summary>
    public uint GroupId { get; init; }

    /// <summary>Owner's name at backup time, or empty.</summary>
    public string UserName { get; init; } = "";

    /// <summary>Group's name at backup time, or empty.</summary>
    public string GroupName { get; init; } = "";

    /// <summary>Modification time, nanoseconds since 1970-01-01 UTC; reaches from 1677 to 2262.</summary>
    public long ModifiedNs { get; init; }

    /// <summary>Status change time, nanoseconds since 1970-01-01 UTC. Only for change detection; cannot be restored.</summary>
    public long ChangedNs { get; init; }

    /// <summary>Size of a regular file as stat(2) gave it when it was read, in bytes.</summary>
    public long SizeBytes { get; init; }

    /// <summary>Inode number at backup time, for change detection and hard links.</summary>
    public ulong Inode { get; init; }

    /// <summary>Device number of the file system for entries with several links, else 0: with <see cref="Inode"/> it names a hard-link group.</summary>
    public ulong LinkDevice { get; init; }

    /// <summary>Number of hard links of the inode at backup time.</summary>
    public uint LinkCount { get; init; } = 1;

    /// <summary>Device number of a device node (makedev form), else 0.</summary>
    public ulong DeviceNumber { get; init; }

    /// <summary>Target of a symbolic link, else empty.</summary>
    public byte[] LinkTarget { get; init; } = [];

    /// <summary>Extended attributes in the kernel's order, sorted by name.</summary>
    public ExtendedAttribute[] Attributes { get; init; } = [];

    /// <summary>Marks. Settable because a read learns of a change only at its end.</summary>
    public NodeFlags Flags { get; set; }

    /// <summary>Content of a file, or the encoded entries of a directory. Settable because the pipeline knows it last.</summary>
    public ContentRef Content { get; set; } = ContentRef.Empty;
}
