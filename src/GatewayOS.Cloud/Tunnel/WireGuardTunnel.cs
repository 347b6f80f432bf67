using System.Net;
using System.Net.NetworkInformation;
using GatewayOS.Store.Maintenance;
using GatewayOS.Store.Storage;

namespace GatewayOS.Cloud.Tunnel;

/// <summary>What a tunnel works with.</summary>
public sealed record TunnelSurroundings
{
    /// <summary>Configuration and key.</summary>
    public required TunnelFile File { get; init; }

    /// <summary>Clock.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>Told what happens, in words without secrets.</summary>
    public required Action<string> Log { get; init; }
}

/// <summary>
/// Keeps the tunnel, on a thread of its own: sets the device up as configured, looks at it, and does what <see cref="TunnelMachine"/> says. Thread-safe.
/// </summary>
public sealed class WireGuardTunnel : IDisposable
{
    /// <summary>Length of an ordinary probe, in bytes: it passes where anything does.</summary>
    public const int ProbeBytes = 84;

    /// <summary>How long an answer to a probe is waited for.</summary>
    public static readonly TimeSpan ProbeLimit = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan s_lookQuiet = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_lookBusy = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_lookIdle = TimeSpan.FromMinutes(1);

    // Setting addresses is a change of addresses, too.
    private static readonly TimeSpan s_ownChanges = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan s_retryMin = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_retryMax = TimeSpan.FromSeconds(30);

    private readonly TunnelSurroundings _around;
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _wake = new(0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Thread _thread;
    private readonly long _begun;
    private TunnelConfig? _wanted;
    private bool _isChanged = true;
    private volatile bool _linkChanged;
    private TunnelStatus _status;
    private TunnelRun? _run;
    private TimeSpan _retry = s_retryMin;

    /// <summary>Makes it; <see cref="Start"/> begins.</summary>
    public WireGuardTunnel(TunnelSurroundings around)
    {
        _around = around;
        _begun = around.Time.GetTimestamp();
        _status = new TunnelStatus { State = TunnelState.Off, Reason = "It is not configured: 'gatewayctl tunnel set --config FILE'.", Since = around.Time.GetUtcNow(), Device = TunnelConfig.DeviceDefault };
        _thread = new Thread(Run) { Name = "tunnel", IsBackground = true };
    }

    /// <summary>Told when the state or its reason has changed, on the tunnel's thread.</summary>
    public event Action<TunnelStatus>? Changed;

    /// <summary>How it is.</summary>
    public TunnelStatus Status
    {
        get
        {
            lock (_gate)
            {
                return _status;
            }
        }
    }

    private TimeSpan Now => _around.Time.GetElapsedTime(_begun);

    /// <summary>Begins, as the file says.</summary>
    public void Start()
    {
        NetworkChange.NetworkAddressChanged += NoteLink;
        _thread.Start();
    }

    /// <summary>Keeps another configuration and goes over to it. What both have in common goes on: sessions, addresses, routes.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="privateKey">The key that came with it; null for the one that is kept here.</param>
    /// <exception cref="StoreIoException">It cannot be kept; the old one stands.</exception>
    public void Set(TunnelConfig config, string? privateKey)
    {
        _around.File.Keep(config, privateKey);
        Wake(changed: true);
    }

    /// <summary>Switches it on or off, for good.</summary>
    /// <exception cref="TunnelException">It is not configured.</exception>
    public void Switch(bool on)
    {
        TunnelConfig config = _around.File.Read() ?? throw new TunnelException("The tunnel is not configured: 'gatewayctl tunnel set --config FILE' first.");
        _around.File.Keep(config with { IsOn = on }, null);
        Wake(changed: true);
    }

    /// <summary>Makes a new pair of keys and goes over to it. The other end lets nobody in by the old one's place until it knows the new public key.</summary>
    /// <exception cref="StoreIoException">It cannot be kept; the old one stands.</exception>
    public void Rekey()
    {
        _around.File.Key.Renew();
        Wake(changed: true);
    }

    /// <summary>Pings through the tunnel now.</summary>
    /// <param name="target">Whom; null for what is configured.</param>
    /// <param name="count">How often.</param>
    /// <returns>Round trips, null for each that was not answered.</returns>
    /// <exception cref="TunnelException">There is nothing to ping, or no device.</exception>
    public (IPAddress Target, IReadOnlyList<TimeSpan?> Answers) Probe(IPAddress? target, int count)
    {
        TunnelStatus status = Status;
        if (status.Engine is null)
        {
            throw new TunnelException($"The tunnel is {status.State.ToString().ToLowerInvariant()}: {status.Reason}");
        }

        IPAddress whom = target ?? status.Probe ?? throw new TunnelException("There is nothing to probe: name an address inside with --target, or configure one with 'Probe = …'.");

        // Half of the numbers are the tunnel's own.
        var probe = new EchoProbe(status.Device, (ushort)(Environment.ProcessId | 0x8000));
        return (whom, [.. Enumerable.Range(0, count).Select(_ => probe.Ping(whom, ProbeBytes, ProbeLimit))]);
    }

    /// <summary>Ends it: the device goes, and with it what is bound to it.</summary>
    public void Dispose()
    {
        if (_stop.IsCancellationRequested)
        {
            return;
        }

        _stop.Cancel();
        NetworkChange.NetworkAddressChanged -= NoteLink;
        OwnedThreads.End(_thread);
        _stop.Dispose();
        _wake.Dispose();
    }

    private void NoteLink(object? sender, EventArgs change)
    {
        _linkChanged = true;
        Wake(changed: false);
    }

    private void Wake(bool changed)
    {
        lock (_gate)
        {
            _isChanged |= changed;
        }

        if (_wake.CurrentCount == 0)
        {
            _wake.Release();
        }
    }

    private void Run()
    {
        while (!_stop.IsCancellationRequested)
        {
            TimeSpan pause;
            try
            {
                pause = Look();
                _retry = s_retryMin;
            }
            catch (Exception error) when (error is TunnelException or IOException or UnauthorizedAccessException)
            {
                Fail(error.Message);
                pause = _retry;
                _retry = _retry * 2 < s_retryMax ? _retry * 2 : s_retryMax;
            }

            try
            {
                _wake.Wait(pause, _stop.Token);
            }
            catch (OperationCanceledException)
            {
                break;
            }
        }

        End();
    }

    private TimeSpan Look()
    {
        bool isChanged;
        lock (_gate)
        {
            (isChanged, _isChanged) = (_isChanged, false);
        }

        if (isChanged)
        {
            try
            {
                _wanted = _around.File.Read();
            }
            catch (TunnelException)
            {
                _wanted = null;
                End();
                throw;
            }
        }

        if (_wanted is not { IsOn: true } config)
        {
            End();
            string reason = _wanted is null ? "It is not configured: 'gatewayctl tunnel set --config FILE'." : "It is switched off: 'gatewayctl tunnel up'.";
            Publish(new TunnelStatus { State = TunnelState.Off, Reason = reason, Since = SinceOf(TunnelState.Off), Device = _wanted?.Device ?? TunnelConfig.DeviceDefault, PublicKey = _wanted is null ? null : _around.File.Key.Public() });
            return s_lookIdle;
        }

        if (_run is { } old && (isChanged || !old.Device.IsThere))
        {
            // Another name of the device is another device. One that is gone is made anew.
            if (old.Config.Device != config.Device || !old.Device.IsThere)
            {
                _around.Log(old.Device.IsThere ? $"The device {old.Config.Device} gives way to {config.Device}." : $"The device {old.Config.Device} is gone; it is made anew.");
                End();
            }
        }

        if (_run is null || isChanged)
        {
            Begin(config);
        }

        TunnelRun run = _run!;
        TunnelStatus status = run.Look(Now, TakeLinkChange(run));
        Publish(status with { Since = status.State == Status.State ? Status.Since : _around.Time.GetUtcNow() });
        return run.IsBusy ? s_lookBusy : s_lookQuiet;
    }

    private void Begin(TunnelConfig config)
    {
        WireGuardDevice device = _run?.Device ?? new WireGuardDevice(config.Device);
        bool isNew = _run is null;
        try
        {
            _run = new TunnelRun(config, _around, device, Now, _run);
            _run.Apply();
        }
        catch when (isNew)
        {
            _run = null;
            device.Dispose();
            throw;
        }

        new TunnelNotice(config.Device, [.. config.Dns.Select(server => server.ToString())]).Write();
        _around.Log($"The tunnel is set up: device {config.Device} ({device.Engine}), public key {_run.PublicKey}.");
    }

    private bool TakeLinkChange(TunnelRun run)
    {
        if (!_linkChanged)
        {
            return false;
        }

        _linkChanged = false;
        return Now - run.AppliedAt > s_ownChanges;
    }

    private void Fail(string problem)
    {
        lock (_gate)
        {
            // A look that failed is repeated whole.
            _isChanged = true;
        }

        Publish(Status with { State = TunnelState.Down, Reason = problem, Since = SinceOf(TunnelState.Down), Engine = _run?.Device.Engine });
    }

    private void End()
    {
        if (_run is { } run)
        {
            TunnelNotice.Remove();
            _run = null;
            run.Device.Dispose();
            _around.Log($"The device {run.Config.Device} is removed.");
        }
    }

    private DateTimeOffset SinceOf(TunnelState state) => Status is { } now && now.State == state ? now.Since : _around.Time.GetUtcNow();

    private void Publish(TunnelStatus status)
    {
        TunnelStatus before;
        lock (_gate)
        {
            (before, _status) = (_status, status);
        }

        if (before.State != status.State || before.Reason != status.Reason)
        {
            _around.Log($"The tunnel is {status.State.ToString().ToLowerInvariant()}: {status.Reason}");
            Changed?.Invoke(status);
        }
    }
}
