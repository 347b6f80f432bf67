using GatewayOS.Hardware.Gpio;

namespace GatewayOS.GpioConformance;

/// <summary>
/// A GPIO chip under test, with what is at the other end of its lines. Lines <c>out0</c>, <c>out1</c>, <c>out2</c> and <c>in0</c>, <c>in1</c>; levels are physical.
/// </summary>
public interface IGpioBench : IDisposable
{
    /// <summary>The adapter under test.</summary>
    IGpio Gpio { get; }

    /// <summary>Label of the chip.</summary>
    string Chip { get; }

    /// <summary>The level that a line drives.</summary>
    bool Level(string line);

    /// <summary>Drives an input.</summary>
    void Drive(string line, bool level);

    /// <summary>Takes the chip away, or puts it back.</summary>
    void Plug(bool isThere);
}
