using System.Diagnostics;
using System.Globalization;
using GatewayOS.Benchmarks.Plots;
using GatewayOS.Benchmarks.Results;
using GatewayOS.Store;
using GatewayOS.Store.Keys;
using GatewayOS.Store.Storage;
using GatewayOS.Store.Tuning;
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
    private const int SampleBytesMax = 256 * 1024 * 1024;
    private const int ReadBytes = 1024 * 1024;
    private const string Walk = "walk and read", Write = "write packs, synced", Ideal = "sum of stages ÷ cores", Backup = "first backup";
    private const string Program = "gatewayctl";
    private const string OneCore = "one core", ShareOfBackup = "share of a backup";
    private static readonly TimeSpan s_each = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_eachReading = TimeSpan.FromMilliseconds(200);

    // In the order in which data passes them.
    private static readonly string[] s_writeStages = [Walk, StageProbe.Chunk, StageProbe.Hash, StageProbe.LookUp, StageProbe.Compress, StageProbe.Seal, Write];

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
            byte[] sample = Sample(source, out long sourceBytes);
            for (int round = 1; round <= rounds; round++)
            {
                Shell.Run($"rm -rf '{work}' && mkdir -p '{work}' && sync");
                double seconds = MeasureBackup(results, source, work);
                MeasureStages(results, source, work, sample, sourceBytes);
                Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"round {round} of {rounds}: first backup of {Sizes.Bytes(sourceBytes)} in {seconds:0.0} s"));
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
        var environment = new Dictionary<string, string> { ["GATEWAY_STORE"] = $"{work}/store", ["GATEWAY_KEY_FILE"] = $"{work}/key" };
        string log = Path.Join(BenchResults.Output, "stages.log");
        string command = $"{Gatewayctl.Program} store backup --quiet --one-file-system '{source}'";
        MeasuredRun.Of($"{Gatewayctl.Program} store init --quiet", environment, log);
        MeasuredRun run = MeasuredRun.Of(command, environment, log);
        results.Add(Backup, Program, "s", run.Seconds, command);
        results.Add(Backup, Program, "s of CPU", run.CpuSeconds, command);
        return run.Seconds;
    }

    private static void MeasureStages(BenchResults results, string source, string work, byte[] sample, long sourceBytes)
    {
        long start = Stopwatch.GetTimestamp();
        long read = ReadAll(source, [], keepBytes: 0, out _);
        double walk = read / Stopwatch.GetElapsedTime(start).TotalSeconds;

        // In the store that has just been filled, lookups find what they look for.
        using BackupStore store = BackupStore.Open(new PosixDisk($"{work}/store"), new StoreSecret.KeyFile(File.ReadAllBytes($"{work}/key")), new OpenOptions { Purpose = "benchmark" });
        StageRates rates = StageProbe.Run(store, sample, s_each, CancellationToken.None);
        double write = DiskProbe.Run(store, s_eachReading, static _ => { }, CancellationToken.None).WriteBytesPerSecond;

        var seconds = new Dictionary<string, double> { [Walk] = sourceBytes / walk, [Write] = sourceBytes * rates.StoredShare / write };
        results.Add(Walk, OneCore, "MB/s", walk / 1e6, "find and read every file, 1 MiB at a time, warm cache");
        results.Add(Write, "disk", "MB/s", write / 1e6, "64 MiB files, each synced");
        foreach (StageRate rate in rates.Stages)
        {
            results.Add(rate.Name, OneCore, rate.OfStored ? "MB/s of stored bytes" : "MB/s", rate.BytesPerSecond / 1e6, "StageProbe");
            seconds[rate.Name] = sourceBytes / rates.PlainRate(rate.Name);
        }

        foreach (string stage in s_writeStages)
        {
            results.Add(stage, ShareOfBackup, "s", seconds[stage], "bytes of the tree ÷ rate");
        }

        // Writing occupies the disk, not a core: it divides by nothing, and overlaps with the rest.
        double cpu = s_writeStages.Where(stage => stage != Write).Sum(stage => seconds[stage]) / Environment.ProcessorCount;
        results.Add(Ideal, Program, "s", Math.Max(cpu, seconds[Write]), "the longer of: stages of the processor ÷ cores; writing");
    }

    private static byte[] Sample(string source, out long sourceBytes)
    {
        byte[] sample = new byte[SampleBytesMax];
        sourceBytes = ReadAll(source, sample, SampleBytesMax, out int kept);
        return kept > 0 ? sample[..kept] : throw new BenchRefusedException($"{source} holds no data; name another directory with --source.");
    }

    // As a backup does: every regular file once, links not followed. The sample takes a part of every stretch of the tree.
    private static long ReadAll(string source, byte[] sample, int keepBytes, out int kept)
    {
        byte[] buffer = new byte[ReadBytes];
        long total = 0;
        kept = 0;
        var all = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = true };
        foreach (FileInfo file in new DirectoryInfo(source).EnumerateFiles("*", all))
        {
            try
            {
                using Microsoft.Win32.SafeHandles.SafeFileHandle handle = File.OpenHandle(file.FullName);
                for (long at = 0; RandomAccess.Read(handle, buffer, at) is int read and > 0; at += read)
                {
                    total += read;
                    int keep = Math.Min(read, keepBytes - kept);
                    buffer.AsSpan(0, keep).CopyTo(sample.AsSpan(kept));
                    kept += keep;
                }
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // A backup passes it over too, and says so.
            }
        }

        return total;
    }

    private static void Print(BenchResults results, string source)
    {
        Console.WriteLine($"\nFirst backup of {source}, and its stages alone, one core each\n");
        Console.WriteLine("| stage | rate, MB/s | seconds for the tree |\n|---|---|---|");
        foreach (string stage in s_writeStages)
        {
            double[] rate = [.. results.Rows.Where(row => row.Row == stage && row.Unit.StartsWith("MB/s", StringComparison.Ordinal)).SelectMany(row => row.Values)];
            Console.WriteLine($"| {stage} | {BenchResults.Spread(rate, "0")} | {BenchResults.Spread(results.Values(stage, ShareOfBackup, "s"), "0.00")} |");
        }

        double[] ideal = results.Values(Ideal, Program, "s"), backup = results.Values(Backup, Program, "s");
        Console.WriteLine($"| {Ideal} ({Environment.ProcessorCount}) | | {BenchResults.Spread(ideal, "0.00")} |");
        Console.WriteLine($"| {Backup}, whole process | | {BenchResults.Spread(backup, "0.00")} |");
        Console.WriteLine($"| {Backup} ÷ {Ideal} | | {BenchResults.Spread([.. backup.Zip(ideal, (whole, parts) => whole / parts)], "0.00")} |\n");
        results.Plot("seconds", new BarChart(
            $"A first backup of {source} and its stages",
            $"each stage alone on one core; {BenchMachine.Here.Cores} cores of {BenchMachine.Here.Cpu}",
            "stage",
            new ChartAxis("time for the tree (s)"),
            [.. s_writeStages.Select(stage => stage.Replace(" and ", " + ", StringComparison.Ordinal).Replace(", synced", "", StringComparison.Ordinal)), "sum ÷ cores", Backup],
            [new ChartBars("gatewayctl", [.. s_writeStages.Select(stage => results.Values(stage, ShareOfBackup, "s")), ideal, backup])]).ToSvg());
        results.PrintOrigin();
    }
}
