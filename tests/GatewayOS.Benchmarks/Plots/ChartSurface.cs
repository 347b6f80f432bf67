using System.Globalization;
using System.Net;
using System.Text;

namespace GatewayOS.Benchmarks.Plots;

/// <summary>
/// What all charts have in common: an SVG of fixed size with title, axes, grid, ticks and legend. Plain elements and a generic font only, so that every
/// browser and converter draws the same.
/// </summary>
internal sealed class ChartSurface
{
    public const double Left = 86, Right = 806, Top = 52, Bottom = 372;
    private const double Width = 840;
    private const double LegendTop = 456;
    private const double LegendRowHeight = 20;
    private const int LegendColumns = 3;
    private const double LegendColumnWidth = 240;

    // Okabe and Ito's palette: told apart by colour-blind readers too.
    private static readonly string[] s_colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"];

    private readonly StringBuilder _body = new();
    private double _height = LegendTop;

    public ChartSurface(string title, string subtitle)
    {
        Text(Width / 2, 22, title, size: 16, bold: true);
        Text(Width / 2, 40, subtitle, size: 11, colour: "#555");
    }

    public static string Colour(int series) => s_colours[series % s_colours.Length];

    public static double X(double share) => Left + (share * (Right - Left));

    public static double Y(double share) => Bottom - (share * (Bottom - Top));

    /// <summary>Draws the vertical axis and its grid.</summary>
    public void ValueAxis(ChartAxis axis, ChartScale scale)
    {
        foreach (double tick in scale.Ticks)
        {
            double y = Y(scale.Position(tick));
            Line(Left, y, Right, y, "#ddd");
            Text(Left - 8, y + 4, ChartScale.Text(tick), anchor: "end");
        }

        Line(Left, Top, Left, Bottom, "#333");
        _body.Append(CultureInfo.InvariantCulture, $"<text transform=\"translate(22 {(Top + Bottom) / 2:0.#}) rotate(-90)\" text-anchor=\"middle\" font-size=\"13\">{Escape(axis.Label)}</text>\n");
    }

    /// <summary>Draws the horizontal axis of numbers.</summary>
    public void NumberAxis(ChartAxis axis, ChartScale scale)
    {
        foreach (double tick in scale.Ticks)
        {
            double x = X(scale.Position(tick));
            Line(x, Bottom, x, Bottom + 5, "#333");
            Text(x, Bottom + 20, ChartScale.Text(tick));
        }

        HorizontalLabel(axis.Label);
    }

    /// <summary>Draws the horizontal line and what it shows.</summary>
    public void HorizontalLabel(string label)
    {
        Line(Left, Bottom, Right, Bottom, "#333");
        Text((Left + Right) / 2, Bottom + 60, label, size: 13);
    }

    /// <summary>Draws the legend: one entry for each series, in the order of their colours.</summary>
    public void Legend(IReadOnlyList<string> names)
    {
        for (int i = 0; i < names.Count; i++)
        {
            double x = Left + (i % LegendColumns * LegendColumnWidth), y = LegendTop + (i / LegendColumns * LegendRowHeight);
            Rectangle(x, y - 10, 14, 12, Colour(i));
            Text(x + 20, y, names[i], anchor: "start");
        }

        _height = LegendTop + (((names.Count - 1) / LegendColumns) * LegendRowHeight) + 20;
    }

    public void Text(double x, double y, string text, string anchor = "middle", double size = 12, bool bold = false, string colour = "#222") => _body.Append(
        CultureInfo.InvariantCulture,
        $"<text x=\"{x:0.#}\" y=\"{y:0.#}\" text-anchor=\"{anchor}\" font-size=\"{size:0.#}\" fill=\"{colour}\"{(bold ? " font-weight=\"bold\"" : "")}>{Escape(text)}</text>\n");

    public void Line(double x1, double y1, double x2, double y2, string colour, double width = 1) =>
        _body.Append(CultureInfo.InvariantCulture, $"<line x1=\"{x1:0.#}\" y1=\"{y1:0.#}\" x2=\"{x2:0.#}\" y2=\"{y2:0.#}\" stroke=\"{colour}\" stroke-width=\"{width:0.#}\"/>\n");

    public void Rectangle(double x, double y, double width, double height, string colour) =>
        _body.Append(CultureInfo.InvariantCulture, $"<rect x=\"{x:0.#}\" y=\"{y:0.#}\" width=\"{width:0.#}\" height=\"{height:0.#}\" fill=\"{colour}\"/>\n");

    /// <summary>Draws a line through points with a dot on each.</summary>
    public void Path(IReadOnlyList<(double X, double Y)> points, string colour)
    {
        string joined = string.Join(' ', points.Select(point => string.Create(CultureInfo.InvariantCulture, $"{point.X:0.#},{point.Y:0.#}")));
        _body.Append(CultureInfo.InvariantCulture, $"<polyline points=\"{joined}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>\n");
        foreach ((double x, double y) in points)
        {
            _body.Append(CultureInfo.InvariantCulture, $"<circle cx=\"{x:0.#}\" cy=\"{y:0.#}\" r=\"{(points.Count > 40 ? 1.5 : 3):0.#}\" fill=\"{colour}\"/>\n");
        }
    }

    /// <summary>The whole picture.</summary>
    public string ToSvg() => string.Create(
        CultureInfo.InvariantCulture,
        $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{Width}\" height=\"{_height}\" viewBox=\"0 0 {Width} {_height}\" font-family=\"sans-serif\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n{_body}</svg>\n");

    private static string Escape(string text) => WebUtility.HtmlEncode(text);
}
