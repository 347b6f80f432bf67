using System.Runtime.InteropServices;

namespace GatewayOS.Store.Storage;

/// <summary>Pinned memory that begins where direct I/O may begin. Goes with the collector; its content at first is whatever was there.</summary>
public sealed class AlignedBuffer
{
    /// <summary>
    /// What offset, length and address of direct I/O are multiples of, in bytes. Serves every disk in use: O_DIRECT wants the logical block, which
    /// is 512 or 4096 bytes (open(2)).
    /// </summary>
    public const int AlignBytes = 4096;

    // From here on the translation of addresses costs more than huge pages waste.
    private const int HugeFromBytes = 8 * 1024 * 1024;

    private readonly byte[] _memory;
    private readonly int _start;

    /// <summary>Allocates; the system gives memory only to pages that are touched.</summary>
    /// <param name="bytes">Length.</param>
    public AlignedBuffer(int bytes)
    {
        _memory = GC.AllocateUninitializedArray<byte>(bytes + AlignBytes, pinned: true);
        nint address = Marshal.UnsafeAddrOfPinnedArrayElement(_memory, 0);
        _start = (int)(-address & (AlignBytes - 1));
        Length = bytes;
        if (bytes >= HugeFromBytes)
        {
            Libc.AdviseHugePages(address + _start, bytes);
        }
    }

    /// <summary>Bytes in it.</summary>
    public int Length { get; }

    /// <summary>All of it.</summary>
    public Span<byte> Span => _memory.AsSpan(_start, Length);
}
