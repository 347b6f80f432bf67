using System.Xml.Linq;
using GatewayOS.Benchmarks.Plots;
using GatewayOS.Benchmarks.Results;

namespace GatewayOS.Benchmarks.Tests;

/// <summary>Charts are well-formed, keep inside their frame, and show what they are given.</summary>
public sealed class ChartTests
{
    private static readonly XNamespace s_svg = "http://www.w3.org/2000/svg";

    [Fact]
    public void A_line_chart_places_its_points_by_its_scales()
    {
        XElement chart = XElement.Parse(new LineChart("t", "s", new ChartAxis("age (days)"), new ChartAxis("rate (MB/s)"), [new ChartLine("a < b", [(0, 0), (50, 5), (100, 10)])]).ToSvg());
        XElement[] dots = [.. chart.Descendants(s_svg + "circle")];
        Assert.Equal(3, dots.Length);
        Assert.Equal(Number(dots[0], "cx") + Number(dots[2], "cx"), 2 * Number(dots[1], "cx"), 0.2);
        Assert.Equal(ChartSurface.Bottom, Number(dots[0], "cy"), 0.2);
        Assert.Equal(ChartSurface.Top, Number(dots[2], "cy"), 0.2);
        string[] texts = [.. chart.Descendants(s_svg + "text").Select(text => text.Value)];
        Assert.Contains("a < b", texts);
        Assert.Contains("age (days)", texts);
        Assert.Contains("rate (MB/s)", texts);
    }

    [Fact]
    public void A_logarithmic_axis_gives_each_decade_the_same_room()
    {
        ChartScale scale = new ChartAxis("n", IsLog: true).Fit([1, 1000]);
        Assert.Equal([0, 1 / 3.0, 2 / 3.0, 1], [.. new double[] { 1, 10, 100, 1000 }.Select(value => double.Round(scale.Position(value), 12))], (left, right) => Math.Abs(left - right) < 1e-9);
        Assert.Throws<ArgumentException>(() => new ChartAxis("n", IsLog: true).Fit([0, 10]));
    }

    [Fact]
    public void A_bar_is_as_high_as_its_median()
    {
        XElement chart = XElement.Parse(new BarChart("t", "s", "work", new ChartAxis("time (s)"), ["first", "second"], [new ChartBars("ours", [[1, 3, 2], [4]]), new ChartBars("theirs", [[8], []])]).ToSvg());
        double[] heights = [.. chart.Descendants(s_svg + "rect").Where(rectangle => Number(rectangle, "height") > 20 && (string?)rectangle.Attribute("width") != "100%").Select(rectangle => Number(rectangle, "height"))];
        Assert.Equal(3, heights.Length);
        Assert.Equal(heights[0] * 4, heights[1], 0.5);
        Assert.Equal(heights[0] * 2, heights[2], 0.5);
    }

    [Theory]
    [InlineData(new double[] { 3, 1, 2 }, 2)]
    [InlineData(new double[] { 4, 1, 2, 3 }, 2.5)]
    public void The_median_is_the_middle(double[] values, double median) => Assert.Equal(median, Statistics.Median(values));

    private static double Number(XElement element, string attribute) => double.TryParse((string?)element.Attribute(attribute), System.Globalization.CultureInfo.InvariantCulture, out double value) ? value : 0;
}
