using GatewayOS.TestKit.Programs;

namespace GatewayOS.Web.Browser.Tests;

/// <summary>An appliance in use: an administrator, a node whose agent waits for work, a policy, restore points, an alert and accounts.</summary>
public sealed class BrowsedAppliance : IDisposable
{
    /// <summary>The administrator's password, and that of whoever else there is.</summary>
    public const string Password = "a long walk before breakfast";

    private readonly ScratchDirectory _scratch = new("browsed");
    private readonly BuiltProgram _service;

    public BrowsedAppliance()
    {
        Address = $"127.0.0.1:{Appliance.FreePort()}";
        Gateway = new Appliance(_scratch, new Dictionary<string, string> { ["GATEWAY_VAULTS"] = _scratch["vaults.json"] }, "--web", Address, "--name", "gateway-berlin", "--virtual-array");
        File.WriteAllText(_scratch["password"], Password);
        AddUser("admin", "administrator");
        AddUser("vera", "viewer");
        AddUser("otto", "operator");
        Agent = Gateway.Enroll("files");
        _service = Agent.Start("run");
        Fill();
        Gateway.Operator("policy", "set", "servers", "--set", $"sources=[\"{Source}\"]", "--set", "schedule.every=4h", "--set", "retention.last=6", "--set", "retention.daily=14", "--set", "retention.weekly=8", "--set", "drill.every=7d").Expect(0);
        Gateway.Operator("policy", "assign", "servers", "files").Expect(0);
        BackUp();
        File.WriteAllText(Path.Join(Source, "reports/budget-2026.txt"), "changed since");
        File.WriteAllText(Path.Join(Source, "reports/forecast.txt"), "new");
        BackUp();
        Gateway.Operator("drill", "run", "files", "--quiet").Expect(0);
        Gateway.Operator("alert", "test").Expect(0);
        Directory.CreateDirectory(_scratch["usb"]);
        Gateway.Operator("vault", "add", "usb-offsite", _scratch["usb"]).Expect(0);
        Gateway.Operator("job", "run", "vault", "--follow", "--quiet").Expect(0);
        Gateway.Operator("token", "create", "--role", "viewer", "--note", "Prometheus").Expect(0);

        // One that waits for approval.
        new Agent(_scratch, "laptop").Run("enroll", "--gateway", Gateway.Address, "--name", "hr-laptop").Expect(0);
    }

    /// <summary>Address and port of the web page.</summary>
    public string Address { get; }

    /// <summary>The address of the web page.</summary>
    public string Url => $"https://{Address}";

    /// <summary>The appliance.</summary>
    internal Appliance Gateway { get; }

    /// <summary>The node.</summary>
    internal Agent Agent { get; }

    /// <summary>What the node backs up.</summary>
    public string Source => _scratch["source"];

    /// <summary>A path of the test's own.</summary>
    public string Scratch(string name) => _scratch[name];

    /// <inheritdoc/>
    public void Dispose()
    {
        _service.Dispose();
        Gateway.Dispose();
        _scratch.Dispose();
    }

    private void AddUser(string name, string role) => Gateway.Operator("user", "add", name, "--role", role, "--password-file", _scratch["password"]).Expect(0);

    private void BackUp()
    {
        Gateway.Operator("policy", "run", "servers").Expect(0);
        Until.Holds(() => Gateway.Operator("job", "list", "--open", "--json").Expect(0).Json.GetProperty("jobs").GetArrayLength() == 0, "the backup is done");
    }

    private void Fill()
    {
        var random = new Random(7);
        foreach (string folder in (string[])["reports", "mail", "projects/alpha"])
        {
            Directory.CreateDirectory(Path.Join(Source, folder));
            for (int i = 0; i < 12; i++)
            {
                byte[] content = new byte[random.Next(2_000, 90_000)];
                random.NextBytes(content);
                File.WriteAllBytes(Path.Join(Source, folder, $"part-{i:00}.bin"), content);
            }
        }

        File.WriteAllText(Path.Join(Source, "reports/budget-2026.txt"), "as it was");
        Shell.Run($"printf x > '{Source}/reports/'\"$(printf '<img src=x onerror=alert(1)>\\377')\"");
    }
}
