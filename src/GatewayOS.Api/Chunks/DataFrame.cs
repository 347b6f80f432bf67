using System.Buffers;
using Google.Protobuf;
using Grpc.Core;

namespace GatewayOS.Api.Chunks;

/// <summary>
/// The message <c>gatewayos.v1.Frame</c> with its bytes in a pooled buffer: what a stream of chunks is made of, without an allocation of a
/// megabyte each. On the wire it is that message. Whoever has one disposes of it.
/// </summary>
public sealed class DataFrame : IDisposable
{
    /// <summary>Longest message taken: a group of 2 MiB of chunks, its directory and the fields around them.</summary>
    public const int BytesMax = 4 * 1024 * 1024;

    /// <summary>Most hashes in an ASK.</summary>
    public const int HashesMax = 2048;

    private const uint KindTag = 1 << 3;
    private const uint GroupTag = 2 << 3;
    private const uint HeadTag = (3 << 3) | 2;
    private const uint PayloadTag = (4 << 3) | 2;

    private byte[]? _rented;

    private DataFrame(Frame.Types.Kind kind, ulong group, ReadOnlyMemory<byte> head, ReadOnlyMemory<byte> payload, byte[]? rented)
    {
        (Kind, Group, Head, Payload, _rented) = (kind, group, head, payload, rented);
    }

    /// <summary>Writes and reads frames.</summary>
    public static Marshaller<DataFrame> Marshaller { get; } = Marshallers.Create<DataFrame>(Serialize, Deserialize);

    /// <summary>What it is.</summary>
    public Frame.Types.Kind Kind { get; }

    /// <summary>Number of the group of chunks it is about.</summary>
    public ulong Group { get; }

    /// <summary>Hashes, rows or bits; valid until disposal.</summary>
    public ReadOnlyMemory<byte> Head { get; }

    /// <summary>Stored bytes; valid until disposal.</summary>
    public ReadOnlyMemory<byte> Payload { get; }

    /// <summary>A frame over the caller's own bytes, which must stay until it is written.</summary>
    public static DataFrame Over(Frame.Types.Kind kind, ulong group, ReadOnlyMemory<byte> head = default, ReadOnlyMemory<byte> payload = default) => new(kind, group, head, payload, rented: null);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _rented, null) is { } rented)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    private static void Serialize(DataFrame frame, SerializationContext context)
    {
        int length = 0;
        length += frame.Kind == Frame.Types.Kind.Ask ? 0 : 1 + CodedOutputStream.ComputeEnumSize((int)frame.Kind);
        length += frame.Group == 0 ? 0 : 1 + CodedOutputStream.ComputeUInt64Size(frame.Group);
        length += frame.Head.IsEmpty ? 0 : 1 + CodedOutputStream.ComputeLengthSize(frame.Head.Length) + frame.Head.Length;
        length += frame.Payload.IsEmpty ? 0 : 1 + CodedOutputStream.ComputeLengthSize(frame.Payload.Length) + frame.Payload.Length;
        context.SetPayloadLength(length);
        IBufferWriter<byte> writer = context.GetBufferWriter();
        WriteNumber(writer, KindTag, (ulong)frame.Kind);
        WriteNumber(writer, GroupTag, frame.Group);
        WriteBytes(writer, HeadTag, frame.Head.Span);
        WriteBytes(writer, PayloadTag, frame.Payload.Span);
        context.Complete();
    }

    private static void WriteNumber(IBufferWriter<byte> writer, uint tag, ulong value)
    {
        if (value != 0)
        {
            Span<byte> bytes = writer.GetSpan(11);
            bytes[0] = (byte)tag;
            writer.Advance(1 + WriteVarint(bytes[1..], value));
        }
    }

    private static void WriteBytes(IBufferWriter<byte> writer, uint tag, ReadOnlySpan<byte> value)
    {
        if (!value.IsEmpty)
        {
            Span<byte> bytes = writer.GetSpan(11);
            bytes[0] = (byte)tag;
            writer.Advance(1 + WriteVarint(bytes[1..], (ulong)value.Length));
            writer.Write(value);
        }
    }

    private static int WriteVarint(Span<byte> destination, ulong value)
    {
        int length = 0;
        for (; value >= 0x80; value >>= 7)
        {
            destination[length++] = (byte)(value | 0x80);
        }

        destination[length++] = (byte)value;
        return length;
    }

    private static DataFrame Deserialize(DeserializationContext context)
    {
        ReadOnlySequence<byte> bytes = context.PayloadAsReadOnlySequence();
        byte[] rented = ArrayPool<byte>.Shared.Rent(Math.Max(1, context.PayloadLength));
        try
        {
            bytes.CopyTo(rented);
            return Parse(rented, context.PayloadLength);
        }
        catch
        {
            ArrayPool<byte>.Shared.Return(rented);
            throw;
        }
    }

    private static DataFrame Parse(byte[] rented, int length)
    {
        int at = 0;
        ulong kind = 0;
        ulong group = 0;
        ReadOnlyMemory<byte> head = default;
        ReadOnlyMemory<byte> payload = default;
        while (at < length)
        {
            ulong tag = ReadVarint(rented, length, ref at);
            if (tag is HeadTag or PayloadTag)
            {
                int size = checked((int)ReadVarint(rented, length, ref at));
                Skip(size, length, ref at);
                ReadOnlyMemory<byte> value = rented.AsMemory(at - size, size);
                (head, payload) = tag == HeadTag ? (value, payload) : (head, value);
                continue;
            }

            switch (tag & 7)
            {
                case 0:
                    ulong number = ReadVarint(rented, length, ref at);
                    (kind, group) = tag == KindTag ? (number, group) : tag == GroupTag ? (kind, number) : (kind, group);
                    break;
                case 1:
                    Skip(8, length, ref at);
                    break;
                case 2:
                    Skip(checked((int)ReadVarint(rented, length, ref at)), length, ref at);
                    break;
                case 5:
                    Skip(4, length, ref at);
                    break;
                default:
                    throw new InvalidDataException("A frame holds a field of unknown form.");
            }
        }

        return kind <= (ulong)Frame.Types.Kind.Stored
            ? new DataFrame((Frame.Types.Kind)kind, group, head, payload, rented)
            : throw new InvalidDataException($"A frame has the unknown kind {kind}.");
    }

    private static void Skip(int size, int length, ref int at)
    {
        if (size < 0 || size > length - at)
        {
            throw new InvalidDataException("A frame ends within a field.");
        }

        at += size;
    }

    private static ulong ReadVarint(byte[] bytes, int length, ref int at)
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            if (at >= length)
            {
                throw new InvalidDataException("A frame ends within a number.");
            }

            byte next = bytes[at++];
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }

        throw new InvalidDataException("A frame holds a number that is too long.");
    }
}
