using System.Globalization;
using GatewayOS.Benchmarks.Plots;
using GatewayOS.Benchmarks.Results;
using GatewayOS.Store;
using GatewayOS.Store.Keys;
using GatewayOS.Store.Storage;
using GatewayOS.Terminal;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Benchmarks.Stages;

/// <summary>
/// Each stage of the write path alone, on the bytes of a real tree, beside first backups of the same tree by the real program: what share of the sum of
/// its parts a backup reaches when two cores divide the work.
/// </summary>
internal static class StageSuite
{
    private const int RoundsDefault = 3;
    private const string Backup = "first backup";
    private const string Program = "gatewayctl";

    /// <summary>Runs the suite. Options: <c>--rounds N</c>, <c>--source DIR</c> (/usr/lib), <c>--work DIR</c>.</summary>
    public static int Run(string[] args)
    {
        var arguments = new BenchArguments(args, "--rounds", "--source", "--work");
        int rounds = arguments.Number("--rounds", RoundsDefault);
        string source = Path.GetFullPath(arguments.Text("--source", "/usr/lib"));
        string work = Path.GetFullPath(arguments.Text("--work", Path.Join(BenchResults.Output, "work-stages")));
        if (!Directory.Exists(source))
        {
            throw new BenchRefusedException($"there is no directory {source}; name one with --source.");
        }

        var results = new BenchResults("stages");
        try
        {
            var tree = new SampledTree(source);
            for (int round = 1; round <= rounds; round++)
            {
                Shell.Run($"rm -rf '{work}' && mkdir -p '{work}' && sync");
                double seconds = MeasureBackup(results, source, work);
                using BackupStore store = BackupStore.Open(new PosixDisk($"{work}/store"), new StoreSecret.KeyFile(File.ReadAllBytes($"{work}/key")), new OpenOptions { Purpose = "benchmark" });
                StageSum.Measure(results, Program, store, tree);
                Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"round {round} of {rounds}: first backup of {Sizes.Bytes(tree.Bytes)} in {seconds:0.0} s"));
            }
        }
        finally
        {
            Shell.Run($"rm -rf '{work}'");
        }

        Print(results, source);
        return 0;
    }

    private static double MeasureBackup(BenchResults results, string source, string work)
    {
        var environment = new Dictionary<string, string> { ["GATEWAY_STORE"] = $"{work}/store", ["GATEWAY_KEY_FILE"] = $"{work}/key", ["GATEWAY_TUNING"] = $"{work}/tuning.json" };
        string log = Path.Join(BenchResults.Output, "stages.log");
        string command = $"{Gatewayctl.Program} store backup --quiet --one-file-system '{source}'";
        MeasuredRun.Of($"{Gatewayctl.Program} store init --quiet", environment, log);
        MeasuredRun run = MeasuredRun.Of(command, environment, log);
        results.Add(Backup, Program, "s", run.Seconds, command);
        results.Add(Backup, Program, "s of CPU", run.CpuSeconds, command);
        return run.Seconds;
    }

    private static void Print(BenchResults results, string source)
    {
        Console.WriteLine($"\nFirst backup of {source}, and its stages alone, one core each\n");
        Console.WriteLine("| stage | rate, MB/s | seconds for the tree |\n|---|---|---|");
        foreach (string stage in StageSum.Stages)
        {
            double[] rate = [.. results.Rows.Where(row => row.Row == stage && row.Unit.StartsWith("MB/s", StringComparison.Ordinal)).SelectMany(row => row.Values)];
            Console.WriteLine($"| {stage} | {BenchResults.Spread(rate, "0")} | {BenchResults.Spread(results.Values(stage, StageSum.ShareOfBackup, "s"), "0.00")} |");
        }

        double[] ideal = results.Values(StageSum.Ideal, Program, "s"), backup = results.Values(Backup, Program, "s");
        Console.WriteLine($"| {StageSum.Ideal} ({Environment.ProcessorCount}) | | {BenchResults.Spread(ideal, "0.00")} |");
        Console.WriteLine($"| {Backup}, whole process | | {BenchResults.Spread(backup, "0.00")} |");
        Console.WriteLine($"| {Backup} ÷ {StageSum.Ideal} | | {BenchResults.Spread([.. backup.Zip(ideal, (whole, parts) => whole / parts)], "0.00")} |\n");
        results.Plot("seconds", new BarChart(
            $"A first backup of {source} and its stages",
            $"each stage alone on one core; {BenchMachine.Here.Cores} cores of {BenchMachine.Here.Cpu}",
            "stage",
            new ChartAxis("time for the tree (s)"),
            [.. StageSum.Stages.Select(stage => stage.Replace(" and ", " + ", StringComparison.Ordinal).Replace(", synced", "", StringComparison.Ordinal)), "sum ÷ cores", Backup],
            [new ChartBars("gatewayctl", [.. StageSum.Stages.Select(stage => results.Values(stage, StageSum.ShareOfBackup, "s")), ideal, backup])]).ToSvg());
        results.PrintOrigin();
    }
}
