using System.Globalization;
using System.Net.Sockets;
using Grpc.Core;

namespace GatewayOS.Pages;

/// <summary>A call that came from a browser.</summary>
/// <param name="http">The request.</param>
/// <param name="method">The method, <c>service/name</c>.</param>
/// <param name="account">Whose session it has; null for none's.</param>
/// <param name="cancellation">Cancelled when the browser goes away or the session ends.</param>
/// <param name="headers">What goes with it, as gRPC's metadata; null for nothing.</param>
public sealed class WebCallContext(HttpContext http, string method, string? account, CancellationToken cancellation, Metadata? headers = null) : LocalCallContext(method, PeerOf(http), cancellation, headers)
{
    /// <summary>The account that is logged in; null for none.</summary>
    public string? Account { get; } = account;

    /// <inheritdoc/>
    protected override string HostCore => http.Request.Host.Value ?? "";

    /// <summary>Where a request comes from, as gRPC names peers.</summary>
    public static string PeerOf(HttpContext http) => http.Connection.RemoteIpAddress is { } address
        ? $"{(address.AddressFamily == AddressFamily.InterNetworkV6 ? $"ipv6:[{address}]" : $"ipv4:{address}")}:{http.Connection.RemotePort.ToString(CultureInfo.InvariantCulture)}"
        : "unknown";
}
