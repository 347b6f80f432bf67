using System.Diagnostics;
using GatewayOS.Hardware.Gpio;
using GatewayOS.Hardware.Profiles;

namespace GatewayOS.GpioConformance;

/// <summary>A demand that every GPIO adapter meets. Throws when one does not.</summary>
/// <param name="Name">What is demanded, a sentence.</param>
/// <param name="Run">Tries it on a bench of its own.</param>
public sealed record GpioCase(string Name, Action<IGpioBench> Run);

/// <summary>What every GPIO adapter is held to. Nothing here knows which it is: chips in memory are tried in the ordinary run, and a chip of a machine can be by giving it a bench.</summary>
public static class GpioCases
{
    private const int SoonMs = 2000;

    // Longer than a plain wake-up of a busy emulated machine; a wrong clock is off by far more.
    private const long AgeNsMax = 5_000_000_000;

    /// <summary>All demands on lines.</summary>
    public static IReadOnlyList<GpioCase> All { get; } =
    [
        new("An output drives its level, in its own sense", OutputLevels),
        new("An output begins with the level it is opened with", FirstLevel),
        new("An input reads its level, in its own sense", InputLevels),
        new("Edges come in order with the kernel's time", Edges),
        new("Two watched lines are told apart", TwoLines),
        new("A wait without a change ends", Timeout),
        new("A chip or line that is not there is named", Unknown),
        new("A line that is taken is refused, and free again once it is given back", Taken),
        new("A chip that goes is noticed on every line, and can be opened again when it is back", Unplugged),
    ];

    private static LineProfile Line(IGpioBench bench, string name, bool activeLow = false) => new(bench.Chip, name, activeLow);

    private static void OutputLevels(IGpioBench bench)
    {
        using IGpioOutput plain = bench.Gpio.OpenOutput(Line(bench, "out0"), active: false);
        using IGpioOutput turned = bench.Gpio.OpenOutput(Line(bench, "out1", activeLow: true), active: false);
        foreach (bool active in (bool[])[true, false, true])
        {
            plain.Set(active);
            turned.Set(active);
            Demand(bench.Level("out0") == active, "the plain line has its level");
            Demand(bench.Level("out1") == !active, "the line of the other sense has the other level");
        }
    }

    private static void FirstLevel(IGpioBench bench)
    {
        using IGpioOutput high = bench.Gpio.OpenOutput(Line(bench, "out0"), active: true);
        using IGpioOutput low = bench.Gpio.OpenOutput(Line(bench, "out1", activeLow: true), active: true);
        Demand(bench.Level("out0") && !bench.Level("out1"), "both are active at once");
    }

    private static void InputLevels(IGpioBench bench)
    {
        using IGpioInputs inputs = bench.Gpio.OpenInputs([Line(bench, "in0"), Line(bench, "in1", activeLow: true)]);
        foreach (bool level in (bool[])[true, false])
        {
            bench.Drive("in0", level);
            bench.Drive("in1", level);
            Demand(inputs.Read(0) == level, "the plain line is read");
            Demand(inputs.Read(1) == !level, "the line of the other sense is read");
        }
    }

    private static void Edges(IGpioBench bench)
    {
        bench.Drive("in0", level: false);
        using IGpioInputs inputs = bench.Gpio.OpenInputs([Line(bench, "in0")]);
        long last = 0;
        foreach (bool level in (bool[])[true, false, true, false])
        {
            bench.Drive("in0", level);
            Demand(inputs.Wait(SoonMs, out int index, out GpioEdge edge), "the edge is seen");
            Demand(index == 0 && edge.IsActive == level, "it is the right one");
            Demand(edge.TimestampNs > last, "time goes on");
            Demand(NowNs - edge.TimestampNs is >= 0 and < AgeNsMax, "its time is the system's monotonic one");
            last = edge.TimestampNs;
        }
    }

    private static void TwoLines(IGpioBench bench)
    {
        bench.Drive("in0", level: false);
        bench.Drive("in1", level: false);
        using IGpioInputs inputs = bench.Gpio.OpenInputs([Line(bench, "in0"), Line(bench, "in1")]);
        bench.Drive("in1", level: true);
        bench.Drive("in0", level: true);
        Demand(inputs.Wait(SoonMs, out int first, out _) && inputs.Wait(SoonMs, out int second, out _) && (first, second) == (1, 0), "they come in the order in which they came about");
    }

    private static void Timeout(IGpioBench bench)
    {
        using IGpioInputs inputs = bench.Gpio.OpenInputs([Line(bench, "in0")]);
        Demand(!inputs.Wait(20, out _, out _), "nothing has changed");
    }

    private static void Unknown(IGpioBench bench)
    {
        GpioLostException chip = Refused(() => bench.Gpio.OpenOutput(new LineProfile("no-such-chip", "out0"), active: false).Dispose());
        Demand(chip.ChipLabel == "no-such-chip" && chip.Message.Contains("no-such-chip", StringComparison.Ordinal), "the chip is named");
        GpioLostException line = Refused(() => bench.Gpio.OpenInputs([Line(bench, "in0"), Line(bench, "no-such-line")]).Dispose());
        Demand(line.Message.Contains("no-such-line", StringComparison.Ordinal), "the line is named");
        bench.Gpio.OpenInputs([Line(bench, "in0")]).Dispose();
    }

    private static void Taken(IGpioBench bench)
    {
        using (bench.Gpio.OpenOutput(Line(bench, "out0"), active: false))
        {
            Refused(() => bench.Gpio.OpenOutput(Line(bench, "out0"), active: false).Dispose());
        }

        bench.Gpio.OpenOutput(Line(bench, "out0"), active: false).Dispose();
    }

    private static void Unplugged(IGpioBench bench)
    {
        IGpioOutput output = bench.Gpio.OpenOutput(Line(bench, "out0"), active: false);
        IGpioInputs inputs = bench.Gpio.OpenInputs([Line(bench, "in0")]);
        bench.Plug(isThere: false);
        Refused(() => output.Set(true));
        Refused(() => inputs.Read(0));
        Refused(() => inputs.Wait(SoonMs, out _, out _));
        Refused(() => bench.Gpio.OpenOutput(Line(bench, "out1"), active: false).Dispose());
        output.Dispose();
        inputs.Dispose();
        bench.Plug(isThere: true);
        using IGpioOutput again = bench.Gpio.OpenOutput(Line(bench, "out0"), active: false);
        again.Set(true);
        Demand(bench.Level("out0"), "the line is driven again");
    }

    internal static long NowNs => (long)(Stopwatch.GetTimestamp() * (1e9 / Stopwatch.Frequency));

    internal static void Demand(bool isMet, string what)
    {
        if (!isMet)
        {
            throw new InvalidOperationException($"It is not so that {what}.");
        }
    }

    private static GpioLostException Refused(Action act)
    {
        try
        {
            act();
        }
        catch (GpioLostException error)
        {
            return error;
        }

        throw new InvalidOperationException("It was not refused.");
    }
}
