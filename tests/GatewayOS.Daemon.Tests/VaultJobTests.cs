using System.Text.Json;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Daemon.Tests;

/// <summary>An appliance that keeps a vault up to date, and what comes of it when the appliance is gone.</summary>
public sealed class VaultJobTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new("vault-job");
    private readonly Dictionary<string, string> _environment;

    public VaultJobTests() => _environment = new Dictionary<string, string> { ["GATEWAY_VAULTS"] = _scratch["vaults.json"] };

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void A_node_is_restored_from_the_vault_when_the_appliance_is_gone()
    {
        string metrics = $"127.0.0.1:{Appliance.FreePort()}";
        Directory.CreateDirectory(_scratch["usb"]);
        Directory.CreateDirectory(_scratch["source"]);
        File.WriteAllText(_scratch["source/file"], "of a node");
        string recovery;
        using (var appliance = new Appliance(_scratch, _environment, "--metrics", metrics))
        {
            Agent agent = appliance.Enroll("node1");
            agent.Run("backup", _scratch["source"]).Expect(0);

            // Without a vault there is nothing to do, and nothing wrong.
            Assert.Equal("done", State(appliance.Operator("job", "run", "vault", "--follow", "--quiet", "--json").Expect(0)));
            Assert.Contains("No vault has a restore point", appliance.Operator("drill", "vaults", "--quiet").Expect(1).Errors, StringComparison.Ordinal);
            recovery = appliance.StoreVerb("key", "recovery", "--json").Expect(0).Json.GetProperty("recoveryKey").GetString()!;
            appliance.Operator("vault", "add", "usb", _scratch["usb"]).Expect(0);
            appliance.Operator("vault", "add", "region2", Directory.CreateDirectory(_scratch["region2"]).FullName, "--by-tasks").Expect(0);
            appliance.Operator("vault", "task", "add", "nodes", "--vault", "region2", "--node", "node").Expect(0);
            appliance.Operator("vault", "task", "add", "others", "--vault", "region2", "--node", "other").Expect(0);
            JsonElement job = appliance.Operator("job", "run", "vault", "--follow", "--quiet", "--json").Expect(0).Json.GetProperty("job");
            Assert.Equal("done", job.GetProperty("state").GetString());
            Assert.True(job.GetProperty("sentBytes").GetInt64() > 0);
            Rehearse(appliance);
            string page = Shell.Run($"curl -s http://{metrics}/metrics");
            Assert.Contains("gateway_vault_rpo_seconds{", page, StringComparison.Ordinal);
            Assert.Contains("vault=\"usb\"", page, StringComparison.Ordinal);
            Assert.Contains("gateway_vault_task_backlog", page, StringComparison.Ordinal);
            Assert.Contains("task=\"region2/nodes\"", page, StringComparison.Ordinal);
            Assert.Single(Directory.GetFiles(_scratch["region2/snapshots"]));

            // What has rotted there is put again.
            string pack = Directory.GetFiles(_scratch["region2/packs"], "*.pack", SearchOption.AllDirectories)[0];
            byte[] content = File.ReadAllBytes(pack);
            content[content.Length / 2] ^= 1;
            File.WriteAllBytes(pack, content);
            appliance.Operator("vault", "audit", "--vault", "region2", "--all").Expect(4);
            Assert.Equal("warned", State(appliance.Operator("job", "run", "vault", "--follow", "--quiet", "--json")));
            appliance.Operator("vault", "verify", "--vault", "region2", "--keyless", "--read-data").Expect(0);

            // A vault that is not mounted is told, and the alert goes when it is back.
            Directory.Move(_scratch["usb"], _scratch["away"]);
            appliance.Operator("job", "run", "vault", "--follow", "--quiet");
            Until.Holds(() => appliance.Operator("alert", "list", "--json").Expect(0).Output.Contains("Bringing the vaults up to date", StringComparison.Ordinal), "the alert is raised");
            Directory.Move(_scratch["away"], _scratch["usb"]);
            appliance.Operator("job", "run", "vault", "--follow", "--quiet").Expect(0);
            Until.Holds(() => !appliance.Operator("alert", "list", "--json").Expect(0).Output.Contains("Bringing the vaults up to date", StringComparison.Ordinal), "the alert is over");
        }

        Directory.Delete(_scratch["appliance"], recursive: true);
        using var restore = new BuiltProgram("gatewayctl", ["vault", "restore", "latest", "--vault", _scratch["usb"], "--target", _scratch["out"]], new Dictionary<string, string> { ["GATEWAY_RECOVERY_KEY"] = recovery, ["GATEWAY_VAULTS"] = _scratch["none.json"] });
        restore.Wait().Expect(0);
        Assert.Equal("of a node", File.ReadAllText(_scratch["out"] + _scratch["source/file"]));
    }

    // From the vault alone: one that has rotted there is found though the store is whole.
    private void Rehearse(Appliance appliance)
    {
        JsonElement drill = appliance.Operator("drill", "vaults", "--quiet", "--json").Expect(0).Json.GetProperty("job").GetProperty("drill");
        Assert.Equal(["region2", "usb"], drill.GetProperty("vaults").EnumerateArray().Select(vault => vault.GetString()));
        Assert.Equal((1L, 9L), (drill.GetProperty("files").GetInt64(), drill.GetProperty("bytes").GetInt64()));
        string pack = Directory.GetFiles(_scratch["usb/packs"], "*", SearchOption.AllDirectories).MaxBy(file => new FileInfo(file).Length)!;
        byte[] whole = File.ReadAllBytes(pack);
        File.WriteAllBytes(pack, [.. whole.Select((one, i) => i > 100 && i < whole.Length / 2 ? (byte)~one : one)]);
        Assert.Contains("usb", appliance.Operator("drill", "vaults", "--quiet").Expect(4).Errors, StringComparison.Ordinal);
        Until.Holds(() => appliance.Operator("alert", "list", "--json").Expect(0).Output.Contains("The rehearsed restore from the vaults", StringComparison.Ordinal), "the alert is raised");
        File.WriteAllBytes(pack, whole);
        appliance.Operator("drill", "vaults", "--quiet").Expect(0);
    }

    private static string State(ProgramRun run) => run.Json.GetProperty("job").GetProperty("state").GetString()!;
}
