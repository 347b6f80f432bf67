using System.Globalization;
using System.IO.Pipelines;
using System.Net;
using System.Net.Http.Headers;
using Grpc.Core;
using Grpc.Wire;

namespace Grpc.Net.Client;

/// <summary>
/// One call: a POST whose body is the request stream and whose response body is the response stream; the status comes in the trailers. Ends
/// once, with the first status that is known, whoever finds it: the trailers, the deadline, the caller's cancellation or a failed connection.
/// </summary>
internal sealed class GrpcCall<TRequest, TResponse> : IDisposable
    where TRequest : class
    where TResponse : class
{
    private const int ReadBufferBytes = 64 * 1024;
    private static readonly StreamPipeReaderOptions s_pipeOptions = new(bufferSize: ReadBufferBytes, minimumReadSize: ReadBufferBytes / 4);

    private readonly GrpcChannel _channel;
    private readonly Method<TRequest, TResponse> _method;
    private readonly CallOptions _options;
    private readonly CancellationTokenSource _cancel = new();
    private readonly TaskCompletionSource<Metadata> _headers = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<FrameReader?> _reader = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private readonly CancellationTokenRegistration _callerCancels;
    private readonly Timer? _deadline;
    private Status? _status;
    private Metadata _trailers = Metadata.Empty;
    private HttpResponseMessage? _response;
    private PipeReader? _pipe;

    public GrpcCall(GrpcChannel channel, Method<TRequest, TResponse> method, CallOptions options)
    {
        ObjectDisposedException.ThrowIf(channel.IsDisposed, channel);
        (_channel, _method, _options) = (channel, method, options);
        Content = new StreamContent<TRequest>(method.RequestMarshaller, channel.Options.MaxSendMessageSize, options.WriteOptions, Compresses);
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
                _deadline = new Timer(_ => EndAtDeadline(), null, left, Timeout.InfiniteTimeSpan);
            }
        }

        _callerCancels = options.CancellationToken.Register(() => End(Status.DefaultCancelled, Metadata.Empty, abort: true));
        if (_status is not null)
        {
            _callerCancels.Dispose();
        }
    }

    public IClientStreamWriter<TRequest> Requests { get; }

    public IAsyncStreamReader<TResponse> Responses { get; }

    public Task<Metadata> HeadersAsync => _headers.Task;

    private StreamContent<TRequest> Content { get; }

    private bool Compresses => _options.Headers?.Get(CompressionRequest) is { } wish && wish.Value == GrpcProtocol.Gzip;

    /// <summary>Metadata key by which a caller asks for its messages to be compressed; it does not travel.</summary>
    private const string CompressionRequest = "grpc-internal-encoding-request";

    public void Start(TRequest request)
    {
        Content.Single = request;
        _ = SendAsync();
    }

    public void StartStream() => _ = SendAsync();

    public Status GetStatus() => _status ?? throw new InvalidOperationException("The call has not ended: its status is not known yet.");

    public Metadata GetTrailers() => _status is null ? throw new InvalidOperationException("The call has not ended: its trailers are not known yet.") : _trailers;

    /// <summary>Reads the one response of a unary or client-streaming call, and the status behind it.</summary>
    public async Task<TResponse> ReadSingleAsync()
    {
        TResponse? response = null;
        while (await ReadAsync(CancellationToken.None).ConfigureAwait(false) is { } message)
        {
            if (response is not null)
            {
                End(new Status(StatusCode.Internal, "There are several responses where one is expected."), Metadata.Empty, abort: true);
                throw Failure();
            }

            response = message;
        }

        if (response is null)
        {
            lock (_gate)
            {
                _status = new Status(StatusCode.Internal, "The call ended well and without the response that is expected.");
            }

            throw Failure();
        }

        return response;
    }

    public void Dispose()
    {
        End(new Status(StatusCode.Cancelled, "The call was disposed of."), Metadata.Empty, abort: true);
        _response?.Dispose();
    }

    /// <summary>Reads a response; null when the call has ended with OK.</summary>
    private async Task<TResponse?> ReadAsync(CancellationToken cancellation)
    {
        FrameReader? reader = await _reader.Task.WaitAsync(cancellation).ConfigureAwait(false);
        if (reader is not null && _status is null)
        {
            try
            {
                using CancellationTokenSource? both = cancellation.CanBeCanceled ? CancellationTokenSource.CreateLinkedTokenSource(cancellation, _cancel.Token) : null;
                (bool found, TResponse? message) = await reader.ReadAsync(_method.ResponseMarshaller, both?.Token ?? _cancel.Token).ConfigureAwait(false);
                if (found)
                {
                    return message;
                }

                EndWith(_response!.TrailingHeaders, "The stream ended without a status.");
            }
            catch (RpcException error)
            {
                End(error.Status, error.Trailers, abort: true);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                End(Status.DefaultCancelled, Metadata.Empty, abort: true);
            }
            catch (Exception error) when (error is IOException or HttpRequestException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
            {
                End(Broken(error), Metadata.Empty, abort: true);
            }
        }

        return _status?.StatusCode == StatusCode.OK ? null : throw Failure();
    }

    private async Task SendAsync()
    {
        try
        {
            using HttpRequestMessage request = await MakeRequestAsync().ConfigureAwait(false);
            HttpResponseMessage response = await SendAsync(request).ConfigureAwait(false);
            _response = response;
            if (_status is not null)
            {
                response.Dispose();
                return;
            }

            if (TryEndAtHeaders(response))
            {
                return;
            }

            _headers.TrySetResult(ToMetadata(response.Headers));
            _pipe = PipeReader.Create(await response.Content.ReadAsStreamAsync(_cancel.Token).ConfigureAwait(false), s_pipeOptions);
            string? encoding = response.Headers.TryGetValues(GrpcProtocol.EncodingHeader, out IEnumerable<string>? encodings) ? encodings.First() : null;
            _reader.TrySetResult(new FrameReader(_pipe, _channel.Options.MaxReceiveMessageSize, encoding));
        }
        catch (RpcException error)
        {
            End(error.Status, error.Trailers, abort: true);
        }
        catch (Exception error)
        {
            End(Broken(error), Metadata.Empty, abort: true);
        }
    }

    private Task<HttpResponseMessage> SendAsync(HttpRequestMessage request) =>
        _channel.Invoker is HttpClient client ? client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, _cancel.Token) : _channel.Invoker.SendAsync(request, _cancel.Token);

    private async ValueTask<HttpRequestMessage> MakeRequestAsync()
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_channel.Address, _method.FullName))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = Content,
        };
        request.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        request.Headers.TryAddWithoutValidation("user-agent", "gatewayos-grpc");
        request.Headers.TryAddWithoutValidation(GrpcProtocol.AcceptEncodingHeader, GrpcProtocol.AcceptedEncodings);
        if (Compresses)
        {
            request.Headers.TryAddWithoutValidation(GrpcProtocol.EncodingHeader, GrpcProtocol.Gzip);
        }

        if (_options.Deadline is { } deadline)
        {
            TimeSpan left = deadline.ToUniversalTime() - TimeProvider.System.GetUtcNow().UtcDateTime;
            request.Headers.TryAddWithoutValidation(GrpcProtocol.TimeoutHeader, GrpcProtocol.FormatTimeout(left));
        }

        await AddMetadataAsync(request).ConfigureAwait(false);
        return request;
    }

    private async ValueTask AddMetadataAsync(HttpRequestMessage request)
    {
        var metadata = new Metadata();
        foreach (Metadata.Entry entry in (IEnumerable<Metadata.Entry>?)_options.Headers ?? [])
        {
            if (entry.Key != CompressionRequest)
            {
                metadata.Add(entry);
            }
        }

        bool secure = _channel.Address.Scheme == Uri.UriSchemeHttps || _channel.Options.UnsafeUseInsecureChannelCallCredentials;
        foreach (CallCredentials? credentials in new[] { _channel.Options.Credentials?.Call, _options.Credentials })
        {
            if (credentials is not null && secure)
            {
                string url = new Uri(_channel.Address, _method.ServiceName).ToString();
                await credentials.AddAsync(new AuthInterceptorContext(url, _method.Name, _cancel.Token), metadata).ConfigureAwait(false);
            }
        }

        foreach (Metadata.Entry entry in metadata)
        {
            request.Headers.TryAddWithoutValidation(entry.Key, GrpcProtocol.HeaderValue(entry));
        }
    }

    // An error without any message has its status in the headers; what is no gRPC answer at all ends here too.
    private bool TryEndAtHeaders(HttpResponseMessage response)
    {
        if (response.StatusCode != HttpStatusCode.OK)
        {
            End(new Status(GrpcProtocol.FromHttp((int)response.StatusCode), $"The server answers with HTTP status {(int)response.StatusCode}."), Metadata.Empty, abort: true);
            return true;
        }

        if (!GrpcProtocol.IsGrpc(response.Content.Headers.ContentType?.ToString()))
        {
            End(new Status(StatusCode.Unknown, $"The server's answer is '{response.Content.Headers.ContentType}', not gRPC."), Metadata.Empty, abort: true);
            return true;
        }

        if (!response.Headers.Contains(GrpcProtocol.StatusHeader))
        {
            return false;
        }

        EndWith(response.Headers, "");
        return true;
    }

    private void EndWith(HttpHeaders trailers, string withoutStatus)
    {
        Metadata metadata = ToMetadata(trailers);
        if (!trailers.TryGetValues(GrpcProtocol.StatusHeader, out IEnumerable<string>? values))
        {
            End(_cancel.IsCancellationRequested ? Status.DefaultCancelled : new Status(StatusCode.Internal, withoutStatus), metadata, abort: true);
            return;
        }

        string message = trailers.TryGetValues(GrpcProtocol.MessageHeader, out IEnumerable<string>? messages) ? GrpcProtocol.DecodeMessage(messages.First()) : "";
        bool known = int.TryParse(values.First(), NumberStyles.None, CultureInfo.InvariantCulture, out int code) && Enum.IsDefined((StatusCode)code);
        End(known ? new Status((StatusCode)code, message) : new Status(StatusCode.Unknown, $"The server's status is '{values.First()}'. {message}"), metadata, abort: false);
    }

    private static Metadata ToMetadata(HttpHeaders headers)
    {
        var metadata = new Metadata();
        foreach ((string name, IEnumerable<string> values) in headers)
        {
            foreach (string value in values)
            {
                GrpcProtocol.AddTo(metadata, name.ToLowerInvariant(), value);
            }
        }

        return metadata;
    }

    private Status Broken(Exception error)
    {
        // HTTP/2 error codes (RFC 9113, section 7) as the protocol's description maps them.
        long? http2 = (error as HttpProtocolException ?? error.InnerException as HttpProtocolException)?.ErrorCode;
        return http2 switch
        {
            8 => new Status(StatusCode.Cancelled, "The server cancelled the call.", error),
            7 => new Status(StatusCode.Unavailable, "The server refused the call before it began; it may be tried again.", error),
            11 => new Status(StatusCode.ResourceExhausted, "The server asks for less.", error),
            12 => new Status(StatusCode.PermissionDenied, "The connection is not secure enough for the server.", error),
            not null => new Status(StatusCode.Internal, $"The server broke the call off: {error.Message}", error),
            _ => new Status(StatusCode.Unavailable, $"{_channel.Target} cannot be reached: {Innermost(error).Message}", error),
        };
    }

    private static Exception Innermost(Exception error) => error.InnerException is { } inner ? Innermost(inner) : error;

    private void EndAtDeadline() => End(new Status(StatusCode.DeadlineExceeded, "The deadline has passed."), Metadata.Empty, abort: true);

    private void End(Status status, Metadata trailers, bool abort)
    {
        lock (_gate)
        {
            if (_status is not null)
            {
                return;
            }

            (_status, _trailers) = (status, trailers.Freeze());
        }

        _deadline?.Dispose();
        if (!abort)
        {
            Content.Finish();
        }

        // Whoever is in the middle of a write or a read must not wait for a call that is over.
        _cancel.Cancel();
        if (abort)
        {
            // The stream is reset, not completed: a server must not take half a request stream for a whole one.
            _response?.Dispose();
        }

        if (status.StatusCode == StatusCode.OK || !abort)
        {
            _headers.TrySetResult(Metadata.Empty);
        }
        else
        {
            _headers.TrySetException(Failure());
            _ = _headers.Task.Exception;
        }

        _reader.TrySetResult(null);
        _callerCancels.Dispose();
    }

    private Exception Failure()
    {
        Status status = _status!.Value;
        bool asCancellation = _channel.Options.ThrowOperationCanceledOnCancellation && status.StatusCode is StatusCode.Cancelled or StatusCode.DeadlineExceeded;
        return asCancellation && _options.CancellationToken.IsCancellationRequested
            ? new OperationCanceledException(status.Detail, _options.CancellationToken)
            : new RpcException(status, _trailers);
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
            if (call._status is { } ended)
            {
                throw ended.StatusCode == StatusCode.OK ? new InvalidOperationException("The call has ended: nothing more can be written.") : call.Failure();
            }

            using CancellationTokenSource? both = cancellationToken.CanBeCanceled ? CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, call._cancel.Token) : null;
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
                call.End(error.Status, error.Trailers, abort: true);
                throw call.Failure();
            }
            catch (Exception error) when (error is IOException or HttpRequestException or OperationCanceledException or ObjectDisposedException)
            {
                // The server may have ended the call with a status, which says more than a broken stream.
                await Task.WhenAny(call._reader.Task, Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, CancellationToken.None)).ConfigureAwait(false);
                call.End(cancellationToken.IsCancellationRequested ? Status.DefaultCancelled : call.Broken(error), Metadata.Empty, abort: true);
                throw call.Failure();
            }
        }

        public Task CompleteAsync()
        {
            call.Content.Finish();
            return Task.CompletedTask;
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
