using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Daemon.Tests;

/// <summary>
/// Updates through the published programs and Debian's RAUC. Slots are files, and a restart of the machine is one of gatewayd and of RAUC, which is then told
/// another slot.
/// </summary>
[Trait("Category", "Slow")]
public sealed class UpdateTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new("update");
    private readonly PrivateBus _bus;
    private readonly RaucService _rauc;
    private readonly Appliance _appliance;

    public UpdateTests()
    {
        Directory.CreateDirectory(_scratch["appliance"]);
        _bus = new PrivateBus(_scratch);
        _rauc = new RaucService(_scratch, _bus);
        JsonNode profile = JsonNode.Parse(File.ReadAllText(Path.Join(Gatewayctl.Root, "hw-profiles/dev.json")))!;
        profile.AsObject().Remove("storage");
        File.WriteAllText(_scratch["profile.json"], profile.ToJsonString());
        _appliance = new Appliance(_scratch, new Dictionary<string, string> { ["DBUS_SYSTEM_BUS_ADDRESS"] = _bus.Address }, "--profile", _scratch["profile.json"]);
        Until.Holds(() => Slot("A").GetProperty("booted").GetBoolean(), "RAUC's slots are seen");
    }

    public void Dispose()
    {
        _appliance.Dispose();
        _rauc.Dispose();
        _bus.Dispose();
        _scratch.Dispose();
    }

    [Fact]
    public void A_bundle_is_sent_checked_installed_started_and_kept_once_something_was_restored()
    {
        string bundle = _rauc.Bundle("new.raucb", "1.3.0", bytes: 3 * 1024 * 1024 / 2);
        JsonElement known = _appliance.Operator("update", "check", bundle, "--json").Expect(0).Json;
        Assert.Equal(("gatewayos-dev", "1.3.0"), (known.GetProperty("compatible").GetString(), known.GetProperty("version").GetString()));
        Assert.Contains("INSTALLED", _appliance.Operator("update", "install", bundle).Expect(0).Output, StringComparison.Ordinal);
        Assert.Equal(_rauc.Image(), _rauc.Slot("b", _rauc.Image().Length));
        Assert.Empty(Directory.GetFiles(Path.Join(_appliance.State, "bundles")));
        Assert.Contains("Restart the machine first", _appliance.Operator("update", "install", bundle).Expect(1).Errors, StringComparison.Ordinal);

        Restart("B");
        Until.Holds(() => Last("state") == "good", "the new system is found good");
        Assert.Contains("a probe of 262144 bytes was backed up, restored and hashed", Last("reason"), StringComparison.Ordinal);
        Assert.Equal("1.3.0", Status().GetProperty("running").GetString());
        Assert.Equal("1", _rauc.BootVariable("B_OK"));
        Assert.Contains("1.3.0 in rootfs.1: GOOD", _appliance.Operator("update", "history").Expect(0).Output, StringComparison.Ordinal);
        Assert.Contains(_appliance.Operator("audit", "list", "--json").Expect(0).Json.GetProperty("entries").EnumerateArray(), entry => entry.GetProperty("method").GetString() == "gatewayos.v1.Updates/Install");

        // What is earlier is taken only when that is meant; and nothing is taken that is of another model, unsigned or altered.
        Assert.Contains("Version 1.2.0 is earlier than 1.3.0", _appliance.Operator("update", "install", _rauc.Bundle("old.raucb", "1.2.0")).Expect(1).Errors, StringComparison.Ordinal);
        Assert.Contains("It may be installed", _appliance.Operator("update", "check", _rauc.Bundle("old.raucb", "1.2.0"), "--allow-downgrade").Expect(0).Output, StringComparison.Ordinal);
        Assert.Contains("is for 'gatewayos-gw-1000'", _appliance.Operator("update", "install", _rauc.Bundle("other.raucb", "1.4.0", "gatewayos-gw-1000")).Expect(1).Errors, StringComparison.Ordinal);
        Assert.Contains("not signed by a key", _appliance.Operator("update", "install", _rauc.Bundle("theirs.raucb", "1.4.0", key: "theirs")).Expect(1).Errors, StringComparison.Ordinal);
        byte[] bytes = File.ReadAllBytes(bundle);
        bytes[5000] ^= 1;
        File.WriteAllBytes(_scratch["altered.raucb"], bytes);
        Assert.Contains("altered", _appliance.Operator("update", "install", _scratch["altered.raucb"]).Expect(1).Errors, StringComparison.Ordinal);
        Assert.Equal(("refused", "1"), (Last("state"), _rauc.BootVariable("A_OK")));
        _appliance.Operator("update", "install", _scratch["none.raucb"]).Expect(1);
    }

    [Fact]
    public async Task A_bundle_is_fetched_from_where_it_is_published_and_only_the_one_that_was_meant()
    {
        string bundle = _rauc.Bundle("new.raucb", "1.3.0");
        byte[] content = await File.ReadAllBytesAsync(bundle);
        string hash = Convert.ToHexStringLower(SHA256.HashData(content));
        using var server = new HttpListener();
        string address = $"http://127.0.0.1:{Appliance.FreePort()}/";
        server.Prefixes.Add(address);
        server.Start();
        Task serving = ServeAsync(server, content);
        Assert.Contains("another bundle: its SHA-256 is", _appliance.Operator("update", "install", $"{address}new.raucb", "--sha256", hash.Replace(hash[0], hash[0] == 'a' ? 'b' : 'a')).Expect(1).Errors, StringComparison.Ordinal);
        Assert.Contains("404", _appliance.Operator("update", "install", $"{address}none.raucb", "--sha256", hash).Expect(1).Errors, StringComparison.Ordinal);
        Assert.Contains("broke off", _appliance.Operator("update", "install", $"{address}cut.raucb", "--sha256", hash).Expect(1).Errors, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("64 hexadecimal digits", _appliance.Operator("update", "install", $"{address}new.raucb", "--sha256", "1234").Expect(1).Errors, StringComparison.Ordinal);
        Assert.Contains("begins with https://", _appliance.Operator("update", "install", "file:///etc/passwd", "--sha256", hash).Expect(1).Errors, StringComparison.Ordinal);
        Assert.Equal("", Last("state"));
        _appliance.Operator("update", "install", $"{address}new.raucb", "--sha256", hash).Expect(0);
        Assert.Equal("installed", Last("state"));
        server.Stop();
        await serving;
    }

    [Fact]
    public void A_system_whose_restore_fails_goes_back_and_says_why_in_the_one_before()
    {
        _appliance.Operator("update", "install", _rauc.Bundle("new.raucb", "1.3.0")).Expect(0);
        Agent agent = _appliance.Enroll("node1");
        File.WriteAllText(_scratch["data"], new string('x', 100_000));
        agent.Run("backup", _scratch["data"]).Expect(0);
        Kill();
        foreach (string pack in Directory.GetFiles(Path.Join(_appliance.Store, "packs"), "*", SearchOption.AllDirectories))
        {
            byte[] bytes = File.ReadAllBytes(pack);
            bytes.AsSpan(bytes.Length / 4, bytes.Length / 2).Fill(0x55);
            File.WriteAllBytes(pack, bytes);
        }

        // On this machine a restart is gatewayd's end.
        Restart("B");
        Assert.Equal(0, _appliance.Daemon.Wait().ExitCode);
        Assert.Equal("0", _rauc.BootVariable("B_OK"));
        Restart("A");
        Until.Holds(() => Last("state") == "rolled-back", "the way back is noted");
        Assert.NotEqual("", Last("reason"));
        Assert.Contains(_appliance.Operator("alert", "list", "--json").Expect(0).Json.GetProperty("alerts").EnumerateArray(), alert => alert.GetProperty("kind").GetString() == "Update" && alert.GetProperty("severity").GetString() == "critical");
    }

    private static async Task ServeAsync(HttpListener server, byte[] content)
    {
        try
        {
            while (true)
            {
                HttpListenerContext asked = await server.GetContextAsync();
                bool isCut = asked.Request.Url!.AbsolutePath == "/cut.raucb";
                asked.Response.StatusCode = asked.Request.Url.AbsolutePath == "/none.raucb" ? 404 : 200;
                asked.Response.ContentLength64 = content.Length;
                await asked.Response.OutputStream.WriteAsync(isCut ? content.AsMemory(0, content.Length / 2) : content);
                if (isCut)
                {
                    asked.Response.Abort();
                }
                else
                {
                    asked.Response.Close();
                }
            }
        }
        catch (Exception error) when (error is HttpListenerException or ObjectDisposedException)
        {
            // It was stopped.
        }
    }

    private void Kill()
    {
        _appliance.Daemon.Signal("KILL");
        _appliance.Daemon.Wait();
    }

    private void Restart(string slot)
    {
        Kill();
        _rauc.Start(slot);
        _appliance.Start();
    }

    private JsonElement Status() => _appliance.Operator("update", "status", "--json").Expect(0).Json;

    private JsonElement Slot(string bootName) => Status().GetProperty("slots").EnumerateArray().FirstOrDefault(slot => slot.GetProperty("bootName").GetString() == bootName, JsonDocument.Parse("""{ "booted": false }""").RootElement);

    private string Last(string field) => Status().TryGetProperty("last", out JsonElement last) && last.TryGetProperty(field, out JsonElement value) ? value.GetString()! : "";
}
