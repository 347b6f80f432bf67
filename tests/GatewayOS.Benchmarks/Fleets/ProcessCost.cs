using System.Globalization;

namespace GatewayOS.Benchmarks.Fleets;

/// <summary>What a process has cost so far, as the kernel counts it (proc(5)).</summary>
/// <param name="CpuSeconds">Time on processors, its own and the kernel's for it.</param>
/// <param name="MemoryBytes">Resident memory now.</param>
internal readonly record struct ProcessCost(double CpuSeconds, long MemoryBytes)
{
    // USER_HZ, which Linux fixes for user space.
    private const double TicksPerSecond = 100;
    private const int UserTimeField = 13;

    /// <summary>Looks at a process.</summary>
    public static ProcessCost Of(int process)
    {
        // Fields are counted behind the program's name, which may hold anything; it is the second.
        string stat = File.ReadAllText($"/proc/{process}/stat");
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        double ticks = Number(fields[UserTimeField - 2]) + Number(fields[UserTimeField - 1]);
        string resident = File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
        return new ProcessCost(ticks / TicksPerSecond, Number(resident) * 1024);
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
