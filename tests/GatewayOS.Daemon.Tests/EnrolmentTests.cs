using System.Text.Json;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Daemon.Tests;

/// <summary>How machines become nodes, and cease to be.</summary>
public sealed class EnrolmentTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new("enrol");

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void A_node_without_a_token_waits_for_approval()
    {
        using var appliance = new Appliance(_scratch);
        var agent = new Agent(_scratch, "shy");
        JsonElement asked = agent.Run("enroll", "--gateway", appliance.Address, "--name", "shy", "--json").Expect(0).Json;
        Assert.Equal("pending", asked.GetProperty("state").GetString());
        Assert.Contains("waits for approval", agent.Run("backup", "/etc").Expect(1).Errors, StringComparison.Ordinal);
        Assert.Equal(asked.GetProperty("code").GetString(), EndToEndTests.Node(appliance, "shy").GetProperty("code").GetString());
        using BuiltProgram waiting = agent.Start("enroll", "--gateway", appliance.Address, "--name", "shy", "--wait");
        appliance.Operator("node", "approve", "shy").Expect(0);
        Assert.Contains("Enrolled", waiting.Wait().Expect(0).Output, StringComparison.Ordinal);
        agent.Run("status").Expect(0);
    }

    [Fact]
    public void A_token_serves_once_and_only_its_own_appliance()
    {
        using var appliance = new Appliance(_scratch);
        string token = appliance.NodeToken();
        new Agent(_scratch, "one").Run("enroll", "--gateway", appliance.Address, "--token", token, "--name", "one").Expect(0);
        Assert.Contains("has been used", new Agent(_scratch, "two").Run("enroll", "--gateway", appliance.Address, "--token", token, "--name", "two").Expect(1).Errors, StringComparison.Ordinal);
        Assert.Contains("mistyped", new Agent(_scratch, "two").Run("enroll", "--gateway", appliance.Address, "--token", token[..^1] + (token[^1] == '0' ? '1' : '0'), "--name", "two").Expect(1).Errors, StringComparison.Ordinal);
        Assert.Contains("already", new Agent(_scratch, "two").Run("enroll", "--gateway", appliance.Address, "--token", appliance.NodeToken(), "--name", "one").Expect(1).Errors, StringComparison.Ordinal);
        using var elsewhere = new ScratchDirectory("other");
        using var other = new Appliance(elsewhere);
        Assert.Contains("not the appliance that made the token", new Agent(_scratch, "two").Run("enroll", "--gateway", appliance.Address, "--token", other.NodeToken(), "--name", "two").Expect(1).Errors, StringComparison.Ordinal);
        Assert.Equal(1, appliance.Operator("status", "--json").Expect(0).Json.GetProperty("nodesActive").GetInt32());
    }

    [Fact]
    public void A_revocation_bites_at_once_even_on_an_open_connection()
    {
        using var appliance = new Appliance(_scratch);
        Agent agent = appliance.Enroll("gone");
        using BuiltProgram service = agent.Start("run");
        Until.Holds(() => EndToEndTests.Node(appliance, "gone").GetProperty("connected").GetBoolean(), "the node is connected");
        appliance.Operator("node", "revoke", "gone").Expect(0);
        Until.Holds(() => !EndToEndTests.Node(appliance, "gone").GetProperty("connected").GetBoolean(), "its connection is cut");
        Assert.Contains("revoked", agent.Run("status").Expect(1).Output, StringComparison.Ordinal);
        Assert.Contains("revoked", agent.Run("backup", "/etc", "--quiet").Expect(1).Errors, StringComparison.Ordinal);
        Assert.Contains("revoked", appliance.Daemon.Log, StringComparison.Ordinal);
    }

    [Fact]
    public void A_certificate_is_renewed_before_it_expires()
    {
        using var appliance = new Appliance(_scratch, "--certificate-hours", "0.02");
        Agent agent = appliance.Enroll("node1");
        string first = EndToEndTests.Node(appliance, "node1").GetProperty("certificateExpires").GetString()!;
        using BuiltProgram service = agent.Start("run");
        service.WaitFor("renewed");
        Until.Holds(() => EndToEndTests.Node(appliance, "node1").GetProperty("certificateExpires").GetString() != first, "the certificate is a later one");
        agent.Run("status").Expect(0);
    }

    [Fact]
    public Task A_gw_1000_takes_20_nodes_and_not_one_more() => Fill("gw-1000", 20);

    [Fact]
    [Trait("Category", "Slow")]
    public Task A_gw_2000_takes_100_nodes_and_not_one_more() => Fill("gw-2000", 100);

    private async Task Fill(string profile, int nodes)
    {
        using var appliance = new Appliance(_scratch, "--profile", profile);
        for (int i = 1; i <= nodes; i++)
        {
            await HostileNode.EnrolAsync(appliance, $"node{i}");
        }

        ProgramRun last = new Agent(_scratch, "last").Run("enroll", "--gateway", appliance.Address, "--token", appliance.NodeToken(), "--name", "last").Expect(1);
        Assert.Contains($"takes {nodes} nodes", last.Errors, StringComparison.Ordinal);
        appliance.Operator("node", "revoke", "node1").Expect(0);
        new Agent(_scratch, "last").Run("enroll", "--gateway", appliance.Address, "--token", appliance.NodeToken(), "--name", "last").Expect(0);
    }
}
