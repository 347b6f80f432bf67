using GatewayOS.Appliance.Alerts;
using GatewayOS.Appliance.Keys;
using GatewayOS.Appliance.Jobs;
using GatewayOS.Appliance.Nodes;
using GatewayOS.Appliance.Policies;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;
using GatewayOS.Store.Trees;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Appliance.Tests.Alerts;

/// <summary>When alerts are raised and when not.</summary>
public sealed class CheckTests : IDisposable
{
    private const long Gib = 1L << 30;
    private static readonly DateTimeOffset s_noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly ScratchDirectory _scratch = new("checks");
    private readonly AlertSinkProbe _sink = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void A_forecast_needs_a_history()
    {
        Assert.Null(CapacityForecast.Of([]).Days);
        Assert.Null(CapacityForecast.Of(Fill(days: 2, perDay: Gib)).Days);
        Assert.Null(CapacityForecast.Of(Fill(days: 10, perDay: Gib, perDaySamples: 1)).Days);
    }

    [Fact]
    public void A_disk_that_fills_evenly_is_full_when_it_will_be()
    {
        CapacityForecast forecast = CapacityForecast.Of(Fill(days: 10, perDay: Gib));
        Assert.Equal(40, forecast.Days!.Value, 3);
        Assert.Equal(double.PositiveInfinity, CapacityForecast.Of(Fill(days: 10, perDay: 0)).Days);
        Assert.Equal(double.PositiveInfinity, CapacityForecast.Of(Fill(days: 10, perDay: -Gib)).Days);
    }

    [Fact]
    public void A_larger_disk_begins_a_new_history() =>
        Assert.Null(CapacityForecast.Of([.. Fill(days: 10, perDay: Gib), new CapacitySample(s_noon.AddDays(11), 10 * Gib, 100 * Gib)]).Days);

    [Theory]
    [InlineData(10, 40.0, null)]
    [InlineData(10, 20.0, AlertSeverity.Warning)]
    [InlineData(10, 5.0, AlertSeverity.Critical)]
    [InlineData(96, null, AlertSeverity.Critical)]
    [InlineData(50, null, null)]
    [InlineData(50, double.PositiveInfinity, null)]
    public void Capacity_is_judged_by_days_left_and_share(int percent, double? days, AlertSeverity? expected)
    {
        new ApplianceChecks(_sink).Capacity(new CapacitySample(s_noon, percent * Gib, 100 * Gib), new CapacityForecast(days, 1, TimeSpan.FromDays(10)));
        Assert.Equal(expected, _sink.Standing(AlertKind.CapacityForecast, "store")?.Severity);
    }

    [Fact]
    public void A_node_is_overdue_after_three_cycles()
    {
        var checks = new ApplianceChecks(_sink);
        NodeRecord node = Node(NodeState.Active);
        checks.Backup(node, s_noon, TimeSpan.FromDays(1), s_noon.AddDays(3));
        Assert.Null(_sink.Standing(AlertKind.BackupOverdue, node.Id));
        checks.Backup(node, s_noon, cycle: null, s_noon.AddDays(300));
        Assert.Null(_sink.Standing(AlertKind.BackupOverdue, node.Id));
        checks.Backup(node, s_noon, TimeSpan.FromDays(1), s_noon.AddDays(3.1));
        Assert.Equal(AlertSeverity.Warning, _sink.Standing(AlertKind.BackupOverdue, node.Id)!.Severity);
        checks.Backup(node with { State = NodeState.Revoked }, s_noon, TimeSpan.FromDays(1), s_noon.AddDays(3.1));
        Assert.Null(_sink.Standing(AlertKind.BackupOverdue, node.Id));
    }

    [Fact]
    public void A_node_with_a_policy_is_overdue_when_three_of_its_runs_brought_nothing()
    {
        var clock = new ManualClock { Now = s_noon };
        var book = new PolicyBook(new StateDirectory(_scratch.Path), clock);
        Assert.Empty(book.Set("""{"name": "p", "sources": ["/x"], "schedule": {"every": "4h", "zone": "UTC"}}""", 0, "test").Errors);
        NodeRecord node = Node(NodeState.Active);
        Assert.Empty(book.Assign("p", node.Id, follows: true).Errors);
        Assert.Null(Protection.Overdue(node, book, [], 3, s_noon.AddHours(12.4)));
        Assert.Equal(("p", s_noon), Protection.Overdue(node, book, [], 3, s_noon.AddHours(12.6)));
        SnapshotRecord made = Snapshot(0, Ordinary(0)) with { FinishedUtc = s_noon.AddHours(1) };
        made = made with { Draft = made.Draft with { Tags = ["policy=p"] } };
        Assert.Null(Protection.Overdue(node, book, [made], 3, s_noon.AddHours(12.4)));
        Assert.Equal(("p", made.FinishedUtc), Protection.Overdue(node, book, [made], 3, s_noon.AddHours(12.6)));
        var checks = new ApplianceChecks(_sink);
        checks.Backup(node, ("p", s_noon), s_noon.AddHours(13));
        Assert.Contains("policy 'p'", _sink.Standing(AlertKind.BackupOverdue, node.Id)!.Summary, StringComparison.Ordinal);
        checks.Backup(node, overdue: null, s_noon.AddHours(14));
        Assert.Empty(_sink.All);
        clock.Now = s_noon.AddHours(12);
        Assert.Empty(book.Set("""{"name": "p", "sources": ["/x"], "schedule": {"every": "4h", "zone": "UTC"}, "enabled": false}""", 1, "test").Errors);
        Assert.Null(Protection.Overdue(node, book, [], 3, s_noon.AddDays(30)));
    }

    [Fact]
    public void A_rhythm_is_the_median_gap()
    {
        Assert.Null(ApplianceChecks.RhythmOf([s_noon, s_noon.AddDays(-1), s_noon.AddDays(-2)]));
        Assert.Equal(TimeSpan.FromDays(1), ApplianceChecks.RhythmOf([s_noon, s_noon.AddDays(-1), s_noon.AddDays(-2), s_noon.AddDays(-30), s_noon.AddDays(-31)]));
    }

    [Fact]
    public void A_jump_of_the_clock_is_seen_both_ways()
    {
        var checks = new ApplianceChecks(_sink);
        checks.Clock(TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(5));
        Assert.Null(_sink.Standing(AlertKind.ClockDrift, "appliance"));
        checks.Clock(TimeSpan.FromMinutes(65), TimeSpan.FromMinutes(5));
        Assert.NotNull(_sink.Standing(AlertKind.ClockDrift, "appliance"));
        checks.Clock(TimeSpan.FromMinutes(-60), TimeSpan.FromMinutes(5));
        Assert.NotNull(_sink.Standing(AlertKind.ClockDrift, "appliance"));
    }

    [Fact]
    public void Certificates_are_watched()
    {
        var checks = new ApplianceChecks(_sink);
        NodeRecord node = Node(NodeState.Active) with { CertificateExpires = s_noon.AddDays(4), LastSeen = s_noon.AddDays(-3) };
        checks.Certificates(s_noon.AddDays(1000), [node], s_noon);
        Assert.NotNull(_sink.Standing(AlertKind.CertificateExpiry, node.Id));
        Assert.Null(_sink.Standing(AlertKind.CertificateExpiry, "appliance"));
        checks.Certificates(s_noon.AddDays(30), [node with { LastSeen = s_noon }], s_noon);
        Assert.Null(_sink.Standing(AlertKind.CertificateExpiry, node.Id));
        Assert.Equal(AlertSeverity.Critical, _sink.Standing(AlertKind.CertificateExpiry, "appliance")!.Severity);
    }

    [Fact]
    public void An_appliance_whose_key_is_a_file_warns_and_another_machine_does_not()
    {
        var checks = new ApplianceChecks(_sink);
        checks.StoreKey(new StoreKey([], KeyPlace.File, "in a file"), isAppliance: false);
        Assert.Null(_sink.Standing(AlertKind.StoreKey, "store"));
        checks.StoreKey(new StoreKey([], KeyPlace.File, "in a file", "It refuses."), isAppliance: true);
        Assert.Equal(AlertSeverity.Warning, _sink.Standing(AlertKind.StoreKey, "store")!.Severity);
        Assert.EndsWith("It refuses.", _sink.Standing(AlertKind.StoreKey, "store")!.Summary, StringComparison.Ordinal);
        checks.StoreKey(new StoreKey([], KeyPlace.Sealed, "sealed"), isAppliance: true);
        Assert.Null(_sink.Standing(AlertKind.StoreKey, "store"));
    }

    [Fact]
    public void Encryption_of_everything_is_an_anomaly() => Assert.Equal(3, AnomalyRadar.Judge(Encrypted(), History(20))!.Reasons.Count);

    [Fact]
    public void Ordinary_days_are_none()
    {
        SnapshotCounts[] history = History(20);
        Assert.All(Enumerable.Range(20, 50), day => Assert.Null(AnomalyRadar.Judge(Ordinary(day), history)));
    }

    [Fact]
    public void An_upgrade_or_a_folder_of_films_alone_is_none()
    {
        Assert.Null(AnomalyRadar.Judge(Encrypted() with { StoredBytes = Encrypted().NewBytes * 45 / 100 }, History(20)));
        Assert.Null(AnomalyRadar.Judge(Ordinary(1) with { FilesNew = 30, NewBytes = 300 << 20, StoredBytes = 300 << 20 }, History(20)));
    }

    [Fact]
    public void Without_a_history_nothing_is_an_anomaly() => Assert.Null(AnomalyRadar.Judge(Encrypted(), History(AnomalyRadar.HistoryMin - 1)));

    [Fact]
    public void One_odd_day_before_does_not_blind_it()
    {
        SnapshotCounts[] history = History(20);
        history[5] = Encrypted();
        Assert.NotNull(AnomalyRadar.Judge(Encrypted(), history));
    }

    [Fact]
    public void An_anomaly_holds_what_was_before_once_and_a_release_stands_after_a_restart()
    {
        var state = new StateDirectory(_scratch.Path);
        var clock = new ManualClock();
        SnapshotRecord[] records = [.. Enumerable.Range(0, 20).Select(day => Snapshot(day, Ordinary(day))), Snapshot(20, Encrypted())];
        using (var centre = new AlertCentre(_scratch["alerts.db"], "test", () => [], Assert.Fail, clock))
        {
            var holds = new SnapshotHolds(state, clock);
            var watch = new SnapshotWatch(centre, holds);
            watch.Look(records[..20], id => id);
            Assert.Empty(holds.All);
            watch.Look(records, id => id);
            Assert.All(records[..20], record => Assert.NotNull(holds.HoldOf(record)));
            Assert.Null(holds.HoldOf(records[20]));
            Assert.Equal(AlertKind.Anomaly, Assert.Single(centre.List(false, 10)).Event.Kind);
            holds.Release("node1");
        }

        using var again = new AlertCentre(_scratch["alerts.db"], "test", () => [], Assert.Fail, clock);
        var after = new SnapshotHolds(state, clock);
        new SnapshotWatch(again, after).Look(records, id => id);
        Assert.Empty(after.All);
    }

    [Fact]
    public void A_node_whose_clock_is_ahead_is_named()
    {
        using var centre = new AlertCentre(_scratch["alerts.db"], "test", () => [], Assert.Fail, new ManualClock());
        var watch = new SnapshotWatch(centre, new SnapshotHolds(new StateDirectory(_scratch.Path), new ManualClock()));
        SnapshotRecord ahead = Snapshot(0, Ordinary(0));
        watch.Look([ahead with { Draft = ahead.Draft with { StartedUtc = ahead.FinishedUtc.AddHours(1) } }], id => id);
        Assert.Equal(AlertKind.ClockDrift, Assert.Single(centre.List(false, 10)).Event.Kind);
        watch.Look([Snapshot(1, Ordinary(1))], id => id);
        Assert.Empty(centre.List(false, 10));
    }

    private static SnapshotCounts[] History(int days) => [.. Enumerable.Range(0, days).Select(Ordinary)];

    // A thousand files of a mebibyte; some change each day, and text compresses.
    private static SnapshotCounts Ordinary(int day)
    {
        var random = new Random(day);
        long changed = random.Next(5, 40);
        return new SnapshotCounts { Files = 1000, FilesChanged = changed, Bytes = 1000L << 20, NewBytes = changed << 20, StoredBytes = (long)((changed << 20) * (0.35 + (random.NextDouble() * 0.2))) };
    }

    private static SnapshotCounts Encrypted() => new() { Files = 1000, FilesNew = 900, Bytes = 1000L << 20, NewBytes = 900L << 20, StoredBytes = 900L << 20 };

    private static NodeRecord Node(NodeState state) => new() { Id = "id1", Name = "node1", State = state, KeyHash = "00000000", Asked = s_noon };

    private static SnapshotRecord Snapshot(int day, SnapshotCounts counts) => new()
    {
        Id = day.ToString("x64", System.Globalization.CultureInfo.InvariantCulture),
        FinishedUtc = s_noon.AddDays(day),
        ProgramVersion = "",
        Draft = new SnapshotDraft { Host = "h", NodeId = "node1", Sources = ["/"], StartedUtc = s_noon.AddDays(day), Root = ContentRef.Empty, Counts = counts },
    };

    private static CapacitySample[] Fill(int days, long perDay, int perDaySamples = 4) =>
        [.. Enumerable.Range(0, (days * perDaySamples) + 1).Select(sample => new CapacitySample(s_noon.AddDays((double)sample / perDaySamples), (50 * Gib) - (perDay * days) + (perDay * sample / perDaySamples), 90 * Gib))];
}
