using GatewayOS.TestKit.Programs;

namespace GatewayOS.Daemon.Tests;

/// <summary>The published gatewayd with a TPM emulator.</summary>
public sealed class TpmTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new("sealed");
    private readonly SoftwareTpm _tpm;

    public TpmTests() => _tpm = new SoftwareTpm(_scratch);

    public void Dispose()
    {
        _tpm.Dispose();
        _scratch.Dispose();
    }

    [Fact]
    public void The_key_is_sealed_and_an_appliance_whose_tpm_is_gone_comes_back_with_the_recovery_key()
    {
        using var appliance = new Appliance(_scratch, "--tpm", _tpm.Configuration);
        Agent agent = appliance.Enroll("node1");
        File.WriteAllText(_scratch["data"], "to be kept");
        agent.Run("backup", _scratch["data"], "--quiet").Expect(0);
        Assert.Equal($"sealed by the TPM at {_tpm.Configuration}", appliance.Operator("status", "--json").Expect(0).Json.GetProperty("storeKey").GetString());
        Assert.Contains("sealed by the TPM", appliance.Operator("status").Expect(0).Output, StringComparison.Ordinal);
        Assert.Equal(["store.key.lock", "store.key.sealed"], KeyFiles(appliance));
        Assert.Equal("-rw-------", Shell.Run($"stat -c %A '{appliance.State}/store.key.sealed'").Trim());
        string recovery = RecoveryKey(appliance);
        Stop(appliance);
        appliance.Start();

        // The board is replaced.
        Stop(appliance);
        _tpm.Replace();
        ProgramRun refused = Start(appliance);
        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains("another TPM", refused.Errors, StringComparison.Ordinal);
        Assert.Contains("gatewayd unlock", refused.Errors, StringComparison.Ordinal);

        File.WriteAllText(_scratch["typed"], recovery.Replace('A', 'B'));
        Assert.Contains("recovery key", Assert.Throws<InvalidOperationException>(() => Unlock(appliance)).Message, StringComparison.OrdinalIgnoreCase);
        File.WriteAllText(_scratch["typed"], "\n");
        Assert.Contains("no recovery key was given", Assert.Throws<InvalidOperationException>(() => Unlock(appliance)).Message, StringComparison.Ordinal);
        File.WriteAllText(_scratch["typed"], recovery + "\n");
        Assert.Contains("The store has a new key. It is sealed by the TPM", Unlock(appliance), StringComparison.Ordinal);
        appliance.Start();
        agent.Run("backup", _scratch["data"], "--quiet").Expect(0);
        agent.Run("restore", "latest", "--target", _scratch["restored"], "--quiet").Expect(0);
        Assert.Equal("to be kept", File.ReadAllText(Directory.GetFiles(_scratch["restored"], "data", SearchOption.AllDirectories).Single()));
    }

    [Fact]
    public void A_key_file_is_moved_in_at_the_next_start_with_a_tpm()
    {
        using var appliance = new Appliance(_scratch);
        Assert.Contains("in the file", appliance.Operator("status").Expect(0).Output, StringComparison.Ordinal);
        Assert.Contains("A TPM would hold it better", appliance.Daemon.Log, StringComparison.Ordinal);
        Stop(appliance);
        using var daemon = new BuiltProgram("gatewayd", [.. Arguments(appliance)]);
        daemon.WaitFor("The store's key is sealed by");
        Assert.Equal(["store.key.lock", "store.key.sealed"], KeyFiles(appliance));
    }

    private string RecoveryKey(Appliance appliance)
    {
        for (int i = 0; i < 7; i++)
        {
            appliance.Operator("panel", "press", "down").Expect(0);
        }

        appliance.Operator("panel", "press", "enter", "--hold", "6000").Expect(0);
        ProgramRun made = new(1, "", "");
        Until.Holds(() => (made = appliance.Operator("recovery-key", "--json")).ExitCode == 0, () => $"a recovery key is made: {made.Errors}");
        return made.Json.GetProperty("key").GetString()!;
    }

    private static string[] KeyFiles(Appliance appliance) => [.. Directory.GetFiles(appliance.State, "store.key*").Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];

    private static void Stop(Appliance appliance)
    {
        appliance.Daemon.Signal("TERM");
        appliance.Daemon.Wait();
    }

    private ProgramRun Start(Appliance appliance)
    {
        using var daemon = new BuiltProgram("gatewayd", Arguments(appliance));
        return daemon.Wait();
    }

    private string[] Arguments(Appliance appliance) =>
        ["--state", appliance.State, "--store", appliance.Store, "--listen", appliance.Address, "--metrics", "off", "--web", "off", "--profile", "dev", "--tpm", _tpm.Configuration];

    private string Unlock(Appliance appliance) => Shell.Run(
        $"'{Path.Combine(Gatewayctl.Root, "artifacts/bin/gatewayd")}' unlock --state '{appliance.State}' --store '{appliance.Store}' --tpm '{_tpm.Configuration}' < '{_scratch["typed"]}'");
}
