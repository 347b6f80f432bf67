namespace GatewayOS.Hardware.Profiles;

/// <summary>Temperatures, and what is shed before a shutdown.</summary>
public sealed record ThermalProfile
{
    /// <summary>The temperatures that are watched.</summary>
    public IReadOnlyList<TemperatureProfile> Sensors { get; init; } = [];

    /// <summary>Load that is shed: <c>gc</c> first, then <c>scrub</c>, then <c>backups</c>.</summary>
    public IReadOnlyList<ShedProfile> Shed { get; init; } = [];
}

/// <summary>A temperature, °C.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Hwmon">Where it is read.</param>
/// <param name="WarnC">Alert from here on.</param>
/// <param name="ShutdownC">Orderly shutdown from here on.</param>
/// <param name="HysteresisC">So far below a threshold it is over again, K.</param>
public sealed record TemperatureProfile(string Name, HwmonChannel Hwmon, double WarnC, double ShutdownC, double HysteresisC);

/// <summary>Load that is shed.</summary>
/// <param name="Pause">What rests: <c>gc</c>, <c>scrub</c>, <c>backups</c>.</param>
/// <param name="BelowShutdownC">From so far below a sensor's <see cref="TemperatureProfile.ShutdownC"/> on, K.</param>
public sealed record ShedProfile(string Pause, double BelowShutdownC);

/// <summary>A fan.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Hwmon">Where its speed is read.</param>
/// <param name="MinRpm">Slower is a fault, revolutions a minute.</param>
/// <param name="HysteresisRpm">So much above it is over again.</param>
public sealed record FanProfile(string Name, HwmonChannel Hwmon, int MinRpm, int HysteresisRpm);
