using System.Net;
using System.Net.Sockets;

namespace GatewayOS.Cloud.Tunnel;

/// <summary>
/// Connections of what is pinned to the tunnel: by its device and no other, names resolved by its own name servers. Without a tunnel they fail; there is no other way.
/// </summary>
internal static class TunnelConnection
{
    /// <summary>Makes handlers of HTTP clients connect like this. Proxies of the environment are not used: they may be anywhere.</summary>
    public static void Pin(SocketsHttpHandler handler)
    {
        handler.UseProxy = false;
        handler.ConnectCallback = static async (context, cancellation) => await ConnectAsync(context.DnsEndPoint, cancellation).ConfigureAwait(false);
    }

    /// <summary>Connects.</summary>
    /// <param name="to">Where to.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="TunnelException">There is no tunnel, or it cannot know the name. A retry does not help.</exception>
    /// <exception cref="IOException">Nothing answers through the tunnel. A retry may help.</exception>
    public static async Task<Stream> ConnectAsync(DnsEndPoint to, CancellationToken cancellation)
    {
        TunnelNotice tunnel = TunnelNotice.Read();
        IReadOnlyList<IPAddress> addresses = IPAddress.TryParse(to.Host, out IPAddress? literal)
            ? [literal]
            : await InnerResolver.ResolveAsync(to.Host, tunnel.Device, tunnel.Servers, cancellation).ConfigureAwait(false);
        SocketException? last = null;
        foreach (IPAddress address in addresses)
        {
            var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                BoundSocket.Bind(socket, tunnel.Device);
                await socket.ConnectAsync(address, to.Port, cancellation).ConfigureAwait(false);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (Exception error)
            {
                socket.Dispose();
                last = error as SocketException;
                if (last is null)
                {
                    throw;
                }
            }
        }

        throw new IOException($"{to.Host}:{to.Port} does not answer through the tunnel's device {tunnel.Device}: {last!.Message}. 'gatewayctl tunnel status' says how the tunnel is.");
    }
}
