using System.IO.Pipelines;
using Grpc.Core;
using Grpc.Wire;

namespace Grpc.Net.Client;

/// <summary>
/// One call: a POST whose body is the request stream and whose response body is the response stream; the status comes in the trailers. Ends
/// once, with the first end that is known, whoever finds it: the trailers, the deadline, the caller's cancellation or a failed connection.
/// </summary>
internal sealed class GrpcCall<TRequest, TResponse> : IDisposable
    where TRequest : class
    where TResponse : class
{
    private const int ReadBufferBytes = 64 * 1024;

    // A failed write waits this long for the status, which is on its way or never comes.
    private const int StatusWaitMs = 5000;

    private static readonly StreamPipeReaderOptions s_pipeOptions = new(bufferSize: ReadBufferBytes, minimumReadSize: ReadBufferBytes / 4);

    private readonly GrpcChannel _channel;
    private readonly Method<TRequest, TResponse> _method;
    private readonly CallOptions _options;
    private readonly CancellationTokenSource _cancel = new();
    private readonly TaskCompletionSource<Metadata> _headers = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<FrameReader?> _reader = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenRegistration _callerCancels;
    private readonly ITimer? _deadline;
    private volatile CallEnd? _end;
    private HttpResponseMessage? _response;
    private TResponse? _ahead;
    private volatile Task? _lookingAhead;
    private int _reading;

    public GrpcCall(GrpcChannel channel, Method<TRequest, TResponse> method, CallOptions options)
    {
        ObjectDisposedException.ThrowIf(channel.IsDisposed, channel);
        (_channel, _method, _options) = (channel, method, options);
        Content = new StreamContent<TRequest>(method.RequestMarshaller, channel.Options.MaxSendMessageSize, options.WriteOptions, RequestHead.Compresses(options));
        Requests = new RequestWriter(this);
        Responses = new ResponseReader(this);
        if (options.Deadline is { } deadline)
        {
            TimeSpan left = deadline.ToUniversalTime() - TimeProvider.System.GetUtcNow().UtcDateTime;
            if (left <= TimeSpan.Zero)
            {
                EndAtDeadline();
            }
            else if (left.TotalMilliseconds < int.MaxValue)
            {
                _deadline = TimeProvider.System.CreateTimer(_ => EndAtDeadline(), null, left, Timeout.InfiniteTimeSpan);
            }
        }

        _callerCancels = options.CancellationToken.Register(() => End(CallEnd.Here(Status.DefaultCancelled)));
        if (_end is not null)
        {
            _callerCancels.Dispose();
            _deadline?.Dispose();
        }
    }

    public IClientStreamWriter<TRequest> Requests { get; }

    public IAsyncStreamReader<TResponse> Responses { get; }

    public Task<Metadata> HeadersAsync => _headers.Task;

    private StreamContent<TRequest> Content { get; }

    public void Start(TRequest request)
    {
        Content.Single = request;
        _ = SendAsync();
    }

    public void StartStream() => _ = SendAsync();

    public Status GetStatus() => (_end ?? throw new InvalidOperationException("The call has not ended: its status is not known yet.")).Status;

    public Metadata GetTrailers() => (_end ?? throw new InvalidOperationException("The call has not ended: its trailers are not known yet.")).Trailers;

    /// <summary>Reads the one response of a unary or client-streaming call, and the status behind it.</summary>
    public async Task<TResponse> ReadSingleAsync()
    {
        TResponse? response = null;
        while (await ReadAsync(CancellationToken.None).ConfigureAwait(false) is { } message)
        {
            if (response is not null)
            {
                End(CallEnd.Here(StatusCode.Internal, "There are several responses where one is expected."));
                throw Failure();
            }

            response = message;
        }

        if (response is null)
        {
            _end = CallEnd.Here(StatusCode.Internal, "The call ended well and without the response that is expected.");
            throw Failure();
        }

        return response;
    }

    public void Dispose() => End(CallEnd.Here(StatusCode.Cancelled, "The call was disposed of."));

    /// <summary>Reads a response; null when the call has ended with OK.</summary>
    private async Task<TResponse?> ReadAsync(CancellationToken cancellation)
    {
        while (Interlocked.Exchange(ref _reading, 1) == 1)
        {
            await (_lookingAhead is { IsCompleted: false } lookingAhead ? lookingAhead : throw new InvalidOperationException("A read is in progress: await it before the next.")).ConfigureAwait(false);
        }

        TResponse? message;
        try
        {
            (message, _ahead) = (_ahead, null);
            message ??= await ReadNextAsync(cancellation, endsWhenCancelled: true).ConfigureAwait(false);
        }
        finally
        {
            Volatile.Write(ref _reading, 0);
        }

        return message ?? (_end!.Status.StatusCode == StatusCode.OK ? null : throw Failure());
    }

    /// <summary>Reads a response out of the stream; null when there is none, and then the call has ended unless only this read was cancelled.</summary>
    private async ValueTask<TResponse?> ReadNextAsync(CancellationToken cancellation, bool endsWhenCancelled)
    {
        // The caller's own token ends the call wherever it is; only another one needs to be linked.
        CancellationToken other = cancellation == _options.CancellationToken ? CancellationToken.None : cancellation;
        using CancellationTokenSource? both = other.CanBeCanceled ? CancellationTokenSource.CreateLinkedTokenSource(other, _cancel.Token) : null;
        try
        {
            FrameReader? reader = await _reader.Task.WaitAsync(other).ConfigureAwait(false);
            if (reader is null || _end is not null)
            {
                return null;
            }

            (bool found, TResponse? message) = await reader.ReadAsync(_method.ResponseMarshaller, both?.Token ?? _cancel.Token).ConfigureAwait(false);
            if (found)
            {
                return message;
            }

            End(CallEnd.OfTrailers(_response!.TrailingHeaders));
        }
        catch (RpcException error)
        {
            End(CallEnd.Here(error.Status));
        }
        catch (OperationCanceledException) when (other.IsCancellationRequested)
        {
            if (endsWhenCancelled)
            {
                End(CallEnd.Here(Status.DefaultCancelled));
            }
        }
        catch (Exception error) when (error is IOException or HttpRequestException or OperationCanceledException or ObjectDisposedException)
        {
            End(CallEnd.OfBreak(error, _channel.Target));
        }

        return null;
    }

    private async Task SendAsync()
    {
        try
        {
            using HttpRequestMessage request = await RequestHead.MakeAsync(_channel, _method, _options, Content, _cancel.Token).ConfigureAwait(false);
            HttpResponseMessage response = await (_channel.Invoker is HttpClient client
                ? client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, _cancel.Token)
                : _channel.Invoker.SendAsync(request, _cancel.Token)).ConfigureAwait(false);
            Interlocked.Exchange(ref _response, response);
            if (_end is not null)
            {
                response.Dispose();
                return;
            }

            if (CallEnd.OfHead(response) is { } end)
            {
                End(end);
                return;
            }

            _headers.TrySetResult(CallEnd.ToMetadata(response.Headers));
            Stream body = await response.Content.ReadAsStreamAsync(_cancel.Token).ConfigureAwait(false);
            string? encoding = response.Headers.TryGetValues(GrpcProtocol.EncodingHeader, out IEnumerable<string>? encodings) ? encodings.First() : null;
            _reader.TrySetResult(new FrameReader(PipeReader.Create(body, s_pipeOptions), _channel.Options.MaxReceiveMessageSize, encoding));
        }
        catch (RpcException error)
        {
            End(new CallEnd(error.Status, error.Trailers, FromServer: false));
        }
        catch (Exception error)
        {
            End(CallEnd.OfBreak(error, _channel.Target));
        }
    }

    // A write failed. The server may have ended the call with a status, which says more than a broken stream: it stands behind the responses.
    private async Task FindEndAsync()
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _lookingAhead = done.Task;
        using var limit = new CancellationTokenSource(TimeSpan.FromMilliseconds(StatusWaitMs), TimeProvider.System);
        try
        {
            if (Interlocked.Exchange(ref _reading, 1) == 1)
            {
                await _ended.Task.WaitAsync(limit.Token).ConfigureAwait(false);
                return;
            }

            try
            {
                _ahead ??= await ReadNextAsync(limit.Token, endsWhenCancelled: false).ConfigureAwait(false);
            }
            finally
            {
                Volatile.Write(ref _reading, 0);
            }
        }
        catch (OperationCanceledException)
        {
            // No word from the server.
        }
        finally
        {
            done.SetResult();
        }
    }

    private void EndAtDeadline() => End(CallEnd.Here(StatusCode.DeadlineExceeded, "The deadline has passed."));

    private void End(CallEnd end)
    {
        if (Interlocked.CompareExchange(ref _end, end, null) is not null)
        {
            return;
        }

        _deadline?.Dispose();

        // Whatever ended the call, a request stream that its writer has not completed must not look complete to the server.
        Content.Abort();

        // Nor must anybody who is in the middle of a write wait for a call that is over.
        _cancel.Cancel();
        _response?.Dispose();
        if (end.FromServer)
        {
            _headers.TrySetResult(Metadata.Empty);
        }
        else if (_headers.TrySetException(Failure()))
        {
            // Nobody needs to look at the headers.
            _ = _headers.Task.Exception;
        }

        _reader.TrySetResult(null);
        _ended.TrySetResult();
        _callerCancels.Dispose();
    }

    private Exception Failure()
    {
        CallEnd end = _end!;
        return _channel.Options.ThrowOperationCanceledOnCancellation && end.Status.StatusCode is StatusCode.Cancelled or StatusCode.DeadlineExceeded
            ? new OperationCanceledException(end.Status.Detail, _options.CancellationToken)
            : new RpcException(end.Status, end.Trailers);
    }

    private sealed class RequestWriter(GrpcCall<TRequest, TResponse> call) : IClientStreamWriter<TRequest>
    {
        public WriteOptions? WriteOptions
        {
            get => call.Content.WriteOptions;
            set => call.Content.WriteOptions = value;
        }

        public Task WriteAsync(TRequest message) => WriteAsync(message, CancellationToken.None);

        public async Task WriteAsync(TRequest message, CancellationToken cancellationToken)
        {
            ArgumentNullException.ThrowIfNull(message);
            ThrowIfEnded();
            CancellationToken other = cancellationToken == call._options.CancellationToken ? CancellationToken.None : cancellationToken;
            using CancellationTokenSource? both = other.CanBeCanceled ? CancellationTokenSource.CreateLinkedTokenSource(other, call._cancel.Token) : null;
            try
            {
                CancellationToken token = both?.Token ?? call._cancel.Token;
                Task write = call.Content.WriteAsync(message, token);
                if (!write.IsCompleted)
                {
                    // The handler's own wait for room can outlive a connection that broke in the middle of a frame.
                    _ = write.ContinueWith(static task => task.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
                }

                await write.WaitAsync(token).ConfigureAwait(false);
            }
            catch (RpcException error)
            {
                call.End(CallEnd.Here(error.Status));
                throw call.Failure();
            }
            catch (InvalidOperationException error) when (error is not ObjectDisposedException && call._end is not null)
            {
                // It ended between the look above and the write.
                ThrowIfEnded();
            }
            catch (Exception error) when (error is IOException or HttpRequestException or OperationCanceledException or ObjectDisposedException)
            {
                throw await FailedAsync(error, other).ConfigureAwait(false);
            }
        }

        public Task CompleteAsync()
        {
            call.Content.Finish();
            return Task.CompletedTask;
        }

        private void ThrowIfEnded()
        {
            if (call._end is { } end)
            {
                throw end.Status.StatusCode == StatusCode.OK ? new InvalidOperationException("The call has ended: nothing more can be written.") : call.Failure();
            }
        }

        private async Task<Exception> FailedAsync(Exception error, CancellationToken cancellation)
        {
            if (cancellation.IsCancellationRequested)
            {
                // Part of the message may have left.
                call.End(CallEnd.Here(Status.DefaultCancelled));
                return call.Failure();
            }

            await call.FindEndAsync().ConfigureAwait(false);
            CallEnd broken = CallEnd.OfBreak(error, call._channel.Target);
            if (call._ahead is not null)
            {
                // There are responses to read before the status.
                return new RpcException(broken.Status);
            }

            call.End(broken);
            return call._end!.Status.StatusCode == StatusCode.OK ? new InvalidOperationException("The call has ended: nothing more can be written.") : call.Failure();
        }
    }

    private sealed class ResponseReader(GrpcCall<TRequest, TResponse> call) : IAsyncStreamReader<TResponse>
    {
        private TResponse? _current;

        public TResponse Current => _current ?? throw new InvalidOperationException("There is no current message: MoveNext gets one.");

        public async Task<bool> MoveNext(CancellationToken cancellationToken)
        {
            _current = await call.ReadAsync(cancellationToken).ConfigureAwait(false);
            return _current is not null;
        }
    }
}
