using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using Grpc.Core;

namespace Grpc.Wire;

/// <summary>
/// Writes length-prefixed messages. When a marshaller says the length first, head and message go straight into the output's own buffer.
/// Belongs to one writer at a time.
/// </summary>
/// <param name="bytesMax">Longest message sent; null for no limit.</param>
internal sealed class FrameWriter(int? bytesMax) : SerializationContext
{
    private readonly ArrayBufferWriter<byte> _own = new();
    private IBufferWriter<byte>? _output;
    private byte[]? _payload;
    private int? _length;
    private bool _compress;

    /// <summary>Writes a message.</summary>
    /// <param name="output">Where to; the caller flushes.</param>
    /// <param name="marshaller">Writes the message.</param>
    /// <param name="message">The message.</param>
    /// <param name="compress">Compresses it with gzip.</param>
    /// <exception cref="RpcException">It is too long.</exception>
    public void Write<T>(IBufferWriter<byte> output, Marshaller<T> marshaller, T message, bool compress)
    {
        (_output, _payload, _length, _compress) = (output, null, null, compress);
        _own.ResetWrittenCount();
        try
        {
            marshaller.ContextualSerializer(message, this);
            if (_length is null || compress)
            {
                WriteWhole(output);
            }
        }
        finally
        {
            _output = null;
        }
    }

    public override void SetPayloadLength(int payloadLength)
    {
        CheckLength(payloadLength);
        _length = payloadLength;
        if (!_compress)
        {
            WriteHead(_output!, compressed: false, payloadLength);
        }
    }

    public override IBufferWriter<byte> GetBufferWriter() => _length is not null && !_compress ? _output! : _own;

    public override void Complete(byte[] payload)
    {
        if (_length is not null && !_compress)
        {
            _output!.Write(payload);
            return;
        }

        _payload = payload;
    }

    public override void Complete()
    {
        // Written already, or in the own buffer.
    }

    private void WriteWhole(IBufferWriter<byte> output)
    {
        ReadOnlySpan<byte> payload = _payload ?? _own.WrittenSpan;
        CheckLength(payload.Length);
        if (_compress)
        {
            var packed = new MemoryStream();
            using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            {
                gzip.Write(payload);
            }

            payload = packed.GetBuffer().AsSpan(0, (int)packed.Length);
        }

        WriteHead(output, _compress, payload.Length);
        output.Write(payload);
    }

    private void CheckLength(int length)
    {
        if (bytesMax is { } limit && length > limit)
        {
            throw new RpcException(new Status(StatusCode.ResourceExhausted, $"A message of {length} bytes to send is beyond the limit of {limit} bytes."));
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
