using System.Diagnostics;
using GatewayOS.Store.Storage;

namespace GatewayOS.Simulation;

/// <summary>A seed that failed.</summary>
/// <param name="Seed">The seed.</param>
/// <param name="Error">Why.</param>
/// <param name="Struck">Faults that struck before.</param>
internal sealed record SeedFailure(int Seed, Exception Error, IReadOnlyList<string> Struck);

/// <summary>Runs many seeds on a few threads.</summary>
internal static class SeedRun
{
    private const int FailuresShownMax = 5;
    private const int FailuresMax = 100;
    private const int ErrorLinesMax = 8;

    public static bool Run(SimulationOptions options)
    {
        var watch = Stopwatch.StartNew();
        var failures = new List<SeedFailure>();
        var struck = new Dictionary<string, int>(StringComparer.Ordinal);
        long run = ForEachSeed(
            options,
            seed => RunOne(seed, options, null, options.Verbose ? text => Console.WriteLine($"[{seed}] {text}") : null),
            (failure, faults) =>
            {
                foreach (string fault in faults)
                {
                    string kind = fault.Split('@')[0];
                    struck[kind] = struck.GetValueOrDefault(kind) + 1;
                }

                if (failure is not null)
                {
                    failures.Add(failure);
                    if (failures.Count <= FailuresShownMax)
                    {
                        Console.WriteLine(Describe(failure, options));
                    }
                }

                return failures.Count < FailuresMax;
            });
        Console.WriteLine($"faults struck: {string.Join(", ", struck.OrderBy(fault => fault.Key, StringComparer.Ordinal).Select(fault => $"{fault.Key} {fault.Value}"))}");
        double seconds = watch.Elapsed.TotalSeconds;
        Console.WriteLine($"simulation: {run} seeds from {options.FirstSeed}, {failures.Count} failed, {run / seconds:F0} seeds/s, {seconds:F1} s");
        return failures.Count == 0 && run > 0;
    }

    /// <summary>Runs one seed.</summary>
    public static (SeedFailure? Failure, IReadOnlyList<string> Struck) RunOne(int seed, SimulationOptions options, Func<IStoreDisk, IStoreDisk>? wrap, Action<string>? trace)
    {
        var one = new Seed(seed, options.Faults, wrap, trace);
        try
        {
            one.Run();
            return (null, one.Struck);
        }
        catch (Exception error)
        {
            return (new SeedFailure(seed, error, one.Struck), one.Struck);
        }
    }

    /// <summary>Runs seeds until their number or the time is used up, or the consumer has seen enough.</summary>
    /// <returns>Seeds run.</returns>
    public static long ForEachSeed(
        SimulationOptions options,
        Func<int, (SeedFailure? Failure, IReadOnlyList<string> Struck)> run,
        Func<SeedFailure?, IReadOnlyList<string>, bool> consume)
    {
        var watch = Stopwatch.StartNew();
        var gate = new Lock();
        long started = 0;
        long finished = 0;
        bool enough = false;

        void Loop()
        {
            while (true)
            {
                int seed;
                lock (gate)
                {
                    if (enough || started >= options.SeedsToRun || watch.Elapsed.TotalSeconds >= options.Seconds)
                    {
                        return;
                    }

                    seed = options.FirstSeed + (int)started++;
                }

                (SeedFailure? failure, IReadOnlyList<string> struck) = run(seed);
                lock (gate)
                {
                    finished++;
                    enough |= !consume(failure, struck);
                }
            }
        }

        Thread[] threads = [.. Enumerable.Range(0, Math.Max(1, options.Threads)).Select(number => new Thread(Loop) { Name = $"seeds {number}" })];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        return finished;
    }

    public static string Describe(SeedFailure failure, SimulationOptions options)
    {
        string error = failure.Error is InvariantException ? failure.Error.Message : string.Join('\n', failure.Error.ToString().Split('\n').Take(ErrorLinesMax));
        string faults = options.Faults == FaultClass.All ? "" : $" --faults {options.Faults.ToString().Replace(" ", "", StringComparison.Ordinal).ToLowerInvariant()}";
        string plant = options.Plant is null ? "" : $" --plant {options.Plant}";
        return $"""
            seed {failure.Seed} FAILED: {error}
              faults that struck: {(failure.Struck.Count == 0 ? "none" : string.Join(", ", failure.Struck))}
              rerun: dotnet run --project tests/GatewayOS.Simulation -c Release -- --seed {failure.Seed}{faults}{plant} --verbose
            """;
    }
}
