using GatewayOS.Appliance.Alerts;
using GatewayOS.Appliance.Power;
using GatewayOS.Hardware.Gpio;
using GatewayOS.Hardware.Profiles;
using GatewayOS.Store.Maintenance;

namespace GatewayOS.Hardware.Power;

/// <summary>What the sensors have done. On the watch's thread.</summary>
public interface IBodyActions
{
    /// <summary>What is to rest because of heat has changed: <c>gc</c>, <c>scrub</c>, <c>backups</c>; none for nothing.</summary>
    void Pause(IReadOnlyList<string> paused);

    /// <summary>Shuts the machine down in order. Said once.</summary>
    void ShutDown(string why);

    /// <summary>A line's chip is gone, or well again.</summary>
    void Chip(string chipLabel, string? problem);
}

/// <summary>Reads supplies, temperatures, fans and the uninterruptible supply every <see cref="IntervalMs"/>, on a thread of its own, and acts on what they mean.</summary>
public sealed class SensorWatch : IDisposable
{
    /// <summary>Time between readings, ms.</summary>
    public const int IntervalMs = 2000;

    private readonly HardwareProfile _profile;
    private readonly IGpio _gpio;
    private readonly Func<HwmonChannel, HwmonSensors> _hwmon;
    private readonly UpsWatch? _ups;
    private readonly IAlertSink _alerts;
    private readonly IBodyActions _actions;
    private readonly TimeProvider _time;
    private readonly BodyVerdicts _verdicts;
    private readonly LineProfile[] _lines;
    private readonly ManualResetEventSlim _stop = new();
    private readonly Thread _thread;
    private readonly Dictionary<(AlertKind, string), AlertSeverity> _standing = [];
    private volatile IReadOnlyList<SensorReading> _readings = [];
    private IGpioInputs? _inputs;
    private IReadOnlyList<string> _paused = [];
    private long _retryAt;
    private bool _isChipTold;
    private bool _isShuttingDown;

    /// <summary>Makes the watch; <see cref="Start"/> begins.</summary>
    /// <param name="profile">The model.</param>
    /// <param name="gpio">Where the lines of supplies are; borrowed.</param>
    /// <param name="hwmon">Gives the monitors a channel is read from.</param>
    /// <param name="ups">The uninterruptible supply; owned. Null without one.</param>
    /// <param name="alerts">Where alerts go; borrowed. Those of an earlier run that have no reason any more are cleared.</param>
    /// <param name="actions">Told what to do.</param>
    /// <param name="time">The clock.</param>
    public SensorWatch(HardwareProfile profile, IGpio gpio, Func<HwmonChannel, HwmonSensors> hwmon, UpsWatch? ups, IAlertSink alerts, IBodyActions actions, TimeProvider time)
    {
        (_profile, _gpio, _hwmon, _ups, _alerts, _actions, _time) = (profile, gpio, hwmon, ups, alerts, actions, time);
        _verdicts = new BodyVerdicts(profile);
        _lines = [.. profile.Power.Psus.Select(psu => psu.Good).OfType<LineProfile>()];
        _retryAt = time.GetTimestamp();
        _thread = new Thread(Run) { Name = "sensors", IsBackground = true };
    }

    /// <summary>What was read last.</summary>
    public IReadOnlyList<SensorReading> Readings => _readings;

    /// <summary>Begins.</summary>
    public void Start() => _thread.Start();

    /// <inheritdoc/>
    public void Dispose()
    {
        _stop.Set();
        OwnedThreads.End(_thread);
        _inputs?.Dispose();
        _ups?.Dispose();
        _stop.Dispose();
    }

    private void Run()
    {
        ClearOld();
        do
        {
            DateTimeOffset now = _time.GetUtcNow();
            BodyState body = _verdicts.Step(new BodyReadings(ReadPsus(), [.. _profile.Thermal.Sensors.Select(sensor => _hwmon(sensor.Hwmon).Temperature(sensor.Hwmon))], [.. _profile.Fans.Select(fan => _hwmon(fan.Hwmon).Fan(fan.Hwmon))]), now);
            UpsState? ups = _ups?.Step();
            _readings = ups is null ? body.Sensors : [.. body.Sensors, ups.Reading];
            Tell(ups?.Alert is { } alert ? [.. body.Alerts, alert] : body.Alerts);
            if (!body.Paused.SequenceEqual(_paused, StringComparer.Ordinal))
            {
                _paused = body.Paused;
                _actions.Pause(body.Paused);
            }

            string? why = body.MustShutDown ? "it is too hot" : ups is { MustShutDown: true } ? "the uninterruptible supply's battery is low" : null;
            if (why is not null && !_isShuttingDown)
            {
                _isShuttingDown = true;
                _actions.ShutDown(why);
            }
        }
        while (!_stop.Wait(IntervalMs));
    }

    // What stood when this process ended last, and of things the profile does not even have.
    private void ClearOld()
    {
        IEnumerable<(AlertKind, string)> all =
        [
            .. _profile.Power.Psus.SelectMany(psu => Of(AlertKind.PowerSupply, psu.Name, "supply")),
            .. _profile.Thermal.Sensors.SelectMany(sensor => Of(AlertKind.Temperature, sensor.Name, "temperature")),
            .. _profile.Fans.SelectMany(fan => Of(AlertKind.Fan, fan.Name, "fan")),
        ];
        foreach ((AlertKind kind, string subject) in all)
        {
            _standing[(kind, subject)] = AlertSeverity.Info;
        }

        if (_ups is not null)
        {
            _standing[(AlertKind.Ups, UpsWatch.Subject)] = AlertSeverity.Info;
        }

        static IEnumerable<(AlertKind, string)> Of(AlertKind kind, string name, string what) => [(kind, name), (AlertKind.SensorLost, $"{what} {name}")];
    }

    // Raised when new or worse, cleared when gone: an alert is not counted up with every reading.
    private void Tell(IReadOnlyList<AlertEvent> alerts)
    {
        foreach (AlertEvent alert in alerts)
        {
            if (!_standing.TryGetValue((alert.Kind, alert.Subject), out AlertSeverity known) || alert.Severity > known)
            {
                _alerts.Raise(alert);
                _standing[(alert.Kind, alert.Subject)] = alert.Severity;
            }
        }

        foreach ((AlertKind kind, string subject) in _standing.Keys.Where(key => !alerts.Any(alert => (alert.Kind, alert.Subject) == key)).ToArray())
        {
            _standing.Remove((kind, subject));
            _alerts.Clear(kind, subject);
        }
    }

    private bool?[] ReadPsus()
    {
        if (_inputs is null && _lines.Length > 0 && _time.GetTimestamp() >= _retryAt)
        {
            OpenLines();
        }

        return [.. _profile.Power.Psus.Select(psu => psu.Good is { } line ? ReadLine(line) : _hwmon(psu.Hwmon!).Alarm(psu.Hwmon!) is { } alarm ? !alarm : null)];
    }

    private bool? ReadLine(LineProfile line)
    {
        try
        {
            return _inputs?.Read(Array.IndexOf(_lines, line));
        }
        catch (GpioLostException error)
        {
            LoseLines(error);
            return null;
        }
    }

    private void OpenLines()
    {
        try
        {
            _inputs = _gpio.OpenInputs(_lines);
            if (_isChipTold)
            {
                _isChipTold = false;
                _actions.Chip(_lines[0].ChipLabel, null);
            }
        }
        catch (GpioLostException error)
        {
            LoseLines(error);
        }
    }

    private void LoseLines(GpioLostException error)
    {
        _inputs?.Dispose();
        _inputs = null;
        _retryAt = _time.GetTimestamp() + (FrontPanel.LedEngine.RetryMs * _time.TimestampFrequency / 1000);
        if (!_isChipTold)
        {
            _isChipTold = true;
            _actions.Chip(_lines[0].ChipLabel, error.Message);
        }
    }
}
