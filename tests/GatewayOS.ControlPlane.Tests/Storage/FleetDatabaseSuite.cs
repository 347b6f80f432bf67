using System.Security.Cryptography;
using GatewayOS.Api;
using GatewayOS.ControlPlane.Storage;
using GatewayOS.TestKit.Simulated;

namespace GatewayOS.ControlPlane.Tests.Storage;

/// <summary>What holds for a fleet's store, whichever database keeps it.</summary>
public abstract class FleetDatabaseSuite : IAsyncLifetime
{
    private static readonly byte[] s_key = [1, 2, 3];
    private static readonly byte[] s_secret = RandomNumberGenerator.GetBytes(20);

    private readonly SimulatedClock _clock = new(new DateTimeOffset(2026, 11, 27, 6, 0, 0, TimeSpan.Zero));
    private IFleetDatabase _database = null!;
    private FleetStore _store = null!;

    public async Task InitializeAsync()
    {
        _database = Open(_clock);
        await FleetSchema.MigrateAsync(_database, CancellationToken.None);
        _store = new FleetStore(_database, _clock);
    }

    public virtual async Task DisposeAsync() => await _database.DisposeAsync();

    [Fact]
    public async Task Migrations_are_applied_once()
    {
        await FleetSchema.MigrateAsync(_database, CancellationToken.None);
        Assert.Equal(["1", "2"], await _database.TransactAsync(transaction => transaction.AllAsync("SELECT version FROM schema_version", row => row.GetInt64(0).ToString(System.Globalization.CultureInfo.InvariantCulture)), CancellationToken.None));
    }

    [Fact]
    public async Task A_newer_database_is_not_touched()
    {
        await _database.TransactAsync(transaction => transaction.RunAsync("INSERT INTO schema_version VALUES (9999)"), CancellationToken.None);
        Assert.Contains("9999", (await Assert.ThrowsAsync<InvalidDataException>(() => FleetSchema.MigrateAsync(_database, CancellationToken.None))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_fails_within_a_transaction_leaves_nothing_and_signals_nothing()
    {
        var signals = new List<string>();
        _database.Signalled += signals.Add;
        await Assert.ThrowsAsync<InvalidOperationException>(() => _database.TransactAsync<bool>(
            async transaction =>
            {
                await transaction.RunAsync("INSERT INTO tenant VALUES ('t', 'name', 0)");
                transaction.Signals.Add("appliance");
                throw new InvalidOperationException();
            },
            CancellationToken.None));
        Assert.Empty(await _store.TenantsAsync(Scope.Provider, CancellationToken.None));
        Assert.Empty(signals);
    }

    [Fact]
    public async Task A_claim_code_takes_one_appliance_in()
    {
        string tenant = await TenantAsync();
        string claim = await ClaimAsync(tenant);
        Assert.Equal(ClaimOutcome.Unknown, (await UseAsync(claim, s_key, secret: new byte[20])).Outcome);
        Assert.Equal(ClaimOutcome.Unknown, (await UseAsync("no-such-code", s_key)).Outcome);
        (ClaimOutcome outcome, string id, string whose) = await UseAsync(claim, s_key);
        Assert.Equal((ClaimOutcome.Taken, tenant), (outcome, whose));
        Assert.Equal(ClaimOutcome.Used, (await UseAsync(claim, [9])).Outcome);

        // The answer was lost: the same key is the same appliance. Once it was heard, nobody asks again.
        Assert.Equal((ClaimOutcome.Taken, id, tenant), await UseAsync(claim, s_key, resume: [8]));
        Assert.Equal(AttendOutcome.Welcome, await AttendAsync(id, "c1", [8], [9], "s1"));
        Assert.Equal(ClaimOutcome.Used, (await UseAsync(claim, s_key)).Outcome);
        Assert.Equal(id, (await _store.ClaimsAsync(Scope.Provider, CancellationToken.None)).Single().UsedBy);
    }

    [Fact]
    public async Task A_claim_code_expires()
    {
        string claim = await ClaimAsync(await TenantAsync());
        _clock.Advance(TimeSpan.FromDays(8));
        Assert.Equal(ClaimOutcome.Expired, (await UseAsync(claim, s_key)).Outcome);
    }

    [Fact]
    public async Task Appliances_of_one_name_are_told_apart()
    {
        string tenant = await TenantAsync();
        await JoinAsync(tenant);
        await JoinAsync(tenant);
        List<ApplianceRow> both = await _store.AppliancesAsync(new Scope(tenant), CancellationToken.None);
        Assert.Equal(2, both.Select(appliance => appliance.Name).Distinct().Count());
        Assert.NotNull(await _store.FindApplianceAsync(new Scope(tenant), "gw", CancellationToken.None));
    }

    [Fact]
    public async Task The_resume_token_moves_on_when_it_is_confirmed_and_an_old_one_is_a_second_appliance()
    {
        string id = await JoinAsync(await TenantAsync());
        Assert.Equal(AttendOutcome.Welcome, await AttendAsync(id, "c1", [1], [2], "s1"));

        // Not confirmed: the appliance may have stored it or not.
        Assert.Equal(AttendOutcome.Welcome, await AttendAsync(id, "c1", [1], [3], "s2"));
        Assert.Equal(AttendOutcome.Welcome, await AttendAsync(id, "c1", [3], [4], "s3"));
        await _store.ConfirmAsync(id, "s2", CancellationToken.None);
        Assert.Equal(AttendOutcome.Welcome, await AttendAsync(id, "c1", [3], [5], "s4"));
        await _store.ConfirmAsync(id, "s4", CancellationToken.None);
        Assert.Null(await _store.ProblemOfAsync("c1", id, CancellationToken.None));

        Assert.Equal(AttendOutcome.Doubled, await AttendAsync(id, "c1", [3], [6], "s5"));
        Assert.Equal(AttendOutcome.Refused, await AttendAsync(id, "c1", [5], [7], "s6"));
        Assert.Contains("Two appliances", await _store.ProblemOfAsync("c1", id, CancellationToken.None), StringComparison.Ordinal);
        Assert.Equal(ApplianceRow.Doubled, (await _store.FindApplianceAsync(Scope.Provider, id, CancellationToken.None))!.State);
        Assert.Contains(await _store.AuditAsync(Scope.Provider, CancellationToken.None), record => record is { Outcome: "failed" } && record.Detail.Contains("resume token", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_certificate_is_replaced_when_the_next_is_first_used_and_not_before()
    {
        string id = await JoinAsync(await TenantAsync());
        _clock.Advance(TimeSpan.FromMinutes(1));
        await _store.AddCertificateAsync("c2", id, _clock.GetUtcNow() + TimeSpan.FromDays(30), CancellationToken.None);
        Assert.Null(await _store.ProblemOfAsync("c1", id, CancellationToken.None));
        await AttendAsync(id, "c2", [1], [2], "s1");
        Assert.Contains("replaced", await _store.ProblemOfAsync("c1", id, CancellationToken.None), StringComparison.Ordinal);
        Assert.Null(await _store.ProblemOfAsync("c2", id, CancellationToken.None));
        Assert.NotNull(await _store.ProblemOfAsync("c2", "another", CancellationToken.None));
    }

    [Fact]
    public async Task A_revoked_appliance_is_heard_no_more_and_its_commands_are_called_off()
    {
        string tenant = await TenantAsync();
        string id = await JoinAsync(tenant);
        await AttendAsync(id, "c1", [1], [2], "s1");
        CommandRow command = (await OrderAsync(id))!;
        Assert.True(await _store.RevokeAsync(new Scope(tenant), id, CancellationToken.None));
        Assert.NotNull(await _store.ProblemOfAsync("c1", id, CancellationToken.None));
        Assert.Null(await _store.PendingAsync(id, "s1", 0, 10, CancellationToken.None));
        Assert.False(await _store.SaveStatusAsync(id, "s1", new FleetApplianceStatus(), CancellationToken.None));
        Assert.Equal(CommandRow.Cancelled, (await _store.FindCommandAsync(Scope.Provider, command.Id, CancellationToken.None))!.State);
        Assert.Null(await OrderAsync(id));
    }

    [Fact]
    public async Task An_appliance_that_leaves_is_heard_no_more_and_it_is_said_that_it_left()
    {
        string tenant = await TenantAsync();
        string id = await JoinAsync(tenant);
        await AttendAsync(id, "c1", [1], [2], "s1");
        CommandRow command = (await OrderAsync(id))!;
        await _store.DepartAsync(id, CancellationToken.None);
        await _store.DepartAsync(id, CancellationToken.None);
        Assert.Contains("left", await _store.ProblemOfAsync("c1", id, CancellationToken.None), StringComparison.Ordinal);
        Assert.Null(await _store.PendingAsync(id, "s1", 0, 10, CancellationToken.None));
        Assert.Equal(CommandRow.Cancelled, (await _store.FindCommandAsync(Scope.Provider, command.Id, CancellationToken.None))!.State);
        Assert.Equal(ApplianceRow.Left, (await _store.FindApplianceAsync(Scope.Provider, id, CancellationToken.None))!.State);
        Assert.Single(await _store.AuditAsync(new Scope(tenant), CancellationToken.None), record => record.Method == "gatewayos.v1.FleetLink/Leave");
    }

    [Fact]
    public async Task Another_authority_than_the_first_is_not_the_fleets()
    {
        Assert.True(await _store.HoldsAuthorityAsync([1], CancellationToken.None));
        Assert.False(await _store.HoldsAuthorityAsync([2], CancellationToken.None));
        Assert.True(await _store.HoldsAuthorityAsync([1], CancellationToken.None));
    }

    [Fact]
    public async Task The_first_token_is_published_before_it_counts_and_there_is_one()
    {
        var token = new TokenRow("first", "", "administrator", "first", SHA256.HashData(s_secret), _clock.GetUtcNow() + TimeSpan.FromDays(1), Revoked: false);
        await Assert.ThrowsAsync<IOException>(() => _store.AddFirstTokenAsync(token, () => throw new IOException(), CancellationToken.None));
        Assert.Null(await _store.CheckTokenAsync("first", s_secret, CancellationToken.None));
        Assert.True(await _store.AddFirstTokenAsync(token, () => { }, CancellationToken.None));
        Assert.False(await _store.AddFirstTokenAsync(token with { Id = "second" }, () => throw new IOException(), CancellationToken.None));
        Assert.NotNull(await _store.CheckTokenAsync("first", s_secret, CancellationToken.None));
    }

    [Fact]
    public async Task Commands_are_numbered_in_order_and_told_to_the_newest_stream_alone()
    {
        string id = await JoinAsync(await TenantAsync());
        await AttendAsync(id, "c1", [1], [2], "s1");
        CommandRow?[] ordered = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => OrderAsync(id)));
        Assert.Equal(Enumerable.Range(1, 20).Select(number => (long)number), ordered.Select(command => command!.Sequence).Order());
        List<CommandRow> pending = (await _store.PendingAsync(id, "s1", 0, 100, CancellationToken.None))!;
        Assert.Equal(Enumerable.Range(1, 20).Select(number => (long)number), pending.Select(command => command.Sequence));
        Assert.Equal([20L], (await _store.PendingAsync(id, "s1", 19, 100, CancellationToken.None))!.Select(command => command.Sequence));
        Assert.Equal("/etc", pending[0].Order.Job.Paths.Single());

        await AttendAsync(id, "c1", [1], [3], "s2");
        Assert.Null(await _store.PendingAsync(id, "s1", 0, 100, CancellationToken.None));
        Assert.Equal(20, (await _store.PendingAsync(id, "s2", 0, 100, CancellationToken.None))!.Count);
    }

    [Fact]
    public async Task A_report_counts_when_it_is_newer()
    {
        string id = await JoinAsync(await TenantAsync());
        CommandRow command = (await OrderAsync(id))!;
        await _store.ReportAsync(id, new CommandReport { Id = command.Id, Revision = 3, State = "done", Detail = "made", Reply = new FleetOrderReply { Job = new JobMessage { Id = "j" } } }, CancellationToken.None);
        await _store.ReportAsync(id, new CommandReport { Id = command.Id, Revision = 2, State = "running" }, CancellationToken.None);
        await _store.ReportAsync("another", new CommandReport { Id = command.Id, Revision = 9, State = "failed" }, CancellationToken.None);
        CommandRow now = (await _store.FindCommandAsync(Scope.Provider, command.Id, CancellationToken.None))!;
        Assert.Equal(("done", "made", "j"), (now.State, now.Detail, now.Reply!.Job.Id));
        Assert.Single(await _store.AuditAsync(Scope.Provider, CancellationToken.None), record => record.Target == $"command:{command.Id}");
    }

    [Fact]
    public async Task What_is_not_fetched_can_be_called_off_and_expires()
    {
        string id = await JoinAsync(await TenantAsync());
        CommandRow first = (await OrderAsync(id))!;
        CommandRow second = (await OrderAsync(id))!;
        CommandRow third = (await OrderAsync(id))!;
        await _store.ReportAsync(id, new CommandReport { Id = third.Id, Revision = 1, State = "accepted" }, CancellationToken.None);
        Assert.Equal(CommandRow.Cancelled, (await _store.CancelAsync(Scope.Provider, first.Id, "me", CancellationToken.None))!.State);
        Assert.Equal("accepted", (await _store.CancelAsync(Scope.Provider, third.Id, "me", CancellationToken.None))!.State);
        _clock.Advance(TimeSpan.FromDays(2));
        Assert.Equal(CommandRow.Expired, (await _store.FindCommandAsync(Scope.Provider, second.Id, CancellationToken.None))!.State);
        Assert.Equal("accepted", (await _store.FindCommandAsync(Scope.Provider, third.Id, CancellationToken.None))!.State);
    }

    [Fact]
    public async Task An_alert_is_kept_once_and_in_order()
    {
        string id = await JoinAsync(await TenantAsync());
        foreach (string key in (string[])["a", "b", "a", "c", "b"])
        {
            await _store.AddAlertAsync(id, key, [1], CancellationToken.None);
        }

        Assert.Equal(["c", "b", "a"], (await _store.AlertsAsync(Scope.Provider, id, CancellationToken.None)).Select(alert => alert.Key));
    }

    [Fact]
    public async Task What_is_old_is_forgotten_and_what_still_waits_is_not()
    {
        string id = await JoinAsync(await TenantAsync());
        await _store.AddAlertAsync(id, "old", [1], CancellationToken.None);
        CommandRow done = (await OrderAsync(id))!;
        CommandRow open = (await OrderAsync(id))!;
        await _store.ReportAsync(id, new CommandReport { Id = done.Id, Revision = 1, State = "done" }, CancellationToken.None);
        await _store.ReportAsync(id, new CommandReport { Id = open.Id, Revision = 1, State = "accepted" }, CancellationToken.None);
        await _store.AddTokenAsync(new TokenRow("t1", "", "viewer", "", SHA256.HashData(s_secret), _clock.GetUtcNow(), Revoked: false), CancellationToken.None);
        TimeSpan keep = TimeSpan.FromDays(100);
        Assert.Equal(0, await _store.ForgetAsync(keep, countMax: 10, CancellationToken.None));
        _clock.Advance(keep + TimeSpan.FromDays(40));
        await _store.AddAlertAsync(id, "new", [1], CancellationToken.None);
        string kept = await _store.NoteAsync("", "me", "method", "", "done", "", CancellationToken.None);
        int gone = 0;
        while (await _store.ForgetAsync(keep, countMax: 1, CancellationToken.None) is > 0 and int some)
        {
            Assert.InRange(some, 1, 6);
            gone += some;
        }

        // An alert, a command, the records of a claim and of a command done, a claim code, a token, a certificate.
        Assert.Equal(7, gone);
        Assert.Equal(["new"], (await _store.AlertsAsync(Scope.Provider, id, CancellationToken.None)).Select(alert => alert.Key));
        Assert.Equal([open.Id], (await _store.CommandsAsync(Scope.Provider, id, CancellationToken.None)).Select(command => command.Id));
        Assert.Equal([kept], (await _store.AuditAsync(Scope.Provider, CancellationToken.None)).Select(record => record.Id));
        Assert.NotNull(await _store.FindApplianceAsync(Scope.Provider, id, CancellationToken.None));
    }

    [Fact]
    public async Task Every_statement_for_people_keeps_to_their_tenant_by_itself()
    {
        string own = await TenantAsync();
        string id = await JoinAsync(own);
        CommandRow command = (await OrderAsync(id))!;
        await _store.AddAlertAsync(id, "a", [1], CancellationToken.None);
        await _store.AddTokenAsync(new TokenRow("t1", own, "viewer", "", SHA256.HashData(s_secret), _clock.GetUtcNow() + TimeSpan.FromDays(1), Revoked: false), CancellationToken.None);
        await AssertSeenAsync(new Scope(await TenantAsync()), isSeen: false, id, command.Id);
        Assert.Equal(CommandRow.Queued, (await _store.FindCommandAsync(new Scope(own), command.Id, CancellationToken.None))!.State);
        Assert.NotNull(await _store.CheckTokenAsync("t1", s_secret, CancellationToken.None));
        await AssertSeenAsync(new Scope(own), isSeen: true, id, command.Id);
    }

    [Fact]
    public async Task A_silent_appliance_does_not_count_as_connected()
    {
        string id = await JoinAsync(await TenantAsync());
        await AttendAsync(id, "c1", [1], [2], "s1");
        Assert.True(await _store.SaveStatusAsync(id, "s1", new FleetApplianceStatus { Name = "gw" }, CancellationToken.None));
        ApplianceRow now = (await _store.FindApplianceAsync(Scope.Provider, id, CancellationToken.None))!;
        Assert.True(now.Connected);
        Assert.Equal("gw", now.Status!.Name);
        _clock.Advance(10 * FleetStore.StatusInterval);
        Assert.False((await _store.FindApplianceAsync(Scope.Provider, id, CancellationToken.None))!.Connected);
    }

    [Fact]
    public async Task A_tokens_time_ends_by_revocation_and_by_itself()
    {
        DateTimeOffset until = _clock.GetUtcNow() + TimeSpan.FromDays(1);
        await _store.AddTokenAsync(new TokenRow("t1", "", "viewer", "", SHA256.HashData(s_secret), until, Revoked: false), CancellationToken.None);
        await _store.AddTokenAsync(new TokenRow("t2", "", "viewer", "", SHA256.HashData(s_secret), until, Revoked: false), CancellationToken.None);
        Assert.NotNull(await _store.CheckTokenAsync("t1", s_secret, CancellationToken.None));
        Assert.Null(await _store.CheckTokenAsync("t1", new byte[20], CancellationToken.None));
        await _store.RevokeTokenAsync(Scope.Provider, "t1", CancellationToken.None);
        Assert.Null(await _store.CheckTokenAsync("t1", s_secret, CancellationToken.None));
        _clock.Advance(TimeSpan.FromDays(1));
        Assert.Null(await _store.CheckTokenAsync("t2", s_secret, CancellationToken.None));
    }

    /// <summary>Opens an empty database.</summary>
    private protected abstract IFleetDatabase Open(TimeProvider time);

    private protected IFleetDatabase Database => _database;

    private protected async Task<string> TenantAsync() => (await _store.AddTenantAsync(Guid.NewGuid().ToString("N"), CancellationToken.None))!;

    private protected async Task<string> JoinAsync(string tenant)
    {
        string id = (await UseAsync(await ClaimAsync(tenant), RandomNumberGenerator.GetBytes(8))).ApplianceId;
        await _store.AddCertificateAsync(await SerialAsync(), id, _clock.GetUtcNow() + TimeSpan.FromDays(30), CancellationToken.None);
        return id;
    }

    private protected Task<CommandRow?> OrderAsync(string appliance) =>
        _store.OrderAsync(Scope.Provider, appliance, "backup", new FleetOrder { Job = new OrderJobRequest { Kind = "backup", Paths = { "/etc" } } }, "me", TimeSpan.FromDays(1), CancellationToken.None);

    private async Task AssertSeenAsync(Scope scope, bool isSeen, string appliance, string command)
    {
        var seen = new Dictionary<string, bool>
        {
            ["find an appliance"] = await _store.FindApplianceAsync(scope, appliance, CancellationToken.None) is not null,
            ["appliances"] = (await _store.AppliancesAsync(scope, CancellationToken.None)).Count > 0,
            ["find a command"] = await _store.FindCommandAsync(scope, command, CancellationToken.None) is not null,
            ["commands"] = (await _store.CommandsAsync(scope, "", CancellationToken.None)).Count > 0,
            ["alerts"] = (await _store.AlertsAsync(scope, "", CancellationToken.None)).Count > 0,
            ["claims"] = (await _store.ClaimsAsync(scope, CancellationToken.None)).Count > 0,
            ["tokens"] = (await _store.TokensAsync(scope, CancellationToken.None)).Count > 0,
            ["audit"] = (await _store.AuditAsync(scope, CancellationToken.None)).Count > 0,
            ["order"] = await _store.OrderAsync(scope, appliance, "verify", new FleetOrder(), "me", TimeSpan.FromDays(1), CancellationToken.None) is not null,
            ["cancel"] = await _store.CancelAsync(scope, command, "me", CancellationToken.None) is { State: CommandRow.Cancelled },
            ["revoke a token"] = await _store.RevokeTokenAsync(scope, "t1", CancellationToken.None) is not null,
            ["revoke an appliance"] = await _store.RevokeAsync(scope, appliance, CancellationToken.None),
        };
        Assert.Equal([], seen.Where(deed => deed.Value != isSeen).Select(deed => deed.Key));
    }

    // c1 for the first appliance of a test, and so on.
    private async Task<string> SerialAsync() =>
        $"c{(await _database.TransactAsync(transaction => transaction.AllAsync("SELECT serial FROM certificate", row => row.GetString(0)), CancellationToken.None)).Count + 1}";

    private async Task<string> ClaimAsync(string tenant)
    {
        string id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6));
        Assert.True(await _store.AddClaimAsync(new ClaimRow(id, tenant, "", "site", "me", _clock.GetUtcNow() + TimeSpan.FromDays(7), ""), SHA256.HashData(s_secret), CancellationToken.None));
        return id;
    }

    private Task<(ClaimOutcome Outcome, string ApplianceId, string Tenant)> UseAsync(string claim, byte[] key, byte[]? secret = null, byte[]? resume = null) =>
        _store.ClaimAsync(claim, secret ?? s_secret, key, "gw", resume ?? [1], CancellationToken.None);

    private Task<AttendOutcome> AttendAsync(string id, string serial, byte[] presented, byte[] next, string session) => _store.AttendAsync(id, serial, presented, next, session, CancellationToken.None);
}
