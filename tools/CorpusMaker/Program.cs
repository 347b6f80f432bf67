using System.CommandLine;
using GatewayOS.Terminal;

namespace GatewayOS.CorpusMaker;

/// <summary>Entry: <c>./build.sh corpus -- make|age …</c>.</summary>
internal static class Program
{
    private static readonly Option<ulong> s_seed = new("--seed") { Description = "Same seed and size, same bytes", HelpName = "N", DefaultValueFactory = _ => 1 };
    private static readonly Option<string> s_size = new("--size") { Description = "About how much, for instance 512M or 8G", HelpName = "SIZE", DefaultValueFactory = _ => "512M" };
    private static readonly Option<string> s_out = new("--out") { Description = "Directory of the corpus", HelpName = "DIR", Required = true };
    private static readonly Option<int?> s_generation = new("--generation") { Description = "Go on to this day; without it, to the next", HelpName = "N" };

    private static int Main(string[] args)
    {
        var make = new Command("make", "Make a corpus: source code, virtual machines' disks, a database, logs, media") { s_seed, s_size, s_out };
        make.SetAction(arguments => Run(() => Corpus.Make(arguments.GetValue(s_out)!, Size(arguments.GetValue(s_size)!), arguments.GetValue(s_seed)), arguments.GetValue(s_out)!));
        var age = new Command("age", "Change a corpus as days would") { s_generation, s_out };
        age.SetAction(arguments => Run(() => Corpus.Age(arguments.GetValue(s_out)!, arguments.GetValue(s_generation)), arguments.GetValue(s_out)!));
        return new RootCommand("corpus: makes data to back up, and ages it") { make, age }.Parse(args).Invoke();
    }

    private static int Run(Func<CorpusState> work, string directory)
    {
        try
        {
            CorpusState state = work();
            Console.WriteLine($"{directory}: seed {state.Seed}, {Sizes.Bytes(state.SizeBytes)}, generation {state.Generation}");
            return 0;
        }
        catch (Exception error) when (error is CorpusException or IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"corpus: {error.Message}");
            return 1;
        }
    }

    private static long Size(string text) => Sizes.TryParse(text, out long bytes) ? bytes : throw new CorpusException($"'{text}' is no size. Write for instance 512M or 8G.");
}
