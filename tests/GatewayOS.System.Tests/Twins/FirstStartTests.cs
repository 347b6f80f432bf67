using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using GatewayOS.TestKit.Programs;
using Xunit.Abstractions;

namespace GatewayOS.System.Tests.Twins;

/// <summary>From the flashed image to a protected node: first start, array, claim, enrolment, backup, restore; and a second start that finds all of it.</summary>
public sealed class FirstStartTests(ITestOutputHelper output) : IDisposable
{
    private const string Password = "correct horse battery";

    private readonly ScratchDirectory _scratch = new("first-start");

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task A_flashed_appliance_is_claimed_and_protects_a_node()
    {
        using var twin = new Twin(_scratch);
        twin.Start();
        string code = twin.WaitFor(@"Claim code for the web page: (\S+)").Groups[1].Value;
        string fingerprint = twin.WaitFor(@"SHA-256 of its certificate: ([0-9a-f]{64})").Groups[1].Value;
        string token = await ClaimAsync(twin, code, fingerprint);
        Assert.NotEmpty(token);
        Assert.Contains("Making a raid5 array of bay 1", twin.Journal, StringComparison.Ordinal);

        // The operator comes in with the account that was just made; everything else is gatewayctl's and the agent's business.
        string address = $"127.0.0.1:{twin.GrpcPort}";
        string daemon = twin.WaitFor(@"first login with a password: ([0-9a-f]{64})").Groups[1].Value;
        Operator("login", address, "--user", "root", "--fingerprint", daemon).Expect(0);
        var agent = new Agent(_scratch, "host");
        agent.Run("enroll", "--gateway", address, "--token", Operator("node", "token", "--quiet").Expect(0).Output.Trim(), "--name", "host").Expect(0);
        string source = _scratch["source"];
        Shell.Run($"mkdir -p '{source}' && cp -a /usr/share/zoneinfo '{source}/'");
        agent.Run("backup", source).Expect(0);
        agent.Run("restore", "latest", "--target", _scratch["restored"]).Expect(0);
        Assert.Equal("", Shell.Differences(source, _scratch["restored"] + source));
        output.WriteLine(twin.Run("df -h /srv/array /state; cat /proc/mdstat; /usr/lib/gatewayos/boot-slots list; head -n 3 /proc/meminfo; systemd-analyze security --no-pager gatewayd.service | tail -n 1; systemctl --failed --no-pager --no-legend").Output);
        Ports(twin);

        // Off, and on again: the same array, the same appliance.
        twin.Run("systemctl --no-block poweroff");
        twin.WaitForConsole("reboot: Power down");
        twin.PullPlug();
        twin.Start();
        twin.WaitFor("serves on https");
        Assert.DoesNotContain("Making a raid5 array", twin.Journal, StringComparison.Ordinal);
        agent.Run("restore", "latest", "--target", _scratch["again"]).Expect(0);
        Assert.Equal("", Shell.Differences(source, _scratch["again"] + source));
    }

    private static async Task<string> ClaimAsync(Twin twin, string code, string fingerprint)
    {
        using var handler = new SocketsHttpHandler { SslOptions = new() { RemoteCertificateValidationCallback = (_, certificate, _, _) => Convert.ToHexStringLower(SHA256.HashData(certificate!.GetRawCertData())) == fingerprint } };
        using var http = new HttpClient(handler) { BaseAddress = new Uri($"https://127.0.0.1:{twin.WebPort}"), Timeout = TimeSpan.FromMinutes(5) };
        using HttpResponseMessage claimed = await http.PostAsJsonAsync("/api/v1/setup/claim", new { claimCode = code });
        string setupToken = (await claimed.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>()).GetProperty("setupToken").GetString()!;
        using HttpResponseMessage done = await http.PostAsJsonAsync("/api/v1/setup", new { setupToken, account = "root", password = Password });
        return (await done.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>()).GetProperty("csrf").GetString()!;
    }

    // Nobody but the two services listens on anything that is not the loopback.
    private static void Ports(Twin twin)
    {
        string[] listening = [.. twin.Run("ss -Htln | awk '{print $4}' | grep -v '^127\\.\\|^\\[::1\\]' | sed 's/.*://' | sort -un").Expect(0).Output.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)];
        Assert.Equal(["8441", "8443"], listening);
    }

    private ProgramRun Operator(params string[] arguments)
    {
        using var program = new BuiltProgram("gatewayctl", arguments, new Dictionary<string, string> { ["GATEWAY_LOGIN"] = _scratch["operator"], ["GATEWAY_PASSWORD"] = Password });
        return program.Wait(TimeSpan.FromMinutes(10));
    }
}
