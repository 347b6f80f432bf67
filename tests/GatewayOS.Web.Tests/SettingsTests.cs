using System.Net;
using System.Text.Json;
using GatewayOS.Appliance.Accounts;
using GatewayOS.TestKit.Programs;
using ApplianceProgram = GatewayOS.TestKit.Programs.Appliance;

namespace GatewayOS.Web.Tests;

/// <summary>Name and time zone, and everywhere that they reach.</summary>
public sealed class SettingsTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new("web-settings");

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task A_new_name_and_zone_hold_at_once_and_the_certificate_follows_at_the_next_start()
    {
        using var appliance = new ApplianceProgram(_scratch, new Dictionary<string, string> { ["GATEWAY_PASSWORD"] = Browser.Password }, "--web", "127.0.0.1:0", "--name", "before");
        appliance.Operator("user", "add", "admin", "--role", "administrator", "--quiet").Expect(0);
        string old;
        using (var browser = new Browser(appliance.Daemon))
        {
            (await browser.LogInAsync("admin")).Expect(HttpStatusCode.OK);
            Assert.Equal("before", (await browser.CallAsync("Management/GetSettings")).Expect(HttpStatusCode.OK).Json.GetProperty("name").GetString());
            Answer refused = (await browser.CallAsync("Management/SetSettings", new { name = "<b>", zone = "Europe/Atlantis" })).Expect(HttpStatusCode.BadRequest);
            Assert.Contains("no name for an appliance", refused.Text, StringComparison.Ordinal);
            Assert.Contains("no time zone", refused.Text, StringComparison.Ordinal);
            JsonElement set = (await browser.CallAsync("Management/SetSettings", new { name = "gateway-berlin", zone = "Asia/Tokyo" })).Expect(HttpStatusCode.OK).Json;
            Assert.Equal(("gateway-berlin", "Asia/Tokyo"), (set.GetProperty("name").GetString(), set.GetProperty("zone").GetString()));
            Assert.Equal("gateway-berlin", (await browser.GetAsync("/api/v1/setup")).Json.GetProperty("applianceName").GetString());
            Assert.Contains("name:gateway-berlin zone:Asia/Tokyo", (await browser.CallAsync("AuditLog/List")).Text, StringComparison.Ordinal);
            (await browser.CallAsync("Policies/SetPolicy", new { document = """{ "name": "nightly", "sources": ["/etc"], "schedule": { "cron": "0 3 * * *" } }""" })).Expect(HttpStatusCode.OK);
            long next = long.Parse((await browser.CallAsync("Policies/PreviewPolicy", new { document = """{ "name": "nightly", "sources": ["/etc"], "schedule": { "cron": "0 3 * * *" } }""" })).Expect(HttpStatusCode.OK).Json.GetProperty("nextRunsUnixMs")[0].GetString()!, System.Globalization.CultureInfo.InvariantCulture);
            Assert.Equal(18, DateTimeOffset.FromUnixTimeMilliseconds(next).Hour);
            old = browser.Fingerprint;
        }

        appliance.Operator("settings", "--json").Expect(0);
        appliance.Daemon.Signal("TERM");
        appliance.Daemon.Wait().Expect(0);
        appliance.Start();
        using var again = new Browser(appliance.Daemon);
        (await again.LogInAsync("admin")).Expect(HttpStatusCode.OK);
        JsonElement certificate = (await again.GetAsync("/api/v1/certificate")).Expect(HttpStatusCode.OK).Json;
        Assert.Contains("gateway-berlin", certificate.GetProperty("subject").GetString(), StringComparison.Ordinal);
        Assert.NotEqual(old, again.Fingerprint);
    }
}
