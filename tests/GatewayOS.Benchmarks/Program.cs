namespace GatewayOS.Benchmarks;

/// <summary>Entry of all benchmarks: <c>./build.sh bench -- SUITE [options]</c>.</summary>
internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        string suite = args.Length > 0 ? args[0] : "peers";
        string[] rest = args.Length > 0 ? args[1..] : [];
        switch (suite)
        {
            case "peers":
                return PeerSuite.Run(rest);
            case "chunk-sizes":
                return ChunkSizeSuite.Run(rest);
            case "nodes":
                return NodeSuite.Run(rest);
            case "grpc":
                return await GrpcSuite.RunAsync(rest);
            default:
                Console.Error.WriteLine($"bench: no suite '{suite}'. The suites are: peers (beside restic and borg), chunk-sizes, nodes (agents over the loopback), grpc (the stand-in beside bare HTTP/2 and sockets).");
                return 2;
        }
    }
}
