using System.Globalization;
using System.Net.Sockets;
using Grpc.Core;
using Grpc.Wire;
using Microsoft.AspNetCore.Http;

namespace Grpc.AspNetCore.Server.Internal;

/// <summary>A call that came as an HTTP/2 request.</summary>
internal sealed class HttpServerCallContext : ServerCallContext, IDisposable
{
    private readonly string _method;
    private readonly CancellationTokenSource _cancel;
    private readonly Timer? _timer;
    private readonly DateTime _deadline = DateTime.MaxValue;
    private readonly TaskCompletionSource? _atDeadline;
    private Metadata? _requestHeaders;
    private AuthContext? _authContext;
    private Dictionary<object, object>? _userState;
    private volatile bool _deadlinePassed;

    public HttpServerCallContext(HttpContext http, IMethod method, GrpcServiceOptions options)
    {
        (Http, _method) = (http, method.FullName);
        _cancel = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        string? encoding = http.Request.Headers[GrpcProtocol.EncodingHeader];
        RequestEncoding = encoding;
        Compresses = options.ResponseCompressionAlgorithm == GrpcProtocol.Gzip
            && ((string?)http.Request.Headers[GrpcProtocol.AcceptEncodingHeader] ?? "").Split(',', StringSplitOptions.TrimEntries).Contains(GrpcProtocol.Gzip);
        if ((string?)http.Request.Headers[GrpcProtocol.TimeoutHeader] is { } text && GrpcProtocol.TryParseTimeout(text, out TimeSpan timeout))
        {
            DateTime now = TimeProvider.System.GetUtcNow().UtcDateTime;
            _deadline = timeout < DateTime.MaxValue.ToUniversalTime() - now ? now + timeout : DateTime.MaxValue;
            if (timeout.TotalMilliseconds < int.MaxValue)
            {
                _atDeadline = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                _timer = new Timer(_ => PassDeadline(), null, timeout, Timeout.InfiniteTimeSpan);
            }
        }
    }

    public HttpContext Http { get; }

    public string? RequestEncoding { get; }

    /// <summary>True when responses are compressed unless a write says otherwise.</summary>
    public bool Compresses { get; }

    public bool DeadlinePassed => _deadlinePassed;

    /// <summary>Completes at the deadline; null when the call has none.</summary>
    public Task? AtDeadline => _atDeadline?.Task;

    protected override string MethodCore => _method;

    protected override string HostCore => Http.Request.Host.Value ?? "";

    protected override string PeerCore => Http.Connection.RemoteIpAddress is { } address
        ? $"{(address.AddressFamily == AddressFamily.InterNetworkV6 ? "ipv6:[" + address + "]" : "ipv4:" + address)}:{Http.Connection.RemotePort.ToString(CultureInfo.InvariantCulture)}"
        : "unknown";

    protected override DateTime DeadlineCore => _deadline;

    protected override Metadata RequestHeadersCore => _requestHeaders ??= ReadHeaders();

    protected override CancellationToken CancellationTokenCore => _cancel.Token;

    protected override Metadata ResponseTrailersCore { get; } = [];

    protected override Status StatusCore { get; set; } = Status.DefaultSuccess;

    protected override WriteOptions? WriteOptionsCore { get; set; }

    protected override AuthContext AuthContextCore => _authContext ??= MakeAuthContext();

    protected override IDictionary<object, object> UserStateCore => _userState ??= [];

    /// <summary>Stops the deadline's timer, so that it cannot strike between the method's end and the status.</summary>
    public void Dispose()
    {
        _timer?.Dispose();
        _cancel.Dispose();
    }

    /// <summary>Sends head and status; trailers behind messages, or headers when there was none.</summary>
    public void WriteStatus(Status status, IEnumerable<Metadata.Entry> trailers)
    {
        HttpResponse response = Http.Response;
        IHeaderDictionary destination = response.HasStarted
            ? Http.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpResponseTrailersFeature>()!.Trailers
            : response.Headers;
        destination[GrpcProtocol.StatusHeader] = ((int)status.StatusCode).ToString(CultureInfo.InvariantCulture);
        if (status.Detail.Length > 0)
        {
            destination[GrpcProtocol.MessageHeader] = GrpcProtocol.EncodeMessage(status.Detail);
        }

        try
        {
            Append(destination, trailers);
        }
        catch (RpcException error)
        {
            destination[GrpcProtocol.StatusHeader] = ((int)error.StatusCode).ToString(CultureInfo.InvariantCulture);
            destination[GrpcProtocol.MessageHeader] = GrpcProtocol.EncodeMessage(error.Status.Detail);
        }
    }

    protected override Task WriteResponseHeadersAsyncCore(Metadata responseHeaders)
    {
        if (Http.Response.HasStarted)
        {
            throw new InvalidOperationException("The response has begun: headers can be sent only once and before the first message.");
        }

        CancellationToken.ThrowIfCancellationRequested();
        Append(Http.Response.Headers, responseHeaders);
        return Http.Response.BodyWriter.FlushAsync(CancellationToken).AsTask();
    }

    protected override ContextPropagationToken CreatePropagationTokenCore(ContextPropagationOptions? options) =>
        throw new NotSupportedException("Pass the deadline and the cancellation token of the call on instead.");

    private static void Append(IHeaderDictionary destination, IEnumerable<Metadata.Entry> metadata)
    {
        foreach (Metadata.Entry entry in metadata)
        {
            if (!GrpcProtocol.IsReserved(entry.Key))
            {
                destination.Append(entry.Key, GrpcProtocol.HeaderValue(entry));
            }
        }
    }

    private void PassDeadline()
    {
        _deadlinePassed = true;
        try
        {
            _cancel.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The call has just ended.
        }

        _atDeadline!.TrySetResult();
    }

    private Metadata ReadHeaders()
    {
        var metadata = new Metadata();
        foreach ((string name, Microsoft.Extensions.Primitives.StringValues values) in Http.Request.Headers)
        {
            foreach (string? value in values)
            {
                GrpcProtocol.AddTo(metadata, name.ToLowerInvariant(), value ?? "");
            }
        }

        return metadata;
    }

    private AuthContext MakeAuthContext()
    {
        if (Http.Connection.ClientCertificate is not { } certificate)
        {
            return new AuthContext(null, []);
        }

        const string Subject = "x509_subject";
        return new AuthContext(Subject, new Dictionary<string, List<AuthProperty>>
        {
            [Subject] = [AuthProperty.Create(Subject, System.Text.Encoding.UTF8.GetBytes(certificate.Subject))],
        });
    }
}
