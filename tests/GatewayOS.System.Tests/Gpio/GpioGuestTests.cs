using System.Diagnostics;
using GatewayOS.TestKit.Programs;
using Xunit.Abstractions;

namespace GatewayOS.System.Tests.Gpio;

/// <summary>
/// LEDs, buttons' lines and the power-fail line on a GPIO chip of a real kernel: gpio-sim in a virtual machine without acceleration, driven by the adapter that runs on the
/// appliance. The same demands hold for the virtual chips in the ordinary run.
/// </summary>
public sealed class GpioGuestTests(ITestOutputHelper output) : IDisposable
{
    private const string Program = "gpio-conformance";

    private static readonly TimeSpan s_bootMax = TimeSpan.FromMinutes(5);

    private readonly ScratchDirectory _scratch = new("gpio-guest");

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void A_real_chip_does_what_the_panel_and_the_power_fail_line_need()
    {
        string guest = Path.Join(Gatewayctl.Root, "artifacts/gpio-guest");
        string program = Path.Join(guest, Program);
        Shell.Run($"dotnet publish '{Gatewayctl.Root}/tests/GatewayOS.GpioConformance' -c Release -r linux-x64 --self-contained -p:PublishReadyToRun=true -o '{program}' --nologo -v quiet");
        Shell.Run($"'{Gatewayctl.Root}/tests/GatewayOS.System.Tests/Gpio/make-guest.sh' '{guest}' '{program}'");
        string console = Boot(guest);
        output.WriteLine(console);
        string[] lines = console.Split('\n', StringSplitOptions.TrimEntries);
        Assert.Contains("DONE 0 failed", lines);
        Assert.True(lines.Count(line => line.StartsWith("PASS ", StringComparison.Ordinal)) >= 13, console);
        Assert.Contains(lines, line => line.StartsWith("LATENCY ", StringComparison.Ordinal));
    }

    private string Boot(string guest)
    {
        string console = _scratch["console"];
        string[] arguments =
        [
            "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "1024", "-display", "none", "-serial", $"file:{console}", "-no-reboot", "-nic", "none",
            "-kernel", Path.Join(guest, "vmlinuz"), "-initrd", Path.Join(guest, "initrd"), "-append", $"console=ttyS0 quiet panic=-1 tsc=unstable rdinit=/init run={Program}/{Program}",
        ];
        using var machine = Process.Start(new ProcessStartInfo("qemu-system-x86_64", arguments) { UseShellExecute = false })!;
        bool ended = machine.WaitForExit(s_bootMax);
        if (!ended)
        {
            machine.Kill();
        }

        string said = File.Exists(console) ? File.ReadAllText(console) : "";
        return ended ? said : throw new TimeoutException($"The virtual machine did not end.\n{said}");
    }
}
