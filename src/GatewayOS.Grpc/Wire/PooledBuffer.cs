using System.Buffers;

namespace Grpc.Wire;

/// <summary>A buffer that grows in arrays of the shared pool and gives them back after every use. Belongs to one writer at a time.</summary>
internal sealed class PooledBuffer : IBufferWriter<byte>
{
    private const int FirstBytes = 256;

    private byte[] _array = [];

    public int WrittenBytes { get; private set; }

    public ReadOnlyMemory<byte> Written => _array.AsMemory(0, WrittenBytes);

    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)count, (uint)(_array.Length - WrittenBytes));
        WrittenBytes += count;
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(Math.Max(1, sizeHint));
        return _array.AsMemory(WrittenBytes);
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    /// <summary>Makes room for this many bytes at once, so that a message whose length is known is never copied to grow.</summary>
    public void Reserve(int bytes)
    {
        if (bytes <= _array.Length - WrittenBytes)
        {
            return;
        }

        byte[] larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(Array.MaxLength, Math.Max((long)WrittenBytes + bytes, Math.Max(FirstBytes, 2L * _array.Length))));
        Written.CopyTo(larger);
        int written = WrittenBytes;
        Release();
        (_array, WrittenBytes) = (larger, written);
    }

    /// <summary>Gives the array back: nobody may still read from it.</summary>
    public void Release()
    {
        if (_array.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_array);
        }

        Forget();
    }

    /// <summary>Leaves the array to the collector: after a failed write somebody may still read from it.</summary>
    public void Forget() => (_array, WrittenBytes) = ([], 0);
}
