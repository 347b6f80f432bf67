using System.Buffers.Binary;
using GatewayOS.Store.Trees;

namespace GatewayOS.Backup.Posix;

/// <summary>What statx(2) says of a file, as far as a backup needs it.</summary>
internal readonly struct FileStat
{
    private const uint TypeMask = 0xf000;
    private const ulong AttributeImmutable = 0x10;
    private const ulong AttributeAppend = 0x20;
    private const ulong AttributeNoDump = 0x40;
    private const long NsPerSecond = 1_000_000_000;

    private FileStat(ReadOnlySpan<byte> raw)
    {
        ulong attributes = BinaryPrimitives.ReadUInt64LittleEndian(raw[8..]);
        LinkCount = BinaryPrimitives.ReadUInt32LittleEndian(raw[16..]);
        UserId = BinaryPrimitives.ReadUInt32LittleEndian(raw[20..]);
        GroupId = BinaryPrimitives.ReadUInt32LittleEndian(raw[24..]);
        FullMode = BinaryPrimitives.ReadUInt16LittleEndian(raw[28..]);
        Inode = BinaryPrimitives.ReadUInt64LittleEndian(raw[32..]);
        SizeBytes = BinaryPrimitives.ReadInt64LittleEndian(raw[40..]);
        Blocks = BinaryPrimitives.ReadInt64LittleEndian(raw[48..]);
        ChangedNs = Time(raw[96..]);
        ModifiedNs = Time(raw[112..]);
        DeviceNumber = MakeDevice(raw[128..]);
        Device = MakeDevice(raw[136..]);
        Flags = Mark(attributes, AttributeImmutable, NodeFlags.Immutable) | Mark(attributes, AttributeAppend, NodeFlags.AppendOnly) | Mark(attributes, AttributeNoDump, NodeFlags.NoDump);
    }

    public uint LinkCount { get; }

    public uint UserId { get; }

    public uint GroupId { get; }

    public uint FullMode { get; }

    public uint Mode => FullMode & 0xfff;

    public ulong Inode { get; }

    public long SizeBytes { get; }

    /// <summary>Allocated blocks of 512 bytes.</summary>
    public long Blocks { get; }

    public long ChangedNs { get; }

    public long ModifiedNs { get; }

    public ulong DeviceNumber { get; }

    public ulong Device { get; }

    public NodeFlags Flags { get; }

    public NodeType Type => (FullMode & TypeMask) switch
    {
        0x8000 => NodeType.File,
        0x4000 => NodeType.Directory,
        0xa000 => NodeType.Symlink,
        0x1000 => NodeType.Fifo,
        0x2000 => NodeType.CharacterDevice,
        0x6000 => NodeType.BlockDevice,
        _ => NodeType.Socket,
    };

    /// <summary>Stats a name in a directory without following a link there.</summary>
    /// <returns>0, or the error number.</returns>
    public static unsafe int TryGet(int directory, ReadOnlySpan<byte> name, out FileStat stat)
    {
        byte* raw = stackalloc byte[Libc.StatBytes];
        fixed (byte* path = new CName(name, stackalloc byte[CName.BufferBytes]).Bytes)
        {
            int error = Sys.Call(Libc.StatX(directory, path, Libc.AtSymlinkNoFollow, Libc.StatBasic, raw));
            stat = error == 0 ? new FileStat(new ReadOnlySpan<byte>(raw, Libc.StatBytes)) : default;
            return error;
        }
    }

    /// <summary>Stats an open file.</summary>
    /// <returns>0, or the error number.</returns>
    public static unsafe int TryGet(int fd, out FileStat stat)
    {
        byte* raw = stackalloc byte[Libc.StatBytes];
        byte empty = 0;
        int error = Sys.Call(Libc.StatX(fd, &empty, Libc.AtEmptyPath, Libc.StatBasic, raw));
        stat = error == 0 ? new FileStat(new ReadOnlySpan<byte>(raw, Libc.StatBytes)) : default;
        return error;
    }

    private static NodeFlags Mark(ulong attributes, ulong bit, NodeFlags flag) => (attributes & bit) != 0 ? flag : NodeFlags.None;

    // Times beyond the 64-bit nanosecond range (before 1677, after 2262) are kept at its ends.
    private static long Time(ReadOnlySpan<byte> timestamp)
    {
        long seconds = BinaryPrimitives.ReadInt64LittleEndian(timestamp);
        uint nanoseconds = BinaryPrimitives.ReadUInt32LittleEndian(timestamp[8..]);
        seconds = Math.Clamp(seconds, (long.MinValue / NsPerSecond) + 1, (long.MaxValue / NsPerSecond) - 1);
        return (seconds * NsPerSecond) + nanoseconds;
    }

    // glibc's makedev.
    private static ulong MakeDevice(ReadOnlySpan<byte> majorMinor)
    {
        ulong major = BinaryPrimitives.ReadUInt32LittleEndian(majorMinor);
        ulong minor = BinaryPrimitives.ReadUInt32LittleEndian(majorMinor[4..]);
        return ((major & 0xfffff000) << 32) | ((major & 0xfff) << 8) | ((minor & 0xffffff00) << 12) | (minor & 0xff);
    }
}

/// <summary>A name with the NUL that system calls want, in the caller's stack space when it is short.</summary>
internal readonly ref struct CName
{
    /// <summary>Space to offer: enough for any single name.</summary>
    public const int BufferBytes = 264;

    public CName(ReadOnlySpan<byte> name, Span<byte> buffer)
    {
        Span<byte> space = name.Length < buffer.Length ? buffer : new byte[name.Length + 1];
        name.CopyTo(space);
        space[name.Length] = 0;
        Bytes = space[..(name.Length + 1)];
    }

    public ReadOnlySpan<byte> Bytes { get; }
}
