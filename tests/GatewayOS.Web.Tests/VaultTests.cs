using System.Net;
using System.Text.Json;
using GatewayOS.Appliance.Accounts;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Web.Tests;

/// <summary>Vaults that are added, held back and removed with a browser, and secrets that never come back.</summary>
[Collection(ServedGroup.Name)]
public sealed class VaultTests(ServedAppliance served)
{
    private const string Secret = "SECRET-that-is-told-once";

    [Fact]
    public async Task A_directory_becomes_a_vault_and_is_filled()
    {
        using Browser browser = await served.BrowserOfAsync(Role.Administrator);
        Directory.CreateDirectory(served["usb"]);
        JsonElement added = (await browser.CallAsync("Vaults/Add", new { name = "usb", directory = served["usb"] })).Expect(HttpStatusCode.OK).Json;
        Assert.Equal(served["usb"], added.GetProperty("place").GetString());
        Assert.False(added.TryGetProperty("completeUntilUnixMs", out _));
        Assert.Contains("already", (await browser.CallAsync("Vaults/Add", new { name = "usb", directory = served["usb"] })).Expect(HttpStatusCode.BadRequest).Text, StringComparison.Ordinal);
        string job = (await browser.CallAsync("Jobs/OrderJob", new { kind = "vault" })).Expect(HttpStatusCode.OK).Json.GetProperty("id").GetString()!;
        await browser.ReadLineAsync(HttpMethod.Post, "/api/v1/gatewayos.v1.Jobs/WatchJob", $"{{\"id\":\"{job}\"}}", line => line == "event: end");
        JsonElement vault = (await browser.CallAsync("Vaults/List")).Expect(HttpStatusCode.OK).Json.GetProperty("vaults").EnumerateArray().Single(one => one.GetProperty("name").GetString() == "usb");
        Assert.NotEqual("0", vault.GetProperty("completeUntilUnixMs").GetString());
        Assert.True(File.Exists(Path.Join(served["usb"], "config.json")));
        Assert.Contains("directory", (await browser.CallAsync("Vaults/SetBandwidth", new { name = "usb", limits = Array.Empty<object>() })).Expect(HttpStatusCode.BadRequest).Text, StringComparison.Ordinal);
        (await browser.CallAsync("Vaults/Remove", new { name = "usb" })).Expect(HttpStatusCode.OK);
        (await browser.CallAsync("Vaults/Remove", new { name = "usb" })).Expect(HttpStatusCode.NotFound);
        Assert.True(File.Exists(Path.Join(served["usb"], "config.json")));
    }

    [Fact]
    public async Task What_is_wrong_is_said_and_nothing_is_kept_of_it()
    {
        using Browser browser = await served.BrowserOfAsync(Role.Administrator);
        object Bucket(string endpoint, string secretKey) => new { endpoint, bucket = "backups", accessKey = "AKIA", secretKey };
        foreach ((object request, string words) in ((object, string)[])
        [
            (new { name = "a/b", directory = served["state"] }, "cannot be a vault's name"),
            (new { name = "gone" }, "Say where the vault is"),
            (new { name = "gone", directory = "relative" }, "no full path"),
            (new { name = "gone", directory = served["nowhere"] }, "There is no directory"),
            (new { name = "gone", bucket = new { endpoint = "ftp://x", bucket = "B", lockDays = 9999 } }, "no bucket name"),
            (new { name = "gone", bucket = Bucket("https://127.0.0.1:1", "two\nlines") }, "secret key"),
            (new { name = "gone", bucket = new { endpoint = "https://127.0.0.1:1", bucket = "backups", bandwidth = new[] { new { from = "8", to = "18:00", bytesPerSecond = "100000" } } } }, "no time of day"),
        ])
        {
            Assert.Contains(words, (await browser.CallAsync("Vaults/Add", request)).Expect(HttpStatusCode.BadRequest).Json.GetProperty("message").GetString(), StringComparison.Ordinal);
        }

        // One that cannot be reached is tried, and leaves no key behind.
        (await browser.CallAsync("Vaults/Add", new { name = "gone", bucket = Bucket("https://127.0.0.1:1", Secret) })).Expect(HttpStatusCode.ServiceUnavailable);
        Assert.Empty(Directory.GetFiles(served.Program.State, "vault-*"));
        Assert.DoesNotContain("gone", (await browser.CallAsync("Vaults/List")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_vaults_secret_is_told_to_nobody()
    {
        using Browser browser = await served.BrowserOfAsync(Role.Administrator);
        File.WriteAllText(Path.Join(served.Program.State, "vault-s3.credentials"), $"aws_access_key_id = AKIA\naws_secret_access_key = {Secret}\n");
        string list = served["vaults.json"];
        File.WriteAllText(list, $$"""{ "s3": { "bucket": { "endpoint": "https://127.0.0.1:1", "bucket": "backups", "prefix": "", "region": "us-east-1", "credentialsFile": "{{served.Program.State}}/vault-s3.credentials" }, "bandwidth": [] } }""");
        JsonElement changed = (await browser.CallAsync("Vaults/SetBandwidth", new { name = "s3", limits = new[] { new { from = "08:00", to = "18:00", bytesPerSecond = "2097152" } } })).Expect(HttpStatusCode.OK).Json;
        Assert.Equal("08:00", changed.GetProperty("bandwidth")[0].GetProperty("from").GetString());
        Assert.Contains("below", (await browser.CallAsync("Vaults/SetBandwidth", new { name = "s3", limits = new[] { new { from = "08:00", to = "18:00", bytesPerSecond = "10" } } })).Expect(HttpStatusCode.BadRequest).Text, StringComparison.Ordinal);
        Assert.Contains("2097152", File.ReadAllText(list), StringComparison.Ordinal);
        foreach (string method in (string[])["Vaults/List", "AuditLog/List", "Management/GetStatus"])
        {
            Assert.DoesNotContain(Secret, (await browser.CallAsync(method)).Expect(HttpStatusCode.OK).Text, StringComparison.Ordinal);
        }

        // A name that is taken keeps the key of whom it belongs to.
        (await browser.CallAsync("Vaults/Add", new { name = "s3", directory = served["state"] })).Expect(HttpStatusCode.BadRequest);
        Assert.True(File.Exists(Path.Join(served.Program.State, "vault-s3.credentials")));
        (await browser.CallAsync("Vaults/Remove", new { name = "s3" })).Expect(HttpStatusCode.OK);
        Assert.False(File.Exists(Path.Join(served.Program.State, "vault-s3.credentials")));
    }
}
