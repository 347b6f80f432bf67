using GatewayOS.Benchmarks.Fleets;
using GatewayOS.Benchmarks.Generations;
using GatewayOS.Benchmarks.Peers;
using GatewayOS.Benchmarks.Results;
using GatewayOS.Benchmarks.Scale;
using GatewayOS.Benchmarks.Stages;

namespace GatewayOS.Benchmarks;

/// <summary>Entry of all benchmarks: <c>./build.sh bench -- SUITE [options]</c>.</summary>
internal static class Program
{
    private static readonly (string Name, string What, Func<string[], Task<int>> Run)[] s_suites =
    [
        ("peers", "beside restic and borg", OnThisThread(PeerSuite.Run)),
        ("stages", "each stage alone, and what a backup makes of them", OnThisThread(StageSuite.Run)),
        ("generations", "a hundred days of a changing corpus", OnThisThread(GenerationSuite.Run)),
        ("scale", "the index up to hundreds of millions of chunks", OnThisThread(ScaleSuite.Run)),
        ("scale-probe", "one size of it: DIRECTORY ENTRIES", OnThisThread(ScaleProbe.Run)),
        ("chunk-sizes", "what chunk limits cost and save", OnThisThread(ChunkSizeSuite.Run)),
        ("nodes", "agents over the loopback", OnThisThread(NodeSuite.Run)),
        ("catalogue", "lists and searches at full scale", OnThisThread(CatalogueSuite.Run)),
        ("vault", "a vault in a bucket beside rclone", OnThisThread(VaultSuite.Run)),
        ("overview", "the web page's overview of a full appliance, beside a backup", OnThisThread(OverviewSuite.Run)),
        ("fleet", "a control plane with a thousand simulated appliances", FleetSuite.RunAsync),
        ("grpc", "the stand-in beside bare HTTP/2 and sockets", GrpcSuite.RunAsync),
    ];

    private static async Task<int> Main(string[] args)
    {
        string chosen = args.Length > 0 ? args[0] : "peers";
        foreach ((string name, _, Func<string[], Task<int>> run) in s_suites)
        {
            if (name == chosen)
            {
                try
                {
                    return await run([.. args.Skip(1)]);
                }
                catch (BenchRefusedException refused)
                {
                    Console.Error.WriteLine($"bench {name}: {refused.Message}");
                    return 2;
                }
            }
        }

        Console.Error.WriteLine($"bench: no suite '{chosen}'. The suites are:\n{string.Join('\n', s_suites.Select(suite => $"  {suite.Name,-14}{suite.What}"))}");
        return 2;
    }

    private static Func<string[], Task<int>> OnThisThread(Func<string[], int> run) => arguments => Task.FromResult(run(arguments));
}
