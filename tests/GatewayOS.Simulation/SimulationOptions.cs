using System.Globalization;

namespace GatewayOS.Simulation;

/// <summary>Classes of faults that a run may be limited to.</summary>
[Flags]
internal enum FaultClass
{
    None = 0,
    PowerCut = 1,
    Kill = 2,
    NoSpace = 4,
    IoError = 8,
    SyncLoss = 16,
    Permission = 32,
    BitRot = 64,
    DroppedWrite = 128,
    MisdirectedWrite = 256,
    Cancel = 512,
    Interrupt = 1024,
    All = 2047,
}

/// <summary>The command line.</summary>
internal sealed record SimulationOptions
{
    public const string Usage =
        """
        GatewayOS.Simulation [--seeds N] [--seed S] [--seconds T] [--faults LIST] [--plant NAME|all] [--prefixes] [--threads N] [--verbose]
          --seeds N      run N seeds (default 1000; with --seed alone: 1)
          --seed S       first seed (default 1)
          --seconds T    stop starting seeds after T seconds
          --faults LIST  comma-separated: powercut, kill, nospace, ioerror, syncloss, permission, bitrot, droppedwrite, misdirectedwrite, cancel,
                         interrupt; or none, all
          --plant NAME   put a known bug around the store and look for it; 'all' tries every one, 'list' names them
          --prefixes     replay every prefix of one recorded workload instead
          --threads N    seeds run at once (default 2)
          --verbose      tell every step
        """;

    public long Seeds { get; init; } = -1;

    public int FirstSeed { get; init; } = 1;

    public bool SeedGiven { get; init; }

    public double Seconds { get; init; } = double.PositiveInfinity;

    public FaultClass Faults { get; init; } = FaultClass.All;

    public string? Plant { get; init; }

    public bool Prefixes { get; init; }

    public int Threads { get; init; } = 2;

    public bool Verbose { get; init; }

    /// <summary>Seeds to run: unlimited when only a time is given.</summary>
    public long SeedsToRun => Seeds >= 0 ? Seeds : double.IsFinite(Seconds) ? long.MaxValue : SeedGiven ? 1 : 1000;

    public static SimulationOptions? Parse(string[] args, out string error)
    {
        var options = new SimulationOptions();
        error = "";
        try
        {
            for (int i = 0; i < args.Length; i++)
            {
                string Value() => ++i < args.Length ? args[i] : throw new FormatException($"{args[i - 1]} needs a value");
                options = args[i] switch
                {
                    "--seeds" => options with { Seeds = long.Parse(Value(), CultureInfo.InvariantCulture) },
                    "--seed" => options with { FirstSeed = int.Parse(Value(), CultureInfo.InvariantCulture), SeedGiven = true },
                    "--seconds" => options with { Seconds = double.Parse(Value(), CultureInfo.InvariantCulture) },
                    "--faults" => options with { Faults = ParseFaults(Value()) },
                    "--plant" => options with { Plant = Value() },
                    "--threads" => options with { Threads = int.Parse(Value(), CultureInfo.InvariantCulture) },
                    "--prefixes" => options with { Prefixes = true },
                    "--verbose" => options with { Verbose = true },
                    _ => throw new FormatException($"unknown option {args[i]}"),
                };
            }

            return options;
        }
        catch (Exception problem) when (problem is FormatException or OverflowException or ArgumentException)
        {
            error = problem.Message;
            return null;
        }
    }

    private static FaultClass ParseFaults(string list)
    {
        FaultClass faults = FaultClass.None;
        foreach (string name in list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            faults |= Enum.TryParse(name, ignoreCase: true, out FaultClass parsed) ? parsed : throw new FormatException($"unknown fault {name}");
        }

        return faults;
    }
}
