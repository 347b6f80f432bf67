using GatewayOS.GpioConformance;
using GatewayOS.Hardware.Gpio;
using GatewayOS.Hardware.Profiles;

namespace GatewayOS.Hardware.Tests.Gpio;

/// <summary>The chips in memory meet what every GPIO adapter is held to.</summary>
public sealed class VirtualChipTests
{
    public static TheoryData<string> Demands => [.. GpioCases.All.Concat(PanelCases.All).Select(demand => demand.Name)];

    [Theory]
    [MemberData(nameof(Demands))]
    public void A_virtual_chip_does_as_a_real_one(string demand)
    {
        using var bench = new VirtualBench();
        GpioCases.All.Concat(PanelCases.All).Single(one => one.Name == demand).Run(bench);
    }

    private sealed class VirtualBench : IGpioBench
    {
        private readonly VirtualChips _chips = new(((string[])["out0", "out1", "out2", "in0", "in1"]).Select(line => new LineProfile("bench", line)), TimeProvider.System);

        public IGpio Gpio => _chips;

        public string Chip => "bench";

        public bool Level(string line) => _chips.Level(Chip, line);

        public void Drive(string line, bool level) => _chips.Drive(Chip, line, level);

        public void Plug(bool isThere) => _chips.Plug(Chip, isThere);

        public void Dispose()
        {
        }
    }
}
