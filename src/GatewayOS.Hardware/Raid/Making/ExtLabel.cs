using System.Buffers.Binary;
using System.Text;

namespace GatewayOS.Hardware.Raid.Making;

/// <summary>The label of an ext4 file system (Linux, Documentation/filesystems/ext4/super.rst): magic 0xEF53 at byte 56 of the superblock, name at byte 120.</summary>
internal static class ExtLabel
{
    private const int SuperblockAt = 1024;
    private const int SuperblockBytes = 1024;
    private const int MagicAt = 56;
    private const int NameAt = 120;
    private const int NameBytes = 16;
    private const ushort Magic = 0xEF53;

    /// <summary>Reads it.</summary>
    /// <param name="device">The device; it stays the caller's.</param>
    /// <returns>Null when there is no such file system.</returns>
    public static string? Read(Stream device)
    {
        byte[] block = new byte[SuperblockBytes];
        device.Position = SuperblockAt;
        device.ReadExactly(block);
        return BinaryPrimitives.ReadUInt16LittleEndian(block.AsSpan(MagicAt)) == Magic ? Encoding.ASCII.GetString(block.AsSpan(NameAt, NameBytes)).TrimEnd('\0') : null;
    }
}
