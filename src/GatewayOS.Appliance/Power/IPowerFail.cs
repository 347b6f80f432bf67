namespace GatewayOS.Appliance.Power;

/// <summary>How a power failure ended, as far as its record tells.</summary>
public enum PowerOutcome
{
    /// <summary>The record ends with it: the machine went dark.</summary>
    Lost,

    /// <summary>Power came back, and work was resumed.</summary>
    Resumed,

    /// <summary>The machine ran on for so long that the line must be wrong. Work was resumed.</summary>
    FalseAlarm,
}

/// <summary>A power failure.</summary>
/// <param name="Number">Its number on this machine, ascending.</param>
/// <param name="Time">The edge, by the appliance's clock.</param>
/// <param name="StoppedUs">From the edge, by the kernel's timestamp, until nothing was acknowledged any more, µs.</param>
/// <param name="FlushedUs">From the edge until what was to be flushed was, or the budget was spent, µs.</param>
/// <param name="Flushed">Steps that were finished, in order.</param>
/// <param name="Skipped">Steps for which no time was left, or that were not finished.</param>
/// <param name="HoldUpMs">What the profile promises.</param>
/// <param name="LeftMs">What of it was left when the record was written.</param>
/// <param name="RanOnMs">How long the machine is known to have run on after the edge: its hold-up, at least.</param>
/// <param name="Outcome">How it ended.</param>
public sealed record PowerFailure(
    long Number, DateTimeOffset Time, long StoppedUs, long FlushedUs, IReadOnlyList<string> Flushed, IReadOnlyList<string> Skipped, int HoldUpMs, int LeftMs, long RanOnMs, PowerOutcome Outcome);

/// <summary>Power failures: what is known of past ones, and whether one is in progress.</summary>
public interface IPowerFail
{
    /// <summary>True from the edge until work is resumed.</summary>
    bool IsFailing { get; }

    /// <summary>What is on record, oldest first. A record that cannot be read is left out.</summary>
    IReadOnlyList<PowerFailure> History();
}

/// <summary>Turns the machine off. Neither waits for it.</summary>
public interface IMachine
{
    /// <summary>Shuts down in order.</summary>
    void PowerOff();

    /// <summary>Restarts in order.</summary>
    void Reboot();
}
