using System.Globalization;
using System.Text.Json;

namespace GatewayOS.Benchmarks;

/// <summary>
/// The store beside Debian's restic and borg on a real tree: whole processes, in turn, in one run. Prints medians, spreads and ratios pair by
/// pair, and keeps the raw rows as JSON.
/// </summary>
internal static class PeerSuite
{
    private const string Ours = "gatewayctl";

    private const int SettleSeconds = 8;

    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true };

    private sealed record Tool(string Name, string Init, (string Work, string Command)[] Works);

    private sealed record Row(int Round, string Tool, string Work, double Seconds, double CpuSeconds, long PeakBytes);

    public static int Run(string[] args)
    {
        string tree = Option(args, "--tree") ?? "/usr";
        int rounds = int.Parse(Option(args, "--rounds") ?? "3", CultureInfo.InvariantCulture);
        string root = Path.GetFullPath(Option(args, "--work") ?? "artifacts/bench/work");
        string output = Path.GetFullPath("artifacts/bench");
        Directory.CreateDirectory(output);
        string log = Path.Join(output, "peers.log");
        File.Delete(log);
        var environment = new Dictionary<string, string>
        {
            ["RESTIC_PASSWORD"] = "benchmark",
            ["BORG_PASSPHRASE"] = "benchmark",
            ["BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK"] = "yes",
            ["BORG_CACHE_DIR"] = $"{root}/borg-cache",
            ["RESTIC_CACHE_DIR"] = $"{root}/restic-cache",
            ["GATEWAY_PASSPHRASE"] = "benchmark",
        };
        Tool[] tools = [.. Tools(Path.GetFullPath($"artifacts/bin/{Ours}"), tree, root).Where(tool => Option(args, "--tools")?.Split(',').Contains(tool.Name) ?? true)];

        // Everything is read once, so that no tool pays for a cold cache.
        Shell($"tar cf - '{tree}' 2>/dev/null | cat >/dev/null");
        var rows = new List<Row>();
        var stored = new Dictionary<string, long>();
        for (int round = 1; round <= rounds; round++)
        {
            // ext4 does not reuse an inode deleted in the last seconds, and searches long for another one: let that pass.
            Shell($"rm -rf '{root}' && mkdir -p '{root}' && sync && sleep {SettleSeconds}");
            foreach (Tool tool in tools)
            {
                MeasuredRun.Of(tool.Init, environment, log);
            }

            foreach (string work in tools[0].Works.Select(work => work.Work))
            {
                foreach (Tool tool in round % 2 == 1 ? tools : tools.Reverse())
                {
                    if (tool.Works.FirstOrDefault(entry => entry.Work == work).Command is not { } command)
                    {
                        continue;
                    }

                    Shell($"mkdir -p '{root}/out-{tool.Name}'; sync");
                    MeasuredRun run = MeasuredRun.Of(command, environment, log);
                    rows.Add(new Row(round, tool.Name, work, run.Seconds, run.CpuSeconds, run.PeakBytes));
                    Console.Error.WriteLine($"round {round} of {rounds}  {work,-24} {tool.Name,-10} {run.Seconds,8:F2} s  {run.PeakBytes / 1048576.0,7:F0} MiB");
                    if (work == "first backup")
                    {
                        stored[tool.Name] = long.Parse(Shell($"du -sB1 '{root}/store-{tool.Name}' | cut -f1"), CultureInfo.InvariantCulture);
                    }
                }
            }
        }

        Shell($"rm -rf '{root}'");
        File.WriteAllText(Path.Join(output, "peers.json"), JsonSerializer.Serialize(rows, s_indented));
        Print(tools, rows, stored, tree, rounds);
        return 0;
    }

    private static IEnumerable<Tool> Tools(string gatewayctl, string tree, string root)
    {
        string ours = $"{gatewayctl} store";
        string at = $"--store '{root}/store-{Ours}' --quiet";
        yield return new Tool(Ours, $"{ours} init {at}",
        [
            ("first backup", $"{ours} backup {at} '{tree}'"),
            ("full re-read", $"{ours} backup {at} --force-read '{tree}'"),
            ("unchanged incremental", $"{ours} backup {at} '{tree}'"),
            ("restore", $"{ours} restore {at} latest --target '{root}/out-{Ours}'"),
            ("verify every byte", $"{ours} verify {at} --read-data"),
        ]);
        string restic = $"restic -q -r '{root}/store-restic'";
        yield return new Tool("restic", $"{restic} init",
        [
            ("first backup", $"{restic} backup '{tree}'"),
            ("full re-read", $"{restic} backup --force '{tree}'"),
            ("unchanged incremental", $"{restic} backup '{tree}'"),
            ("restore", $"{restic} restore latest --target '{root}/out-restic'"),
            ("verify every byte", $"{restic} check --read-data"),
        ]);
        string borg = $"'{root}/store-borg'";
        yield return new Tool("borg", $"borg init -e repokey-blake2 {borg}",
        [
            ("first backup", $"borg create --compression lz4 {borg}::first '{tree}'"),
            ("full re-read", $"borg create --compression lz4 --files-cache=disabled {borg}::second '{tree}'"),
            ("unchanged incremental", $"borg create --compression lz4 {borg}::third '{tree}'"),
            ("restore", $"bash -c \"cd '{root}/out-borg' && borg extract {borg}::first\""),
            ("verify every byte", $"borg check --verify-data {borg}"),
        ]);
    }

    private static void Print(Tool[] tools, List<Row> rows, Dictionary<string, long> stored, string tree, int rounds)
    {
        string commit = Shell("git rev-parse --short HEAD 2>/dev/null || true");
        string cpu = Shell("grep -m1 'model name' /proc/cpuinfo | cut -d: -f2");
        Console.WriteLine($"Tree {tree}, {rounds} rounds, commit {commit}, {Environment.ProcessorCount} cores of {cpu}. Median (min–max) seconds; ratio = peer / {Ours}, median of the rounds.");
        Console.WriteLine();
        Console.WriteLine($"| work | {string.Join(" | ", tools.Select(tool => tool.Name))} | {string.Join(" | ", tools.Skip(1).Select(tool => $"{tool.Name} ÷ ours"))} | peak memory, MiB |");
        Console.WriteLine($"|---|{string.Concat(tools.Select(_ => "---|"))}{string.Concat(tools.Skip(1).Select(_ => "---|"))}---|");
        foreach (string work in tools[0].Works.Select(work => work.Work))
        {
            double[] Times(string tool) => [.. rows.Where(row => row.Tool == tool && row.Work == work).OrderBy(row => row.Round).Select(row => row.Seconds)];
            double[] own = Times(Ours);
            string times = string.Join(" | ", tools.Select(tool => Spread(Times(tool.Name))));
            string ratios = string.Join(" | ", tools.Skip(1).Select(tool => Times(tool.Name) is { Length: > 0 } theirs ? Median([.. theirs.Zip(own, (peer, mine) => peer / mine)]).ToString("F1", CultureInfo.InvariantCulture) : "–"));
            string memory = string.Join(" / ", tools.Select(tool => rows.Where(row => row.Tool == tool.Name && row.Work == work).Select(row => row.PeakBytes).DefaultIfEmpty().Max() / 1048576));
            Console.WriteLine($"| {work} | {times} | {ratios} | {memory} |");
        }

        Console.WriteLine($"| stored, MiB | {string.Join(" | ", tools.Select(tool => (stored.GetValueOrDefault(tool.Name) / 1048576).ToString(CultureInfo.InvariantCulture)))} | {string.Join(" | ", tools.Skip(1).Select(tool => ((double)stored.GetValueOrDefault(tool.Name) / stored[Ours]).ToString("F2", CultureInfo.InvariantCulture)))} | |");
    }

    private static string Spread(double[] values) =>
        values.Length == 0 ? "–" : string.Create(CultureInfo.InvariantCulture, $"{Median(values):F1} ({values.Min():F1}–{values.Max():F1})");

    private static double Median(double[] values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    private static string? Option(string[] args, string name) => args.SkipWhile(argument => argument != name).Skip(1).FirstOrDefault();

    private static string Shell(string command)
    {
        using var process = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("bash", ["-c", command]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        string text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return text.Trim();
    }
}
