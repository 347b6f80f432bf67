using System.Globalization;
using GatewayOS.Hardware.FrontPanel;

namespace GatewayOS.GpioConformance;

/// <summary>Runs the demands on a gpio-sim chip of this machine's kernel: what the system tests start in a virtual machine.</summary>
internal static class Program
{
    private static int Main()
    {
        int failed = 0;
        foreach (GpioCase demand in (IEnumerable<GpioCase>)[.. GpioCases.All, .. PanelCases.All])
        {
            try
            {
                using var bench = new GpioSimBench();
                demand.Run(bench);
                Console.WriteLine($"PASS {demand.Name}");
            }
            catch (Exception error)
            {
                failed++;
                Console.WriteLine($"FAIL {demand.Name}: {error.Message}");
                Console.Error.WriteLine(error);
            }
        }

        using (var bench = new GpioSimBench())
        {
            IReadOnlyList<long> latencies = PanelCases.MeasureLatency(bench);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"LATENCY median {latencies[latencies.Count / 2]} us, worst {latencies[^1]} us, of {latencies.Count} edges"));
        }

        using (var bench = new GpioSimBench())
        {
            LedTiming timing = PanelCases.MeasureLeds(bench);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"LEDS half at most {timing.MedianUs} us late, worst {timing.MaxUs} us, of {timing.Changes} changes"));
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"DONE {failed} failed"));
        return failed;
    }
}
