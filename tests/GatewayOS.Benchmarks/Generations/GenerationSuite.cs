using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using GatewayOS.Backup.Files;
using GatewayOS.Benchmarks.Plots;
using GatewayOS.Benchmarks.Results;
using GatewayOS.CorpusMaker;
using GatewayOS.Store;
using GatewayOS.Store.Keys;
using GatewayOS.Store.Storage;
using GatewayOS.Terminal;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Benchmarks.Generations;

/// <summary>
/// A store that grows old: a corpus changes from day to day, is backed up daily, and its snapshots are forgotten and collected as a policy would, all by
/// the real program. Measures deduplication, what gc costs, and whether the newest snapshot restores as fast on the last day as on the first: copies of the
/// store as it was on some days are kept (hard links), and restored from in turn at the end.
/// </summary>
internal sealed class GenerationSuite
{
    private const string Tool = "gatewayctl";
    private const string NewestRate = "restore of the newest", OldRate = "restore from the last day's store", Seconds = "s";
    private const string BackupRow = "backup", GcRow = "gc", RecompressRow = "recompress all", AtDay = " at day ";
    private const double AllowedShare = 0.8;
    private const double GiB = 1L << 30;
    private static readonly int[] s_days = [1, 10, 25, 50, 75, 100];

    private readonly BenchResults _results = new("generations");
    private readonly string _work;
    private readonly string _target;
    private readonly int _generations;
    private readonly int _keepLast;
    private readonly int _gcEvery;
    private readonly string[] _gcOptions;
    private readonly int[] _days;
    private readonly List<GenerationDay> _history = [];
    private readonly Dictionary<int, PackReads> _reads = [];
    private readonly Gatewayctl _store;

    private GenerationSuite(BenchArguments arguments)
    {
        _work = Path.GetFullPath(arguments.Text("--work", Path.Join(BenchResults.Output, "work-generations")));
        _target = Path.GetFullPath(arguments.Text("--target", Directory.Exists("/dev/shm") ? "/dev/shm/gatewayos-generations" : $"{_work}/out"));
        _generations = arguments.Number("--generations", 100);
        _keepLast = arguments.Number("--keep-last", 14);
        _gcEvery = arguments.Number("--gc-every", 7);
        _gcOptions = ["--max-recluster", arguments.Number("--max-recluster", 10, min: 0).ToString(CultureInfo.InvariantCulture), "--recompress", arguments.Names("--recompress", "cold", "never", "all")[0]];
        _days = [.. s_days.Where(day => day < _generations), _generations];
        _store = new Gatewayctl($"{_work}/store", Environment);
    }

    // What this machine is tuned to must not count: another could not repeat it.
    private Dictionary<string, string> Environment => new() { ["GATEWAY_KEY_FILE"] = $"{_work}/key", ["GATEWAY_TUNING"] = $"{_work}/tuning.json" };

    /// <summary>
    /// Runs the suite. Options: <c>--size SIZE</c> of the corpus (512M), <c>--generations N</c> (100), <c>--seed N</c>, <c>--keep-last N</c> (14),
    /// <c>--gc-every N</c> days (7), <c>--max-recluster PERCENT</c>, <c>--recompress cold|never|all</c>, <c>--rounds N</c> of the last restores (3),
    /// <c>--work DIR</c>, <c>--target DIR</c> to restore into (in memory, so that only the store's disk counts).
    /// </summary>
    public static int Run(string[] args)
    {
        var arguments = new BenchArguments(args, "--size", "--generations", "--seed", "--keep-last", "--gc-every", "--max-recluster", "--recompress", "--rounds", "--work", "--target");
        var suite = new GenerationSuite(arguments);
        try
        {
            suite.Live(arguments.Bytes("--size", "512M"), (ulong)arguments.Number("--seed", 1));
            int rounds = arguments.Number("--rounds", 3);
            suite.RestoreInTurn(rounds);
            suite.RecompressAll(rounds);
            suite.Print();
            return 0;
        }
        finally
        {
            Shell.Run($"rm -rf '{suite._work}' '{suite._target}'");
        }
    }

    private void Live(long sizeBytes, ulong seed)
    {
        Shell.Run($"rm -rf '{_work}' '{_target}' && mkdir -p '{_work}'");
        string corpus = $"{_work}/corpus";
        Corpus.Make(corpus, sizeBytes, seed);
        _store.Expect(0, "init", "--quiet");
        for (int day = 1; day <= _generations; day++)
        {
            if (day > 1)
            {
                Corpus.Age(corpus, day - 1);
            }

            string[] tags = _days.Contains(day) ? ["--tag", "kept", "--tag", $"day{day}"] : [];
            (double backup, JsonElement made) = Timed(["backup", corpus, "--quiet", "--json", .. tags]);
            _results.Add(BackupRow, Tool, Seconds, backup, "gatewayctl store backup CORPUS");
            var today = new GenerationDay(day, backup, made.GetProperty("snapshot").GetProperty("bytes").GetInt64());
            _store.Expect(0, "forget", "--keep-last", _keepLast.ToString(CultureInfo.InvariantCulture), "--keep-tag", "kept", "--quiet");
            if (day % _gcEvery == 0 || day == _generations)
            {
                today = Collect(today);
            }

            today = today with { StoredBytes = StoredBytes() };
            _history.Add(today);
            if (_days.Contains(day))
            {
                Keep(today);
            }
        }
    }

    private GenerationDay Collect(GenerationDay today)
    {
        (double seconds, JsonElement gc) = Timed(["gc", "--quiet", "--json", .. _gcOptions]);
        _results.Add(GcRow, Tool, Seconds, seconds, $"gatewayctl store gc {string.Join(' ', _gcOptions)}");
        _results.Add(GcRow, "copied", "bytes", gc.GetProperty("bytesCopied").GetInt64(), "as above");
        _results.Add(GcRow, "recompressed", "bytes", gc.GetProperty("bytesRecompressed").GetInt64(), "as above");
        _results.Add(GcRow, "saved by recompression", "bytes", gc.GetProperty("bytesSaved").GetInt64(), "as above");
        _results.Add(GcRow, "read jumps before", "count", gc.GetProperty("readJumps").GetInt64(), "as above");
        return today with { GcSeconds = seconds };
    }

    // Packs are never changed in place, so links of them stay what the store was on this day.
    private void Keep(GenerationDay today)
    {
        Shell.Run($"cp -al '{_store.Store}' '{CopyOf(today.Day)}'");
        PackReads reads = CountReads(today.Day);
        _reads[today.Day] = reads;
        double gib = today.Bytes / GiB;
        _results.Add($"pack reads{AtDay}{today.Day}", Tool, "per GiB", reads.Reads / gib, "restore of the newest with one thread, counted");
        _results.Add($"seeks{AtDay}{today.Day}", Tool, "per GiB", reads.Seeks / gib, "as above");
        _results.Add($"packs{AtDay}{today.Day}", Tool, "per GiB", reads.Packs / gib, "as above");
        Console.Error.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"day {today.Day} of {_generations}: {Sizes.Bytes(today.StoredBytes)} stored; the newest snapshot takes {reads.Reads / gib:0} reads, {reads.Seeks / gib:0} of them seeks, in {reads.Packs} packs for each GiB"));
    }

    private PackReads CountReads(int day)
    {
        var disk = new PackReadsDisk(new PosixDisk(CopyOf(day)));
        using BackupStore store = BackupStore.Open(disk, new StoreSecret.KeyFile(File.ReadAllBytes($"{_work}/key")), new OpenOptions { Purpose = "benchmark" });
        var options = new RestoreOptions { Target = System.Text.Encoding.UTF8.GetBytes(_target), Threads = 1 };
        FileRestore.Run(store, store.FindSnapshot("latest"), options, new RestoreProgress(), CancellationToken.None);
        Shell.Run($"rm -rf '{_target}'");
        return disk.Counted;
    }

    private void RestoreInTurn(int rounds)
    {
        for (int round = 1; round <= rounds; round++)
        {
            foreach (int day in round % 2 == 1 ? _days : _days.Reverse())
            {
                Restore(NewestRate, day, CopyOf(day), "latest");
                Restore(OldRate, day, _store.Store, SnapshotOf(day));
            }
        }
    }

    // What everything costs and saves with zstd, and what it does to restores: pairs with the day's copy, which has LZ4.
    private void RecompressAll(int rounds)
    {
        long before = StoredBytes();
        (double seconds, JsonElement gc) = Timed(["gc", "--quiet", "--json", "--recompress", "all"]);
        const string command = "gatewayctl store gc --recompress all";
        _results.Add(RecompressRow, Tool, "MB/s", gc.GetProperty("bytesRecompressed").GetInt64() / seconds / 1e6, command);
        _results.Add(RecompressRow, "before", "bytes", before, command);
        _results.Add(RecompressRow, "after", "bytes", StoredBytes(), command);
        for (int round = 1; round <= rounds; round++)
        {
            Restore(NewestRate, _generations, CopyOf(_generations), "latest");
            Restore(RecompressRow, _generations, _store.Store, "latest");
        }
    }

    private long StoredBytes() => long.Parse(Shell.Run($"du -sB1 '{_store.Store}/packs' | cut -f1"), CultureInfo.InvariantCulture);

    private void Restore(string row, int day, string store, string snapshot)
    {
        (double seconds, JsonElement restored) = Timed(["restore", snapshot, "--target", _target, "--quiet", "--json"], store);
        _results.Add($"{row}{AtDay}{day}", Tool, "MB/s", restored.GetProperty("bytes").GetInt64() / seconds / 1e6, "gatewayctl store restore SNAPSHOT");
        Shell.Run($"rm -rf '{_target}'");
    }

    private string SnapshotOf(int day) => _store.Expect(0, "snapshots", "--json").Json.GetProperty("snapshots").EnumerateArray()
        .First(snapshot => snapshot.GetProperty("tags").EnumerateArray().Any(tag => tag.GetString() == $"day{day}")).GetProperty("id").GetString()!;

    private string CopyOf(int day) => $"{_work}/store-{day}";

    private (double Seconds, JsonElement Json) Timed(string[] arguments, string? store = null)
    {
        long start = Stopwatch.GetTimestamp();
        GatewayctlRun run = new Gatewayctl(store ?? _store.Store, Environment).Run(arguments);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return run.ExitCode == 0 ? (seconds, run.Json) : throw new InvalidOperationException($"gatewayctl store {string.Join(' ', arguments)} ended with {run.ExitCode}.\n{run.Output}\n{run.Errors}");
    }

    private double[] Rates(string row, int day) => _results.Values($"{row}{AtDay}{day}", Tool, "MB/s");

    private void Print()
    {
        GenerationDay last = _history[^1];
        long logical = _history.Where(day => day.Day > _generations - _keepLast || _days.Contains(day.Day)).Sum(day => day.Bytes);
        Console.WriteLine($"\n{_generations} daily backups of a corpus of {Sizes.Bytes(last.Bytes)}, the last {_keepLast} and days {string.Join(", ", _days)} kept, gc every {_gcEvery} days ({string.Join(' ', _gcOptions)})\n");
        Console.WriteLine("| day | newest snapshot, MB/s | same day, from the last day's store | pack reads per GiB | seeks per GiB | packs per GiB |\n|---|---|---|---|---|---|");
        foreach (int day in _days)
        {
            string PerGiB(string what) => BenchResults.Spread(_results.Values($"{what}{AtDay}{day}", Tool, "per GiB"), "0").Split(' ')[0];
            Console.WriteLine($"| {day} | {BenchResults.Spread(Rates(NewestRate, day), "0")} | {BenchResults.Spread(Rates(OldRate, day), "0")} | {PerGiB("pack reads")} | {PerGiB("seeks")} | {PerGiB("packs")} |");
        }

        double share = Statistics.Median(Rates(NewestRate, _generations).Zip(Rates(NewestRate, _days[0]), (late, early) => late / early));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"\nGeneration {_generations} restores at {share:0.00} of generation {_days[0]}'s rate: within 20 %: {(share >= AllowedShare ? "yes" : "NO")}."));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Kept snapshots hold {Sizes.Bytes(logical)} in {Sizes.Bytes(last.StoredBytes)}: {(double)logical / last.StoredBytes:0.0} to 1. gc took {BenchResults.Spread(_results.Values(GcRow, Tool, Seconds), "0.00")} s, a backup {BenchResults.Spread(_results.Values(BackupRow, Tool, Seconds), "0.00")} s."));
        double recompressed = _results.Values(GcRow, "recompressed", "bytes").Sum(), saved = _results.Values(GcRow, "saved by recompression", "bytes").Sum();
        Console.WriteLine($"gc compressed {Sizes.Bytes(recompressed)} of cold chunks further and saved {Sizes.Bytes(saved)}.");
        double packsBefore = _results.Values(RecompressRow, "before", "bytes")[0], packsAfter = _results.Values(RecompressRow, "after", "bytes")[0];
        Console.WriteLine(
            $"With everything recompressed at the end ({BenchResults.Spread(_results.Values(RecompressRow, Tool, "MB/s"), "0").Split(' ')[0]} MB/s) packs shrank from {Sizes.Bytes(packsBefore)} to {Sizes.Bytes(packsAfter)}, "
            + $"and the newest snapshot restores at {BenchResults.Spread(Rates(RecompressRow, _generations), "0")} MB/s.\n");
        Plot();
        _results.PrintOrigin();
    }

    private void Plot()
    {
        string subtitle = $"corpus of {Sizes.Bytes(_history[0].Bytes)}; keep the last {_keepLast}; gc every {_gcEvery} days; {BenchMachine.Here.Cores} cores of {BenchMachine.Here.Cpu}";
        var age = new ChartAxis("age of the store (days)");
        ChartLine Line(string name, Func<int, double> value) => new(name, [.. _days.Select(day => ((double)day, value(day)))]);
        _results.Plot("restore", new LineChart("Restore rate against age", subtitle, age, new ChartAxis("restore rate (MB/s)"),
            [Line("the newest snapshot of the day", day => Statistics.Median(Rates(NewestRate, day))), Line("the same, from the last day's store", day => Statistics.Median(Rates(OldRate, day)))]).ToSvg());
        double PerGiB(int day, long count) => count / (_history[day - 1].Bytes / GiB);
        _results.Plot("reads", new LineChart("How a restore of the newest snapshot reads packs", subtitle, age, new ChartAxis("per restored GiB"),
            [Line("reads", day => PerGiB(day, _reads[day].Reads)), Line("of which seeks", day => PerGiB(day, _reads[day].Seeks)), Line("packs", day => PerGiB(day, _reads[day].Packs))]).ToSvg());
        _results.Plot("work", new LineChart("What a day costs", subtitle, age, new ChartAxis("time (s)"),
            [new ChartLine("backup", [.. _history.Select(day => ((double)day.Day, day.BackupSeconds))]), new ChartLine("gc", [.. _history.Where(day => day.GcSeconds > 0).Select(day => ((double)day.Day, day.GcSeconds))])]).ToSvg());
        _results.Plot("space", new LineChart("Bytes in packs", subtitle, age, new ChartAxis("MiB"),
            [new ChartLine("stored", [.. _history.Select(day => ((double)day.Day, day.StoredBytes / 1048576.0))]), new ChartLine("one day's data, not deduplicated", [.. _history.Select(day => ((double)day.Day, day.Bytes / 1048576.0))])]).ToSvg());
    }
}

/// <summary>A day of a store's life.</summary>
/// <param name="Day">From 1 on.</param>
/// <param name="BackupSeconds">Time of the backup's whole process.</param>
/// <param name="Bytes">Bytes in the day's snapshot.</param>
internal sealed record GenerationDay(int Day, double BackupSeconds, long Bytes)
{
    public double GcSeconds { get; init; }

    /// <summary>In packs at the day's end.</summary>
    public long StoredBytes { get; init; }
}
