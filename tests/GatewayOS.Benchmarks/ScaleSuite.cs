using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using GatewayOS.Benchmarks.Plots;
using GatewayOS.Benchmarks.Results;
using GatewayOS.Benchmarks.Scale;

namespace GatewayOS.Benchmarks;

/// <summary>
/// The index from a million entries to hundreds of millions: memory, lookups of new and of known chunks, inserts, opening. Each size is built and
/// measured in a process of its own and deleted again. Beyond the largest size memory is projected along the line through the two largest.
/// </summary>
internal static class ScaleSuite
{
    private const string Tool = "index";
    private const double BytesPerEntryOnDisk = 66;

    private static readonly long[] s_sizes = [1_000_000, 10_000_000, 100_000_000, 300_000_000];

    // 50 TB in chunks of 128 KiB, and the 760 million chunks that 50 TB would be in chunks of 64 KiB: at our size, 100 TB.
    private static readonly long[] s_projected = [381_000_000, 760_000_000];

    /// <summary>
    /// Runs the suite. Options: <c>--max N</c> entries (default 300 million, which needs 42 GB of disk), <c>--work DIR</c>, <c>--seconds N</c> after which no
    /// larger size is begun, <c>--rebuild-packs N</c> for the rebuild (64, which are 3.9 GB; 0 for none), <c>--drop-caches yes</c> to rebuild from a cold disk.
    /// </summary>
    public static int Run(string[] args)
    {
        var arguments = new BenchArguments(args, "--max", "--work", "--seconds", "--rebuild-packs", "--drop-caches");
        long max = arguments.Number("--max", 300_000_000, min: 1_000_000);
        int seconds = arguments.Number("--seconds", 600);
        string work = arguments.Text("--work", Path.GetTempPath());
        string command = string.Join(' ', ["bench -- scale", .. args]);
        var results = new BenchResults("scale");
        var figures = new List<ScaleFigures>();
        long start = Stopwatch.GetTimestamp();
        foreach (long size in s_sizes.Where(size => size <= max))
        {
            if (Stopwatch.GetElapsedTime(start).TotalSeconds > seconds)
            {
                Console.WriteLine($"{size} entries are left out: {seconds} s are over.");
                break;
            }

            figures.Add(Measure(work, size));
            AddRows(results, figures[^1], command);
        }

        Print(figures);
        PrintFlatness(figures);
        PrintProjection(figures);
        Plot(results, figures);
        if (arguments.Number("--rebuild-packs", 64, min: 0) is int packs and > 0)
        {
            RebuildSpeed.Measure(results, work, packs, arguments.Names("--drop-caches", "yes", "no") is ["yes"], command);
        }

        results.PrintOrigin();
        return 0;
    }

    private static ScaleFigures Measure(string work, long entries)
    {
        // Twice: the index, and the merge of all of it.
        double needed = entries * BytesPerEntryOnDisk * 2;
        if (new DriveInfo(work).AvailableFreeSpace < needed)
        {
            throw new BenchRefusedException($"{entries} entries need {needed / 1e9:0} GB in {work}; free some, name another directory with --work, or stop earlier with --max.");
        }

        string directory = Path.Join(work, $"gateway-scale-{Environment.ProcessId}");
        try
        {
            var child = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, UseShellExecute = false };
            foreach (string argument in (string[])[typeof(ScaleSuite).Assembly.Location, "scale-probe", directory, entries.ToString(CultureInfo.InvariantCulture)])
            {
                child.ArgumentList.Add(argument);
            }

            if (!Path.GetFileNameWithoutExtension(Environment.ProcessPath!).Equals("dotnet", StringComparison.Ordinal))
            {
                child.ArgumentList.RemoveAt(0);
            }

            using Process process = Process.Start(child)!;
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0
                ? JsonSerializer.Deserialize<ScaleFigures>(output.Trim().Split('\n')[^1])!
                : throw new BenchRefusedException($"measuring {entries} entries failed with exit code {process.ExitCode}; what went wrong stands above.");
        }
        finally
        {
            if (Directory.Exists(directory))
            {
                Directory.Delete(directory, recursive: true);
            }
        }
    }

    private static void AddRows(BenchResults results, ScaleFigures figures, string command)
    {
        string at = $"{figures.Entries} entries";
        void Add(string what, string unit, params double[] values) => Array.ForEach(values, value => results.Add($"{what}, {at}", Tool, unit, value, command));

        Add("resident memory", "bytes", figures.ResidentBytes);
        Add("peak memory with a full merge", "bytes", figures.PeakBytes);
        Add("filters in memory", "bytes", figures.FilterBytes);
        Add("segments", "count", figures.Segments);
        Add("open", "s", figures.OpenSeconds);
        Add("open, read from disk", "MB", figures.OpenMegabytesRead);
        Add("first look at a pack's length", "us", figures.LengthCheckMicroseconds);
        Add("lookup of a new chunk", "ns", figures.MissNanoseconds);
        Add("lookup of a new chunk", "reads", figures.MissReads);
        Add("lookup of a random known chunk", "ns", figures.HitNanoseconds);
        Add("lookup of a random known chunk", "reads", figures.HitReads);
        Add("lookup in a stream of known chunks", "ns", figures.StreamNanoseconds);
        Add("lookup in a stream of known chunks", "reads", figures.StreamReads);
        Add("insert, commit's own part", "ns", figures.FlushNanoseconds);
        Add("merge, each entry written", "ns", figures.MergeNanoseconds);
        Add("times an entry is written", "count", figures.RewrittenPerEntry);
        Add("insert, merges included", "ns", Insert(figures));
    }

    private static void Print(List<ScaleFigures> all)
    {
        Console.WriteLine("| entries | segments | resident MiB | of that filters | peak with full merge | open s (MB read) | new: ns, reads | known, random: ns, reads | known, stream: ns, reads | insert ns: commit + merges | written × |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|---|---|");
        foreach (ScaleFigures row in all)
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {row.Entries} | {row.Segments} | {Mebi(row.ResidentBytes):0} | {Mebi(row.FilterBytes):0} | {Mebi(row.PeakBytes):0} | {row.OpenSeconds:0.00} ({row.OpenMegabytesRead:0}) | {Statistics.Median(row.MissNanoseconds):0}, {row.MissReads:0.000} "
                + $"| {Statistics.Median(row.HitNanoseconds):0}, {row.HitReads:0.00} | {Statistics.Median(row.StreamNanoseconds):0}, {row.StreamReads:0.0000} | {Statistics.Median(row.FlushNanoseconds):0} + {row.MergeShareNanoseconds:0} | {row.RewrittenPerEntry:0.0} |"));
        }
    }

    private static void PrintFlatness(List<ScaleFigures> all)
    {
        for (int i = 1; i < all.Count; i++)
        {
            double decades = Math.Log10((double)all[i].Entries / all[i - 1].Entries);
            string Growth(Func<ScaleFigures, double> cost) => (Math.Pow(cost(all[i]) / cost(all[i - 1]), 1 / decades) - 1).ToString("+0 %;-0 %", CultureInfo.InvariantCulture);

            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"growth per decade, {all[i - 1].Entries} to {all[i].Entries}: new {Growth(row => Statistics.Median(row.MissNanoseconds))}, random {Growth(row => Statistics.Median(row.HitNanoseconds))}, stream {Growth(row => Statistics.Median(row.StreamNanoseconds))}, insert {Growth(Insert)}"));
        }
    }

    private static void PrintProjection(List<ScaleFigures> all)
    {
        if (all.Count < 2)
        {
            return;
        }

        foreach (long entries in s_projected.Where(entries => entries > all[^1].Entries))
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"projected for {entries} entries (line through the two largest sizes): {Mebi(Project(all, entries)):0} MiB resident"));
        }
    }

    private static double Project(List<ScaleFigures> all, long entries)
    {
        double slope = (double)(all[^1].ResidentBytes - all[^2].ResidentBytes) / (all[^1].Entries - all[^2].Entries);
        return all[^1].ResidentBytes + (slope * (entries - all[^1].Entries));
    }

    private static void Plot(BenchResults results, List<ScaleFigures> all)
    {
        const string subtitle = "chunks of 128 KiB, packs of 60 MiB; each size in a process of its own, caches cold";
        var entries = new ChartAxis("entries", IsLog: true);
        ChartLine Line(string name, Func<ScaleFigures, double> value) => new(name, [.. all.Select(row => ((double)row.Entries, value(row)))]);

        results.Plot("lookup", new LineChart("Index: time of a lookup", subtitle, entries, new ChartAxis("time (ns)", IsLog: true),
            [Line("new chunk", row => Statistics.Median(row.MissNanoseconds)), Line("known, random", row => Statistics.Median(row.HitNanoseconds)), Line("known, in a stream", row => Statistics.Median(row.StreamNanoseconds))]).ToSvg());
        results.Plot("reads", new LineChart("Index: disk reads of a lookup", subtitle, entries, new ChartAxis("reads"),
            [Line("new chunk", row => row.MissReads), Line("known, random", row => row.HitReads), Line("known, in a stream", row => row.StreamReads)]).ToSvg());
        results.Plot("insert", new LineChart("Index: time of an insert", subtitle, entries, new ChartAxis("time (ns)"),
            [Line("commit's own part", row => Statistics.Median(row.FlushNanoseconds)), Line("merges included", Insert)]).ToSvg());
        ChartLine resident = Line("resident", row => Mebi(row.ResidentBytes));
        var projected = new ChartLine("projected", all.Count < 2 ? [] : [resident.Points[^1], .. s_projected.Where(size => size > all[^1].Entries).Select(size => ((double)size, Mebi(Project(all, size))))]);
        results.Plot("memory", new LineChart("Index: memory of the process", subtitle, entries, new ChartAxis("memory (MiB)"),
            [resident, Line("of that filters", row => Mebi(row.FilterBytes)), projected]).ToSvg());
    }

    private static double Insert(ScaleFigures row) => Statistics.Median(row.FlushNanoseconds) + row.MergeShareNanoseconds;

    private static double Mebi(double bytes) => bytes / (1024 * 1024);
}
