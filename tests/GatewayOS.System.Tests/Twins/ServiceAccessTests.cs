using System.Globalization;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.System.Tests.Twins;

/// <summary>The system below gatewayd: closed, opened at the front panel for whoever reads the code there, and closed again.</summary>
public sealed class ServiceAccessTests : IDisposable
{
    // Without acceleration, on two cores that others use too.
    private static readonly TimeSpan s_commandMax = TimeSpan.FromMinutes(5);

    private const string Open = "/run/gateway-service-open";

    private readonly ScratchDirectory _scratch = new("service-access");

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task A_technician_is_let_in_only_after_a_hold_at_the_panel_and_only_with_its_code()
    {
        using var twin = new Twin(_scratch);
        twin.Start();
        ClaimedTwin appliance = await ClaimedTwin.ClaimAsync(twin, _scratch);
        RequireClosed(twin);
        Assert.Contains("Service access is closed", Console(twin, "t"), StringComparison.Ordinal);

        // At the panel: two pages up from the first.
        Press(twin, "up");
        Press(twin, "up");
        twin.Until(() => Lines(appliance)[0] == "Open service?", () => $"the page is there; it is {string.Join('/', Lines(appliance))}");
        Press(twin, "enter", seconds: 7);
        twin.Until(() => twin.Run($"systemctl is-active gateway-ssh && cat {Open}/until").ExitCode == 0, () => "SSH is open");
        Press(twin, "down");
        twin.Until(() => Lines(appliance) is ["Service code", { Length: 11 }], () => $"the code is there; it is {string.Join('/', Lines(appliance))}");
        string first = Lines(appliance)[1];
        Press(twin, "enter");
        twin.Until(() => Lines(appliance)[1] != first, () => "the code's other half is there");
        string code = $"{first}-{Lines(appliance)[1]}";
        twin.Until(() => appliance.Operator("alert", "list", "--json").Expect(0).Output.Contains("\"ServiceAccess\"", StringComparison.Ordinal), () => "open access is an alert");

        // With the code; not with another key, nor from a machine that does not have the host's.
        MakeKey(code, "key");
        MakeKey("00000-00000-00000-00000", "other");
        Assert.Equal("technician", Ssh(twin, "key", "key", "id -un").Expect(0).Output.Trim());
        Assert.Contains("Permission denied", Ssh(twin, "other", "key", "id").Expect(255).Errors, StringComparison.Ordinal);
        Assert.Contains("Host key verification failed", Ssh(twin, "key", "other", "id").Expect(255).Errors, StringComparison.Ordinal);

        // It serves to look and to restart, and leads to no key and no backup.
        Assert.Contains("serves on https", Ssh(twin, "key", "key", "journalctl -b -u gatewayd -o cat").Expect(0).Output, StringComparison.Ordinal);
        foreach (string secret in (string[])["/var/lib/gatewayos/state", "/srv/array/store", $"{Open}/code", $"{Open}/host_key", "/run/gateway-service/request", "/dev/tpmrm0", "/dev/sda", "/proc/$(pidof gatewayd)/mem"])
        {
            Assert.Contains("Permission denied", Ssh(twin, "key", "key", $"ls {secret}/ ; head -c 1 {secret}").Errors, StringComparison.Ordinal);
        }

        Assert.NotEqual(0, Ssh(twin, "key", "key", "systemctl stop nftables").ExitCode);
        Ssh(twin, "key", "key", "systemctl restart gatewayd").Expect(0);
        Assert.Contains("is not the code", Console(twin, "t", "00000-00000-00000-00000"), StringComparison.Ordinal);
        Assert.Contains("uid=801(technician)", Console(twin, "t", code.ToLowerInvariant(), "id"), StringComparison.Ordinal);

        // Closed at the panel while somebody is in: nobody stays.
        Ssh(twin, "key", "key", "nohup sleep 1000 >/dev/null 2>&1 &").Expect(0);
        Assert.Contains("sleep", Processes(twin), StringComparison.Ordinal);
        twin.Until(() => appliance.Operator("panel", "show").ExitCode == 0, () => "gatewayd is back");
        Press(twin, "up");
        Press(twin, "up");
        twin.Until(() => Lines(appliance)[0] == "Close service?", () => $"it can be closed; the panel shows {string.Join('/', Lines(appliance))}");
        Press(twin, "enter", seconds: 7);
        twin.Until(() => twin.Run("systemctl is-active gateway-ssh").ExitCode != 0, () => "SSH is closed");
        RequireClosed(twin);
        Assert.Equal("", Processes(twin));
        Assert.NotEqual(0, Ssh(twin, "key", "key", "id").ExitCode);
        twin.Until(() => !appliance.Operator("alert", "list", "--json").Expect(0).Output.Contains("\"ServiceAccess\"", StringComparison.Ordinal), () => "the alert is over");
    }

    private static void RequireClosed(Twin twin)
    {
        Assert.Equal("", twin.Run("ss -Htln 'sport = :22'").Expect(0).Output);
        Assert.DoesNotContain("elements", twin.Run("nft list set inet gateway service").Expect(0).Output, StringComparison.Ordinal);
        Assert.NotEqual(0, twin.Run($"ls {Open}").ExitCode);
    }

    private static string Processes(Twin twin) => twin.Run("for one in /proc/[0-9]*; do [ \"$(stat -c %U $one)\" != technician ] || cat $one/comm; done 2>/dev/null").Output;

    // A finger: the line is active low.
    private static void Press(Twin twin, string button, int seconds = 1) =>
        twin.Run($"cd /run/gatewayos/gpio/button-{button} && echo pull-down >pull && sleep {seconds.ToString(CultureInfo.InvariantCulture)} && echo pull-up >pull && sleep 1").Expect(0);

    private static string[] Lines(ClaimedTwin appliance) =>
        [.. appliance.Operator("panel", "show", "--json").Expect(0).Json.GetProperty("lines").EnumerateArray().Select(line => line.GetString()!.TrimEnd())];

    private static string Console(Twin twin, params string[] typed) =>
        twin.Run($"printf '%s\\n' {string.Join(' ', typed.Select(line => $"'{line}'"))} | /usr/lib/gatewayos/console").Output;

    private void MakeKey(string code, string file)
    {
        using var program = new BuiltProgram("gatewayctl", ["service-key", _scratch[file]], new Dictionary<string, string> { ["GATEWAY_SERVICE_CODE"] = code });
        program.Wait().Expect(0);
    }

    private ProgramRun Ssh(Twin twin, string key, string knownHosts, string command)
    {
        using var program = new BuiltProgram(
            "/usr/bin/ssh",
            ["-F", "none", "-p", twin.SshPort, "-i", _scratch[key], "-o", $"UserKnownHostsFile={_scratch[knownHosts]}.known_hosts", "-o", "HostKeyAlias=gateway-service", "-o", "StrictHostKeyChecking=yes", "-o", "BatchMode=yes", "-o", "ConnectTimeout=120", "technician@127.0.0.1", command]);
        return program.Wait(s_commandMax);
    }
}
