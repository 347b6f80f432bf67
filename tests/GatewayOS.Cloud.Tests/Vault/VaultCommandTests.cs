using System.Text.Json;
using GatewayOS.Cloud.Tests.Rig;
using GatewayOS.Cloud.Vault;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Cloud.Tests.Vault;

/// <summary>The built program, as an operator calls it.</summary>
public sealed class VaultCommandTests : IDisposable
{
    private const int KillsMax = 12;

    private readonly ScratchDirectory _scratch = new("vault-cli");
    private readonly Dictionary<string, string> _environment;

    public VaultCommandTests()
    {
        _environment = new Dictionary<string, string> { ["GATEWAY_PASSPHRASE"] = "correct horse", ["GATEWAY_VAULTS"] = _scratch["state/vaults.json"] };
        Directory.CreateDirectory(_scratch["source/inner"]);
        Directory.CreateDirectory(_scratch["usb"]);
        for (int i = 0; i < 40; i++)
        {
            byte[] content = new byte[500_000];
            new Random(i).NextBytes(content);
            File.WriteAllBytes(_scratch[$"source/inner/f{i}"], content);
        }

        Run(0, "store", "init", "--store", Store);
        Run(0, "store", "backup", Source, "--store", Store);
    }

    private string Store => _scratch["store"];

    private string Source => _scratch["source"];

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void A_plain_machine_restores_with_the_vault_and_the_recovery_key()
    {
        string recovery = Run(0, "store", "key", "recovery", "--store", Store, "--json").Json.GetProperty("recoveryKey").GetString()!;
        Run(0, "vault", "add", "usb", _scratch["usb"]);
        JsonElement status = Run(0, "vault", "status", "--store", Store, "--json").Json;
        Assert.Equal(1, status.GetProperty("backlogSnapshots").GetInt32());
        JsonElement sync = Run(0, "vault", "sync", "--store", Store, "--json").Json;
        Assert.True(sync.GetProperty("complete").GetBoolean());
        Assert.Equal(1, sync.GetProperty("snapshots").GetInt32());
        Assert.Equal(0, Run(0, "vault", "status", "--store", Store, "--json").Json.GetProperty("rpoSeconds").GetDouble());
        Assert.Equal("usb", Run(0, "vault", "list", "--json").Json.GetProperty("vaults")[0].GetProperty("name").GetString());
        Run(0, "vault", "kit");
        Assert.Single(Directory.GetFiles(_scratch["usb/recovery"], "gatewayctl-*"));

        // Another machine: no store, no list of vaults, no passphrase.
        Directory.Delete(Store, recursive: true);
        Directory.Delete(_scratch["state"], recursive: true);
        _environment.Remove("GATEWAY_PASSPHRASE");
        _environment["GATEWAY_RECOVERY_KEY"] = recovery;
        string usb = _scratch["usb"];
        Assert.Equal(1, Run(0, "vault", "snapshots", "--vault", usb, "--json").Json.GetProperty("snapshots").GetArrayLength());
        Assert.Contains("f7", Run(0, "vault", "ls", "latest", $"{Source}/inner", "--vault", usb).Output, StringComparison.Ordinal);
        Run(0, "vault", "restore", "latest", "--target", _scratch["out"], "--vault", usb);
        Assert.Equal("", Shell.Differences(_scratch["out"] + Source, Source));
        Run(0, "vault", "verify", "--read-data", "--vault", usb);
        Run(0, "vault", "verify", "--keyless", "--read-data", "--vault", usb);
        Assert.Equal(1, Run(0, "vault", "attach", "--vault", usb, "--store", _scratch["new"], "--json").Json.GetProperty("snapshots").GetInt32());
        Run(0, "store", "verify", "--read-data", "--store", _scratch["new"]);
        Run(0, "store", "backup", Source, "--store", _scratch["new"]);
        Run(0, "vault", "heal", "--vault", usb, "--store", _scratch["new"]);
    }

    [Fact]
    public void A_sync_that_is_killed_again_and_again_ends_with_a_whole_vault()
    {
        Run(0, "vault", "add", "usb", _scratch["usb"]);
        int kills = 0;
        while (kills < KillsMax)
        {
            var sync = new RunningGatewayctl(["vault", "sync", "--store", Store, "--threads", "1", "--quiet"], _environment);
            if (sync.KillAfter(TimeSpan.FromMilliseconds(100 + (kills * 25))).ExitCode == 0)
            {
                break;
            }

            kills++;
            if (File.Exists(_scratch["usb/config.json"]))
            {
                // Whatever is there by now is a whole store.
                Run(0, "vault", "verify", "--keyless", "--read-data");
            }
        }

        Assert.True(kills > 0, "the first sync ended before it could be killed");
        Run(0, "vault", "sync", "--store", Store);
        Run(0, "vault", "verify", "--read-data");
        Assert.Empty(Directory.GetFiles(_scratch["usb/incoming"]));
        Run(0, "vault", "restore", "latest", "--target", _scratch["out"]);
        Assert.Equal("", Shell.Differences(_scratch["out"] + Source, Source));
    }

    [Fact]
    public void A_second_region_by_prefix_restores_alone()
    {
        string recovery = Run(0, "store", "key", "recovery", "--store", Store, "--json").Json.GetProperty("recoveryKey").GetString()!;
        string web = _scratch["web"], region2 = Directory.CreateDirectory(_scratch["region2"]).FullName;
        Directory.CreateDirectory(web);
        File.WriteAllText(Path.Join(web, "index"), "of a web node");
        Run(0, "store", "backup", web, "--store", Store, "--host", "web-1", "--tag", "prod");
        Run(0, "vault", "add", "usb", _scratch["usb"]);
        Run(0, "vault", "add", "region2", region2, "--by-tasks");
        Assert.Equal(0, Run(0, "vault", "sync", "--vault", "region2", "--store", Store, "--json").Json.GetProperty("snapshots").GetInt32());
        Run(0, "vault", "task", "add", "web", "--vault", "region2", "--node", "web-", "--tag", "prod");
        JsonElement before = Task(Run(0, "vault", "task", "show", "--vault", "region2", "--store", Store, "--json"));
        Assert.Equal((1, 0), (before.GetProperty("history").GetInt32(), before.GetProperty("historyThere").GetInt32()));
        Run(0, "store", "backup", web, "--store", Store, "--host", "web-1", "--tag", "prod", "--force-read");
        Run(0, "vault", "task", "pause", "web", "--vault", "region2");
        Assert.Equal(0, Run(0, "vault", "sync", "--vault", region2, "--store", Store, "--json").Json.GetProperty("snapshots").GetInt32());
        Run(0, "vault", "task", "resume", "web", "--vault", "region2");
        JsonElement after = Task(Run(0, "vault", "sync", "--vault", "region2", "--store", Store, "--json"));
        Assert.Equal((1, 1, 1, 1), (after.GetProperty("history").GetInt32(), after.GetProperty("historyThere").GetInt32(), after.GetProperty("tail").GetInt32(), after.GetProperty("tailThere").GetInt32()));
        Assert.Equal("region2", Task(Run(0, "vault", "task", "list", "--json")).GetProperty("vault").GetString());
        Assert.Contains("--all", Run(2, "vault", "task", "change", "web", "--vault", "region2").Errors, StringComparison.Ordinal);
        Assert.Contains("It has: web", Run(2, "vault", "task", "remove", "db", "--vault", "region2").Errors, StringComparison.Ordinal);
        Run(0, "vault", "gc", "--vault", "region2", "--store", Store);
        Run(0, "vault", "audit", "--vault", "region2", "--all");
        Run(0, "vault", "verify", "--vault", "region2", "--keyless", "--read-data");

        // The store, the first region and what this machine knew are gone.
        Directory.Delete(Store, recursive: true);
        Directory.Delete(_scratch["usb"], recursive: true);
        Directory.Delete(_scratch["state"], recursive: true);
        _environment.Remove("GATEWAY_PASSPHRASE");
        _environment["GATEWAY_RECOVERY_KEY"] = recovery;
        Assert.Equal(2, Run(0, "vault", "snapshots", "--vault", region2, "--json").Json.GetProperty("snapshots").GetArrayLength());
        Run(0, "vault", "attach", "--vault", region2, "--store", _scratch["new"]);
        Run(0, "store", "verify", "--read-data", "--store", _scratch["new"]);
        Run(0, "store", "restore", "latest", "--target", _scratch["out"], "--store", _scratch["new"]);
        Assert.Equal("", Shell.Differences(_scratch["out"] + web, web));
    }

    [Fact]
    public void One_damaged_of_three_replicas_is_found_and_healed()
    {
        string[] replicas = ["a", "b", "c"];
        foreach (string replica in replicas)
        {
            Run(0, "vault", "add", replica, Directory.CreateDirectory(_scratch[replica]).FullName);
            Run(0, "vault", "sync", "--vault", replica, "--store", Store);
        }

        // One lies rotten in the second replica and in the store, one is gone from the second.
        string[] packs = [.. Directory.GetFiles(_scratch["b/packs"], "*.pack", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
        VaultRig.Rot(packs[0]);
        VaultRig.Rot(Path.Join(Store, Path.GetRelativePath(_scratch["b"], packs[0])));
        File.Delete(packs[1]);
        JsonElement found = Run(4, "vault", "audit", "--vault", "b", "--all", "--json").Json;
        Assert.Equal(Path.GetRelativePath(_scratch["b"], packs[0]), found.GetProperty("findings")[0].GetProperty("object").GetString());
        JsonElement healed = Run(0, "vault", "heal", "--vault", "a", "--with", "b", "--with", "c", "--store", Store, "--json").Json;
        Assert.Equal((3, 0), (healed.GetProperty("healed").GetArrayLength(), healed.GetProperty("lost").GetArrayLength()));
        Assert.All(replicas, replica => Run(0, "vault", "verify", "--vault", replica, "--keyless", "--read-data"));
        Run(0, "store", "verify", "--keyless", "--read-data", "--store", Store);
        Assert.True(Run(0, "vault", "audit", "--vault", "b", "--all", "--json").Json.GetProperty("passShare").GetDouble() == 1);
    }

    [Fact]
    public void Who_changes_a_vault_is_alone_with_it()
    {
        Run(0, "vault", "add", "usb", _scratch["usb"]);
        using (new VaultFile(_scratch["state/vaults.json"]).Hold("usb"))
        {
            Assert.Contains("runs on this machine", Run(1, "vault", "sync", "--store", Store).Errors, StringComparison.Ordinal);
            Assert.Contains("runs on this machine", Run(1, "vault", "sync", "--store", Store, "--vault", _scratch["usb"]).Errors, StringComparison.Ordinal);
            Assert.Contains("runs on this machine", Run(1, "vault", "remove", "usb").Errors, StringComparison.Ordinal);
        }

        // A path is no vault to forget.
        Assert.Contains("There is no vault", Run(1, "vault", "remove", _scratch["usb"]).Errors, StringComparison.Ordinal);
        Run(0, "vault", "remove", "usb");
        Assert.Empty(Directory.GetFiles(_scratch["state"], "vault-*"));
    }

    [Fact]
    public void Mistakes_are_told_with_their_remedy()
    {
        Assert.Contains("vault add", Run(1, "vault", "sync", "--store", Store).Errors, StringComparison.Ordinal);
        Assert.Contains("There is no directory", Run(1, "vault", "add", "usb", _scratch["nowhere"]).Errors, StringComparison.Ordinal);
        Assert.Contains("--endpoint", Run(2, "vault", "add", "s3", "s3://bucket/prefix").Errors, StringComparison.Ordinal);
        Assert.Contains("--lock-days", Run(2, "vault", "add", "usb", _scratch["usb"], "--lock-days", "3").Errors, StringComparison.Ordinal);
        Assert.Contains("cannot be a vault's name", Run(1, "vault", "add", "a b", _scratch["usb"]).Errors, StringComparison.Ordinal);
        Run(0, "vault", "add", "usb", _scratch["usb"]);
        Assert.Contains("already", Run(1, "vault", "add", "usb", _scratch["usb"]).Errors, StringComparison.Ordinal);
        Assert.Contains("no store in the vault", Run(1, "vault", "snapshots").Errors, StringComparison.Ordinal);
        JsonElement error = Run(1, "vault", "verify", "--vault", "other", "--json").Json;
        Assert.Contains("Known are: usb", error.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        Directory.CreateDirectory(_scratch["nas"]);
        Run(0, "vault", "add", "nas", _scratch["nas"]);
        Assert.Contains("Say which vault", Run(1, "vault", "sync", "--store", Store).Errors, StringComparison.Ordinal);
        Run(0, "vault", "remove", "nas");
        Run(0, "vault", "remove", "usb");
        Assert.Equal(0, Run(0, "vault", "list", "--json").Json.GetProperty("vaults").GetArrayLength());
    }

    private static JsonElement Task(ProgramRun run) => Assert.Single(run.Json.GetProperty("tasks").EnumerateArray());

    private ProgramRun Run(int exitCode, params string[] arguments)
    {
        using var program = new BuiltProgram("gatewayctl", arguments, _environment);
        return program.Wait().Expect(exitCode);
    }
}
