using GatewayOS.TestKit.Programs;
using Xunit.Abstractions;

namespace GatewayOS.System.Tests.Twins;

/// <summary>From the flashed image to a protected node: first start, array, claim, enrolment, backup, restore; a second start that finds all of it, and a third on another board.</summary>
public sealed class FirstStartTests(ITestOutputHelper output) : IDisposable
{
    private readonly ScratchDirectory _scratch = new("first-start");

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task A_flashed_appliance_is_claimed_and_protects_a_node()
    {
        using var twin = new Twin(_scratch);
        twin.Start();
        ClaimedTwin appliance = await ClaimedTwin.ClaimAsync(twin, _scratch);
        Assert.Contains("Making a raid5 array of bay 1", twin.Journal, StringComparison.Ordinal);

        // Everything else is gatewayctl's and the agent's business.
        Assert.Equal("sealed by the TPM at device:/dev/tpmrm0", appliance.Operator("status", "--json").Expect(0).Json.GetProperty("storeKey").GetString());
        Assert.Equal("store.key.lock store.key.sealed", twin.Run("cd /var/lib/gatewayos/state && echo store.key*").Expect(0).Output.Trim());
        Agent agent = appliance.Enroll("host");
        string source = appliance.MakeSource();
        agent.Run("backup", source).Expect(0);
        appliance.RequireRestored(agent, source, "restored");
        output.WriteLine(twin.Run("df -h /srv/array /state; cat /proc/mdstat; /usr/lib/gatewayos/boot-slots list; head -n 3 /proc/meminfo; systemd-analyze security --no-pager gatewayd.service | tail -n 1; systemctl --failed --no-pager --no-legend").Output);
        Ports(twin);

        // Off, and on again: the same array, the same appliance.
        PowerOff(twin);
        twin.Start();
        twin.WaitFor("serves on https");
        Assert.DoesNotContain("Making a raid5 array", twin.Journal, StringComparison.Ordinal);
        appliance.RequireRestored(agent, source, "again");

        // On another board: its TPM opens nothing, and the console makes a new key with the recovery key.
        PowerOff(twin);
        Directory.Delete(Path.Join(twin.Directory, "tpm"), recursive: true);
        twin.Start();
        twin.WaitFor("was not sealed by the TPM");
        Assert.Contains("is not one of this store", Unlock(twin, appliance.RecoveryKey.Replace(appliance.RecoveryKey[0], appliance.RecoveryKey[0] == '0' ? '1' : '0')), StringComparison.Ordinal);
        Assert.Contains("The store has a new key. It is sealed by the TPM", Unlock(twin, appliance.RecoveryKey), StringComparison.Ordinal);
        twin.WaitFor("serves on https");
        appliance.RequireRestored(agent, source, "other-board");
    }

    private static void PowerOff(Twin twin)
    {
        twin.Run("systemctl --no-block poweroff");
        twin.WaitForConsole("reboot: Power down");
        twin.PullPlug();
    }

    private static string Unlock(Twin twin, string recoveryKey) => twin.Run($"printf 'u\\n%s\\n' '{recoveryKey}' | /usr/lib/gatewayos/console").Output;

    // Nobody but the two services listens on anything that is not the loopback.
    private static void Ports(Twin twin)
    {
        string[] listening = [.. twin.Run("ss -Htln | awk '{print $4}' | grep -v '^127\\.\\|^\\[::1\\]' | sed 's/.*://' | sort -un").Expect(0).Output.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)];
        Assert.Equal(["8441", "8443"], listening);
    }
}
