using GatewayOS.Appliance.Jobs;
using GatewayOS.Appliance.Policies;
using GatewayOS.Appliance.Raid;
using GatewayOS.Appliance.Schedule;
using GatewayOS.Hardware.DBus;
using GatewayOS.Hardware.Profiles;
using GatewayOS.Hardware.Raid;
using GatewayOS.Hardware.Raid.Virtual;
using GatewayOS.Store.Maintenance;
using GatewayOS.Store.Storage;

namespace GatewayOS.Daemon.Hosting;

/// <summary>The watch over arrays and disks, on a thread of its own: it looks when something changes, and from time to time.</summary>
internal sealed class ApplianceArrays : IHostedService, IDisposable
{
    // As other systems have it where a profile is silent (Debian's mdadm: 1 MB/s is what the kernel guarantees, 200 what it stops at).
    private static readonly RebuildRate s_rateDefault = new(10, 200);

    private static readonly TimeSpan s_intervalBusy = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_intervalQuiet = TimeSpan.FromSeconds(10);

    // Signals of one change come in swarms.
    private static readonly TimeSpan s_settle = TimeSpan.FromMilliseconds(200);

    private readonly ApplianceHost _appliance;
    private readonly TimeProvider _time;
    private readonly ILogger<ApplianceArrays> _logger;
    private readonly IRaidHealth _port;
    private readonly SemaphoreSlim _wake = new(1);
    private readonly CancellationTokenSource _stop = new();
    private readonly Thread _thread;
    private string _lastProblem = "";
    private bool _isDisposed;

    public ApplianceArrays(ApplianceHost appliance, ApplianceBody body, PanelFeed feed, TimeProvider time, ILogger<ApplianceArrays> logger)
    {
        (_appliance, _time, _logger) = (appliance, time, logger);
        History = new DiskHistory(appliance.State.PathOf("disks.db"), what => DaemonLog.Background(logger, what));
        _port = PortOf(appliance, time);
        RebuildProfile? rebuild = appliance.Profile.Rebuild;
        Watch = new RaidWatch(_port, new RaidSurroundings
        {
            Alerts = appliance.Alerts,
            Lights = new PanelBayLights(Lights, body, feed),
            State = appliance.State,
            Rate = rebuild is null ? s_rateDefault : new RebuildRate(rebuild.MinMBs, rebuild.MaxMBs),
            BackupsExpected = BackupsExpected,
            VerifyStore = VerifyStore,
            Time = time,
        });
        _thread = new Thread(Run) { Name = "arrays", IsBackground = true };
    }

    public RaidWatch Watch { get; }

    /// <summary>What disks said of themselves.</summary>
    public DiskHistory History { get; }

    public RecordedBayLights Lights { get; } = new();

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _port.Changed += Wake;
        _thread.Start();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        _stop.Cancel();
        return Task.CompletedTask;
    }

    // The container disposes of it twice: as what it is, and as a service of the host.
    public void Dispose()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        _stop.Cancel();
        _port.Changed -= Wake;
        OwnedThreads.End(_thread);
        _port.Dispose();
        History.Dispose();
        _stop.Dispose();
        _wake.Dispose();
    }

    private static IRaidHealth PortOf(ApplianceHost appliance, TimeProvider time)
    {
        HardwareProfile profile = appliance.Profile;
        if (appliance.Options.VirtualArray)
        {
            return new VirtualArray(appliance.State, profile.Storage!, time);
        }

        if (profile is { Storage.Mode: StorageMode.HardwareRaid, Controller: { } controller })
        {
            return new StorcliRaid(StorcliRaid.Tool, controller.CacheProtection, profile.Storage.Bays, time);
        }

        return new UdisksRaid(new DBusConnection(DBusConnection.SystemBus), "/sys", profile.Storage?.Bays ?? [], time);
    }

    private void Wake()
    {
        if (_wake.CurrentCount == 0)
        {
            _wake.Release();
        }
    }

    private void Run()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                Watch.Pump();
                History.Note(Watch.Status.Reading);
                Say(Watch.Status.Reading.Problem ?? "");
            }
            catch (Exception error) when (error is StoreIoException or IOException or UnauthorizedAccessException)
            {
                // A full disk, or a device that went while it was looked at. The next look comes.
                Say(error.Message);
            }

            try
            {
                _wake.Wait(Watch.IsBusy ? s_intervalBusy : s_intervalQuiet, _stop.Token);
                _stop.Token.WaitHandle.WaitOne(s_settle);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private void Say(string problem)
    {
        if (problem != _lastProblem)
        {
            _lastProblem = problem;
            DaemonLog.Background(_logger, problem.Length > 0 ? $"Arrays and disks: {problem.TrimEnd('.')}." : "Arrays and disks can be read again.");
        }
    }

    private bool BackupsExpected() => _appliance.Sessions.Current.Any(session => !session.IsCommitted) || _appliance.Policies.Assignments.Select(assignment => assignment.Policy).Distinct(StringComparer.Ordinal).Any(IsOpen);

    private bool IsOpen(string policy) => _appliance.Policies.PolicyOf(policy) is { Enabled: true, Schedule: { Window: { } window, Zone: { } zone } } && window.Contains(new ZoneClock(zone).Local(_time.GetUtcNow()));

    // md counts sectors and does not say which: no pack can be named, so all of them are read. One order that waits does for all.
    private void VerifyStore()
    {
        if (!_appliance.Jobs.Jobs.Any(job => job is { IsEnded: false, Kind: JobKind.Verify, NodeId.Length: 0 }))
        {
            _appliance.Jobs.Order(new JobRequest(JobKind.Verify) { OrderedBy = "array check" });
        }
    }
}
