using GatewayOS.Api;
using GatewayOS.Appliance.Fleet;
using GatewayOS.ControlPlane.Link;
using GatewayOS.ControlPlane.Storage;
using GatewayOS.Daemon.Fleet;
using Grpc.Core;

namespace GatewayOS.ControlPlane.Tests.Link;

/// <summary>What holds between an appliance and its control plane wherever the connection breaks, and whenever the appliance dies.</summary>
public sealed class LinkTests
{
    private const int Commands = 3;
    private const int CutsMax = 80;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Commands_are_done_once_and_alerts_arrive_once_in_order_whichever_message_is_cut(bool worksWhileAway)
    {
        int whole = await RunAsync(_ => false);
        Assert.InRange(whole, 10, CutsMax);
        for (int at = 0; at < whole; at++)
        {
            int cut = at;
            await RunAsync(step => step == cut, worksWhileAway: worksWhileAway);
        }
    }

    [Theory]
    [InlineData(9)]
    [InlineData(10)]
    [InlineData(13)]
    [InlineData(17)]
    public async Task And_when_every_connection_is_cut_soon(int every) => await RunAsync(step => step % every == every - 1);

    [Fact]
    public async Task A_command_whose_deed_was_the_last_before_a_crash_is_not_done_again()
    {
        for (int at = 0; at < Commands; at++)
        {
            int crash = at;
            await RunAsync(_ => false, deed => deed == crash);
        }
    }

    [Fact]
    public async Task What_is_raised_and_done_while_nobody_listens_arrives_later()
    {
        await using LinkWorld world = await LinkWorld.CreateAsync();
        string command = await world.OrderBackupAsync("/etc");

        // The command has come; then the link is cut for good, for now.
        await world.ConnectAsync(step => step >= 6);
        for (int i = 0; i < 5; i++)
        {
            world.Raise($"offline{i}");
            world.Restart();
        }

        await world.WorkAsync();
        await world.SettleAsync(_ => false);
        Assert.Equal(["offline0", "offline1", "offline2", "offline3", "offline4"], await world.AlertsThereAsync());
        Assert.Equal("done", (await world.CommandAsync(command)).State);
        Assert.Equal(0, world.Alerts.Waiting(LinkConversation.Receiver));
    }

    [Fact]
    public async Task What_the_appliances_rules_forbid_is_refused_and_said()
    {
        await using LinkWorld world = await LinkWorld.CreateAsync();
        var rules = new FleetRules([CommandClass.Backup], []);
        world.Deeds.Rule = command => rules.Refusal(command.Kind, () => false);
        string command = await world.OrderBackupAsync("/etc");
        await world.SettleAsync(_ => false);
        Assert.Empty(world.Deeds.Done);
        CommandRow now = await world.CommandAsync(command);
        Assert.Equal("refused", now.State);
        Assert.Contains("forbid", now.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_comes_after_its_time_is_not_begun()
    {
        await using LinkWorld world = await LinkWorld.CreateAsync();
        string command = await world.OrderBackupAsync("/etc");
        Assert.Null(world.Ledger.Next());
        world.Ledger.Begin(world.ApplianceId);
        CommandRow kept = await world.CommandAsync(command);
        world.Ledger.Take(new LedgerCommand { Id = command, Sequence = kept.Sequence, Kind = "backup", Order = [], OrderedBy = "me", Expires = kept.Expires });
        world.Clock.Advance(TimeSpan.FromDays(2));
        await world.WorkAsync();
        Assert.Empty(world.Deeds.Done);
        Assert.Equal(CommandState.Refused, world.Ledger.List(1).Single().State);
    }

    [Fact]
    public async Task A_copy_of_the_appliance_is_seen_and_neither_is_heard()
    {
        await using LinkWorld world = await LinkWorld.CreateAsync();
        await world.SettleAsync(_ => false);
        FleetMembership copied = world.Membership().Current!;
        await world.SettleAsync(_ => false);
        FleetMembershipFile original = world.Membership();
        FleetMembership own = original.Current!;
        original.Join(copied);
        Assert.Equal(StatusCode.PermissionDenied, (await Assert.ThrowsAsync<RpcException>(() => world.SettleAsync(_ => false))).StatusCode);
        world.Membership().Join(own);
        Assert.Equal(StatusCode.Aborted, (await Assert.ThrowsAsync<RpcException>(() => world.SettleAsync(_ => false))).StatusCode);
        Assert.Equal(ApplianceRow.Doubled, (await world.Store.FindApplianceAsync(Scope.Provider, world.ApplianceId, CancellationToken.None))!.State);
    }

    [Fact]
    public async Task A_conversation_begins_with_one_hello()
    {
        await using LinkWorld world = await LinkWorld.CreateAsync();
        LinkSession Session() => new(world.Store, world.ApplianceId, LinkWorld.Serial, _ => Task.CompletedTask);
        var hello = new ApplianceMessage { Hello = new LinkHello { ProtocolVersion = 1, ResumeToken = Google.Protobuf.ByteString.CopyFrom(1) } };
        Assert.Equal(StatusCode.InvalidArgument, await StatusOf(Session(), new ApplianceMessage { Status = new FleetApplianceStatus() }));
        Assert.Equal(StatusCode.InvalidArgument, await StatusOf(Session(), hello, hello));
        Assert.Equal(StatusCode.FailedPrecondition, await StatusOf(Session(), new ApplianceMessage { Hello = new LinkHello { ProtocolVersion = 2 } }));
        Assert.Equal(StatusCode.InvalidArgument, await StatusOf(Session(), hello, new ApplianceMessage { Report = new CommandReport { Id = "x", Revision = 1, State = "cancelled" } }));
        Assert.Equal(StatusCode.OK, await StatusOf(Session(), hello, new ApplianceMessage()));
    }

    private static async Task<StatusCode> StatusOf(LinkSession session, params ApplianceMessage[] messages)
    {
        try
        {
            foreach (ApplianceMessage message in messages)
            {
                await session.ReceiveAsync(message, CancellationToken.None);
            }

            return StatusCode.OK;
        }
        catch (RpcException error)
        {
            return error.StatusCode;
        }
    }

    // Three commands and four alerts, some of them before the first connection. Returns how many messages that took.
    private static async Task<int> RunAsync(Func<int, bool> isCut, Func<int, bool>? crashesAfter = null, bool worksWhileAway = false)
    {
        await using LinkWorld world = await LinkWorld.CreateAsync(worksWhileAway);
        world.Deeds.CrashesAfter = crashesAfter ?? (_ => false);
        world.Raise("a");
        world.Raise("b");
        var ordered = new List<string>();
        for (int i = 0; i < Commands; i++)
        {
            ordered.Add(await world.OrderBackupAsync($"/{i}"));
        }

        await world.SettleAsync(isCut);
        world.Raise("c");
        world.Raise("d");
        await world.SettleAsync(isCut);
        Assert.Equal(ordered, world.Deeds.Done);
        Assert.Equal(["a", "b", "c", "d"], await world.AlertsThereAsync());
        foreach (string id in ordered)
        {
            CommandRow command = await world.CommandAsync(id);
            Assert.Equal(("done", "made"), (command.State, command.Detail));
        }

        Assert.Empty(world.Ledger.Unreported(10));
        return world.Steps;
    }
}
