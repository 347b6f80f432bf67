using GatewayOS.Hardware.Gpio;

namespace GatewayOS.GpioConformance;

/// <summary>
/// A chip of the kernel's gpio-sim (Documentation/admin-guide/gpio/gpio-sim.rst): made in configfs with named lines, inputs driven by the file <c>pull</c>, outputs read in <c>value</c>.
/// </summary>
internal sealed class GpioSimBench : IGpioBench
{
    private const string Label = "gpio-sim-bench";

    private static readonly string[] s_lines = ["out0", "out1", "out2", "in0", "in1"];

    private readonly string _device = Path.Join("/sys/kernel/config/gpio-sim", Label);

    public GpioSimBench()
    {
        string bank = Path.Join(_device, "bank0");
        Directory.CreateDirectory(_device);
        Directory.CreateDirectory(bank);
        File.WriteAllText(Path.Join(bank, "label"), Label);
        File.WriteAllText(Path.Join(bank, "num_lines"), $"{s_lines.Length}");
        for (int i = 0; i < s_lines.Length; i++)
        {
            Directory.CreateDirectory(Path.Join(bank, $"line{i}"));
            File.WriteAllText(Path.Join(bank, $"line{i}", "name"), s_lines[i]);
        }

        Plug(isThere: true);
    }

    public IGpio Gpio { get; } = new GpiodChips();

    public string Chip => Label;

    public bool Level(string line) => File.ReadAllText(Attribute(line, "value")).Trim() == "1";

    public void Drive(string line, bool level) => File.WriteAllText(Attribute(line, "pull"), level ? "pull-up" : "pull-down");

    public void Plug(bool isThere) => File.WriteAllText(Path.Join(_device, "live"), isThere ? "1" : "0");

    public void Dispose()
    {
        Plug(isThere: false);
        for (int i = 0; i < s_lines.Length; i++)
        {
            Directory.Delete(Path.Join(_device, "bank0", $"line{i}"));
        }

        Directory.Delete(Path.Join(_device, "bank0"));
        Directory.Delete(_device);
    }

    private string Attribute(string line, string name)
    {
        string device = File.ReadAllText(Path.Join(_device, "dev_name")).Trim();
        string chip = File.ReadAllText(Path.Join(_device, "bank0", "chip_name")).Trim();
        return Path.Join("/sys/devices/platform", device, chip, $"sim_gpio{Array.IndexOf(s_lines, line)}", name);
    }
}
