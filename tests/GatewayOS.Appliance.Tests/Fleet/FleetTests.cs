using System.Security.Cryptography;
using GatewayOS.Appliance.Fleet;
using GatewayOS.Appliance.Policies;
using GatewayOS.Store.Storage;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Appliance.Tests.Fleet;

/// <summary>What the appliance keeps of a fleet, and what it lets a control plane do.</summary>
public sealed class FleetTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new("fleet");
    private readonly ManualClock _clock = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void A_command_is_taken_once_however_often_and_late_it_is_sent()
    {
        using CommandLedger ledger = Ledger("a");
        Assert.True(ledger.Take(Command(1)));
        Assert.True(ledger.Take(Command(2)));
        Assert.True(ledger.Take(Command(1)));
        Assert.Equal([1L, 2L], ledger.Unreported(10).Select(command => command.Sequence));
        ledger.Put(Command(1).Id, CommandState.Done);
        Assert.Equal(2L, ledger.Next()!.Sequence);

        // Of one that is not kept any more the number tells.
        _clock.Now += CommandLedger.KeepMax + TimeSpan.FromDays(1);
        ledger.Reported(Command(1).Id, 2);
        ledger.Begin("a");
        Assert.True(ledger.Take(Command(1)));
        Assert.Equal([2L], ledger.List(10).Select(command => command.Sequence));
    }

    [Fact]
    public void Where_a_command_stands_is_told_until_it_is_known_there()
    {
        using CommandLedger ledger = Ledger("a");
        ledger.Take(Command(1));
        ledger.Put(Command(1).Id, CommandState.Done, "made", reply: [7]);
        ledger.Reported(Command(1).Id, 1);
        LedgerCommand untold = ledger.Unreported(10).Single();
        Assert.Equal((2L, CommandState.Done, "made"), (untold.Revision, untold.State, untold.Detail));
        ledger.Reported(Command(1).Id, 2);
        Assert.Empty(ledger.Unreported(10));
        ledger.Take(Command(1));
        Assert.Single(ledger.Unreported(10));
    }

    [Fact]
    public void Another_fleet_begins_with_an_empty_ledger()
    {
        using CommandLedger ledger = Ledger("a");
        ledger.Take(Command(5));
        ledger.Begin("a");
        Assert.NotNull(ledger.Next());
        ledger.Begin("b");
        Assert.Null(ledger.Next());
        Assert.True(ledger.Take(Command(1)));
        Assert.Equal(1L, ledger.Next()!.Sequence);
    }

    [Fact]
    public void No_more_commands_are_taken_than_can_be_kept()
    {
        using CommandLedger ledger = Ledger("a");
        for (int i = 1; i <= CommandLedger.OpenMax; i++)
        {
            Assert.True(ledger.Take(Command(i)));
        }

        Assert.False(ledger.Take(Command(CommandLedger.OpenMax + 1)));
        ledger.Put(Command(1).Id, CommandState.Done);
        Assert.True(ledger.Take(Command(CommandLedger.OpenMax + 1)));
    }

    [Theory]
    [InlineData("backup", "Backup", false)]
    [InlineData("restore", "Restore", false)]
    [InlineData("set-policy", "Policy", false)]
    [InlineData("assign-policy", "Policy", false)]
    [InlineData("update", "Update", false)]
    [InlineData("gc", "Maintenance", false)]
    [InlineData("something newer", "Maintenance", false)]
    [InlineData("preview-policy", "Policy", true)]
    public void What_is_forbidden_is_refused_and_nothing_else(string kind, string forbidden, bool may)
    {
        CommandClass of = Enum.Parse<CommandClass>(forbidden);
        Assert.Equal(may, new FleetRules([of], []).Refusal(kind, () => true) is null);
        Assert.Null(new FleetRules([.. Enum.GetValues<CommandClass>().Where(other => other != of)], []).Refusal(kind, () => false));
        Assert.Null(FleetRules.None.Refusal(kind, () => false));
    }

    [Fact]
    public void Presence_is_taken_for_one_command_that_needs_it_and_for_no_other()
    {
        int taken = 0;
        var rules = new FleetRules([CommandClass.Policy], [CommandClass.Restore]);
        Assert.Null(rules.Refusal("backup", Use));
        Assert.NotNull(rules.Refusal("set-policy", Use));
        Assert.Equal(0, taken);
        Assert.Null(rules.Refusal("restore", Use));
        Assert.Contains("stands before", rules.Refusal("restore", Use), StringComparison.Ordinal);

        bool Use() => taken++ == 0;
    }

    [Theory]
    [InlineData(null, null, true)]
    [InlineData(null, "30d", true)]
    [InlineData("30d", "30d", true)]
    [InlineData("30d", "60d", true)]
    [InlineData("30d", "29d", false)]
    [InlineData("30d", null, false)]
    public void A_retention_lock_is_not_made_less(string? present, string? proposed, bool may) => Assert.Equal(may, FleetRules.Refusal(PolicyThatLocks(present), PolicyThatLocks(proposed)) is null);

    [Theory]
    [InlineData(null, true)]
    [InlineData("30d", false)]
    public void Nobody_is_taken_off_a_policy_that_locks(string? held, bool may) => Assert.Equal(may, FleetRules.RefusalToLeave(PolicyThatLocks(held)) is null);

    [Fact]
    public void Rules_and_membership_outlive_a_restart_and_damage_is_no_permission()
    {
        var state = new StateDirectory(_scratch["state"]);
        new FleetRulesFile(state).Set(new FleetRules([CommandClass.Restore], [CommandClass.Policy]));
        Assert.Equal([CommandClass.Restore], new FleetRulesFile(state).Current.Forbidden);
        File.WriteAllText(state.PathOf("fleet-rules.json"), "{");
        Assert.Throws<InvalidDataException>(() => new FleetRulesFile(state));

        var membership = new FleetMembershipFile(state);
        membership.Join(new FleetMembership { Address = "a", ControlPlane = "c", Tenant = "t", ApplianceId = "1", CaPem = "", KeyPem = "", CertificatePem = "", ResumeToken = [1] });
        membership.Update("another", present => present with { ResumeToken = [2] });
        membership.Update("1", present => present with { ResumeToken = [3] });
        Assert.Equal([3], new FleetMembershipFile(state).Current!.ResumeToken);
        membership.Leave();
        Assert.Null(new FleetMembershipFile(state).Current);
    }

    [Fact]
    public void Waits_grow_to_a_limit_and_differ_between_appliances()
    {
        var one = new ReconnectDelay(1);
        TimeSpan[] waits = [.. Enumerable.Range(0, 20).Select(_ => one.Next())];
        Assert.InRange(waits[0], ReconnectDelay.First / 2, ReconnectDelay.First);
        Assert.All(waits, wait => Assert.True(wait <= ReconnectDelay.Max));
        Assert.InRange(waits[^1], ReconnectDelay.Max / 2, ReconnectDelay.Max);
        one.Reset();
        Assert.InRange(one.Next(), ReconnectDelay.First / 2, ReconnectDelay.First);

        // After an outage a thousand come over minutes, not at once.
        TimeSpan[] late = [.. Enumerable.Range(0, 1000).Select(appliance => new ReconnectDelay(BitConverter.ToInt32(SHA256.HashData(BitConverter.GetBytes(appliance))))).Select(delay => Enumerable.Range(0, 15).Select(_ => delay.Next()).ToArray()[^1])];
        Assert.True(late.GroupBy(wait => (int)wait.TotalSeconds).Max(second => second.Count()) < 30);
    }

    private static LedgerCommand Command(long sequence) => new()
    {
        Id = sequence.ToString("x32", System.Globalization.CultureInfo.InvariantCulture),
        Sequence = sequence,
        Kind = "backup",
        Order = [1],
        OrderedBy = "me",
        Expires = DateTimeOffset.MaxValue,
    };

    private Policy? PolicyThatLocks(string? held)
    {
        const string Document = """{"name": "p", "sources": ["/etc"], "schedule": {"every": "1h"}, "retention": {"daily": 7, "lock": "HELD"}}""";
        Policy? policy = PolicyDocument.Read(held is null ? Document.Replace(", \"lock\": \"HELD\"", "", StringComparison.Ordinal) : Document.Replace("HELD", held, StringComparison.Ordinal), _clock.GetUtcNow()).Policy;
        return Assert.IsType<Policy>(policy);
    }

    private CommandLedger Ledger(string applianceId)
    {
        var ledger = new CommandLedger(_scratch["fleet.db"], _clock);
        ledger.Begin(applianceId);
        return ledger;
    }
}
