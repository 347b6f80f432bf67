namespace GatewayOS.Benchmarks.Plots;

/// <summary>A line of a chart.</summary>
/// <param name="Name">For the legend.</param>
/// <param name="Points">Its points, ascending by X.</param>
internal sealed record ChartLine(string Name, IReadOnlyList<(double X, double Y)> Points);

/// <summary>Quantities over a number: age, size, count of nodes.</summary>
/// <param name="Title">What the picture shows.</param>
/// <param name="Subtitle">On what: corpus, machine, commit.</param>
/// <param name="Horizontal">The horizontal axis.</param>
/// <param name="Vertical">The vertical axis; all lines share it.</param>
/// <param name="Lines">The lines.</param>
internal sealed record LineChart(string Title, string Subtitle, ChartAxis Horizontal, ChartAxis Vertical, IReadOnlyList<ChartLine> Lines)
{
    public string ToSvg()
    {
        ChartScale across = Horizontal.Fit(Lines.SelectMany(line => line.Points).Select(point => point.X));
        ChartScale up = Vertical.Fit(Lines.SelectMany(line => line.Points).Select(point => point.Y));
        var surface = new ChartSurface(Title, Subtitle);
        surface.ValueAxis(Vertical, up);
        surface.NumberAxis(Horizontal, across);
        for (int i = 0; i < Lines.Count; i++)
        {
            surface.Path([.. Lines[i].Points.Select(point => (ChartSurface.X(across.Position(point.X)), ChartSurface.Y(up.Position(point.Y))))], ChartSurface.Colour(i));
        }

        surface.Legend([.. Lines.Select(line => line.Name)]);
        return surface.ToSvg();
    }
}
