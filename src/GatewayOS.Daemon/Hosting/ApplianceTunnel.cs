using GatewayOS.Appliance.Alerts;
using GatewayOS.Cloud.Tunnel;

namespace GatewayOS.Daemon.Hosting;

/// <summary>The appliance's tunnel: starts with gatewayd when it is configured, and says when it carries nothing.</summary>
internal sealed class ApplianceTunnel : IHostedService, IDisposable
{
    private const string Subject = "tunnel";

    private readonly ApplianceHost _appliance;

    public ApplianceTunnel(ApplianceHost appliance, TimeProvider time, ILogger<ApplianceTunnel> logger)
    {
        _appliance = appliance;
        File = new TunnelFile(appliance.State);
        Tunnel = new WireGuardTunnel(new TunnelSurroundings { File = File, Time = time, Log = what => DaemonLog.Tunnel(logger, what) });
        Tunnel.Changed += Tell;
    }

    /// <summary>Configuration and key.</summary>
    public TunnelFile File { get; }

    public WireGuardTunnel Tunnel { get; }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        Tunnel.Start();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    // The container disposes of it twice: as what it is, and as a service of the host. The tunnel takes that.
    public void Dispose()
    {
        Tunnel.Changed -= Tell;
        Tunnel.Dispose();
    }

    private void Tell(TunnelStatus status)
    {
        switch (status.State)
        {
            case TunnelState.Down:
                _appliance.Alerts.Raise(new AlertEvent(AlertKind.Tunnel, AlertSeverity.Warning, Subject, $"The tunnel is down: {status.Reason}", "What is pinned to it waits, local backups go on. 'gatewayctl tunnel status' and 'gatewayctl tunnel probe' show more; ask the other end's operator when nothing has changed here."));
                break;
            case TunnelState.Degraded:
                _appliance.Alerts.Raise(new AlertEvent(AlertKind.Tunnel, AlertSeverity.Info, Subject, $"The tunnel is degraded: {status.Reason}", "It carries traffic. 'gatewayctl tunnel status' shows each endpoint."));
                break;
            case TunnelState.Up or TunnelState.Off:
                _appliance.Alerts.Clear(AlertKind.Tunnel, Subject);
                break;
        }
    }
}
