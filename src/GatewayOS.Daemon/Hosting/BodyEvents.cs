using System.Threading.Channels;
using GatewayOS.Appliance.Alerts;
using GatewayOS.Appliance.Audit;
using GatewayOS.Appliance.Jobs;
using GatewayOS.Appliance.Panel;
using GatewayOS.Appliance.Power;
using GatewayOS.Hardware.FrontPanel;
using GatewayOS.Hardware.Power;

namespace GatewayOS.Daemon.Hosting;

/// <summary>
/// What the hardware's threads tell, and what comes of it. They only put a word into a queue: alerts are written to disk, and none of these threads may wait for that.
/// </summary>
internal sealed class BodyEvents(ApplianceHost appliance, IMachine machine, PanelFeed feed, ServiceAccess service, ILogger<BodyEvents> logger)
    : BackgroundService, IPanelActions, IPanelTrouble, IPowerEvents, IBodyActions
{
    private const int WaitingMax = 256;
    private const string PowerSubject = "power";
    private const string DipSubject = "power dip";
    private const string LineSubject = "power-fail line";
    private const string DisplaySubject = "display";

    // Verifications and rehearsals read as a scrub does.
    private static readonly Dictionary<string, JobKind[]> s_work = new(StringComparer.Ordinal)
    {
        ["gc"] = [JobKind.Gc],
        ["scrub"] = [JobKind.Verify, JobKind.Drill, JobKind.Benchmark],
        ["backups"] = [JobKind.Backup],
    };

    private readonly Channel<Action> _waiting = Channel.CreateBounded<Action>(new BoundedChannelOptions(WaitingMax) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>The panel, once it is made.</summary>
    public IFrontPanel? Panel { get; set; }

    public PanelFacts Facts() => feed.Facts;

    public void ShutDown(bool isReboot) => Later(() => ShutDownOnRecord(isReboot, "panel", "somebody at the front panel wants it"));

    /// <summary>Shuts down for an operator, whose call is on record already.</summary>
    /// <param name="isReboot">True to start again.</param>
    /// <param name="why">For people.</param>
    public void ShutDown(bool isReboot, string why)
    {
        DaemonLog.ShuttingDown(logger, isReboot ? "Restarting" : "Shutting down", why);
        if (isReboot)
        {
            machine.Reboot();
        }
        else
        {
            machine.PowerOff();
        }
    }

    public void ResetAccess() => Later(() =>
    {
        // On record before it is done: what cannot be recorded is not done.
        long begun = appliance.Audit.Begin("panel", "reset access", "appliance");
        appliance.ResetAccess();
        appliance.Audit.End(begun, "panel", "reset access", "appliance", failure: null);
        DaemonLog.Background(logger, $"Access was reset at the front panel: accounts, logins and tokens are ended. A new login token is in {appliance.State.PathOf(ApplianceHost.FirstLoginFile)}.");
    });

    public void Vouched(DateTimeOffset until) => Later(() =>
    {
        appliance.Audit.Note("panel", "presence", "appliance", AuditOutcome.Done, $"until {until:yyyy-MM-dd HH:mm:ss} UTC");
        DaemonLog.Background(logger, $"Somebody at the front panel vouches for being there, until {until:HH:mm:ss} UTC.");
    });

    public bool OffersService => service.IsOffered;

    public void OpenService() => Later(() =>
    {
        // On record before it is done: what cannot be recorded is not done.
        appliance.Audit.Note("panel", "open service access", "appliance", AuditOutcome.Done, $"for {ServiceAccess.OpenMax.TotalHours:0} hours");
        service.Open();
    });

    public void CloseService() => Later(() =>
    {
        service.Close();
        appliance.Audit.Note("panel", "close service access", "appliance", AuditOutcome.Done, "");
    });

    public void Chip(string chipLabel, string use, string? problem) => Decide($"{chipLabel} {use}", problem, use == "power fail"
        ? "Look at the chip's driver and plug. Until it is back a power failure is not seen coming; backups are safe all the same."
        : "Look at the chip's driver and plug; it is tried again by itself. Everything else goes on.");

    void IPowerEvents.Chip(string chipLabel, string? problem) => Chip(chipLabel, "power fail", problem);

    void IBodyActions.Chip(string chipLabel, string? problem) => Chip(chipLabel, "supplies", problem);

    public void Display(string? problem) => Decide(DisplaySubject, problem, "Look at the display's driver and cable; it is tried again by itself.");

    public void Failing()
    {
        Panel?.Show(PanelSignal.PowerFailing, isSo: true);
        Later(() => DaemonLog.Background(logger, "Power is failing: nothing is acknowledged any more."));
    }

    public void Over(PowerFailure failure)
    {
        Panel?.Show(PanelSignal.PowerFailing, isSo: false);
        Later(() =>
        {
            if (failure.Outcome == PowerOutcome.FalseAlarm)
            {
                DaemonLog.Background(logger, "The power-fail line says that power is failing, and the machine runs on: work is resumed.");
                appliance.Alerts.Raise(new AlertEvent(
                    AlertKind.PowerFailure, AlertSeverity.Critical, LineSubject, $"The power-fail line has said for {failure.RanOnMs / 1000} seconds that power is failing, and the machine runs.",
                    "Look at the line and the supplies ('gatewayctl hw sensors'). Until then a real failure is not seen coming; backups are safe all the same."));
                return;
            }

            // Over as soon as it is told of, but on record.
            DaemonLog.Background(logger, $"Power is back after {failure.RanOnMs} ms: work is resumed.");
            appliance.Alerts.Clear(AlertKind.PowerFailure, LineSubject);
            appliance.Alerts.Raise(new AlertEvent(
                AlertKind.PowerFailure, AlertSeverity.Info, DipSubject, $"Power failed for {failure.RanOnMs} ms and came back; nothing was lost.", "Look at the mains if it happens again ('gatewayctl power history')."));
            appliance.Alerts.Clear(AlertKind.PowerFailure, DipSubject);
        });
    }

    /// <summary>The appliance has started.</summary>
    /// <param name="lost">The failure that it went dark with; null when it was stopped in order.</param>
    public void Started(PowerFailure? lost) => Later(() =>
    {
        if (lost is null)
        {
            appliance.Alerts.Clear(AlertKind.PowerFailure, PowerSubject);
            return;
        }

        DaemonLog.Background(logger, $"Power was lost at {lost.Time:yyyy-MM-dd HH:mm:ss} UTC; the machine ran on for {lost.RanOnMs} ms at least. Flushed: {(lost.Flushed.Count > 0 ? string.Join(", ", lost.Flushed) : "nothing")}.");
        appliance.Alerts.Raise(new AlertEvent(
            AlertKind.PowerFailure, AlertSeverity.Warning, PowerSubject,
            $"The appliance lost power at {lost.Time:yyyy-MM-dd HH:mm:ss} UTC. What it had acknowledged is there.",
            "Look why it did (mains, supplies, the uninterruptible supply), and whether its hold-up shrinks: 'gatewayctl power history'. Then acknowledge this; it goes with the next orderly start."));
    });

    public void Pause(IReadOnlyList<string> paused)
    {
        Panel?.Show(PanelSignal.Overheated, paused.Count > 0);
        Later(() =>
        {
            DaemonLog.Background(logger, paused.Count > 0 ? $"It is too hot: {string.Join(", ", paused)} rest." : "It is cool enough again: nothing rests.");
            appliance.Jobs.Rest([.. paused.SelectMany(word => s_work[word])], "It waits until the appliance is cooler.");
        });
    }

    public void ShutDown(string why) => Later(() => ShutDownOnRecord(isReboot: false, "sensors", why));

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (Action act in _waiting.Reader.ReadAllAsync(stoppingToken).ConfigureAwait(false))
        {
            try
            {
                act();
            }
            catch (Exception error) when (error is IOException or Store.Storage.StoreIoException or Store.Storage.StoreDamagedException or InvalidOperationException or System.ComponentModel.Win32Exception)
            {
                DaemonLog.Background(logger, $"The hardware asked for something that failed: {error.Message}");
            }
        }
    }

    private void ShutDownOnRecord(bool isReboot, string who, string why)
    {
        appliance.Audit.Note(who, isReboot ? "restart" : "shut down", "appliance", AuditOutcome.Done, why);
        ShutDown(isReboot, why);
    }

    private void Later(Action act) => _waiting.Writer.TryWrite(act);

    private void Decide(string subject, string? problem, string remedy) => Later(() =>
    {
        if (problem is null)
        {
            appliance.Alerts.Clear(AlertKind.FrontPanel, subject);
        }
        else
        {
            appliance.Alerts.Raise(new AlertEvent(AlertKind.FrontPanel, AlertSeverity.Warning, subject, problem, remedy));
        }
    });
}
