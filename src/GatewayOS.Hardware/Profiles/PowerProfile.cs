namespace GatewayOS.Hardware.Profiles;

/// <summary>Supplies and the power-fail line.</summary>
/// <param name="Psus">Supplies; null for none.</param>
/// <param name="Redundancy"><c>none</c>, or <c>1+1</c>: one of two carries the machine.</param>
/// <param name="Signals">Lines that announce a power failure; null for none.</param>
public sealed record PowerProfile(IReadOnlyList<PsuProfile>? Psus = null, string Redundancy = "none", IReadOnlyList<PowerSignalProfile>? Signals = null)
{
    /// <summary>Supplies.</summary>
    public IReadOnlyList<PsuProfile> Psus { get; init; } = Psus ?? [];

    /// <summary>Lines that announce a power failure; one at most.</summary>
    public IReadOnlyList<PowerSignalProfile> Signals { get; init; } = Signals ?? [];

    /// <summary>How long the machine runs after the edge, ms; null where it is not known.</summary>
    public int? HoldUpMs { get; init; }

    /// <summary>What may be spent on flushing after the edge, ms.</summary>
    public int? BudgetMs { get; init; }
}

/// <summary>A power supply.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Good">Line that is active while it delivers.</param>
/// <param name="Hwmon">Channel whose alarm says that it does not; read where there is no line.</param>
public sealed record PsuProfile(string Name, LineProfile? Good = null, HwmonChannel? Hwmon = null);

/// <summary>A line that announces something about power.</summary>
/// <param name="Name">What: <c>power-fail</c>.</param>
/// <param name="ChipLabel">See <see cref="LineProfile"/>.</param>
/// <param name="Line">See <see cref="LineProfile"/>.</param>
/// <param name="Edge">The physical edge on which power is failing: <c>rising</c> or <c>falling</c>.</param>
/// <param name="DebounceUs">Shorter pulses are noise, µs.</param>
public sealed record PowerSignalProfile(string Name, string ChipLabel, string Line, string Edge = "falling", int DebounceUs = 0)
{
    /// <summary>The line, active while power is failing.</summary>
    public LineProfile ToLine() => new(ChipLabel, Line, ActiveLow: Edge == "falling");
}
