using GatewayOS.Appliance.Accounts;
using GatewayOS.TestKit.Programs;
using ApplianceProgram = GatewayOS.TestKit.Programs.Appliance;

namespace GatewayOS.Web.Tests;

/// <summary>The published gatewayd with its web page and an account for each role, shared by the tests that leave it as it is.</summary>
public sealed class ServedAppliance : IDisposable
{
    private readonly ScratchDirectory _scratch = new("web");

    public ServedAppliance()
    {
        Program = new ApplianceProgram(_scratch, new Dictionary<string, string> { ["GATEWAY_PASSWORD"] = Browser.Password, ["GATEWAY_VAULTS"] = _scratch["vaults.json"] }, "--web", "127.0.0.1:0");
        foreach (Role role in Enum.GetValues<Role>())
        {
            AddUser(role.ToText(), role);
        }
    }

    public ApplianceProgram Program { get; }

    public string this[string name] => _scratch[name];

    public void Dispose()
    {
        Program.Dispose();
        _scratch.Dispose();
    }

    public void AddUser(string name, Role role) => Program.Operator("user", "add", name, "--role", role.ToText(), "--quiet").Expect(0);

    /// <summary>A browser that nobody is logged in with.</summary>
    internal Browser NewBrowser() => new(Program.Daemon);

    /// <summary>A browser of somebody.</summary>
    internal async Task<Browser> BrowserOfAsync(Role role)
    {
        Browser browser = NewBrowser();
        (await browser.LogInAsync(role.ToText())).Expect(System.Net.HttpStatusCode.OK);
        return browser;
    }
}

[CollectionDefinition(Name)]
public sealed class ServedGroup : ICollectionFixture<ServedAppliance>
{
    public const string Name = "a served appliance";
}
