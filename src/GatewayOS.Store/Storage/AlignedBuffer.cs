using System.Runtime.InteropServices;

namespace GatewayOS.Store.Storage;

/// <summary>Pinned memory that begins where direct I/O may begin. Goes with the collector; its content at first is whatever was there.</summary>
public sealed class AlignedBuffer
{
    private readonly byte[] _memory;
    private readonly int _start;

    /// <summary>Allocates; the system gives memory only to pages that are touched.</summary>
    /// <param name="bytes">Length.</param>
    public AlignedBuffer(int bytes)
    {
        _memory = GC.AllocateUninitializedArray<byte>(bytes + PosixFile.DirectAlignBytes, pinned: true);
        nint address = Marshal.UnsafeAddrOfPinnedArrayElement(_memory, 0);
        _start = (int)(-address & (PosixFile.DirectAlignBytes - 1));
        Length = bytes;
    }

    /// <summary>Bytes in it.</summary>
    public int Length { get; }

    /// <summary>All of it.</summary>
    public Span<byte> Span => _memory.AsSpan(_start, Length);
}
