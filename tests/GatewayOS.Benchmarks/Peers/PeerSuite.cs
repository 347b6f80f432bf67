using System.Globalization;
using GatewayOS.Benchmarks.Plots;
using GatewayOS.Benchmarks.Results;
using GatewayOS.Benchmarks.Stages;
using GatewayOS.Store;
using GatewayOS.Store.Keys;
using GatewayOS.Store.Storage;
using GatewayOS.Terminal;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Benchmarks.Peers;

/// <summary>
/// The store beside Debian's restic and borg: whole processes, in turn and in alternating order, in one run. A file tree goes through all works; an
/// image is backed up, rewritten by a tenth, and backed up again. Beside our first backup its stages are measured alone. What no target asks of a peer
/// it does in the first round only. Prints the table of targets.
/// </summary>
internal static class PeerSuite
{
    private const int RoundsDefault = 3;
    private const string Tree = "tree", Image = "image";

    /// <summary>
    /// Runs the suite. Options: <c>--rounds N</c>, <c>--source DIR</c> (/usr), <c>--tools gatewayctl,restic,borg</c>, <c>--size SIZE</c> of the
    /// image (8G), <c>--only tree,image</c>, <c>--work DIR</c>.
    /// </summary>
    public static int Run(string[] args)
    {
        var arguments = new BenchArguments(args, "--rounds", "--source", "--tools", "--size", "--work", "--only");
        int rounds = arguments.Number("--rounds", RoundsDefault);
        string[] parts = arguments.Names("--only", Tree, Image);
        string[] names = arguments.Names("--tools", PeerTools.Ours, PeerTools.Restic, PeerTools.Borg);
        string source = Path.GetFullPath(arguments.Text("--source", "/usr"));
        long imageBytes = arguments.Bytes("--size", "8G");
        if (parts.Contains(Tree) && !Directory.Exists(source))
        {
            throw new BenchRefusedException($"there is no directory {source}; name one with --source.");
        }

        string work = Path.GetFullPath(arguments.Text("--work", Path.Join(BenchResults.Output, "work-peers")));
        PeerTool[] tools = PeerTools.All(names, source, $"{work}/image", work);
        var run = new PeerRun(new BenchResults("peers"), tools, source, work, rounds);
        try
        {
            if (parts.Contains(Tree))
            {
                run.TreeRounds();
            }

            if (parts.Contains(Image))
            {
                run.ImageRounds(imageBytes);
            }
        }
        finally
        {
            Shell.Run($"rm -rf '{work}' '{PeerRun.Emptied(work)}'");
        }

        Console.WriteLine($"Tree {source}, image of {Sizes.Bytes(imageBytes)}, {rounds} rounds. {string.Join(", ", tools.Select(Version))}.\n");
        Console.WriteLine(string.Join('\n', PeerTargets.Table(run.Results.Values, names)));
        Console.WriteLine("\nMedian (min–max) of the rounds; a ratio is taken round by round, and its median is held against the target.");
        Plot(run.Results, names, source);
        run.Results.PrintOrigin();
        return 0;
    }

    private static string Version(PeerTool tool) => tool.Name switch
    {
        PeerTools.Ours => $"{tool.Name} {Shell.Run($"'{Gatewayctl.Program}' --version").Trim()}",
        PeerTools.Restic => Shell.Run("restic version | cut -d' ' -f1,2").Trim(),
        _ => Shell.Run($"{tool.Name} --version").Trim(),
    };

    private static void Plot(BenchResults results, string[] tools, string source)
    {
        string[] works = [.. PeerTargets.Rows.Where(row => row.Unit == "s" && results.Values(row.Row, PeerTools.Ours, "s").Length > 0).Select(row => row.Row)];
        string subtitle = $"median, whiskers from min to max; tree {source}; {BenchMachine.Here.Cores} cores of {BenchMachine.Here.Cpu}";
        results.Plot("time", new BarChart("Time of whole runs", subtitle, "work", new ChartAxis("time (s), less is better"), works, [.. tools.Select(tool => new ChartBars(tool, [.. works.Select(work => results.Values(work, tool, "s"))]))]).ToSvg());
    }

    /// <summary>One run's state.</summary>
    private sealed class PeerRun(BenchResults results, PeerTool[] tools, string source, string work, int rounds)
    {
        private readonly Dictionary<string, string> _environment = PeerTools.Environment(work);
        private readonly string _log = Path.Join(BenchResults.Output, "peers.log");

        private int _emptied;

        public BenchResults Results => results;

        /// <summary>Where the files of former rounds wait for the end.</summary>
        public static string Emptied(string work) => work + ".emptied";

        public void TreeRounds()
        {
            var tree = new SampledTree(source);
            for (int round = 1; round <= rounds; round++)
            {
                Begin();

                // Everything is read once, so that no tool pays for a cold cache.
                tree.ReadAll();
                var peaks = new Dictionary<string, long>();
                foreach (string name in PeerTools.TreeWorks)
                {
                    foreach (PeerTool tool in InTurn(round).Where(tool => round == 1 || PeerTargets.Counts(name, tool.Name)))
                    {
                        peaks[tool.Name] = Math.Max(peaks.GetValueOrDefault(tool.Name), Do(tool, name, round).PeakBytes);
                        if (name == PeerTools.First)
                        {
                            results.Add(PeerTargets.Stored, tool.Name, "bytes", StoredBytes(tool), tool.Works[name]);
                        }
                    }

                    if (name == PeerTools.First && tools.FirstOrDefault(tool => tool.Name == PeerTools.Ours) is { } ours)
                    {
                        using BackupStore store = BackupStore.Open(new PosixDisk(ours.Store), new StoreSecret.Passphrase(PeerTools.Passphrase), new OpenOptions { Purpose = "benchmark" });
                        StageSum.Measure(results, PeerTools.Ours, store, tree);
                    }
                }

                // A peer that did only a part of the works has no peak over all of them.
                foreach ((string tool, long peak) in peaks.Where(peak => round == 1 || PeerTools.TreeWorks.All(name => PeerTargets.Counts(name, peak.Key))))
                {
                    results.Add(PeerTargets.Memory, tool, "bytes", peak, "largest resident set of a process over all works on the tree");
                }
            }
        }

        public void ImageRounds(long bytes)
        {
            for (int round = 1; round <= rounds; round++)
            {
                Begin();
                RewrittenImage.Make($"{work}/image", bytes);
                var before = new Dictionary<string, long>();
                // The image is read before each work, so that no tool pays for a cold cache.
                PeerTool[] turn = [.. InTurn(round).Where(tool => round == 1 || PeerTargets.Counts(PeerTools.ImageSecond, tool.Name))];
                foreach (PeerTool tool in turn)
                {
                    Shell.Run($"cat '{work}/image' > /dev/null");
                    Do(tool, PeerTools.ImageFirst, round);
                    before[tool.Name] = StoredBytes(tool);
                }

                long rewritten = RewrittenImage.Rewrite($"{work}/image");
                foreach (PeerTool tool in turn)
                {
                    Shell.Run($"cat '{work}/image' > /dev/null");
                    Do(tool, PeerTools.ImageSecond, round);
                    long stored = StoredBytes(tool) - before[tool.Name];
                    results.Add(PeerTargets.NewBytes, tool.Name, "bytes", stored, tool.Works[PeerTools.ImageSecond]);
                    Console.Error.WriteLine($"  {tool.Name} stored {Sizes.Bytes(stored)} for {Sizes.Bytes(rewritten)} rewritten");
                }
            }
        }

        private IEnumerable<PeerTool> InTurn(int round) => round % 2 == 1 ? tools : tools.Reverse();

        private void Begin()
        {
            // The last round's files are emptied and stay. For five minutes ext4 does not reuse the inode of a file that was removed, and searches long
            // for others: who restores soon after much was removed measures that.
            if (Directory.Exists(work))
            {
                Shell.Run($"mkdir -p '{Emptied(work)}' && mv '{work}' '{Emptied(work)}/{++_emptied}' && find '{Emptied(work)}/{_emptied}' -type f -size +0 -exec truncate -s 0 {{}} +");
            }

            Shell.Run($"mkdir -p '{work}' && sync");
            foreach (PeerTool tool in tools)
            {
                MeasuredRun.Of(tool.Init, _environment, _log);
            }
        }

        private MeasuredRun Do(PeerTool tool, string name, int round)
        {
            Shell.Run($"mkdir -p '{work}/out-{tool.Name}'; sync");
            string command = tool.Works[name];
            MeasuredRun run = MeasuredRun.Of(command, _environment, _log);
            results.Add(name, tool.Name, "s", run.Seconds, command);
            results.Add(name, tool.Name, "s of CPU", run.CpuSeconds, command);
            results.Add(name, tool.Name, "bytes of memory", run.PeakBytes, command);
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"round {round} of {rounds}  {name,-24} {tool.Name,-10} {run.Seconds,8:F2} s  {run.PeakBytes / 1048576.0,7:F0} MiB"));
            return run;
        }

        private static long StoredBytes(PeerTool tool) => long.Parse(Shell.Run($"du -sB1 '{tool.Store}' | cut -f1"), CultureInfo.InvariantCulture);
    }
}
