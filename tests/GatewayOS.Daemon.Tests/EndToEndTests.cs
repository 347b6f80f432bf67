using System.Text.Json;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Daemon.Tests;

/// <summary>The published programs together: gatewayd, gateway-agent and gatewayctl as processes, over mTLS on the loopback.</summary>
public sealed class EndToEndTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new("daemon");

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void A_tree_comes_back_as_it_was_and_only_changes_travel()
    {
        using var appliance = new Appliance(_scratch);
        Agent agent = appliance.Enroll("node1");
        string source = HardTree();
        JsonElement first = agent.Run("backup", source, "--json").Expect(0).Json;
        Assert.True(first.GetProperty("sentBytes").GetInt64() > 100_000);
        JsonElement second = agent.Run("backup", source, "--json").Expect(0).Json;

        // Directories above the source may have changed: those are small.
        Assert.InRange(second.GetProperty("sentBytes").GetInt64(), 0, 2000);
        agent.Run("restore", "latest", "--target", _scratch["out"], "--verify").Expect(0);
        Assert.Equal("", Shell.Differences(source, _scratch["out"] + source));

        File.AppendAllText(Path.Join(source, "small"), "changed");
        JsonElement third = agent.Run("backup", source, "--json").Expect(0).Json;
        Assert.InRange(third.GetProperty("sentBytes").GetInt64(), 1, 20_000);
        Assert.Equal(3, agent.Run("snapshots", "--json").Expect(0).Json.GetProperty("snapshots").GetArrayLength());
        agent.Run("restore", first.GetProperty("snapshot").GetProperty("id").GetString()!, source + "/small", "--target", _scratch["old"]).Expect(0);
        Assert.Equal("small", File.ReadAllText(_scratch["old"] + source + "/small"));
        appliance.VerifyStore();
    }

    [Fact]
    public void An_order_reaches_a_waiting_agent_and_is_followed_to_its_snapshot()
    {
        using var appliance = new Appliance(_scratch);
        Agent agent = appliance.Enroll("node1");
        File.WriteAllText(Path.Join(agent.State, "agent.json"), JsonSerializer.Serialize(new { sources = new[] { HardTree() } }));
        using BuiltProgram service = agent.Start("run");
        Until.Holds(() => Node(appliance, "node1").GetProperty("connected").GetBoolean(), "the node is connected");
        JsonElement job = appliance.Operator("node", "backup", "node1", "--json", "--quiet").Expect(0).Json;
        JsonElement snapshot = Assert.Single(appliance.Operator("node", "snapshots", "node1", "--json").Expect(0).Json.GetProperty("snapshots").EnumerateArray());
        Assert.Equal(job.GetProperty("snapshot").GetString(), snapshot.GetProperty("id").GetString());
        Assert.Equal(1, appliance.Operator("node", "backup", "node1", "/no/such/path", "--json", "--quiet").ExitCode);
        service.Signal("TERM");
        Assert.Equal(0, service.Wait().ExitCode);
    }

    [Fact]
    public void The_appliance_stops_cleanly_and_goes_on_where_it_was()
    {
        using var appliance = new Appliance(_scratch);
        Agent agent = appliance.Enroll("node1");
        agent.Run("backup", HardTree(), "--quiet").Expect(0);
        appliance.Daemon.Signal("TERM");
        Assert.Equal(0, appliance.Daemon.Wait().ExitCode);
        ProgramRun lost = agent.Run("status", "--json");
        Assert.Equal(1, lost.ExitCode);
        Assert.Contains("cannot be reached", lost.Json.GetProperty("problem").GetString(), StringComparison.Ordinal);
        appliance.Start();
        Assert.Equal(1, agent.Run("status", "--json").Expect(0).Json.GetProperty("snapshots").GetInt32());
        Assert.Equal(1, appliance.Operator("status", "--json").Expect(0).Json.GetProperty("nodesActive").GetInt32());
    }

    [Fact]
    public void Equal_content_of_two_nodes_is_sent_by_both_and_stored_once()
    {
        using var appliance = new Appliance(_scratch);
        string source = HardTree();
        JsonElement first = appliance.Enroll("node1").Run("backup", source, "--json").Expect(0).Json;
        long stored = appliance.Operator("status", "--json").Expect(0).Json.GetProperty("storeBytes").GetInt64();
        Agent other = appliance.Enroll("node2");
        JsonElement second = other.Run("backup", source, "--json").Expect(0).Json;

        // Nothing tells the second node that the first has the same.
        Assert.Equal(first.GetProperty("sentBytes").GetInt64(), second.GetProperty("sentBytes").GetInt64());
        Assert.InRange(appliance.Operator("status", "--json").Expect(0).Json.GetProperty("storeBytes").GetInt64() - stored, 0, 20_000);
        Assert.Single(other.Run("snapshots", "--json").Expect(0).Json.GetProperty("snapshots").EnumerateArray());
        appliance.VerifyStore();
    }

    internal static JsonElement Node(Appliance appliance, string name) =>
        appliance.Operator("node", "list", "--json").Expect(0).Json.GetProperty("nodes").EnumerateArray().First(node => node.GetProperty("name").GetString() == name);

    private string HardTree()
    {
        string source = _scratch["source"];
        if (!Directory.Exists(source))
        {
            Shell.Run($"""
                mkdir -p '{source}/sub/deep' && cd '{source}' && printf small > small && seq 1 200000 > sub/numbers && head -c 3000000 /dev/urandom > sub/random
                ln sub/random sub/hardlink && ln -s ../small sub/link && mkfifo sub/pipe && truncate -s 5M sub/sparse && printf x | dd of=sub/sparse bs=1 seek=4000000 conv=notrunc status=none
                printf odd > "$(printf 'odd\377name')" && setfattr -n user.note -v yes small && for i in $(seq 1 300); do echo $i > sub/deep/file$i; done && : > empty
                """);
        }

        return source;
    }
}
