using System.Net;

namespace GatewayOS.Cloud.Tunnel;

/// <summary>A way to the other end, as it is now.</summary>
/// <param name="Endpoint">As configured.</param>
/// <param name="Address">What it was resolved to last; null before.</param>
/// <param name="IsInUse">True for the one in use.</param>
/// <param name="Problem">Why it cannot be used; null when nothing is known against it.</param>
public sealed record TunnelWayStatus(string Endpoint, string? Address, bool IsInUse, string? Problem);

/// <summary>How the tunnel is, at a moment. What is not known is null.</summary>
public sealed record TunnelStatus
{
    /// <summary>Its state.</summary>
    public required TunnelState State { get; init; }

    /// <summary>Why, one sentence, with what to do when something is to be done.</summary>
    public required string Reason { get; init; }

    /// <summary>Since when.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>Name of the network device.</summary>
    public required string Device { get; init; }

    /// <summary>What moves packets: <c>kernel</c> or <c>wireguard-go</c>; null while there is no device.</summary>
    public string? Engine { get; init; }

    /// <summary>This end's public key; null before it is made.</summary>
    public string? PublicKey { get; init; }

    /// <summary>This end's addresses inside.</summary>
    public IReadOnlyList<IpPrefix> Addresses { get; init; } = [];

    /// <summary>Name servers inside.</summary>
    public IReadOnlyList<IPAddress> Dns { get; init; } = [];

    /// <summary>The ways to the other end.</summary>
    public IReadOnlyList<TunnelWayStatus> Ways { get; init; } = [];

    /// <summary>Time of the last handshake.</summary>
    public DateTimeOffset? Handshake { get; init; }

    /// <summary>Bytes received since the device was made.</summary>
    public long ReceivedBytes { get; init; }

    /// <summary>Bytes sent since the device was made.</summary>
    public long SentBytes { get; init; }

    /// <summary>Largest packet that the routes into the tunnel allow, in bytes.</summary>
    public int MtuBytes { get; init; }

    /// <summary>True when <see cref="MtuBytes"/> was found by trying; false while it is what was configured.</summary>
    public bool IsMtuFound { get; init; }

    /// <summary>What is probed.</summary>
    public IPAddress? Probe { get; init; }

    /// <summary>Round trip of the last probe that was answered, in microseconds.</summary>
    public long? ProbeUs { get; init; }

    /// <summary>Lost probes of the last ones, in percent.</summary>
    public int? LossPercent { get; init; }
}
