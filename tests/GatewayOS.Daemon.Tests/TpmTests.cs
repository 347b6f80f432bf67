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
    public void A_key_file_is_sealed_when_there_is_a_tpm_and_comes_back_with_the_recovery_key_when_that_is_another_one()
    {
        using var appliance = new Appliance(_scratch);
        Agent agent = appliance.Enroll("node1");
        File.WriteAllText(_scratch["data"], "to be kept");
        agent.Run("backup", _scratch["data"], "--quiet").Expect(0);
        Assert.Contains("Key        in the file", appliance.Operator("status").Expect(0).Output, StringComparison.Ordinal);
        Assert.Contains("A TPM would hold it better", appliance.Daemon.Log, StringComparison.Ordinal);
        string recovery = appliance.StoreVerb("key", "recovery", "--json").Expect(0).Json.GetProperty("recoveryKey").GetString()!;
        appliance.Daemon.Signal("TERM");
        appliance.Daemon.Wait();

        using (BuiltProgram sealing = Start(appliance))
        {
            sealing.WaitFor("serves on");
            sealing.WaitFor("The store's key is sealed by the TPM");
            Assert.Equal($"sealed by the TPM at {_tpm.Configuration}", appliance.Operator("status", "--json").Expect(0).Json.GetProperty("storeKey").GetString());
            Assert.Equal(["store.key.lock", "store.key.sealed"], Directory.GetFiles(appliance.State, "store.key*").Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal));
            Assert.Equal("-rw-------", Shell.Run($"stat -c %A '{appliance.State}/store.key.sealed'").Trim());
        }

        // The board is replaced.
        _tpm.Replace();
        using (BuiltProgram refused = Start(appliance))
        {
            ProgramRun run = refused.Wait();
            Assert.NotEqual(0, run.ExitCode);
            Assert.Contains("another TPM", run.Errors, StringComparison.Ordinal);
            Assert.Contains("gatewayd unlock", run.Errors, StringComparison.Ordinal);
        }

        Assert.Contains("no recovery key was given", Assert.Throws<InvalidOperationException>(() => Unlock(appliance, "")).Message, StringComparison.Ordinal);
        Assert.Contains("recovery key", Assert.Throws<InvalidOperationException>(() => Unlock(appliance, "GR1-not-it")).Message, StringComparison.Ordinal);
        Assert.Contains("The store has a new key. It is sealed by the TPM", Unlock(appliance, recovery), StringComparison.Ordinal);
        using BuiltProgram again = Start(appliance);
        again.WaitFor("serves on");
        agent.Run("restore", "latest", "--target", _scratch["restored"], "--quiet").Expect(0);
        Assert.Equal("to be kept", File.ReadAllText(Directory.GetFiles(_scratch["restored"], "data", SearchOption.AllDirectories).Single()));
    }

    private BuiltProgram Start(Appliance appliance) => new(
        "gatewayd", ["--state", appliance.State, "--store", appliance.Store, "--listen", appliance.Address, "--metrics", "off", "--web", "off", "--profile", "dev", "--tpm", _tpm.Configuration]);

    private string Unlock(Appliance appliance, string typed)
    {
        File.WriteAllText(_scratch["typed"], typed + "\n");
        return Shell.Run($"'{Path.Join(Gatewayctl.Root, "artifacts/bin/gatewayd")}' unlock --state '{appliance.State}' --store '{appliance.Store}' --tpm '{_tpm.Configuration}' < '{_scratch["typed"]}'");
    }
}
