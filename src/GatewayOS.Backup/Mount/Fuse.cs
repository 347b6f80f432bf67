using System.Buffers.Binary;
using System.Runtime.InteropServices;
using GatewayOS.Backup.Posix;
using GatewayOS.Store.Trees;

namespace GatewayOS.Backup.Mount;

/// <summary>Debian's libfuse3, its path-based interface (fuse.h of version 3.1 and later).</summary>
internal static unsafe partial class Fuse
{
    /// <summary>Entries of <c>struct fuse_operations</c>, in the header's order.</summary>
    public const int OperationCount = 42;

    public const int GetAttr = 0;
    public const int ReadLink = 1;
    public const int Open = 12;
    public const int Read = 13;
    public const int StatFs = 15;
    public const int GetXattr = 20;
    public const int ListXattr = 21;
    public const int ReadDir = 24;

    public const int Init = 27;

    /// <summary>Offsets in <c>struct fuse_config</c> of the 64-bit interface.</summary>
    public const int ConfigUseInode = 64;
    public const int ConfigKernelCache = 76;

    public const int ErofsError = 30;

    private const string Library = "libfuse3.so.3";
    private const int StatBytes = 144;

    [LibraryImport(Library, EntryPoint = "fuse_new")]
    public static partial nint New(Arguments* arguments, nint* operations, nint operationsBytes, nint data);

    [LibraryImport(Library, EntryPoint = "fuse_mount")]
    public static partial int Mount(nint fuse, byte* mountPoint);

    [LibraryImport(Library, EntryPoint = "fuse_loop_mt")]
    public static partial int Loop(nint fuse, nint config);

    [LibraryImport(Library, EntryPoint = "fuse_exit")]
    public static partial void Exit(nint fuse);

    [LibraryImport(Library, EntryPoint = "fuse_unmount")]
    public static partial void Unmount(nint fuse);

    [LibraryImport(Library, EntryPoint = "fuse_destroy")]
    public static partial void Destroy(nint fuse);

    /// <summary><c>struct fuse_args</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Arguments
    {
        public int Count;
        public byte** Values;
        public int Allocated;
    }

    /// <summary>Fills in a <c>struct stat</c>, whose layout depends on the processor.</summary>
    public static void WriteStat(byte* destination, TreeNode node, ulong inode)
    {
        const int blockBytes = 512;
        const long nsPerSecond = 1_000_000_000;
        var stat = new Span<byte>(destination, StatBytes);
        stat.Clear();
        bool arm = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;
        BinaryPrimitives.WriteUInt64LittleEndian(stat[8..], inode);
        BinaryPrimitives.WriteUInt32LittleEndian(stat[(arm ? 20 : 16)..], node.LinkCount);
        BinaryPrimitives.WriteUInt32LittleEndian(stat[(arm ? 16 : 24)..], TypeBits(node.Type) | node.Mode);
        BinaryPrimitives.WriteUInt32LittleEndian(stat[(arm ? 24 : 28)..], node.UserId);
        BinaryPrimitives.WriteUInt32LittleEndian(stat[(arm ? 28 : 32)..], node.GroupId);
        BinaryPrimitives.WriteUInt64LittleEndian(stat[(arm ? 32 : 40)..], node.DeviceNumber);
        long size = node.Type switch { NodeType.File => node.SizeBytes, NodeType.Symlink => node.LinkTarget.Length, _ => 0 };
        BinaryPrimitives.WriteInt64LittleEndian(stat[48..], size);
        BinaryPrimitives.WriteInt32LittleEndian(stat[56..], 4096);
        long holes = node.Content.Depth > 0 ? 0 : node.Content.Parts.Where(static part => part.Kind == PartKind.Hole).Sum(static part => part.LengthBytes);
        BinaryPrimitives.WriteInt64LittleEndian(stat[64..], (size - holes + blockBytes - 1) / blockBytes);
        foreach ((int offset, long time) in ((int, long)[])[(72, node.ModifiedNs), (88, node.ModifiedNs), (104, node.ChangedNs)])
        {
            long seconds = (long)Math.Floor((decimal)time / nsPerSecond);
            BinaryPrimitives.WriteInt64LittleEndian(stat[offset..], seconds);
            BinaryPrimitives.WriteInt64LittleEndian(stat[(offset + 8)..], time - (seconds * nsPerSecond));
        }
    }

    private static uint TypeBits(NodeType type) => type switch
    {
        NodeType.File => 0x8000,
        NodeType.Directory => 0x4000,
        NodeType.Symlink => 0xa000,
        NodeType.Fifo => 0x1000,
        NodeType.CharacterDevice => 0x2000,
        NodeType.BlockDevice => 0x6000,
        _ => 0xc000,
    };
}
