using GatewayOS.Appliance.Alerts;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;
using GatewayOS.Store.Trees;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Appliance.Tests.Alerts;

public sealed class SnapshotHoldsTests : IDisposable
{
    private static readonly DateTimeOffset s_noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly ScratchDirectory _scratch = new("holds");

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void What_was_committed_up_to_the_hold_is_held_and_nothing_else_also_after_a_restart()
    {
        var state = new StateDirectory(_scratch.Path);
        new SnapshotHolds(state, TimeProvider.System).Hold("a", s_noon, "because");
        var holds = new SnapshotHolds(state, TimeProvider.System);
        Assert.Equal("because", holds.HoldOf(Snapshot("a", s_noon))!.Reason);
        Assert.NotNull(holds.HoldOf(Snapshot("a", s_noon.AddDays(-100))));
        Assert.Null(holds.HoldOf(Snapshot("a", s_noon.AddSeconds(1))));
        Assert.Null(holds.HoldOf(Snapshot("b", s_noon)));
    }

    [Fact]
    public void The_first_suspicion_stands_until_released()
    {
        var holds = new SnapshotHolds(new StateDirectory(_scratch.Path), TimeProvider.System);
        holds.Hold("a", s_noon, "first");
        Assert.Equal("first", holds.Hold("a", s_noon.AddDays(1), "second").Reason);
        Assert.Null(holds.HoldOf(Snapshot("a", s_noon.AddHours(1))));
        Assert.True(holds.Release("a"));
        Assert.False(holds.Release("a"));
        Assert.Null(holds.HoldOf(Snapshot("a", s_noon)));
    }

    [Fact]
    public void A_damaged_file_is_named_and_not_taken_for_no_holds()
    {
        File.WriteAllText(_scratch["holds.json"], "{ \"version\": 1, \"holds\": [");
        Assert.Contains("holds.json", Assert.Throws<InvalidDataException>(() => new SnapshotHolds(new StateDirectory(_scratch.Path), TimeProvider.System)).Message, StringComparison.Ordinal);
    }

    private static SnapshotRecord Snapshot(string node, DateTimeOffset finished) => new()
    {
        Id = "00",
        FinishedUtc = finished,
        ProgramVersion = "",
        Draft = new SnapshotDraft { Host = "h", NodeId = node, Sources = ["/"], StartedUtc = finished, Root = ContentRef.Empty, Counts = new SnapshotCounts() },
    };
}
