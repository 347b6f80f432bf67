using System.Globalization;
using System.Text.Json;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Daemon.Tests;

/// <summary>The appliance's body through the published programs, on the virtual panel of the profile 'dev': panel, sensors, power.</summary>
public sealed class BodyTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new("body");

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void The_profile_is_shown_and_others_are_checked_whole()
    {
        using var appliance = new Appliance(_scratch);
        JsonElement shown = Json(appliance, "hw", "show");
        Assert.Equal("dev", shown.GetProperty("model").GetString());
        Assert.Equal(4, shown.GetProperty("profile").GetProperty("storage").GetProperty("bays").GetArrayLength());
        string profile = _scratch["mine.json"];
        File.WriteAllText(profile, shown.GetProperty("profile").GetRawText());
        appliance.Operator("hw", "validate", profile).Expect(0);
        File.WriteAllText(profile, """{ "model": "x", "title": "", "compatible": "x", "limits": { "nodes": 0, "capacityTB": 1 }, "lamps": 1 }""");
        JsonElement refused = appliance.Operator("hw", "validate", profile, "--json").Expect(1).Json;
        Assert.Equal(["lamps", "limits.nodes", "title"], refused.GetProperty("errors").EnumerateArray().Select(error => error.GetProperty("path").GetString()).Order(StringComparer.Ordinal));
        appliance.Operator("hw", "validate", _scratch["none.json"]).Expect(1);
    }

    [Fact]
    public void A_wrong_profile_keeps_gatewayd_from_starting_and_says_everything()
    {
        File.WriteAllText(_scratch["wrong.json"], """{ "model": "x", "title": "", "compatible": "x", "limits": { "nodes": 0, "capacityTB": 1 } }""");
        using var daemon = new BuiltProgram("gatewayd", ["--state", _scratch["state"], "--store", _scratch["store"], "--listen", $"127.0.0.1:{Appliance.FreePort()}", "--metrics", "off", "--web", "off", "--profile", _scratch["wrong.json"]]);
        string errors = daemon.Wait().Expect(1).Errors;
        Assert.Contains("title:", errors, StringComparison.Ordinal);
        Assert.Contains("limits.nodes:", errors, StringComparison.Ordinal);
    }

    [Fact]
    public void The_panel_is_drawn_pressed_and_lit()
    {
        using var appliance = new Appliance(_scratch);
        Until.Holds(() => Led(appliance, "status").GetProperty("pattern").GetString() == "on", "the status lamp says that all is well");
        Press(appliance, "down");
        Until.Holds(() => Line(appliance) == "Network", "the page is turned");
        Assert.Contains("│Network", appliance.Operator("panel", "show").Expect(0).Output, StringComparison.Ordinal);
        appliance.Operator("panel", "lamp-test", "--seconds", "60").Expect(0);
        Assert.All(Json(appliance, "panel", "show").GetProperty("leds").EnumerateArray(), led => Assert.True(led.GetProperty("lit").GetBoolean()));
        Assert.Contains("There is no button", appliance.Operator("panel", "press", "eject").Expect(1).Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void The_power_button_stops_gatewayd_in_order_and_so_does_the_operator()
    {
        using var appliance = new Appliance(_scratch);
        Press(appliance, "power", holdMs: 5000);
        Assert.Equal(0, appliance.Daemon.Wait().ExitCode);
        appliance.Start();
        Assert.Contains(appliance.Operator("audit", "list", "--json").Expect(0).Json.GetProperty("entries").EnumerateArray(), entry => entry.GetProperty("who").GetString() == "panel" && entry.GetProperty("method").GetString() == "shut down");
        appliance.Operator("power", "shutdown").Expect(0);
        Assert.Equal(0, appliance.Daemon.Wait().ExitCode);
    }

    [Fact]
    public void A_recovery_key_is_made_only_while_somebody_at_the_panel_vouches_for_it_and_opens_the_store()
    {
        using var appliance = new Appliance(_scratch);
        ProgramRun refused = appliance.Operator("recovery-key", "--out", _scratch["key.txt"]).Expect(1);
        Assert.Contains("I am here", refused.Errors, StringComparison.Ordinal);
        Assert.False(File.Exists(_scratch["key.txt"]));

        TurnTo(appliance, page: 7, "I am here");
        Press(appliance, "enter", holdMs: 6000);
        Until.Holds(() => Json(appliance, "panel", "show").TryGetProperty("presentUntil", out _), "the panel says that somebody is here");
        JsonElement made = Json(appliance, "recovery-key", "--label", "safe", "--out", _scratch["key.txt"]);
        string key = made.GetProperty("recoveryKey").GetString()!;
        Assert.Contains(key, File.ReadAllText(_scratch["key.txt"]), StringComparison.Ordinal);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_scratch["key.txt"]));

        // Once is once.
        appliance.Operator("recovery-key").Expect(1);
        using var opened = new BuiltProgram("gatewayctl", ["store", "snapshots", "--store", appliance.Store, "--recovery-key"], new Dictionary<string, string> { ["GATEWAY_RECOVERY_KEY"] = key });
        opened.Wait().Expect(0);
        Assert.DoesNotContain(key, appliance.Operator("audit", "list", "--json").Expect(0).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void While_power_fails_no_backup_is_acknowledged_and_afterwards_it_is()
    {
        using var appliance = new Appliance(_scratch);
        Agent agent = appliance.Enroll("node1");
        File.WriteAllText(_scratch["data"], "to be kept");
        Press(appliance, "power-fail", holdMs: 8000);
        Until.Holds(() => Json(appliance, "power", "history").GetProperty("failing").GetBoolean(), "power fails");
        using BuiltProgram backup = agent.Start("backup", _scratch["data"], "--json");
        backup.Wait().Expect(0);
        Assert.Single(Snapshots(appliance));
        JsonElement record = Assert.Single(Json(appliance, "power", "history").GetProperty("failures").EnumerateArray());
        Assert.Equal("resumed", record.GetProperty("outcome").GetString());

        // Whoever ends with success before power is back was acknowledged while it failed.
        DateTimeOffset back = record.GetProperty("time").GetDateTimeOffset() + TimeSpan.FromMilliseconds(record.GetProperty("ranOnMs").GetInt64());
        Assert.True(backup.Ended >= back, $"the backup was acknowledged at {backup.Ended:O}, and power came back at {back:O}");
        Assert.Contains("trusted time", record.GetProperty("flushed").EnumerateArray().Concat(record.GetProperty("skipped").EnumerateArray()).Select(step => step.GetString()));
        appliance.VerifyStore();
    }

    [Fact]
    public void A_machine_that_goes_dark_tells_of_it_when_it_is_back()
    {
        using var appliance = new Appliance(_scratch);
        Agent agent = appliance.Enroll("node1");
        File.WriteAllText(_scratch["data"], "to be kept");
        agent.Run("backup", _scratch["data"], "--quiet").Expect(0);
        Press(appliance, "power-fail", holdMs: 30_000);
        Until.Holds(() => Json(appliance, "power", "history").GetProperty("failures").EnumerateArray().Any(record => record.GetProperty("ranOnMs").GetInt64() > 20), "the failure is on record");
        appliance.Daemon.Signal("KILL");
        appliance.Daemon.Wait();
        appliance.Start();
        JsonElement record = Assert.Single(Json(appliance, "power", "history").GetProperty("failures").EnumerateArray());
        Assert.Equal("lost", record.GetProperty("outcome").GetString());
        Assert.True(record.GetProperty("ranOnMs").GetInt64() > 20);
        Until.Holds(() => Alerts(appliance).Contains("PowerFailure power warning"), "the loss is an alert");
        Assert.Single(Snapshots(appliance));
        appliance.VerifyStore();
    }

    [Fact]
    public void Heat_has_work_rest_and_a_supply_that_is_gone_is_an_alert_alone()
    {
        using var appliance = new Appliance(_scratch);
        Heat(appliance, celsius: 92);
        Until.Holds(() => Resting(appliance).SequenceEqual(["backup", "benchmark", "drill", "gc", "verify"]), "everything rests");
        Assert.Contains("Temperature cpu critical", Alerts(appliance));
        string gc = appliance.Operator("job", "run", "gc", "--json").Expect(0).Json.GetProperty("job").GetProperty("id").GetString()!;
        Press(appliance, "psu2", holdMs: 8000);
        Until.Holds(() => Alerts(appliance).Contains("PowerSupply psu2 warning"), "the lost supply is an alert");
        Assert.Equal("queued", StateOf(appliance, gc));
        Heat(appliance, celsius: 40);
        Until.Holds(() => StateOf(appliance, gc) == "done", "gc is done when it is cool");
        Until.Holds(() => Alerts(appliance).Length == 0, "all is well again");
    }

    [Fact]
    public void A_factory_reset_at_the_panel_ends_all_access_and_touches_no_backup()
    {
        using var appliance = new Appliance(_scratch);
        Agent agent = appliance.Enroll("node1");
        File.WriteAllText(_scratch["data"], "to be kept");
        agent.Run("backup", _scratch["data"], "--quiet").Expect(0);
        TurnTo(appliance, page: 6, "Factory reset?");
        Press(appliance, "enter", holdMs: 6000);
        Until.Holds(() => appliance.Operator("status").ExitCode != 0, "the old login is ended");
        appliance.Operator("login", appliance.Address, "--token", File.ReadAllText(Path.Join(appliance.State, "first-login-token")).Trim(), "--name", "owner").Expect(0);
        Assert.Single(Snapshots(appliance));
        agent.Run("backup", _scratch["data"], "--quiet").Expect(0);
        appliance.Operator("audit", "verify").Expect(0);
        Assert.Contains(appliance.Operator("audit", "list", "--json").Expect(0).Json.GetProperty("entries").EnumerateArray(), entry => entry.GetProperty("method").GetString() == "reset access");
    }

    [Fact]
    public void Everything_is_erased_only_with_presence_and_its_name_and_then_it_is_as_delivered()
    {
        using var tpm = new SoftwareTpm(_scratch);
        using var appliance = new Appliance(_scratch, "--name", "gateway-x", "--tpm", tpm.Configuration);
        Agent agent = appliance.Enroll("node1");
        File.WriteAllText(_scratch["data"], "to be gone");
        agent.Run("backup", _scratch["data"]).Expect(0);
        Assert.Contains("I am here", appliance.Operator("factory-reset", "--confirm", "gateway-x").Expect(1).Errors, StringComparison.Ordinal);
        TurnTo(appliance, page: 7, "I am here");
        Press(appliance, "enter", holdMs: 6000);
        Until.Holds(() => Json(appliance, "panel", "show").TryGetProperty("presentUntil", out _), "the panel says that somebody is here");
        Assert.Contains("Nothing was erased", appliance.Operator("factory-reset", "--confirm", "gateway").Expect(1).Errors, StringComparison.Ordinal);
        byte[] key = File.ReadAllBytes(Path.Join(appliance.State, "store.key.sealed"));
        string token = File.ReadAllText(Path.Join(appliance.State, "first-login-token"));
        Assert.Contains("as delivered", appliance.Operator("factory-reset", "--confirm", "gateway-x").Expect(0).Output, StringComparison.Ordinal);
        Assert.Equal(0, appliance.Daemon.Wait().ExitCode);
        Assert.False(File.Exists(Path.Join(appliance.State, "store.key.sealed")));
        appliance.Start();
        Assert.NotEqual(key, File.ReadAllBytes(Path.Join(appliance.State, "store.key.sealed")));
        Assert.NotEqual(token, File.ReadAllText(Path.Join(appliance.State, "first-login-token")));
        appliance.Operator("status").Expect(1);
        appliance.Operator("login", appliance.Address, "--token", File.ReadAllText(Path.Join(appliance.State, "first-login-token")).Trim(), "--name", "owner").Expect(0);
        Assert.Empty(Snapshots(appliance));
    }

    [Fact]
    public void Service_access_is_asked_for_at_the_panel_and_is_open_when_the_system_says_so()
    {
        string requests = _scratch["service"];
        using var appliance = new Appliance(_scratch, "--service-access", requests);
        TurnTo(appliance, page: 8, "Open service?");
        Press(appliance, "enter", holdMs: 6000);
        Until.Holds(() => File.Exists(Path.Join(requests, "request")), "the system is asked");
        string[] request = File.ReadAllLines(Path.Join(requests, "request"));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Join(requests, "request")));
        Assert.Equal("open", request[0]);
        Assert.StartsWith("ecdsa-sha2-nistp256 ", request[1], StringComparison.Ordinal);
        Press(appliance, "down");
        Until.Holds(() => Line(appliance, 1) == "closed", "it is closed until the system says otherwise");
        Assert.Empty(Alerts(appliance));

        // What a unit of the image does in its place, see image/root/usr/lib/gatewayos/service-access.
        Directory.CreateDirectory(requests + "-open");
        File.WriteAllText(Path.Join(requests + "-open", "until"), $"{DateTimeOffset.UtcNow.AddHours(1).ToUnixTimeSeconds()}\n");
        Until.Holds(() => Alerts(appliance).Contains("ServiceAccess service access warning"), "open access is an alert");
        Until.Holds(() => Line(appliance, 1).Length == 11, "the code is on the display");
        string first = Line(appliance, 1);
        Press(appliance, "enter");
        Until.Holds(() => Line(appliance, 1) != first, "its other half follows");

        // The code makes the key that was asked for.
        string key = _scratch["key"];
        using (var made = new BuiltProgram("gatewayctl", ["service-key", key], new Dictionary<string, string> { ["GATEWAY_SERVICE_CODE"] = $"{first}-{Line(appliance, 1)}".ToLowerInvariant() }))
        {
            Assert.Contains($"ssh -i {key}", made.Wait().Expect(0).Output, StringComparison.Ordinal);
        }

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(key));
        Assert.Equal(request[1], Shell.Run($"ssh-keygen -y -f '{key}'").Trim());
        File.WriteAllLines(_scratch["host"], request[3..]);
        File.SetUnixFileMode(_scratch["host"], UnixFileMode.UserRead);
        Assert.Equal($"gateway-service {Shell.Run($"ssh-keygen -y -f '{_scratch["host"]}'").Trim()}", File.ReadAllText(key + ".known_hosts").Trim());

        // Closed again.
        Press(appliance, "up");
        Press(appliance, "enter", holdMs: 6000);
        Until.Holds(() => File.ReadAllText(Path.Join(requests, "request")) == "close\n", "the system is asked to close it");
        Directory.Delete(requests + "-open", recursive: true);
        Until.Holds(() => Alerts(appliance).Length == 0, "the alert is over");
        Assert.Contains(Json(appliance, "audit", "list").GetProperty("entries").EnumerateArray(), entry => entry.GetProperty("who").GetString() == "panel" && entry.GetProperty("method").GetString() == "open service access");
    }

    [Fact]
    public void A_code_that_is_none_makes_no_key()
    {
        using var program = new BuiltProgram("gatewayctl", ["service-key", _scratch["key"]], new Dictionary<string, string> { ["GATEWAY_SERVICE_CODE"] = "AAAAA-BBBBB-CCCCC-DDDD" });
        Assert.Contains("'Service code'", program.Wait().Expect(2).Errors, StringComparison.Ordinal);
        Assert.False(File.Exists(_scratch["key"]));
    }

    private static JsonElement Json(Appliance appliance, params string[] verb) => appliance.Operator([.. verb, "--json"]).Expect(0).Json;

    private static void Press(Appliance appliance, string button, int holdMs = 100) =>
        Until.Holds(() => appliance.Operator("panel", "press", button, "--hold", holdMs.ToString(CultureInfo.InvariantCulture)).ExitCode == 0, $"'{button}' is pressed");

    private static void TurnTo(Appliance appliance, int page, string title)
    {
        for (int i = 0; i < page; i++)
        {
            Press(appliance, "down");
        }

        Until.Holds(() => Line(appliance) == title, $"the page '{title}' is there");
    }

    private static string Line(Appliance appliance, int line = 0) => Json(appliance, "panel", "show").GetProperty("lines")[line].GetString()!.TrimEnd();

    private static JsonElement Led(Appliance appliance, string name) => Json(appliance, "panel", "show").GetProperty("leds").EnumerateArray().Single(led => led.GetProperty("name").GetString() == name);

    private static JsonElement[] Snapshots(Appliance appliance) => [.. Json(appliance, "snapshot", "list").GetProperty("snapshots").EnumerateArray()];

    private static string[] Resting(Appliance appliance) => [.. Json(appliance, "hw", "sensors").GetProperty("resting").EnumerateArray().Select(kind => kind.GetString()!).Order(StringComparer.Ordinal)];

    private static string[] Alerts(Appliance appliance) =>
        [.. Json(appliance, "alert", "list").GetProperty("alerts").EnumerateArray().Select(alert => string.Join(' ', ((string[])["kind", "subject", "severity"]).Select(field => alert.GetProperty(field).GetString())))];

    private static string StateOf(Appliance appliance, string job) => Json(appliance, "job", "show", job).GetProperty("job").GetProperty("state").GetString()!;

    private static void Heat(Appliance appliance, int celsius) => File.WriteAllText(Path.Join(appliance.State, "virtual-hwmon/hwmon0/temp1_input"), (celsius * 1000).ToString(CultureInfo.InvariantCulture));
}
