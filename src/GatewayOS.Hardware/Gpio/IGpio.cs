using GatewayOS.Hardware.Profiles;

namespace GatewayOS.Hardware.Gpio;

/// <summary>A change of an input.</summary>
/// <param name="IsActive">The level after it, in the line's own sense (<see cref="LineProfile.ActiveLow"/>).</param>
/// <param name="TimestampNs">When: CLOCK_MONOTONIC, ns, as the kernel took it in the interrupt.</param>
public readonly record struct GpioEdge(bool IsActive, long TimestampNs);

/// <summary>
/// Lines of GPIO chips. Two kinds: those of the machine (<see cref="GpiodChips"/>) and virtual ones (<see cref="VirtualChips"/>); one conformance suite holds for
/// both. Thread-safe; an opened line is used by one thread at a time.
/// </summary>
public interface IGpio
{
    /// <summary>Opens a line for output.</summary>
    /// <param name="line">Which.</param>
    /// <param name="active">Its first level.</param>
    /// <exception cref="GpioLostException">There is no such chip or line, or somebody else has it.</exception>
    IGpioOutput OpenOutput(LineProfile line, bool active);

    /// <summary>Opens lines for input, watched together.</summary>
    /// <exception cref="GpioLostException">One of them is not there, or somebody else has it; none is kept open.</exception>
    IGpioInputs OpenInputs(IReadOnlyList<LineProfile> lines);
}

/// <summary>An output line. Dispose of it to give it back; its level is the chip's affair then.</summary>
public interface IGpioOutput : IDisposable
{
    /// <summary>Sets its level. Allocates nothing.</summary>
    /// <exception cref="GpioLostException">The chip is gone.</exception>
    void Set(bool active);
}

/// <summary>Input lines. Dispose of them to give them back.</summary>
public interface IGpioInputs : IDisposable
{
    /// <summary>Reads a line's present level.</summary>
    /// <param name="index">Its place in the list that was opened.</param>
    /// <exception cref="GpioLostException">The chip is gone.</exception>
    bool Read(int index);

    /// <summary>Waits for the next change of any of the lines, in the order in which they came about. Allocates nothing.</summary>
    /// <param name="timeoutMs">How long at most.</param>
    /// <param name="index">Which line.</param>
    /// <param name="edge">What changed.</param>
    /// <returns>False when nothing has.</returns>
    /// <exception cref="GpioLostException">The chip is gone.</exception>
    bool Wait(int timeoutMs, out int index, out GpioEdge edge);
}

/// <summary>A GPIO chip or line cannot be used now. Trying again later may help: chips on plugs and buses come back.</summary>
public sealed class GpioLostException : IOException
{
    /// <summary>Makes one.</summary>
    /// <param name="chipLabel">The chip.</param>
    /// <param name="message">Why, and what to look at.</param>
    public GpioLostException(string chipLabel, string message)
        : base(message) => ChipLabel = chipLabel;

    /// <summary>Label of the chip.</summary>
    public string ChipLabel { get; }
}
