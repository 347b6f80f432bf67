using System.Globalization;
using System.Net.Sockets;
using GatewayOS.Appliance.Ingest;

namespace GatewayOS.Daemon.Hosting;

/// <summary>
/// Tells systemd that the service is ready, and feeds its watchdog (sd_notify(3)) — only while the data path gets on: as long as runs are connected
/// and have batches in hand, some must be completed between two feedings.
/// </summary>
internal sealed class SystemdNotifier(ApplianceHost appliance, TimeProvider time, ILogger<SystemdNotifier> logger) : BackgroundService
{
    private readonly string? _socket = Environment.GetEnvironmentVariable("NOTIFY_SOCKET");

    public void Notify(string state)
    {
        if (string.IsNullOrEmpty(_socket))
        {
            return;
        }

        using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);

        // A leading '@' is an abstract name.
        socket.SendTo(System.Text.Encoding.UTF8.GetBytes(state), new UnixDomainSocketEndPoint(_socket[0] == '@' ? "\0" + _socket[1..] : _socket));
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        Notify("READY=1");
        if (!long.TryParse(Environment.GetEnvironmentVariable("WATCHDOG_USEC"), CultureInfo.InvariantCulture, out long microseconds) || microseconds <= 0)
        {
            return;
        }

        using var timer = new PeriodicTimer(TimeSpan.FromMicroseconds(microseconds / 2), time);
        DataProgress last = appliance.Sessions.Progress;
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
        {
            DataProgress now = appliance.Sessions.Progress;
            if (now.InHand == 0 || last.InHand == 0 || now.Completed != last.Completed)
            {
                Notify("WATCHDOG=1");
            }
            else
            {
                DaemonLog.NoProgress(logger);
            }

            last = now;
        }
    }
}
