using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using Grpc.Core;

namespace Grpc.Wire;

/// <summary>
/// Writes length-prefixed messages. When a marshaller says the length first, head and message go straight into the output's own buffer: it is
/// held to that length, as the next message would be read from the wrong place. Belongs to one writer at a time.
/// </summary>
/// <param name="bytesMax">Longest message sent; null for no limit.</param>
internal sealed class FrameWriter(int? bytesMax) : SerializationContext, IBufferWriter<byte>
{
    private readonly PooledBuffer _own = new();
    private IBufferWriter<byte>? _output;
    private byte[]? _payload;
    private int? _length;
    private long _written;
    private bool _compress;

    /// <summary>True when a message was begun and not ended: what follows could not be told from it, so the stream has to be reset.</summary>
    public bool IsBroken { get; private set; }

    private bool IsDirect => _length is not null && !_compress;

    /// <summary>Writes a message.</summary>
    /// <param name="output">Where to; the caller flushes.</param>
    /// <param name="marshaller">Writes the message.</param>
    /// <param name="message">The message.</param>
    /// <param name="compress">Compresses it with gzip.</param>
    /// <exception cref="RpcException">It is too long.</exception>
    /// <exception cref="InvalidOperationException">The marshaller writes another length than it says, or did so before.</exception>
    public void Write<T>(IBufferWriter<byte> output, Marshaller<T> marshaller, T message, bool compress)
    {
        if (IsBroken)
        {
            throw new InvalidOperationException("An earlier message was written in part only: nothing more can be written.");
        }

        (_output, _payload, _length, _written, _compress) = (output, null, null, 0, compress);
        try
        {
            marshaller.ContextualSerializer(message, this);
            if (IsDirect)
            {
                CheckWritten();
            }
            else
            {
                WriteWhole(output);
            }
        }
        catch when (IsDirect)
        {
            IsBroken = true;
            throw;
        }
        finally
        {
            _output = null;
            _own.Release();
        }
    }

    public override void SetPayloadLength(int payloadLength)
    {
        if (_length is not null)
        {
            throw new InvalidOperationException("The marshaller says the message's length twice.");
        }

        CheckLength(payloadLength);
        if (_compress)
        {
            _own.Reserve(payloadLength);
        }
        else
        {
            (_output as PooledBuffer)?.Reserve(GrpcProtocol.FrameHeadBytes + payloadLength);
            WriteHead(_output!, compressed: false, payloadLength);
        }

        _length = payloadLength;
    }

    public override IBufferWriter<byte> GetBufferWriter() => IsDirect ? this : _own;

    public override void Complete(byte[] payload)
    {
        if (IsDirect)
        {
            this.Write(payload);
            return;
        }

        _payload = payload;
    }

    public override void Complete()
    {
        // Written already, or in the own buffer.
    }

    void IBufferWriter<byte>.Advance(int count)
    {
        _output!.Advance(count);
        _written += count;
    }

    Memory<byte> IBufferWriter<byte>.GetMemory(int sizeHint) => _output!.GetMemory(sizeHint);

    Span<byte> IBufferWriter<byte>.GetSpan(int sizeHint) => _output!.GetSpan(sizeHint);

    private void CheckWritten()
    {
        if (_written != _length)
        {
            throw new InvalidOperationException($"The marshaller said that the message has {_length} bytes, and wrote {_written}.");
        }
    }

    private void WriteWhole(IBufferWriter<byte> output)
    {
        ReadOnlySpan<byte> payload = _payload ?? _own.Written.Span;
        CheckLength(payload.Length);

        // A message of no bytes would come out without even a gzip header, which others do not read.
        bool compress = _compress && !payload.IsEmpty;
        if (compress)
        {
            var packed = new MemoryStream();
            using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            {
                gzip.Write(payload);
            }

            payload = packed.GetBuffer().AsSpan(0, (int)packed.Length);
        }

        WriteHead(output, compress, payload.Length);
        output.Write(payload);
    }

    private void CheckLength(int length)
    {
        if (bytesMax is { } limit && length > limit)
        {
            throw new RpcException(new Status(StatusCode.ResourceExhausted, $"A message of {length} bytes to send is beyond the limit of {limit} bytes (MaxSendMessageSize)."));
        }
    }

    private static void WriteHead(IBufferWriter<byte> output, bool compressed, int length)
    {
        Span<byte> head = output.GetSpan(GrpcProtocol.FrameHeadBytes);
        head[0] = compressed ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteUInt32BigEndian(head[1..], (uint)length);
        output.Advance(GrpcProtocol.FrameHeadBytes);
    }
}
