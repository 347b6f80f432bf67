using System.Globalization;
using System.Security.Cryptography;
using GatewayOS.Appliance.Raid;
using GatewayOS.Appliance.Updates;
using GatewayOS.Hardware.DBus;
using GatewayOS.Hardware.Updates;
using GatewayOS.Store.Locks;
using GatewayOS.Store.Maintenance;
using GatewayOS.Store.Storage;

namespace GatewayOS.Daemon.Hosting;

/// <summary>Updates of the system, on a thread of their own: what was begun goes on once gatewayd answers, and what somebody orders then.</summary>
internal sealed class ApplianceUpdates : IHostedService, IDisposable
{
    private static readonly TimeSpan s_intervalBusy = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_intervalQuiet = TimeSpan.FromSeconds(10);

    private readonly ApplianceHost _appliance;
    private readonly ApplianceArrays _arrays;
    private readonly PanelFeed _feed;
    private readonly TimeProvider _time;
    private readonly ILogger<ApplianceUpdates> _logger;
    private readonly IHostApplicationLifetime _lifetime;
    private readonly RaucSlots _slots = new(new DBusConnection(DBusConnection.SystemBus));
    private readonly SemaphoreSlim _wake = new(0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Thread _thread;
    private string _lastProblem = "";
    private bool _isDisposed;

    public ApplianceUpdates(ApplianceHost appliance, ApplianceArrays arrays, PanelFeed feed, Appliance.Power.IMachine machine, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<ApplianceUpdates> logger)
    {
        (_appliance, _arrays, _feed, _lifetime, _time, _logger) = (appliance, arrays, feed, lifetime, time, logger);
        Engine = new UpdateEngine(new UpdateSurroundings
        {
            Slots = _slots,
            State = appliance.State,
            Alerts = appliance.Alerts,
            Machine = machine,
            BootId = new MachineClock(time).Read().BootId,
            Version = KernelCommandLine.Value("gateway.version") ?? ProgramVersion.Text,
            ArrayProblem = ArrayProblem,
            Check = Check,
            Log = what => DaemonLog.Update(logger, what),
            Time = time,
        });
        Engine.Wanted += Wake;
        _thread = new Thread(Run) { Name = "updates", IsBackground = true };
    }

    public UpdateEngine Engine { get; }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        // A system is good only when it serves: nothing is looked at before.
        _lifetime.ApplicationStarted.Register(_thread.Start);
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
        Engine.Wanted -= Wake;
        OwnedThreads.End(_thread);
        _slots.Dispose();
        _stop.Dispose();
        _wake.Dispose();
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
        using ITimer show = _time.CreateTimer(_ => Show(), null, s_intervalBusy, s_intervalBusy);
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                Engine.Pump(_stop.Token);
                Say(Engine.Status.Note);
                _wake.Wait(Engine.IsBusy && Engine.Status.Note.Length == 0 ? s_intervalBusy : s_intervalQuiet, _stop.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception error) when (error is StoreIoException or IOException or UnauthorizedAccessException or System.ComponentModel.Win32Exception)
            {
                // The state's disk is full, or the machine does not restart. Nothing was done that is not on record, and it is tried again.
                Say(error.Message);
                _stop.Token.WaitHandle.WaitOne(s_intervalQuiet);
            }
        }
    }

    private void Say(string problem)
    {
        if (problem != _lastProblem && problem.Length > 0)
        {
            DaemonLog.Background(_logger, $"Updates: {problem}");
        }

        _lastProblem = problem;
    }

    private void Show() => _feed.Update = Engine.Status switch
    {
        { Progress: { } progress } => string.Create(CultureInfo.InvariantCulture, $"Update {progress.Percent} %"),
        { Attempts: [.., { State: UpdateState.Checking }] } => "Update: checking",
        { Attempts: [.., { State: UpdateState.Installed }] } => "Update: restart",
        _ => "",
    };

    // What a check found before is no fault of a system that is new.
    private string ArrayProblem()
    {
        RaidStatus status = _arrays.Watch.Status;
        if (_appliance.Profile.Storage is not { Bays.Count: > 0 })
        {
            return "";
        }

        return status.Reading.Problem is { } problem ? $"How the arrays are cannot be said: {problem}."
            : status.Arrays.Count == 0 ? "There is no array."
            : status.Arrays.FirstOrDefault(array => array.Health.State is not (ArrayState.Optimal or ArrayState.Checking or ArrayState.Mismatch)) is { } bad ? $"The array {bad.Array.Name} is {ArrayHealth.Word(bad.Health.State)}."
            : "";
    }

    private CheckVerdict Check(CancellationToken cancellation)
    {
        if (ArrayProblem() is { Length: > 0 } problem)
        {
            return new CheckVerdict(IsGood: false, IsFinal: false, problem);
        }

        try
        {
            string proof = RestoreProof.Run(_appliance.OpenStore, _appliance.State, RandomNumberGenerator.GetInt32(int.MaxValue), _time, cancellation);
            string arrays = _arrays.Watch.Status.Arrays.Count > 0 ? "the arrays are well" : "this model has no array";
            return new CheckVerdict(IsGood: true, IsFinal: true, $"The service answers, and {arrays}. {proof}");
        }
        catch (StoreDamagedException error)
        {
            return new CheckVerdict(IsGood: false, IsFinal: true, error.Message);
        }
        catch (Exception error) when (error is StoreIoException or StoreUnusableException or IOException or UnauthorizedAccessException)
        {
            return new CheckVerdict(IsGood: false, IsFinal: false, error.Message);
        }
    }
}
