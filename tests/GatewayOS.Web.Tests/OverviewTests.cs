using GatewayOS.Appliance.Alerts;
using GatewayOS.Appliance.Jobs;
using GatewayOS.Appliance.Nodes;
using GatewayOS.Appliance.Raid;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Trees;
using GatewayOS.Web.Overview;

namespace GatewayOS.Web.Tests;

/// <summary>What the overview makes of what is known.</summary>
public sealed class OverviewTests
{
    private static readonly DateTimeOffset s_now = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Every_node_protected_is_the_only_way_to_good()
    {
        Assert.Equal(("ok", "protected"), Kind(VerdictOf.All(null, [Node("a", ProtectionVerdict.Protected)], [], [])));
        Assert.Equal(("unknown", "no-nodes"), Kind(VerdictOf.All(null, [], [], [])));
        Assert.Equal(("critical", "store-unreadable"), Kind(VerdictOf.All("gone", [], [], [])));
    }

    [Fact]
    public void The_gravest_comes_first_and_says_what_to_do()
    {
        Protection[] nodes = [Node("a", ProtectionVerdict.Protected), Node("b", ProtectionVerdict.Late), Node("c", ProtectionVerdict.Unprotected), Node("d", ProtectionVerdict.Unprotected)];
        AlertRecord critical = Alert(AlertSeverity.Critical);
        Assert.Equal(("critical", "alert"), Kind(VerdictOf.All(null, nodes, [], [critical])));

        // Somebody sees to it: the next in line is shown.
        OverviewVerdict verdict = VerdictOf.All(null, nodes, [], [critical with { AcknowledgedBy = "vera" }]);
        Assert.Equal(("critical", "unprotected"), Kind(verdict));
        Assert.Equal("2 of 4 nodes are not protected: c, d.", verdict.Text);
        Assert.Equal("because", verdict.Remedy);
        Assert.Equal(("warning", "late"), Kind(VerdictOf.All(null, nodes[..2], [], [Alert(AlertSeverity.Warning)])));
        Assert.Equal(("warning", "alert"), Kind(VerdictOf.All(null, nodes[..1], [], [Alert(AlertSeverity.Warning)])));
        Assert.Equal(("ok", "protected"), Kind(VerdictOf.All(null, nodes[..1], [], [Alert(AlertSeverity.Info)])));
    }

    [Theory]
    [InlineData(ArrayState.Failed, "critical", "array-failed")]
    [InlineData(ArrayState.Degraded, "warning", "array-degraded")]
    [InlineData(ArrayState.Rebuilding, "warning", "array-degraded")]
    [InlineData(ArrayState.Unknown, "warning", "array-degraded")]
    [InlineData(ArrayState.Checking, "ok", "protected")]
    public void An_array_that_is_not_whole_is_on_the_overview(ArrayState state, string level, string kind) =>
        Assert.Equal((level, kind), Kind(VerdictOf.All(null, [Node("a", ProtectionVerdict.Protected)], [Array(state)], [])));

    [Fact]
    public void Sums_are_of_what_is_kept_and_days_without_backup_are_there()
    {
        SnapshotRecord[] records =
        [
            Snapshot("n1", s_now.AddDays(-40), 1000, 1000, 500),
            Snapshot("n1", s_now.AddDays(-1), 1000, 100, 50),
            Snapshot("n2", s_now.AddDays(-1), 2000, 900, 450),
        ];
        var view = StoreView.Of(records, packBytes: 1200, s_now);
        Assert.Equal((2.0, 2.0), (view.Sums.DedupeRatio, view.Sums.CompressionRatio));
        IReadOnlyList<OverviewDay> days = view.DaysUntil(s_now);
        Assert.Equal(StoreView.DaysMax, days.Count);
        Assert.Equal(("2026-04-02", "2026-05-01"), (days[0].Day, days[^1].Day));
        Assert.Equal(new OverviewDay("2026-04-30", 3000, 1000, 120), days[^2]);
        Assert.Equal(0, days.Sum(day => day.Bytes) - 3000);
        var empty = StoreView.Of([], 0, s_now);
        Assert.Null(empty.Sums.DedupeRatio);
        Assert.Empty(empty.DaysUntil(s_now));
    }

    private static (string Level, string Kind) Kind(OverviewVerdict verdict) => (verdict.Level, verdict.Kind);

    private static Protection Node(string name, ProtectionVerdict verdict) =>
        new(new NodeRecord { Id = name, Name = name, State = NodeState.Active, KeyHash = "", Asked = s_now }, [], verdict, "because", null, null, null, 0);

    private static AlertRecord Alert(AlertSeverity severity) =>
        new() { Id = 1, Event = new AlertEvent(AlertKind.JobFailed, severity, "subject", "summary", "remedy"), First = s_now, Last = s_now, Count = 1 };

    private static ArrayStatus Array(ArrayState state) => new(
        new ArrayReading { Id = "1", Name = "md0", Level = "raid1" }, new ArrayHealth(state, null, null, null, null, [], ""), new RememberedArray { Id = "1" }, null, "", default!);

    private static SnapshotRecord Snapshot(string node, DateTimeOffset finished, long bytes, long added, long stored) => new()
    {
        Id = Guid.NewGuid().ToString("N"),
        FinishedUtc = finished,
        ProgramVersion = "",
        Draft = new SnapshotDraft
        {
            Host = node,
            NodeId = node,
            Sources = [],
            Root = ContentRef.Empty,
            StartedUtc = finished.AddMinutes(-1),
            Counts = new SnapshotCounts { Bytes = bytes, NewBytes = added, StoredBytes = stored },
        },
    };
}
