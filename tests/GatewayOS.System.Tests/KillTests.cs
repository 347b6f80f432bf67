using System.Text.Json;
using GatewayOS.TestKit.Programs;
using Xunit.Abstractions;

namespace GatewayOS.System.Tests;

/// <summary>SIGKILL at random moments of backup, forget and gc, through the real program on a real file system.</summary>
public sealed class KillTests(ITestOutputHelper output)
{
    private const int Kills = 200;
    private const int RoundsBetweenChecks = 20;

    private static readonly Dictionary<string, string> s_environment = new() { ["GATEWAY_PASSPHRASE"] = "a test's passphrase" };

    [Fact]
    public void Two_hundred_kills_lose_no_acknowledged_snapshot()
    {
        int seed = Environment.GetEnvironmentVariable("GATEWAY_SEED") is { } given ? int.Parse(given) : Environment.ProcessId;
        output.WriteLine($"seed {seed} (GATEWAY_SEED={seed} repeats the choices; the moments of the kills are the machine's)");
        using var scratch = new ScratchDirectory("kill");
        var random = new Random(seed);
        var tree = new ChangingTree(scratch["source"], seed);
        var store = new Gatewayctl(scratch["store"], s_environment);
        store.Expect(0, "init");
        var run = new KillRun(store, tree, scratch, random);
        while (run.Killed < Kills)
        {
            run.Round();
            if (run.Rounds % RoundsBetweenChecks == 0)
            {
                run.Check();
            }
        }

        Assert.True(run.Acknowledged > 0, "every backup was killed: this machine is too slow for the delays chosen here");
        run.Check();
        run.Reclaim();
        output.WriteLine($"{run.Rounds} rounds, {run.Killed} killed, {run.Acknowledged} snapshots acknowledged");
    }

    private sealed class KillRun(Gatewayctl store, ChangingTree tree, ScratchDirectory scratch, Random random)
    {
        // What must be there, by snapshot ID. A forget that was killed may or may not have removed what it was to remove.
        private readonly Dictionary<string, SortedDictionary<string, string>> _kept = [];

        public int Killed { get; private set; }

        public int Rounds { get; private set; }

        public int Acknowledged { get; private set; }

        public void Round()
        {
            Rounds++;
            switch (random.Next(5))
            {
                case 0:
                    Kill(store.Start("gc", "--quiet", "--max-unused", "0"));
                    break;
                case 1 when _kept.Count > 3:
                    Forget();
                    break;
                case 2:
                    RunningGatewayctl gc = store.Start("gc", "--quiet", "--max-unused", "0");
                    Backup();
                    Kill(gc);
                    break;
                default:
                    Backup();
                    break;
            }
        }

        public void Check()
        {
            GatewayctlRun verify = store.Run("verify", "--read-data", "--quiet");
            Assert.True(verify.ExitCode == 0, verify.Output + verify.Errors);
            string[] present = Snapshots();
            Assert.All(_kept.Keys, id => Assert.Contains(id, present));
            if (_kept.Count == 0)
            {
                return;
            }

            string chosen = _kept.Keys.ElementAt(random.Next(_kept.Count));
            string target = scratch["restored"];
            store.Expect(0, "restore", chosen, "--target", target, "--quiet");
            Assert.Equal(_kept[chosen], ChangingTree.Manifest(target + scratch["source"]));
            Directory.Delete(target, recursive: true);
        }

        public void Reclaim()
        {
            store.Expect(0, "forget", "--keep-last", "1", "--quiet");
            store.Expect(0, "gc", "--quiet", "--max-unused", "0");
            store.Expect(0, "verify", "--read-data", "--quiet");
            var fresh = new Gatewayctl(scratch["fresh"], s_environment);
            fresh.Expect(0, "init");
            store.Expect(0, "restore", "latest", "--target", scratch["last"], "--quiet");
            fresh.Expect(0, "backup", scratch["last"], "--quiet");
            long used = StoredBytes(store);
            long needed = StoredBytes(fresh);
            Assert.True(used <= needed * 1.1, $"after gc the store takes {used} bytes; a fresh one of the same snapshot takes {needed}");
            Assert.Empty(Directory.GetFiles(Path.Join(store.Store, "tmp")));
        }

        private static long StoredBytes(Gatewayctl store) => store.Expect(0, "stats", "--json").Json.GetProperty("storedBytes").GetInt64();

        private string[] Snapshots() =>
            [.. store.Expect(0, "snapshots", "--json").Json.GetProperty("snapshots").EnumerateArray().Select(snapshot => snapshot.GetProperty("id").GetString()!)];

        private void Backup()
        {
            tree.Change();
            SortedDictionary<string, string> manifest = ChangingTree.Manifest(scratch["source"]);
            GatewayctlRun run = Kill(store.Start("backup", scratch["source"], "--json", "--quiet"));
            if (run.ExitCode == 0)
            {
                Acknowledged++;
                _kept.Add(run.Json.GetProperty("snapshot").GetProperty("id").GetString()!, manifest);
            }
        }

        private void Forget()
        {
            string[] going = [.. _kept.Keys.Take(_kept.Count - 2)];
            Kill(store.Start(["forget", .. going, "--quiet"]));
            Array.ForEach(going, id => _kept.Remove(id));
        }

        // From "before anything" to "just after the end", whatever the machine's speed: every other one gets longer.
        private GatewayctlRun Kill(RunningGatewayctl running)
        {
            GatewayctlRun run = running.KillAfter(TimeSpan.FromMilliseconds(random.Next(10, random.Next(2) == 0 ? 300 : 1500)));
            Killed += run.ExitCode == -1 ? 1 : 0;
            Assert.True(run.ExitCode is -1 or 0, run.Output + run.Errors);
            return run;
        }
    }
}
