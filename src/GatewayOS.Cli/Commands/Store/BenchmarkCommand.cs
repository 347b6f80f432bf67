using System.CommandLine;
using System.Globalization;
using GatewayOS.Cli.Errors;
using GatewayOS.Cli.Json;
using GatewayOS.Store;
using GatewayOS.Store.Tuning;
using GatewayOS.Terminal;

namespace GatewayOS.Cli.Commands.Store;

/// <summary><c>store benchmark</c>: measures disk and processor, and chooses what the other verbs use.</summary>
internal static class BenchmarkCommand
{
    private const int BarCells = 30;

    private static readonly Option<string[]> s_pins = new("--pin") { Description = "Set a value whatever is measured; may be repeated. Measures nothing", HelpName = "KEY=VALUE" };
    private static readonly Option<string[]> s_unpins = new("--unpin") { Description = "Go back to the measured value; may be repeated. Measures nothing", HelpName = "KEY" };
    private static readonly Option<bool> s_show = new("--show") { Description = "Only show the values in use" };
    private static readonly Option<bool> s_reset = new("--reset") { Description = "Forget what was measured and pinned for this store" };

    public static Command Build() => Verb.Make(
        "benchmark", $"Measure the store's disk and this machine in less than a minute, and choose threads and sizes for its jobs ({string.Join(", ", PipelineTuning.Keys.Select(key => key.Name))})", [s_pins, s_unpins, s_show, s_reset], Run);

    private static int Run(VerbContext context)
    {
        TuningFile file = TuningFile.OfMachine;
        StoreTuning known = file.Read(context.StoreDirectory);
        string[] pins = context.Arguments.GetValue(s_pins) ?? [], unpins = context.Arguments.GetValue(s_unpins) ?? [];
        bool show = context.Arguments.GetValue(s_show), reset = context.Arguments.GetValue(s_reset);
        if ((show ? 1 : 0) + (reset ? 1 : 0) + (pins.Length + unpins.Length > 0 ? 1 : 0) > 1)
        {
            throw new UsageException("--show, --reset and --pin with --unpin exclude each other.");
        }

        if (reset)
        {
            file.Write(context.StoreDirectory, StoreTuning.None);
            known = StoreTuning.None;
        }
        else if (pins.Length + unpins.Length > 0)
        {
            known = Pinned(known, pins, unpins);
            file.Write(context.StoreDirectory, known);
        }
        else if (!show)
        {
            return Measure(context, file);
        }

        Print(context, file, known, new Dictionary<string, string>());
        Write(context, file, known, new Dictionary<string, string>(), measured: null);
        return ExitCode.Good;
    }

    private static int Measure(VerbContext context, TuningFile file)
    {
        using BackupStore store = context.OpenStore("benchmark");
        string doing = "";
        StoreMeasurement measurement;
        TimeSpan elapsed;
        using (var line = new ProgressLine(() => new ProgressState(Volatile.Read(ref doing), 0, 0, IsBytes: false), context.Quiet))
        {
            measurement = StoreBenchmark.Run(store, what => Volatile.Write(ref doing, what), context.Cancellation);
            elapsed = line.Elapsed;
        }

        (StageRates stages, DiskRates disk, TuningChoice choice) = measurement;
        StoreTuning chosen = file.WriteMeasured(context.StoreDirectory, choice.Tuning, TimeProvider.System.GetUtcNow());
        PrintMeasured(context.Out, stages, disk);
        Print(context, file, chosen, choice.Reasons);
        Write(context, file, chosen, choice.Reasons, new MeasuredJson
        {
            Seconds = elapsed.TotalSeconds,
            Cores = Environment.ProcessorCount,
            StoredShare = stages.StoredShare,
            Stages = [.. stages.Stages.Select(stage => new StageRateJson(stage.Name, stage.BytesPerSecond, stage.OfStored))],
            WriteBytesPerSecond = disk.WriteBytesPerSecond,
            SequentialReads = [.. disk.Sequential.Select(Row)],
            RandomReads = [.. disk.Random.Select(Row)],
        });
        return ExitCode.Good;
    }

    private static ReadRateJson Row(ReadRate rate) => new(rate.ReadBytes, rate.Streams, rate.BytesPerSecond);

    private static StoreTuning Pinned(StoreTuning known, string[] pins, string[] unpins)
    {
        var pinned = new Dictionary<string, int>(known.Pinned);
        foreach (string pin in pins)
        {
            string[] parts = pin.Split('=', 2);
            TuningKey key = Key(parts[0]);
            pinned[key.Name] = parts.Length == 2 && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value >= key.Min && value <= key.Max
                ? value
                : throw new UsageException($"'--pin {pin}' makes no sense: {key.Name} ({key.What}) takes a whole number from {key.Min} to {key.Max}, as in '--pin {key.Name}={key.Get(PipelineTuning.Default)}'.");
        }

        foreach (string unpin in unpins)
        {
            pinned.Remove(Key(unpin).Name);
        }

        return known with { Pinned = pinned };
    }

    private static TuningKey Key(string name) => PipelineTuning.Keys.FirstOrDefault(key => key.Name == name)
        ?? throw new UsageException($"There is no '{name}' to tune. There are: {string.Join(", ", PipelineTuning.Keys.Select(key => key.Name))}.");

    private static void PrintMeasured(TextWriter output, StageRates stages, DiskRates disk)
    {
        output.WriteLine($"One core, {Sizes.Bytes(StoreBenchmark.SampleBytes)} stored in {stages.StoredShare:P0}, chunks of {Sizes.Bytes(stages.MeanChunkBytes)}:");
        Bars(output, "its time", stages.Stages.Select(stage => ($"{stage.Name}{(stage.OfStored ? " (stored bytes)" : "")}", stage.BytesPerSecond, 1 / stages.PlainRate(stage.Name))));
        output.WriteLine();
        output.WriteLine("The store's disk:");
        (string Name, double Rate)[] rates =
        [
            ("write packs, synced", disk.WriteBytesPerSecond),
            .. disk.Sequential.Select(rate => ($"read in sequence, {rate.ReadBytes / 1024} KiB, {rate.Streams} at once", rate.BytesPerSecond)),
            .. disk.Random.Select(rate => ($"read at random, {rate.ReadBytes / 1024} KiB, {rate.Streams} at once", rate.BytesPerSecond)),
        ];
        Bars(output, "", rates.Select(rate => (rate.Name, rate.Rate, rate.Rate)));
        output.WriteLine();
    }

    // Of the processor's stages the slow ones matter, of the disk's ways the fast ones.
    private static void Bars(TextWriter output, string heading, IEnumerable<(string Name, double Rate, double Bar)> rates)
    {
        (string Name, double Rate, double Bar)[] all = [.. rates];
        double most = all.Max(rate => rate.Bar);
        var table = new TextTable("what", ">rate", heading);
        foreach ((string name, double rate, double bar) in all)
        {
            table.Add("  " + name, Sizes.Rate(rate, TimeSpan.FromSeconds(1)), new string('#', (int)Math.Ceiling(bar / most * BarCells)));
        }

        table.Write(output);
    }

    private static void Print(VerbContext context, TuningFile file, StoreTuning known, IReadOnlyDictionary<string, string> reasons)
    {
        var table = new TextTable("setting", ">value", "origin", "why");
        foreach (TuningKey key in PipelineTuning.Keys)
        {
            table.Add(key.Name, key.Get(known.Effective).ToString(CultureInfo.InvariantCulture), Origin(known, key), known.Pinned.ContainsKey(key.Name) ? "" : reasons.GetValueOrDefault(key.Name, key.What));
        }

        table.Write(context.Out);
        context.Out.WriteLine();
        context.Out.WriteLine(known == StoreTuning.None
            ? "Nothing is measured or pinned for this store on this machine: these are the defaults."
            : $"Kept in {file.Location}; backup, restore, verify and gc of this store use it from now on. An option of theirs still goes first.");
    }

    private static string Origin(StoreTuning known, TuningKey key) => known.Pinned.ContainsKey(key.Name) ? "pinned" : known.Measured is null ? "default" : "measured";

    private static void Write(VerbContext context, TuningFile file, StoreTuning known, IReadOnlyDictionary<string, string> reasons, MeasuredJson? measured) => context.WriteJson(
        new BenchmarkJson
        {
            Store = Path.GetFullPath(context.StoreDirectory),
            File = file.Location,
            Values = [.. PipelineTuning.Keys.Select(key => new TuningValueJson(key.Name, key.Get(known.Effective), Origin(known, key), reasons.GetValueOrDefault(key.Name)))],
            Measured = measured,
        },
        BenchmarkContractJson.Default.BenchmarkJson);
}
