using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Pipelines;
using Grpc.Core;

namespace Grpc.Wire;

/// <summary>
/// Reads length-prefixed messages out of a pipe. A message is handed to its marshaller in the buffers it came in; nothing is copied unless it
/// is compressed. A length beyond the limit is refused before any of the message is waited for.
/// </summary>
/// <param name="pipe">The bytes.</param>
/// <param name="bytesMax">Longest message, decompressed; null for no limit.</param>
/// <param name="encoding">What compressed messages are compressed with; null when the peer said nothing.</param>
internal sealed class FrameReader(PipeReader pipe, int? bytesMax, string? encoding)
{
    private readonly PayloadContext _context = new();

    /// <summary>Reads a message.</summary>
    /// <returns>Whether there was one, and the message.</returns>
    /// <exception cref="RpcException">The bytes are no messages, or one is too long.</exception>
    public async ValueTask<(bool Found, T? Message)> ReadAsync<T>(Marshaller<T> marshaller, CancellationToken cancellation)
    {
        while (true)
        {
            ReadResult result = await pipe.ReadAsync(cancellation).ConfigureAwait(false);
            ReadOnlySequence<byte> buffer = result.Buffer;
            if (result.IsCanceled)
            {
                pipe.AdvanceTo(buffer.Start, buffer.Start);
                throw new OperationCanceledException(cancellation);
            }

            if (TryTake(buffer, marshaller, out T? message, out SequencePosition end))
            {
                pipe.AdvanceTo(end, end);
                return (true, message);
            }

            if (result.IsCompleted)
            {
                bool cut = !buffer.IsEmpty;
                pipe.AdvanceTo(buffer.End);
                return cut ? throw new RpcException(new Status(StatusCode.Internal, "The stream ends within a message.")) : (false, default);
            }

            pipe.AdvanceTo(buffer.Start, buffer.End);
        }
    }

    private bool TryTake<T>(ReadOnlySequence<byte> buffer, Marshaller<T> marshaller, out T? message, out SequencePosition end)
    {
        message = default;
        end = buffer.Start;
        if (buffer.Length < GrpcProtocol.FrameHeadBytes)
        {
            return false;
        }

        Span<byte> head = stackalloc byte[GrpcProtocol.FrameHeadBytes];
        buffer.Slice(0, GrpcProtocol.FrameHeadBytes).CopyTo(head);
        if (head[0] > 1)
        {
            throw new RpcException(new Status(StatusCode.Internal, $"A message begins with flag {head[0]}; 0 and 1 are known."));
        }

        uint length = BinaryPrimitives.ReadUInt32BigEndian(head[1..]);
        if (length > (uint)(bytesMax ?? int.MaxValue))
        {
            throw TooLong(length);
        }

        if (buffer.Length < GrpcProtocol.FrameHeadBytes + (long)length)
        {
            return false;
        }

        ReadOnlySequence<byte> payload = buffer.Slice(GrpcProtocol.FrameHeadBytes, length);
        end = payload.End;
        message = Deserialize(head[0] == 1 ? Decompress(payload) : payload, marshaller);
        return true;
    }

    private T Deserialize<T>(ReadOnlySequence<byte> payload, Marshaller<T> marshaller)
    {
        _context.Payload = payload;
        try
        {
            return marshaller.ContextualDeserializer(_context);
        }
        catch (Exception error) when (error is not RpcException)
        {
            throw new RpcException(new Status(StatusCode.Internal, "A message cannot be decoded.", error));
        }
        finally
        {
            _context.Payload = default;
        }
    }

    private ReadOnlySequence<byte> Decompress(ReadOnlySequence<byte> payload)
    {
        if (encoding != GrpcProtocol.Gzip)
        {
            throw new RpcException(new Status(StatusCode.Internal, encoding is null or GrpcProtocol.Identity
                ? "A message is marked as compressed, and the call names no compression."
                : $"A message is compressed with '{encoding}', which is not supported."));
        }

        // .NET's gzip makes nothing out of nothing, not even a header: such peers mean a message of no bytes.
        if (payload.IsEmpty)
        {
            return payload;
        }

        var output = new ArrayBufferWriter<byte>();
        try
        {
            using var gzip = new GZipStream(new MemoryStream(payload.ToArray()), CompressionMode.Decompress);
            while (gzip.Read(output.GetSpan(16 * 1024)) is int read and > 0)
            {
                output.Advance(read);
                if (bytesMax is { } limit && output.WrittenCount > limit)
                {
                    throw TooLong((uint)output.WrittenCount);
                }
            }
        }
        catch (InvalidDataException error)
        {
            throw new RpcException(new Status(StatusCode.Internal, "A compressed message cannot be decompressed.", error));
        }

        return new ReadOnlySequence<byte>(output.WrittenMemory);
    }

    private RpcException TooLong(uint length) =>
        new(new Status(StatusCode.ResourceExhausted, $"A received message of {length} bytes or more is beyond the limit of {bytesMax ?? int.MaxValue} bytes (MaxReceiveMessageSize)."));

    private sealed class PayloadContext : DeserializationContext
    {
        public ReadOnlySequence<byte> Payload { get; set; }

        public override int PayloadLength => (int)Payload.Length;

        public override byte[] PayloadAsNewBuffer() => Payload.ToArray();

        public override ReadOnlySequence<byte> PayloadAsReadOnlySequence() => Payload;
    }
}
