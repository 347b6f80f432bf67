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
        Directory.CreateDirectory(_scratch["nas"]);
        Gateway.Operator("vault", "add", "office-nas", _scratch["nas"], "--by-tasks").Expect(0);
        Gateway.Operator("vault", "task", "add", "files", "--vault", "office-nas", "--node", "files").Expect(0);
        Gateway.Operator("job", "run", "vault", "--follow", "--quiet").Expect(0);
        Gateway.Operator("drill", "vaults", "--quiet").Expect(0);
        Gateway.Operator("token", "create", "--role", "viewer", "--note", "Prometheus").Expect(0);
        PlantTrend();
        PlantBenchmark();

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

    // A month of samples, as an appliance that has run so long has kept them.
    private void PlantTrend()
    {
        string serials = string.Join(' ', Gateway.Operator("raid", "status", "--json").Expect(0).Json.GetProperty("disks").EnumerateArray().Select(disk => disk.GetProperty("serial").GetString()));
        Shell.Run($$"""
            python3 - '{{Gateway.State}}/disks.db' {{serials}} <<'PY'
            import math, sqlite3, sys, time
            with sqlite3.connect(sys.argv[1]) as db:
                for i, serial in enumerate(sys.argv[2:]):
                    for hour in range(-700, 0, 2):
                        at = int((time.time() + hour * 3600) * 1000)
                        db.execute("INSERT INTO smart VALUES (?, ?, ?, ?, ?, ?)", (serial, at, 34 + i + round(3 * math.sin(hour / 4)), (hour + 700) // 200 if i == 0 else 0, 8000 + hour, "success"))
            PY
            """);
    }

    private void PlantBenchmark() => File.WriteAllText(Path.Join(Gateway.State, "benchmark.json"), $$"""
        { "time": "{{TimeProvider.System.GetUtcNow():O}}", "cores": 4,
          "stages": { "storedShare": 0.52, "meanChunkBytes": 60000, "stages": [
            { "name": "chunk", "bytesPerSecond": 3.4e9, "ofStored": false }, { "name": "hash", "bytesPerSecond": 2.1e9, "ofStored": false }, { "name": "look up", "bytesPerSecond": 6e9, "ofStored": false },
            { "name": "compress", "bytesPerSecond": 7.9e8, "ofStored": false }, { "name": "seal", "bytesPerSecond": 4.4e9, "ofStored": true }, { "name": "open", "bytesPerSecond": 4.5e9, "ofStored": true }, { "name": "decompress", "bytesPerSecond": 3.1e9, "ofStored": false }] },
          "disk": { "writeBytesPerSecond": 6.2e8,
            "sequential": [{ "readBytes": 1048576, "streams": 1, "bytesPerSecond": 9e8 }, { "readBytes": 4194304, "streams": 4, "bytesPerSecond": 1.7e9 }],
            "random": [{ "readBytes": 131072, "streams": 1, "bytesPerSecond": 2.4e8 }, { "readBytes": 131072, "streams": 16, "bytesPerSecond": 1.5e9 }] } }
        """);

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
