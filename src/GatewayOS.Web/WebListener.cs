using System.Net;
using GatewayOS.Web.Certificates;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace GatewayOS.Web;

/// <summary>Marks what came in where the page is served.</summary>
/// <param name="Certificate">What it is served with.</param>
public sealed record WebListener(WebCertificate Certificate)
{
    /// <summary>Most connections at once: browsers must not take those of nodes.</summary>
    public const int ConnectionsMax = 200;

    private static readonly TimeSpan s_handshakeMax = TimeSpan.FromSeconds(10);

    /// <summary>Listens for browsers.</summary>
    /// <param name="kestrel">The server.</param>
    /// <param name="address">Where.</param>
    /// <param name="certificate">What with.</param>
    public static void Listen(KestrelServerOptions kestrel, IPEndPoint address, WebCertificate certificate)
    {
        var listener = new WebListener(certificate);
        kestrel.Listen(address, endpoint =>
        {
            endpoint.Protocols = HttpProtocols.Http1AndHttp2;
            PageConnections.Limit(endpoint, ConnectionsMax, connection => connection.Features.Set(listener));
            endpoint.UseHttps(new TlsHandshakeCallbackOptions { HandshakeTimeout = s_handshakeMax, OnConnection = _ => ValueTask.FromResult(certificate.Options()) });
        });
    }
}
