using System.Text.Json;
using GatewayOS.TestKit.Programs;
using Gatewayd = GatewayOS.TestKit.Programs.Appliance;

namespace GatewayOS.ControlPlane.Tests;

/// <summary>A fleet of real programs: control plane on PostgreSQL, appliance, node, operators.</summary>
[Trait("Category", "Slow")]
public sealed class FleetEndToEndTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new("fleet");
    private readonly PostgresServer _postgres = new();
    private readonly string _address = $"127.0.0.1:{Gatewayd.FreePort()}";
    private readonly string _database;
    private ControlInstance? _control;

    public FleetEndToEndTests() => _database = _postgres.NewDatabase();

    public void Dispose()
    {
        _control?.Dispose();
        _postgres.Dispose();
        _scratch.Dispose();
    }

    [Fact]
    public void A_fleet_is_joined_managed_through_outages_and_left()
    {
        StartControl();
        Fleet("tenant", "add", "acme").Expect(0);
        string code = Fleet("claim", "create", "--tenant", "acme", "--site", "Berlin", "--quiet").Expect(0).Output.Trim();
        using var gateway = new Gatewayd(_scratch, "--name", "gw1");
        Agent agent = gateway.Enroll("node1");
        using BuiltProgram service = agent.Start("run");
        Join(gateway, code);
        Assert.NotEqual(0, gateway.Operator("fleet", "join", _address, "--claim", code).ExitCode);

        // The 99 % case: which node is not protected, why, and what to do.
        JsonElement node = UntilNode(known => known.GetProperty("verdict").GetString() == "unprotected");
        Assert.Equal(("Berlin", "gw1"), (node.GetProperty("site").GetString(), node.GetProperty("appliance").GetString()));
        Assert.Contains("gatewayctl fleet assign", node.GetProperty("remedy").GetString(), StringComparison.Ordinal);

        ProtectAndRestore(gateway);
        SurviveOutages(gateway);
        RefuseByRules(gateway);

        LeaveAndComeBack(gateway);
        Fleet("revoke", "gw3").Expect(0);
        Until.Holds(() => gateway.Operator("fleet", "show", "--json").Expect(0).Json.GetProperty("link").GetString() == "connecting", "the revoked appliance is not heard");
        Assert.NotEqual(0, Fleet("backup", "gw3", "node1").ExitCode);
        gateway.Operator("fleet", "leave").Expect(0);
        Assert.False(gateway.Operator("fleet", "show", "--json").Expect(0).Json.GetProperty("joined").GetBoolean());
    }

    [Fact]
    public void Certificates_rotate_by_themselves_and_a_copied_identity_is_seen()
    {
        // A life of 45 s: renewed every half minute.
        StartControl("--certificate-hours", "0.0125");
        Fleet("tenant", "add", "acme").Expect(0);
        string code = Fleet("claim", "create", "--tenant", "acme", "--quiet").Expect(0).Output.Trim();
        using var gateway = new Gatewayd(_scratch, "--name", "gw1");
        Join(gateway, code);
        string stolen = File.ReadAllText(Path.Join(gateway.State, "fleet.json"));
        DateTimeOffset first = Expiry(gateway);
        Until.Holds(() => Expiry(gateway) > first + TimeSpan.FromSeconds(20), "the certificate is a later one");
        UntilUp(gateway);

        gateway.Daemon.Signal("TERM");
        gateway.Daemon.Wait();
        File.WriteAllText(Path.Join(gateway.State, "fleet.json"), stolen);
        gateway.Start();
        Until.Holds(() => gateway.Operator("fleet", "show", "--json").Expect(0).Json.TryGetProperty("problem", out _), "the old identity is refused");
        Assert.Contains(Fleet("audit", "--json").Expect(0).Json.GetProperty("records").EnumerateArray(), record => record.GetProperty("outcome").GetString() == "failed" && record.GetProperty("method").GetString() == "gatewayos.v1.FleetLink/Attend");
    }

    private static DateTimeOffset Expiry(Gatewayd gateway) => gateway.Operator("fleet", "show", "--json").Expect(0).Json.GetProperty("certificateExpires").GetDateTimeOffset();

    private static void UntilUp(Gatewayd gateway) => Until.Holds(() => gateway.Operator("fleet", "show", "--json").Expect(0).Json.GetProperty("link").GetString() == "up", () => $"the link is up; gatewayd says {gateway.Daemon.Log}");

    private void Join(Gatewayd gateway, string code)
    {
        ProgramRun join = gateway.Operator("fleet", "join", _address, "--claim", code);
        Assert.True(join.ExitCode == 0, $"{join.Errors} gatewayd says {gateway.Daemon.Log}");
        UntilUp(gateway);
    }

    private void ProtectAndRestore(Gatewayd gateway)
    {
        string source = _scratch["source"];
        Directory.CreateDirectory(source);
        File.WriteAllText(Path.Join(source, "kept"), "worth keeping");
        string policy = _scratch["servers.json"];
        File.WriteAllText(policy, $$"""{ "name": "servers", "sources": ["{{source}}"], "schedule": { "every": "4h" }, "retention": { "daily": 7, "lock": "30d" } }""");
        Assert.NotEmpty(Fleet("preview", "gw1", policy, "--json").Expect(0).Json.GetProperty("command").GetProperty("nextRuns").EnumerateArray());
        Fleet("push", "gw1", policy).Expect(0);
        Assert.NotEqual(0, Fleet("push", "gw1", policy, "--expect-version", "0").ExitCode);
        Fleet("assign", "gw1", "servers", "node1").Expect(0);
        JsonElement backup = Fleet("backup", "gw1", "node1", source, "--json").Expect(0).Json.GetProperty("command");
        string snapshot = backup.GetProperty("job").GetProperty("snapshot").GetString()!;
        Fleet("restore", "gw1", snapshot, "--target", _scratch["restored"]).Expect(0);
        Assert.Equal("worth keeping", File.ReadAllText(Directory.GetFiles(_scratch["restored"], "kept", SearchOption.AllDirectories).Single()));

        // On record on the appliance, too, with who ordered it.
        Assert.Contains("control:token:", gateway.Operator("audit", "list").Expect(0).Output, StringComparison.Ordinal);

        // Less of a lock: refused there, and said here.
        File.WriteAllText(policy, File.ReadAllText(policy).Replace("30d", "1d", StringComparison.Ordinal));
        ProgramRun weaker = Fleet("push", "gw1", policy, "--json");
        Assert.NotEqual(0, weaker.ExitCode);
        Assert.Equal("refused", weaker.Json.GetProperty("command").GetProperty("state").GetString());
    }

    private void SurviveOutages(Gatewayd gateway)
    {
        _control!.Kill();
        foreach (int _ in Enumerable.Range(0, 3))
        {
            gateway.Operator("alert", "test").Expect(0);
        }

        StartControl();
        Until.Holds(() => Tests() >= 1, "alerts that were raised meanwhile arrive");

        // The server restarted: what was ordered before is there, and the stream comes back by itself.
        string command = Fleet("backup", "gw1", "node1", "--no-wait", "--json").Expect(0).Json.GetProperty("command").GetProperty("id").GetString()!;
        _postgres.Stop();
        _postgres.Start();
        Until.Holds(() => Fleet("command", command, "--no-wait", "--json") is { ExitCode: 0 } run && run.Json.GetProperty("command").GetProperty("state").GetString() == "done", "the command is done");
        Assert.Single(gateway.Operator("job", "list", "--json").Expect(0).Json.GetProperty("jobs").EnumerateArray(), job => job.ToString().Contains(command, StringComparison.Ordinal));
    }

    private void RefuseByRules(Gatewayd gateway)
    {
        gateway.Operator("fleet", "rules", "--forbid", "backup", "--presence", "policy").Expect(0);
        ProgramRun forbidden = Fleet("backup", "gw1", "node1", "--json");
        Assert.Equal("refused", forbidden.Json.GetProperty("command").GetProperty("state").GetString());
        ProgramRun absent = Fleet("assign", "gw1", "servers", "node1", "--json");
        Assert.Contains("panel", absent.Json.GetProperty("command").GetProperty("detail").GetString(), StringComparison.Ordinal);
        gateway.Operator("fleet", "rules", "--allow", "backup", "--allow", "policy").Expect(0);
        Fleet("assign", "gw1", "servers", "node1").Expect(0);
    }

    // Leaving is the appliance's to decide, and told; when it cannot be told it leaves all the same, and says what remains to be done.
    private void LeaveAndComeBack(Gatewayd gateway)
    {
        Assert.False(gateway.Operator("fleet", "leave", "--json").Expect(0).Json.TryGetProperty("notice", out _));
        Assert.Equal("left", Fleet("appliances", "--json").Expect(0).Json.GetProperty("appliances").EnumerateArray().Single().GetProperty("state").GetString());
        Assert.NotEqual(0, Fleet("backup", "gw1", "node1").ExitCode);
        string Claim(string name) => Fleet("claim", "create", "--tenant", "acme", "--site", "Bonn", "--name", name, "--quiet").Expect(0).Output.Trim();
        Join(gateway, Claim("gw2"));
        string next = Claim("gw3");
        _control!.Kill();
        Assert.Contains("fleet revoke", gateway.Operator("fleet", "leave", "--json").Expect(0).Json.GetProperty("notice").GetString(), StringComparison.Ordinal);
        StartControl();
        Join(gateway, next);
    }

    private int Tests() => Fleet("alerts", "--json").Expect(0).Json.GetProperty("alerts").EnumerateArray().Count(alert => alert.GetProperty("alert").GetProperty("kind").GetString() == "Test");

    private JsonElement UntilNode(Func<JsonElement, bool> holds)
    {
        JsonElement found = default;
        Until.Holds(
            () =>
            {
                found = Fleet("nodes", "--json").Expect(0).Json.GetProperty("nodes").EnumerateArray().FirstOrDefault();
                return found.ValueKind == JsonValueKind.Object && holds(found);
            },
            "the control plane knows the node");
        return found;
    }

    private void StartControl(params string[] options)
    {
        _control?.Dispose();
        _control = new ControlInstance(_scratch["control"], _address, _database, options);
    }

    private ProgramRun Fleet(params string[] arguments) => _control!.Fleet(arguments);
}
