using System.Text.Json;
using GatewayOS.TestKit.Programs;
using Gatewayd = GatewayOS.TestKit.Programs.Appliance;

namespace GatewayOS.ControlPlane.Tests;

/// <summary>Two instances of a control plane over one PostgreSQL: real programs, of which some die.</summary>
[Trait("Category", "Slow")]
public sealed class FleetInstancesTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new("instances");
    private readonly PostgresServer _postgres = new();
    private readonly string _database;

    public FleetInstancesTests() => _database = _postgres.NewDatabase();

    public void Dispose()
    {
        _postgres.Dispose();
        _scratch.Dispose();
    }

    [Fact]
    public void Streams_move_and_nothing_is_lost_or_done_twice()
    {
        using var first = new ControlInstance(_scratch["first"], Address(), _database);
        RefuseAnotherAuthority();
        Directory.CreateDirectory(_scratch["second"]);
        foreach (string file in (string[])["ca.pem", ControlInstance.FirstToken])
        {
            File.Copy(_scratch[$"first/{file}"], _scratch[$"second/{file}"]);
        }

        using var second = new ControlInstance(_scratch["second"], Address(), _database);
        second.Fleet("tenant", "add", "acme").Expect(0);
        string code = first.Fleet("claim", "create", "--tenant", "acme", "--quiet").Expect(0).Output.Trim();

        // The appliance knows one address, and what is behind it is not its business.
        using var address = new BadLink(first.Address);
        using var gateway = new Gatewayd(_scratch, "--name", "gw1");
        Agent agent = gateway.Enroll("node1");
        using BuiltProgram service = agent.Start("run");
        gateway.Operator("fleet", "join", address.Address, "--claim", code).Expect(0);
        UntilUp(gateway);

        // The stream is with the first; ordered with the second, a command comes over it.
        string source = _scratch["source"];
        Directory.CreateDirectory(source);
        var ordered = new List<string> { Ordered(second, source, "--json") };

        // The first dies, and with it the stream. What is ordered meanwhile is done when the stream has moved.
        first.Kill();
        ordered.Add(Ordered(second, source, "--json", "--no-wait"));
        address.LeadTo(second.Address);
        UntilDone(second, ordered[1]);

        // The database goes and comes back: what was committed is there, and the stream finds its way by itself.
        ordered.Add(Ordered(second, source, "--json", "--no-wait"));
        _postgres.Stop();
        Assert.NotEqual(0, second.Fleet("appliances").ExitCode);
        _postgres.Start();
        UntilDone(second, ordered[2]);
        UntilUp(gateway);
        ordered.Add(Ordered(second, source, "--json"));

        string[] known = [.. second.Fleet("commands", "--json").Expect(0).Json.GetProperty("commands").EnumerateArray().Select(command => command.GetProperty("id").GetString()!)];
        Assert.Equal(ordered.Order(StringComparer.Ordinal), known.Order(StringComparer.Ordinal));
        string[] jobs = [.. gateway.Operator("job", "list", "--json").Expect(0).Json.GetProperty("jobs").EnumerateArray().Select(job => job.ToString())];
        Assert.All(ordered, command => Assert.Single(jobs, job => job.Contains(command, StringComparison.Ordinal)));
    }

    private static string Address() => $"127.0.0.1:{Gatewayd.FreePort()}";

    private static string Ordered(ControlInstance instance, string source, params string[] options) =>
        instance.Fleet(["backup", "gw1", "node1", source, .. options]).Expect(0).Json.GetProperty("command").GetProperty("id").GetString()!;

    private static void UntilUp(Gatewayd gateway) => Until.Holds(() => gateway.Operator("fleet", "show", "--json").Expect(0).Json.GetProperty("link").GetString() == "up", () => $"the link is up; gatewayd says {gateway.Daemon.Log}");

    private static void UntilDone(ControlInstance instance, string command)
    {
        JsonElement last = default;
        Until.Holds(
            () =>
            {
                ProgramRun run = instance.Fleet("command", command, "--no-wait", "--json");
                last = run.ExitCode == 0 ? run.Json.GetProperty("command") : default;
                return last.ValueKind == JsonValueKind.Object && last.GetProperty("state").GetString() == "done";
            },
            () => $"the command is done; it is {last}, and the instance says {instance.Log}");
    }

    private void RefuseAnotherAuthority()
    {
        using BuiltProgram foreign = ControlInstance.Start(_scratch["foreign"], Address(), _database);
        ProgramRun run = foreign.Wait();
        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains("Copy the file of the instance that was there first", run.Errors, StringComparison.Ordinal);
    }
}
