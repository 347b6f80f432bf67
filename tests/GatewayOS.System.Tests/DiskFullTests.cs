using GatewayOS.TestKit.Programs;

namespace GatewayOS.System.Tests;

/// <summary>A store on a small file system of its own, which fills up.</summary>
public sealed class DiskFullTests
{
    private static readonly Dictionary<string, string> s_environment = new() { ["GATEWAY_PASSPHRASE"] = "a test's passphrase" };

    [Fact]
    public void A_full_disk_fails_the_run_and_nothing_else()
    {
        using var scratch = new ScratchDirectory("full");
        Directory.CreateDirectory(scratch["disk"]);
        Shell.Run($"mount -t tmpfs -o size=64m gateway-test '{scratch["disk"]}'");
        try
        {
            var store = new Gatewayctl(scratch["disk/store"], s_environment);
            store.Expect(0, "init");
            var tree = new ChangingTree(scratch["small"], seed: 7);
            SortedDictionary<string, string> manifest = ChangingTree.Manifest(scratch["small"]);
            Directory.CreateDirectory(scratch["large"]);
            Shell.Run($"head -c 100M /dev/urandom > '{scratch["large/random"]}'");
            store.Expect(0, "backup", scratch["small"], "--quiet");

            GatewayctlRun full = store.Expect(1, "backup", scratch["large"], "--quiet");
            Assert.Contains("No space left on device", full.Errors, StringComparison.Ordinal);
            Assert.Contains("Free some space", full.Errors, StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", full.Errors, StringComparison.Ordinal);
            store.Expect(0, "verify", "--read-data", "--quiet");
            store.Expect(0, "restore", "latest", "--target", scratch["out"], "--quiet");
            Assert.Equal(manifest, ChangingTree.Manifest(scratch["out"] + scratch["small"]));

            Shell.Run($"mount -o remount,size=256m '{scratch["disk"]}'");
            GatewayctlRun again = store.Expect(0, "backup", scratch["large"], "--quiet", "--json");
            Assert.True(again.Json.GetProperty("snapshot").GetProperty("newBytes").GetInt64() < 100 << 20, "the second run stored everything again");
            store.Expect(0, "verify", "--read-data", "--quiet");
            tree.Change();
        }
        finally
        {
            Shell.Run($"umount '{scratch["disk"]}'");
        }
    }

    [Fact]
    public void Two_backups_a_reader_and_gc_run_at_once()
    {
        using var scratch = new ScratchDirectory("together");
        var store = new Gatewayctl(scratch["store"], s_environment);
        store.Expect(0, "init");
        var first = new ChangingTree(scratch["a"], seed: 1);
        var second = new ChangingTree(scratch["b"], seed: 1);
        for (int round = 0; round < 10; round++)
        {
            first.Change();
            second.Change();
            SortedDictionary<string, string> manifest = ChangingTree.Manifest(scratch["a"]);
            RunningGatewayctl[] running =
            [
                store.Start("backup", scratch["a"], "--quiet", "--json"),
                store.Start("backup", scratch["b"], "--quiet", "--json"),
                store.Start("verify", "--quiet"),
            ];
            GatewayctlRun gc = store.Run("gc", "--quiet", "--max-unused", "0");
            GatewayctlRun[] ended = [.. running.Select(process => process.Wait())];
            Assert.All(ended.Append(gc), run => Assert.True(run.ExitCode == 0, run.Output + run.Errors));
            store.Expect(0, "verify", "--read-data", "--quiet");
            string id = ended[0].Json.GetProperty("snapshot").GetProperty("id").GetString()!;
            store.Expect(0, "restore", id, "--target", scratch["out"], "--quiet");
            Assert.Equal(manifest, ChangingTree.Manifest(scratch["out"] + scratch["a"]));
            Directory.Delete(scratch["out"], recursive: true);
            store.Expect(0, "forget", "--keep-last", "1", "--quiet");
        }
    }
}
