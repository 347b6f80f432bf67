using GatewayOS.TestKit.Programs;
using Xunit.Abstractions;

namespace GatewayOS.System.Tests;

/// <summary>Every verb on a store of a real, large tree, the restored tree compared by a foreign tool.</summary>
public sealed class RealTreeTests(ITestOutputHelper output)
{
    private static readonly Dictionary<string, string> s_environment = new() { ["GATEWAY_PASSPHRASE"] = "a test's passphrase" };

    [Fact]
    public void The_whole_of_usr_comes_back_equal_and_every_verb_works_on_it()
    {
        string tree = Environment.GetEnvironmentVariable("GATEWAY_SYSTEM_TREE") ?? "/usr";
        using var scratch = new ScratchDirectory("real");
        var store = new Gatewayctl(scratch["store"], s_environment);
        store.Expect(0, "init");
        output.WriteLine(store.Expect(0, "backup", tree, "--quiet", "--tag", "first").Output);
        output.WriteLine(store.Expect(0, "backup", tree, "--quiet").Output);
        Assert.Contains("No difference", store.Expect(0, "diff", store.Expect(0, "snapshots", "--json", "--tag", "first").Json.GetProperty("snapshots")[0].GetProperty("id").GetString()!, "latest").Output, StringComparison.Ordinal);
        output.WriteLine(store.Expect(0, "verify", "--quiet").Output);
        output.WriteLine(store.Expect(0, "verify", "--read-data", "--quiet").Output);
        output.WriteLine(store.Expect(0, "verify", "--read-data", "--keyless", "--quiet").Output);
        output.WriteLine(store.Expect(0, "restore", "latest", "--target", scratch["out"], "--quiet").Output);
        AssertEqual(tree, scratch["out"] + tree, store.Expect(0, "snapshots", "--json").Json.GetProperty("snapshots").EnumerateArray().Last().GetProperty("started").GetDateTimeOffset());

        // Sparseness: no more blocks than the source has, but for the file systems' own rounding.
        long Blocks(string path) => long.Parse(Shell.Run($"du -s '{path}' | cut -f1"));
        Assert.True(Blocks(scratch["out"] + tree) <= Blocks(tree) * 1.01);
        Shell.Run($"rm -rf '{scratch["out"]}'");
        output.WriteLine(store.Expect(0, "stats").Output);
        Assert.NotEmpty(store.Expect(0, "ls", "latest", tree).Output);
        output.WriteLine(store.Expect(0, "rebuild-index", "--quiet").Output);
        output.WriteLine(store.Expect(0, "repair", "--quiet").Output);
        store.Expect(0, "forget", "--keep-last", "1", "--quiet");
        output.WriteLine(store.Expect(0, "gc", "--quiet").Output);
        store.Expect(0, "verify", "--read-data", "--quiet");
        Assert.Contains("no damage", store.Expect(0, "verify", "--quiet").Output, StringComparison.Ordinal);
    }

    // A living system changes its files during the test. Only what has not changed since the backup began has to be equal.
    private static void AssertEqual(string tree, string restored, DateTimeOffset started)
    {
        foreach (string line in Shell.Differences(tree, restored).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string path = Path.Join(tree, line[(line.IndexOf(' ', StringComparison.Ordinal) + 1)..]);
            long changed = long.Parse(Shell.Run($"stat -c %Z '{path}' 2>/dev/null || echo {long.MaxValue}"));
            Assert.True(changed >= started.ToUnixTimeSeconds() - 1, $"{line}: it has not changed since the backup, and was not restored as it is");
        }
    }
}
