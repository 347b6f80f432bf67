using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace GatewayOS.Store.Trees;

/// <summary>Appends the primitive fields of FORMAT.md ("Primitive encodings") to a growing pooled buffer.</summary>
internal sealed class ByteWriter
{
    private byte[] _buffer = new byte[4096];

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, Length);

    public void Clear() => Length = 0;

    public void Byte(byte value)
    {
        Reserve(1);
        _buffer[Length++] = value;
    }

    public void UInt16(ushort value)
    {
        Reserve(2);
        BinaryPrimitives.WriteUInt16LittleEndian(_buffer.AsSpan(Length), value);
        Length += 2;
    }

    public void Int64(long value)
    {
        Reserve(8);
        BinaryPrimitives.WriteInt64LittleEndian(_buffer.AsSpan(Length), value);
        Length += 8;
    }

    public void Varint(ulong value)
    {
        Reserve(10);
        while (value >= 0x80)
        {
            _buffer[Length++] = (byte)(value | 0x80);
            value >>= 7;
        }

        _buffer[Length++] = (byte)value;
    }

    public void Raw(ReadOnlySpan<byte> bytes)
    {
        Reserve(bytes.Length);
        bytes.CopyTo(_buffer.AsSpan(Length));
        Length += bytes.Length;
    }

    public void Bytes(ReadOnlySpan<byte> bytes)
    {
        Varint((ulong)bytes.Length);
        Raw(bytes);
    }

    public void Text(string text)
    {
        int count = Encoding.UTF8.GetByteCount(text);
        Varint((ulong)count);
        Reserve(count);
        Length += Encoding.UTF8.GetBytes(text, _buffer.AsSpan(Length));
    }

    public void Hash(ContentHash hash)
    {
        Reserve(ContentHash.SizeBytes);
        hash.CopyTo(_buffer.AsSpan(Length));
        Length += ContentHash.SizeBytes;
    }

    private void Reserve(int bytes)
    {
        if (_buffer.Length - Length < bytes)
        {
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, Length + bytes));
        }
    }
}

/// <summary>Reads primitive fields; every overrun or absurd value is an <see cref="InvalidDataException"/>, never a wild read.</summary>
internal ref struct ByteCursor
{
    private ReadOnlySpan<byte> _rest;

    public ByteCursor(ReadOnlySpan<byte> bytes) => _rest = bytes;

    public readonly int Remaining => _rest.Length;

    public byte Byte() => Raw(1)[0];

    public ushort UInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Raw(2));

    public long Int64() => BinaryPrimitives.ReadInt64LittleEndian(Raw(8));

    public ulong Varint()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            byte next = Byte();
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }

        throw new InvalidDataException("a number is longer than 64 bits");
    }

    public int Count(int max)
    {
        ulong value = Varint();
        return value <= (ulong)max ? (int)value : throw new InvalidDataException($"a count is {value}, more than the limit {max}");
    }

    public long Length()
    {
        ulong value = Varint();
        return value <= long.MaxValue ? (long)value : throw new InvalidDataException("a length is over 2^63");
    }

    public uint UInt32()
    {
        ulong value = Varint();
        return value <= uint.MaxValue ? (uint)value : throw new InvalidDataException("a 32-bit field is too large");
    }

    public ReadOnlySpan<byte> Raw(int bytes)
    {
        if (bytes > _rest.Length)
        {
            throw new InvalidDataException("a field reaches past the end");
        }

        ReadOnlySpan<byte> field = _rest[..bytes];
        _rest = _rest[bytes..];
        return field;
    }

    public ReadOnlySpan<byte> Bytes() => Raw(Count(_rest.Length));

    public ContentHash Hash() => new(Raw(ContentHash.SizeBytes));
}
