using System.Globalization;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using GatewayOS.Appliance.Alerts;
using GatewayOS.Appliance.Panel;
using GatewayOS.Web.Certificates;
using GatewayOS.Web.Setup;
using Microsoft.Data.Sqlite;

namespace GatewayOS.Daemon.Hosting;

/// <summary>Gathers every second what the panel shows, so that the panel itself never asks a disk.</summary>
internal sealed class PanelFeed(ApplianceHost appliance, TimeProvider time, ServiceAccess service, ILogger<PanelFeed> logger, FirstStart? first = null, WebCertificate? certificate = null) : BackgroundService
{
    private const int AlertsShownMax = 20;

    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);

    private string? _claimCode;

    private volatile PanelFacts _facts = new(appliance.Name, "starting", [], [], []);

    /// <summary>What was gathered last.</summary>
    public PanelFacts Facts => _facts;

    /// <summary>What is to be done next at the disks; empty for nothing.</summary>
    public string Step { get; set; } = "";

    /// <summary>What is to be said of an update; empty for nothing.</summary>
    public string Update { get; set; } = "";

    /// <summary>The panel, once it is made.</summary>
    public IFrontPanel? Panel { get; set; }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(s_interval, time);
        do
        {
            try
            {
                Gather();
            }
            catch (Exception error) when (error is SqliteException or NetworkInformationException)
            {
                DaemonLog.Background(logger, $"The panel cannot be told how the appliance is: {error.Message}");
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false));
    }

    private void Gather()
    {
        AlertRecord[] alerts = [.. appliance.Alerts.List(withCleared: false, AlertsShownMax).Where(alert => alert.Event.Severity > AlertSeverity.Info)];
        int critical = alerts.Count(alert => alert.Event.Severity == AlertSeverity.Critical && alert.AcknowledgedBy is null);
        int warnings = alerts.Count(alert => alert.Event.Severity == AlertSeverity.Warning && alert.AcknowledgedBy is null);
        int runs = appliance.Sessions.Current.Count(session => !session.IsCommitted);
        string[] addresses = Addresses();
        TellClaimCode(first?.ClaimCode);
        _facts = new PanelFacts(
            appliance.Name,
            _claimCode is { } code ? $"Code {code}" : Update.Length > 0 ? Update : alerts.Length > 0 ? $"{Count(alerts.Length)} alert{(alerts.Length > 1 ? "s" : "")}" : runs > 0 ? $"{Count(runs)} backup{(runs > 1 ? "s" : "")}" : "OK",
            certificate is null ? addresses : [.. addresses, $"SHA-256 {certificate.Fingerprint}"],
            [.. alerts.Select(alert => alert.Event.Summary)],
            Step.Length > 0 ? [Step] : [])
        {
            Service = service.Look(),
        };
        if (Panel is { } panel)
        {
            // Acknowledged alerts stand, and somebody sees to them: the lamp is for the others.
            panel.Show(PanelSignal.Starting, isSo: false);
            panel.Show(PanelSignal.Critical, critical > 0);
            panel.Show(PanelSignal.Warning, warnings > 0);
            panel.Show(PanelSignal.Healthy, critical + warnings == 0);
            panel.Show(PanelSignal.BackupRunning, runs > 0);
            panel.Show(PanelSignal.NetworkUp, addresses.Length > 0);
            panel.Show(PanelSignal.NetworkDown, addresses.Length == 0);
        }
    }

    // On the console too, once: at start, and when access was reset.
    private void TellClaimCode(string? code)
    {
        if (code is not null && code != _claimCode)
        {
            DaemonLog.Unclaimed(logger, code);
        }

        _claimCode = code;
    }

    private static string Count(int count) => count.ToString(CultureInfo.InvariantCulture);

    private static string[] Addresses() =>
    [
        .. NetworkInterface.GetAllNetworkInterfaces()
            .Where(port => port.OperationalStatus == OperationalStatus.Up && port.NetworkInterfaceType != NetworkInterfaceType.Loopback)
            .SelectMany(port => port.GetIPProperties().UnicastAddresses.Select(address => (port.Name, address.Address)))
            .Where(one => one.Address.AddressFamily == AddressFamily.InterNetwork || !one.Address.IsIPv6LinkLocal)
            .OrderBy(one => one.Address.AddressFamily)
            .Select(one => $"{one.Address}"),
    ];
}
