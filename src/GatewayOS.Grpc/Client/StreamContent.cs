using System.Net;
using System.Net.Http.Headers;
using Grpc.Core;
using Grpc.Wire;

namespace Grpc.Net.Client;

/// <summary>The body of a call's request: messages as they are written, until it is finished.</summary>
internal sealed class StreamContent<TRequest> : HttpContent
    where TRequest : class
{
    // A message is gathered here before it goes to the connection; grown ones are kept up to this size.
    private const int KeptBufferBytesMax = 4 * 1024 * 1024;

    private readonly Marshaller<TRequest> _marshaller;
    private readonly FrameWriter _frames;
    private readonly bool _compress;
    private readonly TaskCompletionSource<Stream> _stream = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _finished = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private System.Buffers.ArrayBufferWriter<byte> _buffer = new(256);
    private int _writing;

    public StreamContent(Marshaller<TRequest> marshaller, int? bytesMax, WriteOptions? writeOptions, bool compress)
    {
        (_marshaller, _frames, WriteOptions, _compress) = (marshaller, new FrameWriter(bytesMax), writeOptions, compress);
        Headers.ContentType = new MediaTypeHeaderValue(GrpcProtocol.ContentType);
    }

    /// <summary>The one message of a call without a request stream.</summary>
    public TRequest? Single { get; set; }

    public WriteOptions? WriteOptions { get; set; }

    /// <summary>Writes a message to the connection; waits while that is full.</summary>
    public async Task WriteAsync(TRequest message, CancellationToken cancellation)
    {
        if (Interlocked.Exchange(ref _writing, 1) == 1)
        {
            throw new InvalidOperationException("A write is in progress: await it before the next.");
        }

        try
        {
            Stream stream = await _stream.Task.WaitAsync(cancellation).ConfigureAwait(false);
            if (_finished.Task.IsCompleted)
            {
                throw new InvalidOperationException("The request stream was completed: nothing more can be written.");
            }

            await WriteAsync(stream, message, cancellation).ConfigureAwait(false);
        }
        finally
        {
            Volatile.Write(ref _writing, 0);
        }
    }

    public void Finish() => _finished.TrySetResult();

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        if (Single is { } message)
        {
            await WriteAsync(stream, message, cancellationToken).ConfigureAwait(false);
            return;
        }

        if (_stream.Task.IsCompleted)
        {
            // The handler tries again on another connection; what was written is gone.
            throw new HttpRequestException("A request stream cannot be sent again.");
        }

        // The headers leave now: a server may answer before the first message.
        await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
        _stream.TrySetResult(stream);
        await _finished.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = -1;
        return false;
    }

    private async Task WriteAsync(Stream stream, TRequest message, CancellationToken cancellation)
    {
        WriteFlags flags = WriteOptions?.Flags ?? WriteFlags.None;
        _frames.Write(_buffer, _marshaller, message, _compress && !flags.HasFlag(WriteFlags.NoCompress));
        try
        {
            await stream.WriteAsync(_buffer.WrittenMemory, cancellation).ConfigureAwait(false);
            if (!flags.HasFlag(WriteFlags.BufferHint))
            {
                await stream.FlushAsync(cancellation).ConfigureAwait(false);
            }
        }
        finally
        {
            if (_buffer.Capacity > KeptBufferBytesMax)
            {
                _buffer = new System.Buffers.ArrayBufferWriter<byte>(256);
            }
            else
            {
                _buffer.ResetWrittenCount();
            }
        }
    }
}
