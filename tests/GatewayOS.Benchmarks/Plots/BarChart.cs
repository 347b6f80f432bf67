using GatewayOS.Benchmarks.Results;

namespace GatewayOS.Benchmarks.Plots;

/// <summary>The bars of one tool, a bar for each group.</summary>
/// <param name="Name">For the legend.</param>
/// <param name="Values">For each group the measured values: the bar is their median, the whisker their spread. None leaves the bar out.</param>
internal sealed record ChartBars(string Name, IReadOnlyList<double[]> Values);

/// <summary>Tools side by side in groups.</summary>
/// <param name="Title">What the picture shows.</param>
/// <param name="Subtitle">On what: source, machine, commit.</param>
/// <param name="Horizontal">What the groups are.</param>
/// <param name="Vertical">The vertical axis.</param>
/// <param name="Groups">Names of the groups.</param>
/// <param name="Bars">A series for each tool.</param>
internal sealed record BarChart(string Title, string Subtitle, string Horizontal, ChartAxis Vertical, IReadOnlyList<string> Groups, IReadOnlyList<ChartBars> Bars)
{
    private const double GroupFill = 0.8;
    private const double LetterWidth = 6.5;
    private const double LineHeight = 13;

    public string ToSvg()
    {
        ChartScale up = Vertical.Fit(Bars.SelectMany(bars => bars.Values).SelectMany(values => values));
        var surface = new ChartSurface(Title, Subtitle);
        surface.ValueAxis(Vertical, up);
        surface.HorizontalLabel(Horizontal);
        double groupWidth = (ChartSurface.Right - ChartSurface.Left) / Groups.Count;
        double barWidth = groupWidth * GroupFill / Bars.Count;
        for (int group = 0; group < Groups.Count; group++)
        {
            double left = ChartSurface.Left + (group * groupWidth);
            string[] lines = Lines(Groups[group], (int)(groupWidth / LetterWidth));
            for (int line = 0; line < lines.Length; line++)
            {
                surface.Text(left + (groupWidth / 2), ChartSurface.Bottom + (LineHeight * (line + 1.2)), lines[line], size: 11);
            }

            for (int series = 0; series < Bars.Count; series++)
            {
                if (Bars[series].Values[group] is { Length: > 0 } values)
                {
                    Bar(surface, up, values, left + (groupWidth * (1 - GroupFill) / 2) + (series * barWidth), barWidth, ChartSurface.Colour(series));
                }
            }
        }

        surface.Legend([.. Bars.Select(bars => bars.Name)]);
        return surface.ToSvg();
    }

    // Names of groups stand below each other's words rather than over their neighbours.
    private static string[] Lines(string text, int lettersMax)
    {
        var lines = new List<string>();
        foreach (string word in text.Split(' '))
        {
            if (lines.Count > 0 && lines[^1].Length + 1 + word.Length <= lettersMax)
            {
                lines[^1] += " " + word;
            }
            else
            {
                lines.Add(word);
            }
        }

        return [.. lines];
    }

    private static void Bar(ChartSurface surface, ChartScale up, double[] values, double x, double width, string colour)
    {
        double median = Statistics.Median(values);
        double top = ChartSurface.Y(up.Position(median));
        surface.Rectangle(x + 1, top, width - 2, ChartSurface.Bottom - top, colour);
        double high = ChartSurface.Y(up.Position(values.Max())), middle = x + (width / 2);
        surface.Line(middle, high, middle, ChartSurface.Y(up.Position(values.Min())), "#333", 1.5);
        surface.Text(middle, high - 4, ChartScale.Text(double.Round(median, median < 10 ? 2 : 1)), size: 10);
    }
}
