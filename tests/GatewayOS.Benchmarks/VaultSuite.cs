using System.Globalization;
using GatewayOS.Benchmarks.Results;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Benchmarks;

/// <summary>
/// A vault beside rclone, on the same packs and the same S3 service on this machine, in alternating order: a sync beside a plain copy of the packs, and a restore straight from the vault
/// beside a copy back followed by a local restore.
/// </summary>
internal static class VaultSuite
{
    private const int RoundsDefault = 5;

    // All that ten copies of the packs put, as the service frees room hours after a delete.
    private const long ServerBytes = 12L << 30;

    private const string Sync = "sync";
    private const string Restore = "restore";
    private const string Ours = "gatewayctl";
    private const string Peer = "rclone";

    public static int Run(string[] arguments)
    {
        var options = new BenchArguments(arguments, "--rounds", "--source", "--threads");
        int rounds = options.Number("--rounds", RoundsDefault);
        int threads = options.Number("--threads", 4);
        string source = options.Text("--source", "/usr/lib/x86_64-linux-gnu");
        var results = new BenchResults("vault");
        using var scratch = new ScratchDirectory("vault-bench");
        using var server = new S3Server(ServerBytes);
        Dictionary<string, string> environment = Environment(scratch, server);
        string log = Path.Join(BenchResults.Output, "vault.log");
        Shell.Run($"mkdir -p '{BenchResults.Output}'");
        MeasuredRun.Of($"{Gatewayctl.Program} store init --quiet", environment, log);
        MeasuredRun.Of($"{Gatewayctl.Program} store backup '{source}' --quiet --one-file-system", environment, log);
        double mebibytes = double.Parse(Shell.Run($"du -sB1 '{scratch["store"]}/packs' | cut -f1"), CultureInfo.InvariantCulture) / 1048576;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{mebibytes:0} MiB of packs of {source}, {threads} transfers at a time, {rounds} rounds, alternating"));
        for (int round = 1; round <= rounds; round++)
        {
            Action[] works = [() => OfOurs(results, scratch, environment, server, log, round, threads), () => OfPeer(results, scratch, environment, log, round, threads)];
            Array.ForEach(round % 2 == 1 ? works : [.. works.Reverse()], work => work());
        }

        foreach (string row in (string[])[Sync, Restore])
        {
            double[] ours = results.Values(row, Ours, "s"), peer = results.Values(row, Peer, "s");
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"  {row,-8} {Ours} {BenchResults.Spread(ours)} s, {Peer} {BenchResults.Spread(peer)} s; median ratio {Statistics.Median(peer.Zip(ours, (theirs, own) => theirs / own)):0.00} of the peer's rate"));
        }

        results.PrintOrigin();
        return 0;
    }

    private static Dictionary<string, string> Environment(ScratchDirectory scratch, S3Server server) => new()
    {
        ["GATEWAY_STORE"] = scratch["store"],
        ["GATEWAY_KEY_FILE"] = scratch["key"],
        ["GATEWAY_VAULTS"] = scratch["vaults.json"],
        ["AWS_ACCESS_KEY_ID"] = S3Server.AccessKey,
        ["AWS_SECRET_ACCESS_KEY"] = S3Server.SecretKey,
        ["AWS_CA_BUNDLE"] = "",
        ["RCLONE_CONFIG_S_TYPE"] = "s3",
        ["RCLONE_CONFIG_S_PROVIDER"] = "Ceph",
        ["RCLONE_CONFIG_S_ENDPOINT"] = server.Endpoint,
        ["RCLONE_CONFIG_S_ACCESS_KEY_ID"] = S3Server.AccessKey,
        ["RCLONE_CONFIG_S_SECRET_ACCESS_KEY"] = S3Server.SecretKey,
    };

    private static void OfOurs(BenchResults results, ScratchDirectory scratch, Dictionary<string, string> environment, S3Server server, string log, int round, int threads)
    {
        string name = $"ours-{round}";
        MeasuredRun.Of($"rclone mkdir s:{name}", environment, log);
        MeasuredRun.Of($"{Gatewayctl.Program} vault add {name} s3://{name} --endpoint {server.Endpoint}", environment, log);
        Measure(results, Sync, Ours, $"{Gatewayctl.Program} vault sync --vault {name} --threads {threads} --quiet", environment, log);
        Measure(results, Restore, Ours, $"{Gatewayctl.Program} vault restore latest --vault {name} --target '{scratch[$"out-{name}"]}' --quiet", environment, log);
        Clear(environment, scratch, name, log);
    }

    private static void OfPeer(BenchResults results, ScratchDirectory scratch, Dictionary<string, string> environment, string log, int round, int threads)
    {
        string name = $"peer-{round}";
        MeasuredRun.Of($"rclone mkdir s:{name}", environment, log);
        Measure(results, Sync, Peer, $"rclone copy --transfers {threads} '{scratch["store"]}/packs' s:{name}/packs", environment, log);

        // What is small beside the packs, so that what comes back is a store.
        MeasuredRun.Of($"rclone copy --exclude 'packs/**' '{scratch["store"]}' s:{name}", environment, log);
        string copy = scratch[$"copy-{name}"];
        string command = $"rclone copy --transfers {threads} s:{name} '{copy}' && mkdir -p '{copy}'/{{locks,tmp,condemned,damaged,retention}} && {Gatewayctl.Program} store restore latest --store '{copy}' --target '{scratch[$"out-{name}"]}' --quiet";
        Measure(results, Restore, Peer, $"bash -c \"{command}\"", environment, log);
        Clear(environment, scratch, name, log);
    }

    private static void Measure(BenchResults results, string row, string tool, string command, Dictionary<string, string> environment, string log)
    {
        MeasuredRun run = MeasuredRun.Of(command, environment, log);
        results.Add(row, tool, "s", run.Seconds, command);
        results.Add(row, tool, "s of CPU", run.CpuSeconds, command);
        results.Add(row, tool, "bytes of memory", run.PeakBytes, command);
        Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {row,-8} {tool,-10} {run.Seconds,8:F2} s  {run.CpuSeconds,8:F2} s of CPU  {run.PeakBytes / 1048576.0,7:F0} MiB"));
    }

    private static void Clear(Dictionary<string, string> environment, ScratchDirectory scratch, string name, string log)
    {
        MeasuredRun.Of($"rclone purge s:{name}", environment, log);
        Shell.Run($"rm -rf '{scratch[$"out-{name}"]}' '{scratch[$"copy-{name}"]}'");
    }
}
