using System.Net;

namespace GatewayOS.Daemon.Hosting;

/// <summary>How gatewayd runs.</summary>
internal sealed record DaemonOptions
{
    /// <summary>Port unless another is given.</summary>
    public const int PortDefault = 8441;

    /// <summary>Keys, certificates and who is enrolled.</summary>
    public required string StateDirectory { get; init; }

    /// <summary>The store.</summary>
    public required string StoreDirectory { get; init; }

    /// <summary>Where it listens.</summary>
    public required IPEndPoint Listen { get; init; }

    /// <summary>Where metrics and health are served, without TLS; null for nowhere.</summary>
    public IPEndPoint? Metrics { get; init; }

    /// <summary>Where browsers are served; null for nowhere.</summary>
    public IPEndPoint? Web { get; init; }

    /// <summary>Hardware profile: a name or a file.</summary>
    public required string Profile { get; init; }

    /// <summary>True to pretend an array of disks that are files; refused where the profile is a real model's.</summary>
    public bool VirtualArray { get; init; }

    /// <summary>The TPM that seals the store's key: where it is, <c>auto</c> or <c>off</c>.</summary>
    public required string Tpm { get; init; }

    /// <summary>Where the system is asked to let a technician in; null where it does not.</summary>
    public string? ServiceDirectory { get; init; }

    /// <summary>The appliance's name for people.</summary>
    public required string Name { get; init; }

    /// <summary>Lifetime of certificates; shorter ones than the default are for trying the rotation.</summary>
    public TimeSpan? CertificateLifetime { get; init; }
}
