using System.Globalization;
using System.Text.Json;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Benchmarks.Results;

/// <summary>
/// Gathers a suite's rows and leaves them in <c>artifacts/bench/SUITE.json</c>, with plots beside it. The file is written anew with each row, so a
/// suite that is stopped keeps what it has measured.
/// </summary>
internal sealed class BenchResults
{
    private readonly string _suite;
    private readonly string _commit = Commit();
    private readonly List<BenchRow> _rows = [];

    public BenchResults(string suite)
    {
        _suite = suite;
        Directory.CreateDirectory(Output);
    }

    /// <summary>Where results go.</summary>
    public static string Output { get; } = Path.Join(Gatewayctl.Root, "artifacts/bench");

    public IReadOnlyList<BenchRow> Rows => _rows;

    /// <summary>Adds a value to the row of this name, tool and unit.</summary>
    public void Add(string row, string tool, string unit, double value, string command)
    {
        int at = _rows.FindIndex(entry => entry.Row == row && entry.Tool == tool && entry.Unit == unit);
        if (at >= 0)
        {
            _rows[at] = _rows[at] with { Values = [.. _rows[at].Values, value] };
        }
        else
        {
            _rows.Add(new BenchRow(_suite, row, tool, unit, [value], command, _commit, BenchMachine.Here));
        }

        WriteFile($"{_suite}.json", JsonSerializer.Serialize(_rows, BenchJson.Default.IReadOnlyListBenchRow) + "\n");
    }

    /// <summary>The values of a row in the order they came; none when there is no such row.</summary>
    public double[] Values(string row, string tool, string unit) => _rows.Find(entry => entry.Row == row && entry.Tool == tool && entry.Unit == unit)?.Values ?? [];

    /// <summary>Leaves a plot as <c>SUITE-NAME.svg</c>.</summary>
    public void Plot(string name, string svg) => Console.WriteLine($"plot: {Path.GetRelativePath(Gatewayctl.Root, WriteFile($"{_suite}-{name}.svg", svg))}");

    /// <summary>Says on what and from which commit the figures are.</summary>
    public void PrintOrigin()
    {
        BenchMachine machine = BenchMachine.Here;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Commit {_commit}; {machine.Cores} cores of {machine.Cpu}, {machine.MemoryBytes / 1073741824.0:0.0} GiB, Linux {machine.Kernel}. Rows in artifacts/bench/{_suite}.json."));
    }

    /// <summary>Median and spread as text.</summary>
    public static string Spread(double[] values, string format = "0.0") => values.Length == 0
        ? "–"
        : string.Create(CultureInfo.InvariantCulture, $"{Statistics.Median(values).ToString(format, CultureInfo.InvariantCulture)} ({values.Min().ToString(format, CultureInfo.InvariantCulture)}–{values.Max().ToString(format, CultureInfo.InvariantCulture)})");

    private static string WriteFile(string name, string content)
    {
        string path = Path.Join(Output, name);
        File.WriteAllText(path + ".new", content);
        File.Move(path + ".new", path, overwrite: true);
        return path;
    }

    private static string Commit()
    {
        string commit = Shell.Run($"git -C '{Gatewayctl.Root}' rev-parse --short HEAD 2>/dev/null || echo unknown").Trim();
        return Shell.Run($"git -C '{Gatewayctl.Root}' status --porcelain --untracked-files=no 2>/dev/null | head -1").Length > 0 ? commit + "+" : commit;
    }
}
