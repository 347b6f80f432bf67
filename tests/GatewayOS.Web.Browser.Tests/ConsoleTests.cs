using GatewayOS.TestKit.Programs;
using Microsoft.Playwright;

namespace GatewayOS.Web.Browser.Tests;

/// <summary>The control plane's console, as its operators use it: a real gateway-control, a real appliance with a node, a real Chromium.</summary>
[Trait("Category", "Slow")]
public sealed class ConsoleTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new("console");
    private readonly string _web = $"127.0.0.1:{Appliance.FreePort()}";
    private readonly ControlInstance _control;

    public ConsoleTests() => _control = new ControlInstance(_scratch["control"], $"127.0.0.1:{Appliance.FreePort()}", database: null, "--console", _web, "--name", "vendor");

    public void Dispose()
    {
        _control.Dispose();
        _scratch.Dispose();
    }

    [Fact]
    public async Task From_an_empty_fleet_to_a_node_that_is_protected()
    {
        await using Chromium chromium = await Chromium.StartAsync();
        BrowserWindow window = await chromium.OpenAsync($"https://{_web}");
        await SignInAsync(window, "GW1-nonsense");
        await Assertions.Expect(window.Page.GetByRole(AriaRole.Alert)).ToBeVisibleAsync();
        await SignInAsync(window, _control.Token);
        await window.SeeTitleAsync("Protection");
        await window.SeeAsync("No node is known");

        // A tenant, and a claim code for its first appliance.
        await window.GoAsync("access");
        await window.FillAsync("Name", "acme");
        await window.PressAsync("Add a tenant");
        await window.SeeAsync("acme");
        await window.GoAsync("appliances");
        await window.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Add an appliance", Exact = true }).First.ClickAsync();
        await window.FillAsync("Site", "Berlin");
        await window.PressAsync("Make the claim code");
        string command = await window.Page.GetByRole(AriaRole.Textbox, new PageGetByRoleOptions { Name = "Command" }).InnerTextAsync();
        Assert.StartsWith("gatewayctl fleet join 127.0.0.1 --claim GW1-", command, StringComparison.Ordinal);
        using var gateway = new Appliance(_scratch, "--name", "gw1");
        Agent agent = gateway.Enroll("files");
        using BuiltProgram service = agent.Start("run");
        Directory.CreateDirectory(_scratch["source"]);
        File.WriteAllText(_scratch["source/kept"], "worth keeping");
        gateway.Operator("policy", "set", "servers", "--set", $"sources=[\"{_scratch["source"]}\"]", "--set", "schedule.every=4h", "--set", "retention.daily=7").Expect(0);
        gateway.Operator("fleet", "join", _control.Address, "--claim", command.Split(' ')[^1]).Expect(0);
        await window.SeeAsync("The appliance has joined.");
        await window.Page.GetByRole(AriaRole.Dialog).GetByText("Close", new LocatorGetByTextOptions { Exact = true }).ClickAsync();
        await window.SeeAsync("gw1");

        await ProtectAsync(window);
        await LookAtTheApplianceAsync(window);
        Assert.Empty(window.Complaints);
    }

    [Fact]
    public async Task A_tenants_viewer_sees_its_own_and_changes_nothing_and_a_revoked_token_is_out()
    {
        _control.Fleet("tenant", "add", "acme").Expect(0);
        _control.Fleet("tenant", "add", "other").Expect(0);
        string token = _control.Fleet("token", "create", "--tenant", "acme", "--role", "viewer", "--quiet").Expect(0).Output.Trim();
        await using Chromium chromium = await Chromium.StartAsync();
        BrowserWindow window = await chromium.OpenAsync($"https://{_web}");
        await SignInAsync(window, token);
        await window.SeeTitleAsync("Protection");
        await Assertions.Expect(window.Page.Locator(".who")).ToContainTextAsync("acme");
        await Assertions.Expect(window.Page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "Access" })).ToHaveCountAsync(0);
        await window.GoAsync("appliances");
        await Assertions.Expect(window.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Add an appliance" })).ToHaveCountAsync(0);

        // No script reads the token; and what the page leaves out, the control plane refuses.
        Assert.Equal("", await window.Page.EvaluateAsync<string>("() => document.cookie"));
        Assert.Equal(403, await StatusAsync(window, "AddTenant", "{\"name\":\"mine\"}"));
        Assert.DoesNotContain("other", await window.Page.EvaluateAsync<string>("async () => await (await fetch('/api/v1/gatewayos.v1.Fleet/ListTenants', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{}' })).text()"), StringComparison.Ordinal);

        string id = _control.Fleet("token", "list", "--json").Expect(0).Json.GetProperty("tokens").EnumerateArray().Single(known => known.GetProperty("role").GetString() == "viewer").GetProperty("id").GetString()!;
        _control.Fleet("token", "revoke", id).Expect(0);
        Assert.Equal(401, await StatusAsync(window, "ListNodes", "{}"));
        await window.Page.ReloadAsync();
        await window.SeeTitleAsync("Sign in to the fleet");
        Assert.Empty(window.Complaints);
    }

    private static async Task SignInAsync(BrowserWindow window, string token)
    {
        await window.Page.GotoAsync("/");
        await window.FillAsync("Token", token);
        await window.PressAsync("Sign in");
    }

    private static Task<int> StatusAsync(BrowserWindow window, string method, string body) => window.Page.EvaluateAsync<int>(
        "async ([method, body]) => (await fetch(`/api/v1/gatewayos.v1.Fleet/${method}`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body })).status", new[] { method, body });

    // The node follows no policy: one press, a choice, and one more press.
    private static async Task ProtectAsync(BrowserWindow window)
    {
        await window.GoAsync("overview");
        await window.SeeAsync("The node is not protected");
        await window.PressAsync("Follow a policy");
        await window.PressAsync("Assign");
        await window.GoAsync("commands");
        await window.SeeAsync("Assign a policy");
        await Assertions.Expect(window.Page.GetByText("Done", new PageGetByTextOptions { Exact = true })).ToHaveCountAsync(1);
        await window.GoAsync("overview");
        await window.PressAsync("Back up now");
        await window.SeeAsync("The node is protected");
        Assert.Empty(await window.SeriousAccessibilityFindingsAsync());
    }

    private async Task LookAtTheApplianceAsync(BrowserWindow window)
    {
        await window.GoAsync("appliances");
        Assert.Empty(await window.SeriousAccessibilityFindingsAsync());
        await window.Page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "gw1" }).ClickAsync();
        await window.SeeTitleAsync("gw1");
        await window.SettleAsync();
        await window.SeeAsync("Connected");
        await window.SeeAsync("servers (version 1)");
        Assert.Empty(await window.SeriousAccessibilityFindingsAsync());
        await window.PressAsync("Revoke");
        await window.FillAsync("Type gw1 to confirm", "gw1");
        await window.Page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new LocatorGetByRoleOptions { Name = "Revoke", Exact = true }).ClickAsync();
        await window.SeeAsync("Revoked");
        await window.GoAsync("record");
        await window.SeeAsync("Fleet/RevokeAppliance");
        Assert.Equal("revoked", _control.Fleet("appliances", "--json").Expect(0).Json.GetProperty("appliances").EnumerateArray().Single().GetProperty("state").GetString());
    }
}
