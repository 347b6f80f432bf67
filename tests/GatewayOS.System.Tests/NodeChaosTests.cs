using GatewayOS.TestKit.Programs;
using Xunit.Abstractions;

namespace GatewayOS.System.Tests;

/// <summary>
/// An appliance and its nodes with a link between them that is slow, stalls, and is cut, while the programs are killed at random moments. What was
/// acknowledged must be there, and every run must end in a snapshot or in a clear failure.
/// </summary>
public sealed class NodeChaosTests(ITestOutputHelper output)
{
    private const int Rounds = 100;
    private const int RoundsBetweenChecks = 25;
    private const int Nodes = 3;

    // A run that has not ended by then hangs.
    private static readonly TimeSpan s_runMax = TimeSpan.FromMinutes(2);

    [Fact]
    public void A_hundred_rounds_of_kills_cuts_and_slow_links_lose_nothing()
    {
        int seed = Environment.GetEnvironmentVariable("GATEWAY_SEED") is { } given ? int.Parse(given) : Environment.ProcessId;
        output.WriteLine($"seed {seed} (GATEWAY_SEED={seed} repeats the choices; the moments are the machine's)");
        using var scratch = new ScratchDirectory("chaos");
        using var run = new ChaosRun(scratch, new Random(seed), seed);
        for (int round = 1; round <= Rounds; round++)
        {
            output.WriteLine($"round {round}: {run.Round()}");
            if (round % RoundsBetweenChecks == 0)
            {
                run.Check();
            }
        }

        output.WriteLine(run.Summary);
        Assert.True(run.Acknowledged > Rounds / 10, "hardly any backup got through: the delays do not fit this machine");
    }

    private sealed class ChaosRun : IDisposable
    {
        private readonly ScratchDirectory _scratch;
        private readonly BadLink _link;
        private readonly Random _random;
        private readonly Appliance _appliance;
        private readonly Agent[] _agents;
        private readonly ChangingTree[] _trees;
        private readonly Dictionary<string, (int Node, SortedDictionary<string, string> Content)> _kept = [];
        private int _daemonKills;
        private int _agentKills;
        private int _cuts;
        private int _failures;

        public ChaosRun(ScratchDirectory scratch, Random random, int seed)
        {
            (_scratch, _random) = (scratch, random);
            _appliance = new Appliance(scratch);
            _link = new BadLink(_appliance.Address);
            _agents = [.. Enumerable.Range(0, Nodes).Select(number => _appliance.Enroll($"node{number}", _link.Address))];
            _trees = [.. Enumerable.Range(0, Nodes).Select(number => new ChangingTree(scratch[$"source{number}"], seed + number))];
        }

        public int Acknowledged { get; private set; }

        public string Summary => $"{Acknowledged} snapshots acknowledged, {_failures} runs failed clearly, gatewayd killed {_daemonKills} times, agents {_agentKills}, link cut {_cuts} times";

        public string Round()
        {
            int node = _random.Next(Nodes);
            _trees[node].Change();
            SortedDictionary<string, string> content = ChangingTree.Manifest(_scratch[$"source{node}"]);
            (_link.DelayMs, _link.BytesPerSecond) = _random.Next(4) switch { 0 => (4, 0), 1 => (1, 40_000_000), 2 => (0, 20_000_000), _ => (0, 0) };
            using BuiltProgram backup = _agents[node].Start("backup", _scratch[$"source{node}"], "--json", "--quiet");
            var delay = TimeSpan.FromMilliseconds(_random.Next(100, 1500));
            bool agentKilled = false;
            switch (_random.Next(4))
            {
                case 0:
                    Wait(delay);
                    _appliance.Daemon.Signal("KILL");
                    _appliance.Daemon.Wait();
                    _daemonKills++;
                    _appliance.Start();
                    break;
                case 1:
                    Wait(delay);
                    backup.Signal("KILL");
                    agentKilled = true;
                    _agentKills++;
                    break;
                case 2:
                    Wait(delay);
                    _link.Cut(silently: _random.Next(2) == 0);
                    Wait(TimeSpan.FromMilliseconds(_random.Next(100, 3000)));
                    _link.Mend();
                    _cuts++;
                    break;
            }

            ProgramRun ended = backup.Wait(s_runMax);
            if (ended.ExitCode == 0)
            {
                string id = ended.Json.GetProperty("snapshot").GetProperty("id").GetString()!;
                Assert.True(_kept.TryAdd(id, (node, content)), $"snapshot {id} was acknowledged twice");
                Acknowledged++;
                return $"node {node}, snapshot {id[..12]}";
            }

            Assert.True(agentKilled || (ended.ExitCode == 1 && ended.Errors.StartsWith("gateway-agent: ", StringComparison.Ordinal)), $"it ended with {ended.ExitCode} and said: {ended.Errors}");
            _failures += agentKilled ? 0 : 1;
            return $"node {node}, {(agentKilled ? "killed" : ended.Errors.Trim())}";
        }

        public void Check()
        {
            (_link.DelayMs, _link.BytesPerSecond) = (0, 0);
            for (int node = 0; node < Nodes; node++)
            {
                HashSet<string> there = [.. _agents[node].Run("snapshots", "--json").Expect(0).Json.GetProperty("snapshots").EnumerateArray().Select(snapshot => snapshot.GetProperty("id").GetString()!)];
                Assert.All(_kept.Where(kept => kept.Value.Node == node), kept => Assert.Contains(kept.Key, there));
            }

            (string id, (int of, SortedDictionary<string, string> content)) = _kept.ElementAt(_random.Next(_kept.Count));
            _agents[of].Run("restore", id, "--target", _scratch["out"], "--quiet").Expect(0);
            Assert.Equal(content, ChangingTree.Manifest(_scratch["out"] + _scratch[$"source{of}"]));
            Directory.Delete(_scratch["out"], recursive: true);
            _appliance.VerifyStore();
        }

        public void Dispose()
        {
            _link.Dispose();
            _appliance.Dispose();
        }

        private static void Wait(TimeSpan time)
        {
            using var never = new ManualResetEventSlim();
            never.Wait(time);
        }
    }
}
