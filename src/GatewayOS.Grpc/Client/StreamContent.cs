using System.Net;
using System.Net.Http.Headers;
using Grpc.Core;
using Grpc.Wire;

namespace Grpc.Net.Client;

/// <summary>
/// The body of a call's request: messages as they are written, until it is finished. It ends well only when it was finished; a call that is
/// aborted makes it fail, so that the stream is reset and a server never takes half of it for the whole.
/// </summary>
internal sealed class StreamContent<TRequest> : HttpContent
    where TRequest : class
{
    private readonly Marshaller<TRequest> _marshaller;
    private readonly FrameWriter _frames;
    private readonly bool _compress;
    private readonly PooledBuffer _buffer = new();
    private readonly TaskCompletionSource<Stream> _stream = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _finished = new(TaskCreationOptions.RunContinuationsAsynchronously);
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

    /// <summary>Ends the body after the last message. Does nothing after <see cref="Abort"/>.</summary>
    public void Finish() => _finished.TrySetResult();

    /// <summary>Makes the body fail. Does nothing after <see cref="Finish"/>.</summary>
    public void Abort() => _finished.TrySetCanceled();

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        if (Single is { } message)
        {
            await WriteAsync(stream, message, cancellationToken).ConfigureAwait(false);
            return;
        }

        // HttpClient tries again by itself when a connection is going away. Messages that were written are lost to the second try: the server
        // would see a stream that lacks them, and complete.
        if (!_stream.TrySetResult(stream))
        {
            throw new IOException("The connection went away when the call began; the call can be made again.");
        }

        // The headers leave now: a server may answer before the first message.
        await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
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
        try
        {
            Serialize(message, _compress && !flags.HasFlag(WriteFlags.NoCompress));
            await stream.WriteAsync(_buffer.Written, cancellation).ConfigureAwait(false);
            if (!flags.HasFlag(WriteFlags.BufferHint))
            {
                await stream.FlushAsync(cancellation).ConfigureAwait(false);
            }

            _buffer.Release();
        }
        finally
        {
            _buffer.Forget();
        }
    }

    // A message that cannot be written ends the call: without it the stream is not what the caller meant.
    private void Serialize(TRequest message, bool compress)
    {
        try
        {
            _frames.Write(_buffer, _marshaller, message, compress);
        }
        catch (Exception error) when (error is not RpcException)
        {
            throw new RpcException(new Status(StatusCode.Internal, $"A message cannot be written: {error.Message}", error));
        }
    }
}
