using System.Globalization;
using System.Net.Sockets;
using Grpc.Core;

namespace GatewayOS.Pages;

/// <summary>A call that came from a browser.</summary>
public sealed class WebCallContext : ServerCallContext
{
    private readonly HttpContext _http;
    private readonly string _method;
    private readonly CancellationToken _cancellation;
    private Dictionary<object, object>? _userState;

    /// <summary>Makes one.</summary>
    /// <param name="http">The request.</param>
    /// <param name="method">The method, <c>service/name</c>.</param>
    /// <param name="account">Whose session it has; null for none's.</param>
    /// <param name="cancellation">Cancelled when the browser goes away or the session ends.</param>
    /// <param name="headers">What goes with it, as gRPC's metadata; null for nothing.</param>
    public WebCallContext(HttpContext http, string method, string? account, CancellationToken cancellation, Metadata? headers = null)
    {
        (_http, _method, Account, _cancellation, RequestHeadersCore) = (http, method, account, cancellation, headers ?? []);
    }

    /// <summary>The account that is logged in; null for none.</summary>
    public string? Account { get; }

    /// <inheritdoc/>
    protected override string MethodCore => $"/{_method}";

    /// <inheritdoc/>
    protected override string HostCore => _http.Request.Host.Value ?? "";

    /// <inheritdoc/>
    protected override string PeerCore => PeerOf(_http);

    /// <inheritdoc/>
    protected override DateTime DeadlineCore => DateTime.MaxValue;

    /// <inheritdoc/>
    protected override Metadata RequestHeadersCore { get; }

    /// <inheritdoc/>
    protected override CancellationToken CancellationTokenCore => _cancellation;

    /// <inheritdoc/>
    protected override Metadata ResponseTrailersCore { get; } = [];

    /// <inheritdoc/>
    protected override Status StatusCore { get; set; } = Status.DefaultSuccess;

    /// <inheritdoc/>
    protected override WriteOptions? WriteOptionsCore { get; set; }

    /// <inheritdoc/>
    protected override AuthContext AuthContextCore { get; } = new(null, []);

    /// <inheritdoc/>
    protected override IDictionary<object, object> UserStateCore => _userState ??= [];

    /// <summary>Where a request comes from, as gRPC names peers.</summary>
    public static string PeerOf(HttpContext http) => http.Connection.RemoteIpAddress is { } address
        ? $"{(address.AddressFamily == AddressFamily.InterNetworkV6 ? $"ipv6:[{address}]" : $"ipv4:{address}")}:{http.Connection.RemotePort.ToString(CultureInfo.InvariantCulture)}"
        : "unknown";

    /// <inheritdoc/>
    protected override Task WriteResponseHeadersAsyncCore(Metadata responseHeaders) => Task.CompletedTask;

    /// <inheritdoc/>
    protected override ContextPropagationToken CreatePropagationTokenCore(ContextPropagationOptions? options) =>
        throw new NotSupportedException("Pass the cancellation token of the call on instead.");
}
