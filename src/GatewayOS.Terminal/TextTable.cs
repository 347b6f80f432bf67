using System.Text;

namespace GatewayOS.Terminal;

/// <summary>A plain table with aligned columns; a heading that begins with '>' aligns its column to the right.</summary>
internal sealed class TextTable(params string[] headings)
{
    private readonly List<string[]> _rows = [];

    public void Add(params string[] cells) => _rows.Add(cells);

    public void Write(TextWriter output)
    {
        string[] titles = [.. headings.Select(heading => heading.TrimStart('>'))];
        int[] widths = [.. titles.Select((title, column) => Math.Max(title.Length, _rows.Count == 0 ? 0 : _rows.Max(row => row[column].Length)))];
        WriteRow(output, titles, widths);
        foreach (string[] row in _rows)
        {
            WriteRow(output, row, widths);
        }
    }

    private void WriteRow(TextWriter output, string[] cells, int[] widths)
    {
        var line = new StringBuilder();
        for (int column = 0; column < cells.Length; column++)
        {
            line.Append(headings[column].StartsWith('>') ? cells[column].PadLeft(widths[column]) : cells[column].PadRight(widths[column]));
            line.Append("  ");
        }

        output.WriteLine(line.ToString().TrimEnd());
    }
}
