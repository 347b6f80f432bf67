using System.Net;
using System.Reflection;

namespace GatewayOS.ControlPlane.Hosting;

/// <summary>How gateway-control runs.</summary>
internal sealed record ControlOptions
{
    /// <summary>Lifetime of an appliance's certificate; it is renewed when two thirds are over.</summary>
    public static readonly TimeSpan CertificateLifetimeDefault = TimeSpan.FromDays(30);

    /// <summary>How long alerts, ended commands and records are kept.</summary>
    public static readonly TimeSpan KeepDefault = TimeSpan.FromDays(400);

    /// <summary>Least of it: appliances report on ended commands for 90 days.</summary>
    public static readonly TimeSpan KeepMin = TimeSpan.FromDays(100);

    /// <summary>The program's version.</summary>
    public static string Version { get; } = typeof(ControlOptions).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    /// <summary>The authority's key, the first administrator's token and, without PostgreSQL, the database.</summary>
    public required string StateDirectory { get; init; }

    /// <summary>Where it listens.</summary>
    public required IPEndPoint Listen { get; init; }

    /// <summary>Where it serves the console; null for nowhere.</summary>
    public IPEndPoint? Console { get; init; }

    /// <summary>PostgreSQL's connection string; null for SQLite in the state directory.</summary>
    public string? Database { get; init; }

    /// <summary>The control plane's name for people.</summary>
    public required string Name { get; init; }

    /// <summary>How long alerts, ended commands and records are kept; at least <see cref="KeepMin"/>.</summary>
    public TimeSpan Keep { get; init; } = KeepDefault;

    /// <summary>Lifetime of appliances' certificates.</summary>
    public TimeSpan CertificateLifetime { get; init; } = CertificateLifetimeDefault;
}
