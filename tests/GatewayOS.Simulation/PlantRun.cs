using GatewayOS.Simulation.Plants;

namespace GatewayOS.Simulation;

/// <summary>Looks for planted bugs: one that is not caught means that the simulation proves less than it claims.</summary>
internal static class PlantRun
{
    private const long SeedsMax = 2000;

    public static int Run(SimulationOptions options)
    {
        if (options.Plant == "list")
        {
            foreach (PlantedBug bug in PlantedBug.All)
            {
                Console.WriteLine($"{bug.Name,-22} {bug.What}");
            }

            return 0;
        }

        PlantedBug[] chosen = [.. PlantedBug.All.Where(bug => options.Plant == "all" || bug.Name == options.Plant)];
        if (chosen.Length == 0)
        {
            Console.Error.WriteLine($"There is no planted bug '{options.Plant}'; --plant list names them.");
            return 2;
        }

        int caught = chosen.Count(bug => Catch(bug, options with { Seeds = options.Seeds < 0 && !options.SeedGiven ? SeedsMax : options.SeedsToRun }));
        Console.WriteLine($"planted bugs: {caught} of {chosen.Length} caught");
        return caught == chosen.Length ? 0 : 1;
    }

    private static bool Catch(PlantedBug bug, SimulationOptions options)
    {
        SeedFailure? first = null;
        SeedRun.ForEachSeed(
            options,
            seed => SeedRun.RunOne(seed, options, bug.Wrap, options.Verbose ? text => Console.WriteLine($"[{seed}] {text}") : null),
            (failure, _) =>
            {
                first = failure is not null && (first is null || failure.Seed < first.Seed) ? failure : first;
                return first is null;
            });
        string outcome = first is null ? $"NOT CAUGHT ({bug.What})" : $"caught at seed {first.Seed}: {first.Error.GetType().Name}: {first.Error.Message.Split('\n')[0]}";
        Console.WriteLine($"{bug.Name,-22} {outcome}");
        return first is not null;
    }
}
