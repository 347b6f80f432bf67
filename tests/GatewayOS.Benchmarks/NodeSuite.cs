using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using GatewayOS.Benchmarks.Results;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Benchmarks;

/// <summary>
/// Nodes backing up to one appliance over mTLS on the loopback, all on this machine: a local backup of a tree beside one agent's of the same bytes,
/// then many agents at once, each with a tree of its own of which half is shared by all.
/// </summary>
internal static class NodeSuite
{
    private const int NodesDefault = 100;
    private const int MebibytesDefault = 16;
    private const int FileBytes = 256 * 1024;
    private const int RoundsDefault = 3;

    public static int Run(string[] arguments)
    {
        var options = new BenchArguments(arguments, "--nodes", "--mib", "--rounds", "--tree");
        int nodes = options.Number("--nodes", NodesDefault);
        int mebibytes = options.Number("--mib", MebibytesDefault);
        int rounds = options.Number("--rounds", RoundsDefault);
        string tree = options.Text("--tree", "/usr/lib");
        var results = new BenchResults("nodes");
        using var scratch = new ScratchDirectory("nodes");
        Console.WriteLine($"one agent beside a local backup, {tree}, {rounds} rounds, alternating");
        var local = new List<double>();
        var remote = new List<double>();
        for (int round = 0; round < rounds; round++)
        {
            local.Add(Local(scratch, tree));
            remote.Add(OneAgent(scratch, tree, out long peak));
            results.Add("one tree", "local", "s", local[^1], $"gatewayctl store backup {tree}");
            results.Add("one tree", "agent", "s", remote[^1], $"gateway-agent backup {tree}");
            results.Add("one tree", "gatewayd", "bytes of memory", peak, "as above");
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  local {local[^1]:0.0} s, agent {remote[^1]:0.0} s, ratio {local[^1] / remote[^1]:0.00}; gatewayd's peak memory {peak >> 20} MiB"));
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  median ratio {Statistics.Median(local.Zip(remote, (near, far) => near / far)):0.00} of the local rate"));
        ManyAgents(results, scratch, nodes, mebibytes);
        results.PrintOrigin();
        return 0;
    }

    private static double Local(ScratchDirectory scratch, string tree)
    {
        var environment = new Dictionary<string, string> { ["GATEWAY_STORE"] = scratch["local"], ["GATEWAY_KEY_FILE"] = scratch["key"] };
        using (var init = new BuiltProgram("gatewayctl", ["store", "init", "--quiet"], environment))
        {
            init.Wait().Expect(0);
        }

        double seconds = Seconds(() =>
        {
            using var backup = new BuiltProgram("gatewayctl", ["store", "backup", tree, "--quiet", "--one-file-system"], environment);
            backup.Wait();
        });
        Directory.Delete(scratch["local"], recursive: true);
        return seconds;
    }

    private static double OneAgent(ScratchDirectory scratch, string tree, out long peak)
    {
        using var inner = new ScratchDirectory("one");
        using var appliance = new Appliance(inner);
        Agent agent = appliance.Enroll("node");
        File.WriteAllText(Path.Join(agent.State, "agent.json"), """{ "nice": 0 }""");
        double seconds = Seconds(() => agent.Run("backup", tree, "--quiet", "--one-file-system"));
        peak = PeakBytes(appliance);
        return seconds;
    }

    private static void ManyAgents(BenchResults results, ScratchDirectory scratch, int nodes, int mebibytes)
    {
        using var appliance = new Appliance(scratch, "--profile", "gw-2000");
        MakeTrees(scratch, nodes, mebibytes);
        Agent[] agents = [.. Enumerable.Range(0, nodes).Select(number => appliance.Enroll($"node{number}"))];
        ProgramRun[] runs = [];
        double seconds = Seconds(() =>
        {
            BuiltProgram[] programs = [.. agents.Select((agent, number) => agent.Start("backup", scratch[$"trees/{number}"], "--json", "--quiet"))];
            runs = [.. programs.Select(program => program.Wait(TimeSpan.FromMinutes(30)))];
            Array.ForEach(programs, program => program.Dispose());
        });
        double[] each = [.. runs.Select(run => run.Expect(0).Json.GetProperty("seconds").GetDouble())];
        appliance.VerifyStore();
        JsonElement status = appliance.Operator("status", "--json").Expect(0).Json;
        double total = (double)nodes * mebibytes;
        results.Add($"{nodes} nodes at once", "all together", "MiB/s", total / seconds, $"gateway-agent backup, {mebibytes} MiB each");
        Array.ForEach(each, time => results.Add($"{nodes} nodes at once", "each agent", "s", time, "as above"));
        results.Add($"{nodes} nodes at once", "gatewayd", "bytes of memory", PeakBytes(appliance), "as above");
        Console.WriteLine($"{nodes} agents at once, {mebibytes} MiB each, half of it shared");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {seconds:0.0} s, {total / seconds:0} MiB/s together; an agent took {each.Min():0.0} to {each.Max():0.0} s, median {Statistics.Median(each):0.0} s"));
        Console.WriteLine($"  stored {status.GetProperty("storeBytes").GetInt64() >> 20} MiB of {total:0} MiB; gatewayd's peak memory {PeakBytes(appliance) >> 20} MiB; verify of every byte: clean");
    }

    // Incompressible, so that what is stored is what is not shared.
    private static void MakeTrees(ScratchDirectory scratch, int nodes, int mebibytes)
    {
        int files = mebibytes * 1024 * 1024 / FileBytes;
        byte[] content = new byte[FileBytes];
        for (int node = 0; node < nodes; node++)
        {
            string directory = Directory.CreateDirectory(scratch[$"trees/{node}"]).FullName;
            for (int file = 0; file < files; file++)
            {
                new Random(file % 2 == 0 ? file : (node * 1_000_000) + file).NextBytes(content);
                File.WriteAllBytes(Path.Join(directory, file.ToString(CultureInfo.InvariantCulture)), content);
            }
        }
    }

    private static long PeakBytes(Appliance appliance) =>
        long.Parse(File.ReadLines($"/proc/{appliance.Daemon.Id}/status").First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;

    private static double Seconds(Action work)
    {
        long start = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
