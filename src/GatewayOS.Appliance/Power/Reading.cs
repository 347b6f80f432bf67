namespace GatewayOS.Appliance.Power;

/// <summary>A reading that can fail. A sensor that cannot be read says nothing: it is neither good nor bad.</summary>
public enum Verdict
{
    /// <summary>As it should be.</summary>
    Good,

    /// <summary>Not as it should be.</summary>
    Bad,

    /// <summary>It cannot be read.</summary>
    Unknown,
}

/// <summary>A sensor as it was read.</summary>
/// <param name="Kind"><c>psu</c>, <c>temperature</c>, <c>fan</c> or <c>ups</c>.</param>
/// <param name="Name">Its name.</param>
/// <param name="Value">What it says, °C or revolutions a minute; null where it says no number, or nothing.</param>
/// <param name="Unit">Unit of the value; empty without.</param>
/// <param name="Verdict">What it means.</param>
/// <param name="Detail">Limits, or why it cannot be read.</param>
/// <param name="Read">When.</param>
public sealed record SensorReading(string Kind, string Name, double? Value, string Unit, Verdict Verdict, string Detail, DateTimeOffset Read);
