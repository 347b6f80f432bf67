using System.Globalization;
using System.Net;

namespace GatewayOS.Cloud.Tunnel;

/// <summary>Where a peer may be reached from outside of the tunnel.</summary>
/// <param name="Host">Address or name; names are resolved anew with each change of endpoint.</param>
/// <param name="Port">UDP port, 1 to 65535.</param>
public sealed record TunnelEndpoint(string Host, int Port)
{
    /// <summary>As <c>host:port</c>, IPv6 in brackets.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{(Host.Contains(':') ? $"[{Host}]" : Host)}:{Port}");
}

/// <summary>The other end. Further peers are alternatives to the first, in order of preference: one is in use at a time.</summary>
public sealed record TunnelPeer
{
    /// <summary>Seconds between packets that keep a firewall's memory of the connection, unless others are configured. The figure is WireGuard's own (wg(8), PersistentKeepalive).</summary>
    public const int KeepaliveSecondsDefault = 25;

    /// <summary>Its public key, base64 of 32 bytes.</summary>
    public required string PublicKey { get; init; }

    /// <summary>A further secret that both ends have, base64 of 32 bytes; null for none.</summary>
    public string? PresharedKey { get; init; }

    /// <summary>What it may send from, and what is sent to it.</summary>
    public required IReadOnlyList<IpPrefix> AllowedIps { get; init; }

    /// <summary>Where it may be reached, in order of preference; at least one.</summary>
    public required IReadOnlyList<TunnelEndpoint> Endpoints { get; init; }

    /// <summary>Seconds between packets that keep the way open; 0 for none.</summary>
    public int KeepaliveSeconds { get; init; } = KeepaliveSecondsDefault;
}

/// <summary>A way to the other end: a peer and one of its endpoints.</summary>
/// <param name="Peer">The peer.</param>
/// <param name="Endpoint">Where it is reached.</param>
public sealed record TunnelWay(TunnelPeer Peer, TunnelEndpoint Endpoint);

/// <summary>How the tunnel is set up. Immutable; read and checked whole by <see cref="WgQuickText"/>. Holds no private key.</summary>
public sealed record TunnelConfig
{
    /// <summary>Most ways to the other end, over all peers.</summary>
    public const int WaysMax = 8;

    /// <summary>Smallest MTU, in bytes: what every IPv4 host takes (RFC 791).</summary>
    public const int MtuBytesMin = 576;

    /// <summary>Smallest MTU for IPv6, in bytes (RFC 8200).</summary>
    public const int MtuBytesMinV6 = 1280;

    /// <summary>Largest MTU that can be configured, in bytes.</summary>
    public const int MtuBytesMax = 9000;

    /// <summary>MTU without a configured one, in bytes: Ethernet's 1500 less 80 for WireGuard over IPv6, as wg-quick(8) takes it.</summary>
    public const int MtuBytesDefault = 1420;

    /// <summary>Name of the network device unless another is configured.</summary>
    public const string DeviceDefault = "gateway0";

    /// <summary>Longest name of a network device, in characters (IFNAMSIZ less its end).</summary>
    public const int DeviceLengthMax = 15;

    /// <summary>Name of the network device.</summary>
    public string Device { get; init; } = DeviceDefault;

    /// <summary>False while it is switched off.</summary>
    public bool IsOn { get; init; } = true;

    /// <summary>The appliance's addresses inside the tunnel; at least one.</summary>
    public required IReadOnlyList<IpPrefix> Addresses { get; init; }

    /// <summary>Name servers inside the tunnel, for what is pinned to it; may be empty.</summary>
    public IReadOnlyList<IPAddress> Dns { get; init; } = [];

    /// <summary>Largest packet inside, in bytes; what fits on the way is found below it.</summary>
    public int MtuBytes { get; init; } = MtuBytesDefault;

    /// <summary>UDP port to send from; null for any.</summary>
    public int? ListenPort { get; init; }

    /// <summary>An address inside that answers pings; null for the first name server, or none.</summary>
    public IPAddress? Probe { get; init; }

    /// <summary>The other end: the first, and alternatives to it.</summary>
    public required IReadOnlyList<TunnelPeer> Peers { get; init; }

    /// <summary>All ways to the other end, in order of preference.</summary>
    public IReadOnlyList<TunnelWay> Ways => [.. Peers.SelectMany(peer => peer.Endpoints.Select(endpoint => new TunnelWay(peer, endpoint)))];

    /// <summary>What is pinged: <see cref="Probe"/>, else the first name server, else null.</summary>
    public IPAddress? ProbeTarget => Probe ?? (Dns.Count > 0 ? Dns[0] : null);

    /// <summary>Checks what a single line cannot show; every error at once.</summary>
    /// <returns>The errors, each with its remedy; empty when valid.</returns>
    public IReadOnlyList<string> Validate()
    {
        var errors = new List<string>();
        errors.AddRange(AddressErrors());
        errors.AddRange(Peers.Count == 0 ? ["There is no [Peer]: add the section that the other end's operator hands out."] : PeerErrors());
        return errors;
    }

    private IEnumerable<string> AddressErrors()
    {
        if (Addresses.Count == 0)
        {
            yield return "[Interface] has no Address: add 'Address = …', this end's address inside the tunnel.";
        }

        if (Device.Length is 0 or > DeviceLengthMax || !Device.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_'))
        {
            yield return $"'{Device}' is no name of a device: 1 to {DeviceLengthMax} letters, digits, hyphens and underscores.";
        }

        int least = Addresses.Any(address => address.IsV6) ? MtuBytesMinV6 : MtuBytesMin;
        if (MtuBytes < least || MtuBytes > MtuBytesMax)
        {
            yield return $"An MTU of {MtuBytes} is outside {least} to {MtuBytesMax}{(least == MtuBytesMinV6 ? ", as IPv6 has it" : "")}: correct it, or leave MTU out and it is found.";
        }
    }

    private IEnumerable<string> PeerErrors()
    {
        if (Ways.Count > WaysMax)
        {
            yield return $"There are {Ways.Count} endpoints, at most {WaysMax} are tried: leave some out.";
        }

        foreach (TunnelPeer other in Peers.Skip(1).Where(other => !other.AllowedIps.ToHashSet().SetEquals(Peers[0].AllowedIps)))
        {
            yield return $"The peer {other.PublicKey} has other AllowedIPs than the first. Further peers stand in for the first, one at a time: give them the same AllowedIPs, or leave them out.";
        }

        foreach (IGrouping<string, TunnelPeer> same in Peers.GroupBy(peer => peer.PublicKey, StringComparer.Ordinal).Where(group => group.Count() > 1))
        {
            yield return $"The peer {same.Key} stands there {same.Count()} times: put all its endpoints into one [Peer], an 'Endpoint = …' each.";
        }

        foreach (TunnelWay way in Ways)
        {
            if (IPAddress.TryParse(way.Endpoint.Host, out IPAddress? literal) && way.Peer.AllowedIps.FirstOrDefault(range => !range.IsDefault && range.Contains(literal)) is { Address: not null } range)
            {
                yield return $"The endpoint {way.Endpoint} is inside of its own tunnel ({range}): take it out of AllowedIPs, or correct the endpoint.";
            }
        }

        foreach ((string what, IPAddress inner) in Dns.Select(server => ("name server", server)).Concat(Probe is null ? [] : [("probe", Probe)]))
        {
            if (!Peers[0].AllowedIps.Any(range => range.Contains(inner)))
            {
                yield return $"The {what} {inner} is not reached through the tunnel: add {inner}/{(inner.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? 128 : 32)} to AllowedIPs, or leave it out.";
            }
        }
    }
}
