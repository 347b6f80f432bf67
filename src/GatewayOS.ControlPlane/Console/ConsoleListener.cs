using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using GatewayOS.Pages;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace GatewayOS.ControlPlane.Console;

/// <summary>Marks what came in where the console is served.</summary>
/// <param name="IsReplaced">True when the certificate is the owner's.</param>
internal sealed record ConsoleListener(bool IsReplaced)
{
    /// <summary>Most connections at once: browsers must not take those of appliances.</summary>
    public const int ConnectionsMax = 1000;

    private static readonly TimeSpan s_handshakeMax = TimeSpan.FromSeconds(10);

    /// <summary>Listens for browsers.</summary>
    /// <param name="kestrel">The server.</param>
    /// <param name="address">Where.</param>
    /// <param name="own">The owner's certificate; null for one of the control plane's authority.</param>
    /// <param name="otherwise">Gives that.</param>
    public static void Listen(KestrelServerOptions kestrel, IPEndPoint address, X509Certificate2? own, Func<X509Certificate2> otherwise)
    {
        var listener = new ConsoleListener(own is not null);
        kestrel.Listen(address, endpoint =>
        {
            endpoint.Protocols = HttpProtocols.Http1AndHttp2;
            PageConnections.Limit(endpoint, ConnectionsMax, connection => connection.Features.Set(listener));
            endpoint.UseHttps(https =>
            {
                https.SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13;
                https.HandshakeTimeout = s_handshakeMax;
                https.ServerCertificateSelector = (_, _) => own ?? otherwise();
            });
        });
    }
}
