using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using GatewayOS.TestKit.Programs;
using ApplianceProgram = GatewayOS.TestKit.Programs.Appliance;

namespace GatewayOS.Web.Tests;

/// <summary>An appliance that is nobody's, and how somebody gets it.</summary>
public sealed partial class SetupTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new("setup");

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task Whoever_reads_the_claim_code_becomes_the_administrator_once()
    {
        using BuiltProgram daemon = Start();
        using var browser = new Browser(daemon);
        daemon.WaitFor("Claim code");
        string code = ClaimCode().Match(daemon.Log).Groups[1].Value;
        JsonElement state = (await browser.GetAsync("/api/v1/setup")).Expect(HttpStatusCode.OK).Json;
        Assert.True(state.GetProperty("needed").GetBoolean());
        Assert.Equal(browser.Fingerprint, state.GetProperty("fingerprint").GetString());

        // Without the code, or with another's claim, nothing is to be had.
        (await browser.PostAsync("/api/v1/setup/claim", new { claimCode = "00000-00000" })).Expect(HttpStatusCode.Forbidden);
        (await browser.PostAsync("/api/v1/setup", new { setupToken = "guessed", account = "eve", password = Browser.Password })).Expect(HttpStatusCode.Forbidden);
        string early = Token(await browser.PostAsync("/api/v1/setup/claim", new { claimCode = code.ToLowerInvariant() }));
        string token = Token(await browser.PostAsync("/api/v1/setup/claim", new { claimCode = code }));
        (await browser.PostAsync("/api/v1/setup", new { setupToken = early, account = "eve", password = Browser.Password })).Expect(HttpStatusCode.Forbidden);
        (await browser.PostAsync("/api/v1/setup", new { setupToken = token, account = "no name", password = Browser.Password })).Expect(HttpStatusCode.BadRequest);
        (await browser.PostAsync("/api/v1/setup", new { setupToken = token, account = "root", password = "short" })).Expect(HttpStatusCode.BadRequest);
        (await browser.PostAsync("/api/v1/setup", new { setupToken = token, account = "root", password = Browser.Password, applianceName = "<b>", zone = "Europe/Atlantis" })).Expect(HttpStatusCode.BadRequest);

        JsonElement session = (await browser.PostAsync("/api/v1/setup", new { setupToken = token, account = "root", password = Browser.Password, applianceName = "gateway-lima", zone = "America/Lima" })).Expect(HttpStatusCode.OK).Json;
        browser.Csrf = session.GetProperty("csrf").GetString();
        Assert.Equal("administrator", session.GetProperty("role").GetString());
        (await browser.CallAsync("Accounts/ListUsers")).Expect(HttpStatusCode.OK);
        JsonElement settings = (await browser.CallAsync("Management/GetSettings")).Expect(HttpStatusCode.OK).Json;
        Assert.Equal(("gateway-lima", "America/Lima"), (settings.GetProperty("name").GetString(), settings.GetProperty("zone").GetString()));
        Assert.DoesNotContain("recoveryKey", (await browser.GetAsync("/api/v1/session")).Text, StringComparison.Ordinal);

        // It is somebody's now: the same code gets nobody in.
        using var other = new Browser(daemon);
        Assert.False((await other.GetAsync("/api/v1/setup")).Json.GetProperty("needed").GetBoolean());
        (await other.PostAsync("/api/v1/setup/claim", new { claimCode = code })).Expect(HttpStatusCode.Conflict);
        (await other.PostAsync("/api/v1/setup", new { setupToken = token, account = "eve", password = Browser.Password })).Expect(HttpStatusCode.Conflict);

        // The recovery key opens the store without the appliance's own.
        var environment = new Dictionary<string, string> { ["GATEWAY_RECOVERY_KEY"] = session.GetProperty("recoveryKey").GetString()! };
        using var store = new BuiltProgram("gatewayctl", ["store", "snapshots", "--store", _scratch["store"], "--recovery-key", "--json"], environment);
        store.Wait().Expect(0);
    }

    [Fact]
    public async Task Guessing_claim_codes_is_slowed_down()
    {
        using BuiltProgram daemon = Start();
        using var browser = new Browser(daemon);
        for (int i = 0; i < Setup.SetupEndpoints.FailuresMax; i++)
        {
            (await browser.PostAsync("/api/v1/setup/claim", new { claimCode = $"AAAAA-{i:00000}" })).Expect(HttpStatusCode.Forbidden);
        }

        Answer answer = (await browser.PostAsync("/api/v1/setup/claim", new { claimCode = "AAAAA-99999" })).Expect(HttpStatusCode.TooManyRequests);
        Assert.InRange(answer.Json.GetProperty("retryAfterSeconds").GetDouble(), 1, 300);
        Assert.Contains("Retry-After", answer.Headers.Keys);
    }

    [Fact]
    public async Task Who_has_come_in_otherwise_leaves_nothing_to_claim()
    {
        using var appliance = new ApplianceProgram(_scratch, "--web", "127.0.0.1:0");
        using var browser = new Browser(appliance.Daemon);
        Assert.False((await browser.GetAsync("/api/v1/setup")).Json.GetProperty("needed").GetBoolean());
        string code = ClaimCode().Match(appliance.Daemon.Log).Groups[1].Value;
        (await browser.PostAsync("/api/v1/setup/claim", new { claimCode = code })).Expect(HttpStatusCode.Conflict);
    }

    [Fact]
    public async Task The_certificate_stays_over_a_restart_and_gives_way_to_the_owners()
    {
        string own;
        using (BuiltProgram daemon = Start())
        using (var browser = new Browser(daemon))
        {
            own = browser.Fingerprint;
            daemon.Signal("TERM");
            daemon.Wait().Expect(0);
        }

        using BuiltProgram again = Start();
        using var first = new Browser(again);
        Assert.Equal(own, first.Fingerprint);
        Shell.Run($"openssl req -x509 -newkey rsa:2048 -nodes -keyout '{_scratch["state/web.key"]}' -out '{_scratch["state/web.crt"]}' -days 30 -subj /CN=ours 2>&1");
        string replaced = Shell.Run($"openssl x509 -in '{_scratch["state/web.crt"]}' -outform der | sha256sum | cut -c1-64").Trim();

        // Looked for every few seconds; each try is a connection of its own.
        Until.Holds(() => Shell.Run($"echo | openssl s_client -connect {first.Address.Authority} 2>/dev/null | openssl x509 -outform der | sha256sum | cut -c1-64").Trim() == replaced, "the owner's certificate is served");
        string head = Shell.Run($"curl -sk -D - -o /dev/null {first.Address}");
        Assert.Contains("strict-transport-security", head, StringComparison.OrdinalIgnoreCase);

        // One that cannot be used changes nothing, and is told of.
        File.WriteAllText(_scratch["state/web.key"], "no key");
        again.WaitFor("cannot be used for the web page");
        Assert.Contains("200", Shell.Run($"curl -sk -o /dev/null -w '%{{http_code}}' {first.Address}"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_is_taken_whole_or_not_at_all_and_given_up_again()
    {
        using var appliance = new ApplianceProgram(_scratch, new Dictionary<string, string> { ["GATEWAY_PASSWORD"] = Browser.Password }, "--web", "127.0.0.1:0");
        appliance.Operator("user", "add", "admin", "--role", "administrator", "--quiet").Expect(0);
        using var browser = new Browser(appliance.Daemon);
        (await browser.LogInAsync("admin")).Expect(HttpStatusCode.OK);
        Assert.False((await browser.GetAsync("/api/v1/certificate")).Expect(HttpStatusCode.OK).Json.GetProperty("isReplaced").GetBoolean());
        Shell.Run($"openssl req -x509 -newkey rsa:2048 -nodes -keyout '{_scratch["our.key"]}' -out '{_scratch["our.crt"]}' -days 30 -subj /CN=ours -addext subjectAltName=DNS:backup.example.org 2>&1; openssl genrsa -out '{_scratch["other.key"]}' 2048 2>&1");
        string certificatePem = File.ReadAllText(_scratch["our.crt"]);
        foreach (string wrong in (string[])[File.ReadAllText(_scratch["other.key"]), "no key", ""])
        {
            Answer refused = (await browser.PostAsync("/api/v1/certificate", new { certificatePem, keyPem = wrong })).Expect(HttpStatusCode.BadRequest);
            Assert.Contains("all as PEM", refused.Json.GetProperty("message").GetString(), StringComparison.Ordinal);
            Assert.False(File.Exists(Path.Join(appliance.State, "web.key")));
        }

        Answer taken = (await browser.PostAsync("/api/v1/certificate", new { certificatePem, keyPem = File.ReadAllText(_scratch["our.key"]) })).Expect(HttpStatusCode.OK);
        string ours = Shell.Run($"openssl x509 -in '{_scratch["our.crt"]}' -outform der | sha256sum | cut -c1-64").Trim();
        Assert.Equal((ours, true, "backup.example.org"), (taken.Json.GetProperty("fingerprint").GetString(), taken.Json.GetProperty("isReplaced").GetBoolean(), taken.Json.GetProperty("names")[0].GetString()));
        Assert.DoesNotContain("PRIVATE", taken.Text, StringComparison.Ordinal);
        Assert.Equal(ours, Shell.Run($"echo | openssl s_client -connect {browser.Address.Authority} 2>/dev/null | openssl x509 -outform der | sha256sum | cut -c1-64").Trim());
        Assert.Equal("600", Shell.Run($"stat -c %a '{Path.Join(appliance.State, "web.key")}'").Trim());
        (await browser.SendAsync(HttpMethod.Delete, "/api/v1/certificate", "{}")).Expect(HttpStatusCode.NoContent);
        Assert.Equal(browser.Fingerprint, Shell.Run($"echo | openssl s_client -connect {browser.Address.Authority} 2>/dev/null | openssl x509 -outform der | sha256sum | cut -c1-64").Trim());
    }

    private static string Token(Answer answer) => answer.Expect(HttpStatusCode.OK).Json.GetProperty("setupToken").GetString()!;

    [GeneratedRegex("Claim code for the web page: ([0-9A-Z]{5}-[0-9A-Z]{5})")]
    private static partial Regex ClaimCode();

    private BuiltProgram Start()
    {
        var daemon = new BuiltProgram("gatewayd", ["--state", _scratch["state"], "--store", _scratch["store"], "--listen", $"127.0.0.1:{ApplianceProgram.FreePort()}", "--metrics", "off", "--profile", "dev", "--tpm", "off", "--web", "127.0.0.1:0"]);
        daemon.WaitFor("The web page is at");
        return daemon;
    }
}
