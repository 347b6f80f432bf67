using System.Globalization;

namespace GatewayOS.Benchmarks.Plots;

/// <summary>An axis of a chart: its label with the unit, and how values become positions.</summary>
/// <param name="Label">What it shows, the unit in brackets: <c>restore rate (MB/s)</c>.</param>
/// <param name="IsLog">True for a logarithmic scale; values must be above zero then.</param>
internal sealed record ChartAxis(string Label, bool IsLog = false)
{
    private const int TicksWanted = 6;

    /// <summary>A scale that holds all values, with its ticks. A linear axis begins at zero, so that heights can be compared.</summary>
    public ChartScale Fit(IEnumerable<double> values)
    {
        double[] finite = [.. values.Where(double.IsFinite)];
        double low = finite.DefaultIfEmpty(0).Min(), high = finite.DefaultIfEmpty(1).Max();
        if (IsLog)
        {
            if (low <= 0)
            {
                throw new ArgumentException($"The axis '{Label}' is logarithmic and gets {low}.", nameof(values));
            }

            double first = Math.Floor(Math.Log10(low)), last = Math.Max(first + 1, Math.Ceiling(Math.Log10(high)));
            return new ChartScale(first, last, IsLog, [.. Enumerable.Range((int)first, (int)(last - first) + 1).Select(power => Math.Pow(10, power))]);
        }

        low = Math.Min(0, low);
        high = high <= low ? low + 1 : high;
        double step = NiceStep((high - low) / TicksWanted);
        double from = Math.Floor(low / step) * step, to = Math.Ceiling(high / step) * step;
        return new ChartScale(from, to, IsLog, [.. Enumerable.Range(0, (int)Math.Round((to - from) / step) + 1).Select(tick => from + (tick * step))]);
    }

    private static double NiceStep(double rough)
    {
        double magnitude = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        return (rough / magnitude) switch { <= 1 => 1, <= 2 => 2, <= 5 => 5, _ => 10 } * magnitude;
    }
}

/// <summary>A scale with its ends fixed.</summary>
/// <param name="From">Lower end; of a logarithmic scale the power of ten.</param>
/// <param name="To">Upper end, likewise.</param>
/// <param name="IsLog">True for a logarithmic scale.</param>
/// <param name="Ticks">Values to label.</param>
internal sealed record ChartScale(double From, double To, bool IsLog, double[] Ticks)
{
    /// <summary>Where a value lies between the ends: 0 to 1.</summary>
    public double Position(double value) => ((IsLog ? Math.Log10(value) : value) - From) / (To - From);

    /// <summary>A tick as text, short enough to stand beside others.</summary>
    public static string Text(double value) => Math.Abs(value) switch
    {
        0 => "0",
        >= 1e9 => (value / 1e9).ToString("0.##", CultureInfo.InvariantCulture) + " G",
        >= 1e6 => (value / 1e6).ToString("0.##", CultureInfo.InvariantCulture) + " M",
        >= 1e4 => (value / 1e3).ToString("0.##", CultureInfo.InvariantCulture) + " k",
        >= 100 => value.ToString("0", CultureInfo.InvariantCulture),
        _ => value.ToString("0.###", CultureInfo.InvariantCulture),
    };
}
