using System.Text.Json;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Cloud.Tests.Vault;

/// <summary>The built gateway-agent of a machine without an appliance, and gatewayctl as a stranger with the recovery key has it.</summary>
public sealed class DirectCommandTests : IDisposable
{
    private const int Kills = 10;

    private readonly ScratchDirectory _scratch = new("direct-cli");
    private readonly Dictionary<string, string> _environment;

    public DirectCommandTests()
    {
        _environment = new Dictionary<string, string> { ["GATEWAY_AGENT_STATE"] = _scratch["state"], ["GATEWAY_VAULTS"] = _scratch["nowhere/vaults.json"] };
        Directory.CreateDirectory(_scratch["source/inner"]);
        Directory.CreateDirectory(_scratch["usb"]);
        Write(1, files: 40);
    }

    private string Source => _scratch["source"];

    private string Usb => _scratch["usb"];

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void A_machine_without_an_appliance_backs_up_restores_forgets_and_is_recovered_elsewhere()
    {
        JsonElement init = Agent(0, "vault", "init", Usb, "--json").Json;
        string recovery = init.GetProperty("recoveryKey").GetString()!;
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(init.GetProperty("keyFile").GetString()!));
        Assert.Contains("already", Agent(1, "vault", "init", _scratch["usb"]).Errors, StringComparison.Ordinal);
        Assert.Equal(2, Agent(2, "backup", Source, "--json", "--read-threads", "x").ExitCode);
        string first = Agent(0, "backup", Source, "--json").Json.GetProperty("snapshot").GetProperty("id").GetString()!;
        Write(2, files: 2);
        JsonElement second = Agent(0, "backup", Source, "--json").Json;
        Assert.InRange(second.GetProperty("newBytes").GetInt64(), 1, 2_000_000);
        Assert.Equal(0, second.GetProperty("vaultFindings").GetArrayLength());
        Assert.Equal(2, Agent(0, "snapshots", "--json").Json.GetProperty("snapshots").GetArrayLength());
        Assert.Equal(2, Agent(0, "status", "--json").Json.GetProperty("snapshots").GetInt32());
        Agent(0, "restore", "latest", "--target", _scratch["here"]);
        Assert.Equal("", Shell.Differences(_scratch["here"] + Source, Source));
        Agent(0, "vault", "verify", "--read-data");

        // All of the machine, its cache and the vault's disk among it, which change meanwhile.
        long files = Agent(0, "backup", _scratch["."], "--json").Json.GetProperty("snapshot").GetProperty("files").GetInt64();
        Assert.Equal(Directory.GetFiles(Source, "*", SearchOption.AllDirectories).Length + Directory.GetFiles(_scratch["here"], "*", SearchOption.AllDirectories).Length + Directory.GetFiles(_scratch["state"]).Length, files);
        JsonElement forget = Agent(0, "vault", "forget", "--keep-last", "1", "--keep-days", "0", "--json").Json;
        Assert.Equal(first, Assert.Single(forget.GetProperty("removed").EnumerateArray()).GetString());
        Assert.Equal(1, forget.GetProperty("snapshotsDeleted").GetInt32());

        // Another machine: only the vault and what was written down.
        Directory.Delete(_scratch["state"], recursive: true);
        Stranger(recovery, "vault", "restore", "latest", "--target", _scratch["there"]);
        Assert.Equal("", Shell.Differences(_scratch["there"] + Source, Source));
        Stranger(recovery, "vault", "verify", "--keyless", "--read-data");
        Stranger(recovery, "vault", "attach", "--store", _scratch["new"]);

        // It takes the vault over, and no other than it goes on.
        Assert.Contains("--take-over", Agent(1, "vault", "init", Usb).Errors, StringComparison.Ordinal);
        _environment["GATEWAY_RECOVERY_KEY"] = recovery;
        Assert.True(Agent(0, "vault", "init", Usb, "--take-over", "--json").Json.GetProperty("takenOver").GetBoolean());
        _environment.Remove("GATEWAY_RECOVERY_KEY");
        AssertNothingNew();
    }

    [Fact]
    public void A_backup_that_is_killed_again_and_again_ends_with_a_whole_vault()
    {
        string recovery = Agent(0, "vault", "init", Usb, "--json").Json.GetProperty("recoveryKey").GetString()!;
        Agent(0, "backup", Source);
        int killed = 0;
        for (int kill = 0; kill < Kills; kill++)
        {
            // As much as several packs, so that some are sent, some wait and some are being filled.
            Write(10 + kill, files: 40);
            using (var backup = new BuiltProgram("gateway-agent", ["backup", Source, "--quiet"], _environment))
            {
                killed += backup.KillAfter(TimeSpan.FromMilliseconds(200 + (kill * 40))) ? 1 : 0;
            }

            // Whatever is there by now is a whole store, and nobody was told of a snapshot that is not.
            Stranger(recovery, "vault", "verify", "--keyless");
        }

        Assert.InRange(killed, Kills / 2, Kills);
        Agent(0, "backup", Source);
        Stranger(recovery, "vault", "verify", "--keyless", "--read-data");
        Stranger(recovery, "vault", "restore", "latest", "--target", _scratch["out"]);
        Assert.Equal("", Shell.Differences(_scratch["out"] + Source, Source));
        Assert.Empty(Directory.GetFiles(_scratch["state/vault-cache"], "*.pack", SearchOption.AllDirectories));
        AssertNothingNew();
    }

    // But for the times of directories above, in which others work too.
    private void AssertNothingNew() => Assert.InRange(Agent(0, "backup", Source, "--json").Json.GetProperty("newBytes").GetInt64(), 0, 4096);

    private void Write(int seed, int files)
    {
        for (int i = 0; i < files; i++)
        {
            byte[] content = new byte[500_000];
            new Random((seed * 1000) + i).NextBytes(content);
            File.WriteAllBytes(_scratch[$"source/inner/f{seed}-{i}"], content);
        }
    }

    private ProgramRun Agent(int exitCode, params string[] arguments)
    {
        using var agent = new BuiltProgram("gateway-agent", arguments, _environment);
        return agent.Wait().Expect(exitCode);
    }

    private void Stranger(string recovery, params string[] arguments)
    {
        GatewayctlRun run = new RunningGatewayctl([.. arguments, "--vault", Usb], new Dictionary<string, string> { ["GATEWAY_RECOVERY_KEY"] = recovery, ["GATEWAY_VAULTS"] = _scratch["nowhere/vaults.json"] }).Wait();
        Assert.True(run.ExitCode == 0, $"{string.Join(' ', arguments)}: {run.ExitCode}\n{run.Output}\n{run.Errors}");
    }
}
