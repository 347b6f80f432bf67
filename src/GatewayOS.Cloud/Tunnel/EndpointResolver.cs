using System.Net;
using System.Net.Sockets;

namespace GatewayOS.Cloud.Tunnel;

/// <summary>
/// Resolves endpoints with the system's resolver, outside of the tunnel. WireGuard does so once, when it is configured: here it happens with each change of way, and a name with several addresses
/// gives another one each time. What was resolved last serves while no name server answers. Not thread-safe.
/// </summary>
internal sealed class EndpointResolver
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(4);

    private readonly Dictionary<TunnelWay, IPEndPoint> _last = [];
    private readonly Dictionary<TunnelWay, string> _problems = [];
    private int _turn;

    /// <summary>What a way was resolved to last.</summary>
    public IPEndPoint? Last(TunnelWay way) => _last.GetValueOrDefault(way);

    /// <summary>Why it could not be resolved the last time.</summary>
    public string? Problem(TunnelWay way) => _problems.GetValueOrDefault(way);

    /// <summary>Resolves a way anew.</summary>
    /// <param name="way">The way.</param>
    /// <returns>Null when it cannot be, and never could.</returns>
    public IPEndPoint? Resolve(TunnelWay way)
    {
        _problems.Remove(way);
        try
        {
            using var limit = new CancellationTokenSource(s_limit);
            IPAddress[] addresses = IPAddress.TryParse(way.Endpoint.Host, out IPAddress? literal) ? [literal] : Dns.GetHostAddressesAsync(way.Endpoint.Host, limit.Token).GetAwaiter().GetResult();
            IPAddress[] outside = [.. addresses.Where(address => !way.Peer.AllowedIps.Any(range => !range.IsDefault && range.Contains(address)))];
            if (outside.Length == 0)
            {
                _problems[way] = addresses.Length == 0 ? "The name has no address." : $"{addresses[0]} is inside of the tunnel itself.";
                return null;
            }

            _last[way] = new IPEndPoint(outside[_turn++ % outside.Length], way.Endpoint.Port);
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException)
        {
            _problems[way] = error is SocketException refused ? $"The name cannot be resolved: {refused.Message}." : $"No name server answered within {s_limit.TotalSeconds:0} s.";
        }

        return Last(way);
    }
}
