using System.Globalization;
using GatewayOS.Appliance.Ingest;
using GatewayOS.Appliance.Panel;
using GatewayOS.Appliance.Power;
using GatewayOS.Hardware.FrontPanel;
using GatewayOS.Hardware.Gpio;
using GatewayOS.Hardware.Power;
using GatewayOS.Hardware.Profiles;
using GatewayOS.Store.Storage;

namespace GatewayOS.Daemon.Hosting;

/// <summary>The appliance's body put together: front panel, sensors, power. On a virtual panel the same parts drive chips in memory.</summary>
internal sealed class ApplianceBody : IHostedService, IDisposable
{
    private const string VirtualRoot = "virtual-hwmon";

    private readonly ApplianceHost _appliance;
    private readonly BodyEvents _events;
    private readonly FrontPanelDevice _panel;
    private readonly SensorWatch _sensors;
    private readonly PowerFailWatch? _power;
    private readonly PowerLog _log;
    private readonly HwmonSensors _monitors = new("/sys/class/hwmon");
    private readonly HwmonSensors _virtualMonitors;
    private bool _isDisposed;

    public ApplianceBody(ApplianceHost appliance, BodyEvents events, PanelFeed feed, TimeProvider time)
    {
        (_appliance, _events) = (appliance, events);
        HardwareProfile profile = appliance.Profile;
        VirtualChips? chips = profile.IsVirtual ? MakeChips(profile, time) : null;
        IGpio gpio = chips is null ? new GpiodChips() : chips;
        _virtualMonitors = new HwmonSensors(appliance.State.PathOf(VirtualRoot));
        if (profile.IsVirtual)
        {
            MakeMonitors(appliance.State.PathOf(VirtualRoot));
        }

        IDisplay? display = profile.Panel.Lcd is not { } lcd ? null : lcd.Device is null ? new VirtualDisplay() : new CharacterDisplay(lcd);
        _panel = new FrontPanelDevice(profile, gpio, display, events, events, time);
        events.Panel = _panel;
        feed.Panel = _panel;
        UpsWatch? ups = appliance.State.Read(UpsSettings.FileName) is { } settings ? new UpsWatch(UpsSettings.Parse(settings), time) : null;
        _sensors = new SensorWatch(profile, gpio, channel => channel.Chip == HardwareProfile.Virtual ? _virtualMonitors : _monitors, ups, appliance.Alerts, events, time);
        _log = PowerLog.Open(new PosixDisk(appliance.State.Location));
        if (profile.Power.Signals.Count > 0)
        {
            // Cheap first: the count of time is one small file, the writer's packs may take longer than there is.
            FlushStep[] steps = [new FlushStep("trusted time", KeepTime), new FlushStep("packs", appliance.Store.FlushOpened)];
            _power = new PowerFailWatch(profile.Power, gpio, appliance.Gate, steps, _log, events, time);
        }
    }

    public IFrontPanel Panel => _panel;

    /// <summary>Says whether something is so with a bay: a signal of the profile's groups that begins with <c>bay-</c>.</summary>
    public void ShowBay(int bay, string signal, bool isSo) => _panel.Leds.Show(signal, isSo, bay);

    public IReadOnlyList<SensorReading> Sensors => _sensors.Readings;

    /// <summary>The power-fail line's watch; null where the model has no such line.</summary>
    public PowerFailWatch? Power => _power;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _events.Started(_log.TakeUnreported());

        _panel.Show(PanelSignal.PowerOn, isSo: true);
        _panel.Show(PanelSignal.Starting, isSo: true);
        _panel.Start();
        _sensors.Start();
        _power?.Start();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    // The container disposes of it twice: as what it is, and as a service of the host.
    public void Dispose()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        _power?.Dispose();
        _sensors.Dispose();
        _panel.Dispose();
        _log.Dispose();
    }

    private void KeepTime()
    {
        using StoreLease? lease = _appliance.Store.LeaseOpened();
        lease?.Store.KeepTrustedTime();
    }

    // Supplies deliver, nobody presses anything, power does not fail.
    private static VirtualChips MakeChips(HardwareProfile profile, TimeProvider time)
    {
        var chips = new VirtualChips(profile.AllLines(), time);
        foreach (LineProfile good in profile.Power.Psus.Select(psu => psu.Good).OfType<LineProfile>())
        {
            chips.Drive(good.ChipLabel, good.Line, level: !good.ActiveLow);
        }

        return chips;
    }

    // Files like the kernel's, to be written by whoever wants to see what heat does.
    private static void MakeMonitors(string root)
    {
        string chip = Path.Join(root, "hwmon0");
        if (Directory.Exists(chip))
        {
            return;
        }

        Directory.CreateDirectory(chip);
        foreach ((string name, string content) in ((string, string)[])[("name", HardwareProfile.Virtual), ("temp1_input", "35000"), ("fan1_input", 3000.ToString(CultureInfo.InvariantCulture))])
        {
            File.WriteAllText(Path.Join(chip, name), content + "\n");
        }
    }
}
