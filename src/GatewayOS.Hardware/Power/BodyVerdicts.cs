using System.Globalization;
using GatewayOS.Appliance.Alerts;
using GatewayOS.Appliance.Power;
using GatewayOS.Hardware.Profiles;

namespace GatewayOS.Hardware.Power;

/// <summary>What the sensors said, in the order of the profile; null where one could not be read.</summary>
/// <param name="Psus">Whether each supply delivers.</param>
/// <param name="Temperatures">°C.</param>
/// <param name="Fans">Revolutions a minute.</param>
public sealed record BodyReadings(IReadOnlyList<bool?> Psus, IReadOnlyList<double?> Temperatures, IReadOnlyList<double?> Fans);

/// <summary>What that means.</summary>
/// <param name="Sensors">Each sensor.</param>
/// <param name="Alerts">Alerts that stand now, of the kinds <see cref="BodyVerdicts.Kinds"/>.</param>
/// <param name="Paused">What rests because of heat: <c>gc</c>, <c>scrub</c>, <c>backups</c>.</param>
/// <param name="MustShutDown">True when it is too hot for anything.</param>
public sealed record BodyState(IReadOnlyList<SensorReading> Sensors, IReadOnlyList<AlertEvent> Alerts, IReadOnlyList<string> Paused, bool MustShutDown);

/// <summary>
/// Judges supplies, temperatures and fans by the profile's limits, with their hysteresis. Each reading has three values: one that fails is never taken for a fault of what
/// it reads, and holds what was before. Pure but for what it remembers of the last step. Not thread-safe.
/// </summary>
public sealed class BodyVerdicts
{
    /// <summary>A sensor that could not be read so often in a row is an alert.</summary>
    public const int UnreadMax = 3;

    /// <summary>So many readings in a row that are too hot shut the machine down: one may be wrong.</summary>
    public const int HotReadingsMin = 2;

    /// <summary>The kinds of alerts that come from here.</summary>
    public static readonly IReadOnlyList<AlertKind> Kinds = [AlertKind.PowerSupply, AlertKind.Temperature, AlertKind.Fan, AlertKind.SensorLost];

    private readonly HardwareProfile _profile;
    private readonly int[] _unread;
    private readonly int[] _hot;
    private readonly bool[] _isWarm;
    private readonly bool[][] _isShed;
    private readonly bool[] _isSlow;
    private readonly List<SensorReading> _sensors = [];
    private readonly List<AlertEvent> _alerts = [];

    /// <summary>Begins; nothing is warm or slow yet.</summary>
    public BodyVerdicts(HardwareProfile profile)
    {
        _profile = profile;
        int temperatures = profile.Thermal.Sensors.Count;
        _unread = new int[profile.Power.Psus.Count + temperatures + profile.Fans.Count];
        _hot = new int[temperatures];
        _isWarm = new bool[temperatures];
        _isShed = [.. profile.Thermal.Sensors.Select(_ => new bool[profile.Thermal.Shed.Count])];
        _isSlow = new bool[profile.Fans.Count];
    }

    /// <summary>Takes readings in.</summary>
    /// <param name="readings">The readings.</param>
    /// <param name="now">When they were taken.</param>
    public BodyState Step(BodyReadings readings, DateTimeOffset now)
    {
        _sensors.Clear();
        _alerts.Clear();
        Psus(readings.Psus, now);
        for (int i = 0; i < readings.Temperatures.Count; i++)
        {
            Temperature(i, readings.Temperatures[i], now);
        }

        for (int i = 0; i < readings.Fans.Count; i++)
        {
            Fan(i, readings.Fans[i], now);
        }

        string[] paused = [.. _profile.Thermal.Shed.Where((_, step) => _isShed.Any(sensor => sensor[step])).Select(step => step.Pause)];
        return new BodyState([.. _sensors], [.. _alerts], paused, _hot.Any(count => count >= HotReadingsMin));
    }

    private void Psus(IReadOnlyList<bool?> delivering, DateTimeOffset now)
    {
        for (int i = 0; i < delivering.Count; i++)
        {
            string name = _profile.Power.Psus[i].Name;
            Unread(i, delivering[i] is null, "supply", name);
            Verdict verdict = delivering[i] switch { true => Verdict.Good, false => Verdict.Bad, null => Verdict.Unknown };
            _sensors.Add(new SensorReading("psu", name, null, "", verdict, verdict switch { Verdict.Good => "delivers", Verdict.Bad => "delivers nothing", _ => "cannot be read" }, now));
            if (verdict == Verdict.Bad)
            {
                // The machine runs, so something delivers. One that is lost is a matter of days, not a reason to stop.
                bool hasOther = delivering.Where((other, j) => j != i && other == true).Any();
                _alerts.Add(new AlertEvent(
                    AlertKind.PowerSupply,
                    hasOther ? AlertSeverity.Warning : AlertSeverity.Critical,
                    name,
                    hasOther ? $"The power supply {name} delivers nothing; the other carries the machine alone." : $"The power supply {name} delivers nothing, and no other is known to deliver.",
                    hasOther ? $"Look at the plug of {name}, then change it: it can be pulled while the machine runs." : "Look at the mains and the plugs now, and finish or stop what must not be cut off."));
            }
        }
    }

    private void Temperature(int index, double? celsius, DateTimeOffset now)
    {
        TemperatureProfile limits = _profile.Thermal.Sensors[index];
        Unread(_profile.Power.Psus.Count + index, celsius is null, "temperature", limits.Name);
        if (celsius is { } value)
        {
            _isWarm[index] = Above(_isWarm[index], value, limits.WarnC, limits.HysteresisC);
            _hot[index] = value >= limits.ShutdownC ? _hot[index] + 1 : 0;
            for (int step = 0; step < _isShed[index].Length; step++)
            {
                _isShed[index][step] = Above(_isShed[index][step], value, limits.ShutdownC - _profile.Thermal.Shed[step].BelowShutdownC, limits.HysteresisC);
            }
        }

        string[] shed = [.. _profile.Thermal.Shed.Where((_, step) => _isShed[index][step]).Select(step => step.Pause)];
        bool isBad = _isWarm[index] || shed.Length > 0;
        Verdict verdict = celsius is null ? Verdict.Unknown : isBad ? Verdict.Bad : Verdict.Good;
        string detail = string.Create(CultureInfo.InvariantCulture, $"warning from {limits.WarnC} °C, shutdown from {limits.ShutdownC} °C");
        _sensors.Add(new SensorReading("temperature", limits.Name, celsius, "°C", verdict, celsius is null ? "cannot be read" : detail, now));
        if (isBad)
        {
            string rests = shed.Length == 0 ? "" : $" Because of that rest: {string.Join(", ", shed)}.";
            string reading = celsius is { } known ? string.Create(CultureInfo.InvariantCulture, $"is {known:0.#} °C") : "was too high and cannot be read now";
            _alerts.Add(new AlertEvent(
                AlertKind.Temperature, shed.Length > 0 ? AlertSeverity.Critical : AlertSeverity.Warning, limits.Name,
                $"The temperature '{limits.Name}' {reading} ({detail}).{rests}",
                "Look whether fans run and air gets through ('gatewayctl hw sensors'), and at the room's cooling."));
        }
    }

    private void Fan(int index, double? rpm, DateTimeOffset now)
    {
        FanProfile limits = _profile.Fans[index];
        Unread(_profile.Power.Psus.Count + _profile.Thermal.Sensors.Count + index, rpm is null, "fan", limits.Name);
        if (rpm is { } value)
        {
            _isSlow[index] = value < limits.MinRpm + (_isSlow[index] ? limits.HysteresisRpm : 0);
        }

        Verdict verdict = rpm is null ? Verdict.Unknown : _isSlow[index] ? Verdict.Bad : Verdict.Good;
        _sensors.Add(new SensorReading("fan", limits.Name, rpm, "rpm", verdict, rpm is null ? "cannot be read" : string.Create(CultureInfo.InvariantCulture, $"at least {limits.MinRpm} rpm"), now));
        if (_isSlow[index])
        {
            _alerts.Add(new AlertEvent(
                AlertKind.Fan, AlertSeverity.Warning, limits.Name,
                string.Create(CultureInfo.InvariantCulture, $"The fan '{limits.Name}' turns {(rpm is { } known ? $"at {known:0} rpm" : "too slowly")}, less than {limits.MinRpm}."),
                "Look whether something blocks it, then change it."));
        }
    }

    private static bool Above(bool wasAbove, double value, double threshold, double hysteresis) => value >= threshold - (wasAbove ? hysteresis : 0);

    private void Unread(int index, bool isUnread, string what, string name)
    {
        _unread[index] = isUnread ? Math.Min(_unread[index] + 1, UnreadMax) : 0;
        if (_unread[index] >= UnreadMax)
        {
            _alerts.Add(new AlertEvent(
                AlertKind.SensorLost, AlertSeverity.Warning, $"{what} {name}", $"The sensor of the {what} '{name}' cannot be read: how it is, is not known.",
                "Look whether the sensor's driver is loaded (sensors, gpiodetect) and whether the hardware profile fits the machine ('gatewayctl hw show')."));
        }
    }
}
