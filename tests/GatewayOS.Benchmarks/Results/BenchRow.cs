using System.Text.Json.Serialization;

namespace GatewayOS.Benchmarks.Results;

/// <summary>One measured quantity: the raw values in the order they came, and where they came from.</summary>
/// <param name="Suite">For instance <c>peers</c>.</param>
/// <param name="Row">What was measured, for instance <c>first backup</c>.</param>
/// <param name="Tool">The program or part that was measured.</param>
/// <param name="Unit">Unit of all values, for instance <c>s</c>, <c>MB/s</c> (10⁶) or <c>bytes</c>.</param>
/// <param name="Values">One value a round.</param>
/// <param name="Command">What was run, so that it can be run again.</param>
/// <param name="Commit">The repository's commit; ends in <c>+</c> when the work tree differed from it.</param>
/// <param name="Machine">Where.</param>
internal sealed record BenchRow(string Suite, string Row, string Tool, string Unit, double[] Values, string Command, string Commit, BenchMachine Machine)
{
    public double Median => Statistics.Median(Values);

    public double Min => Values.Min();

    public double Max => Values.Max();
}

/// <summary>The machine that measured.</summary>
/// <param name="Cpu">The processor's own name.</param>
/// <param name="Cores">Logical processors that this process may use.</param>
/// <param name="MemoryBytes">Physical memory.</param>
/// <param name="Kernel">Release of the kernel.</param>
internal sealed record BenchMachine(string Cpu, int Cores, long MemoryBytes, string Kernel)
{
    public static BenchMachine Here { get; } = new(
        Value("/proc/cpuinfo", "model name") ?? "unknown",
        Environment.ProcessorCount,
        long.Parse((Value("/proc/meminfo", "MemTotal") ?? "0 kB").Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture) * 1024,
        File.ReadAllText("/proc/sys/kernel/osrelease").Trim());

    private static string? Value(string file, string field) =>
        File.ReadLines(file).FirstOrDefault(line => line.StartsWith(field, StringComparison.Ordinal))?.Split(':', 2)[1].Trim();
}

internal static class Statistics
{
    /// <summary>The middle value, or the mean of the two middle ones.</summary>
    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length == 0 ? double.NaN : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(IReadOnlyList<BenchRow>))]
internal sealed partial class BenchJson : JsonSerializerContext;
