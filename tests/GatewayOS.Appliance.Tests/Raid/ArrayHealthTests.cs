using GatewayOS.Appliance.Raid;

namespace GatewayOS.Appliance.Tests.Raid;

public sealed class ArrayHealthTests
{
    [Theory]
    [InlineData("raid5", "clean", 0, "idle", 0, ArrayState.Optimal)]
    [InlineData("raid5", "read-auto", 0, "idle", 0, ArrayState.Optimal)]
    [InlineData("raid5", "active", 1, "idle", 0, ArrayState.Degraded)]
    [InlineData("raid5", "active", 1, "recover", 0, ArrayState.Rebuilding)]
    [InlineData("raid5", "active", 1, "check", 0, ArrayState.Degraded)]
    [InlineData("raid5", "active", 0, "resync", 0, ArrayState.Rebuilding)]
    [InlineData("raid5", "active", 0, "check", 8, ArrayState.Checking)]
    [InlineData("raid5", "clean", 0, "idle", 8, ArrayState.Mismatch)]
    [InlineData("raid6", "clean", 0, "idle", 8, ArrayState.Mismatch)]
    [InlineData("raid1", "clean", 0, "idle", 128, ArrayState.Optimal)]
    [InlineData("raid10", "clean", 0, "idle", 128, ArrayState.Optimal)]
    [InlineData("raid5", "inactive", 0, "idle", 0, ArrayState.Failed)]
    [InlineData("raid5", "clean", 2, "idle", 0, ArrayState.Failed)]
    [InlineData("raid99", "clean", 0, "idle", 0, ArrayState.Unknown)]
    public void The_kernels_facts_make_a_state(string level, string arrayState, int missing, string action, long mismatches, ArrayState state)
    {
        ArrayReading array = Facts.Array(level, 4, missing) with { Kernel = new KernelView { ArrayState = arrayState, Degraded = missing, SyncAction = action, Layout = 0x102, MismatchSectors = mismatches } };
        Assert.Equal(state, ArrayHealth.Of(array).State);
    }

    [Fact]
    public void A_disk_that_is_gone_counts_before_md_notices()
    {
        ArrayReading array = Facts.Array("raid5", 4, 0);
        var health = ArrayHealth.Of(array with { Members = [.. array.Members.Select(member => member.Slot == 2 ? member with { State = MemberState.Faulty } : member)] });
        Assert.Equal((ArrayState.Degraded, 0), (health.State, health.Survives));
    }

    [Fact]
    public void Mirrors_that_differ_are_told_and_are_no_damage()
    {
        var health = ArrayHealth.Of(Facts.Array("raid1", 2, 0) with { Kernel = new KernelView { ArrayState = "clean", MismatchSectors = 128 } });
        Assert.Equal(ArrayState.Optimal, health.State);
        Assert.Contains("128 sectors", health.Note, StringComparison.Ordinal);
    }

    [Fact]
    public void While_parity_is_made_nothing_is_survived() =>
        Assert.Equal(0, ArrayHealth.Of(Facts.Array("raid6", 4, 0) with { Kernel = new KernelView { ArrayState = "active", SyncAction = "resync" } }).Survives);

    [Fact]
    public void Progress_pace_and_time_left_come_from_the_kernel()
    {
        var health = ArrayHealth.Of(Facts.Array("raid5", 4, 1) with { Kernel = new KernelView { ArrayState = "active", Degraded = 1, SyncAction = "recover", SyncDoneBytes = 25_000, SyncTotalBytes = 100_000, SyncBytesPerSecond = 5_000 } });
        Assert.Equal((0.25, 5_000L, TimeSpan.FromSeconds(15)), (health.Progress, health.BytesPerSecond, health.TimeLeft));
    }

    [Fact]
    public void What_udisks2_says_otherwise_is_shown_and_does_not_count()
    {
        var health = ArrayHealth.Of(Facts.Array("raid5", 4, 1) with { Bus = new BusView(0, "idle") });
        Assert.Equal(ArrayState.Degraded, health.State);
        Assert.Contains(health.Disagreements, line => line.Contains("udisks2 counts 0", StringComparison.Ordinal));
    }

    [Fact]
    public void An_array_that_the_kernel_does_not_show_is_unknown() => Assert.Equal(ArrayState.Unknown, ArrayHealth.Of(Facts.Array("raid5", 4, 0) with { Kernel = null }).State);

    [Theory]
    [InlineData("Optl", "", ArrayState.Optimal)]
    [InlineData("Dgrd", "", ArrayState.Degraded)]
    [InlineData("Pdgd", "", ArrayState.Degraded)]
    [InlineData("Dgrd", "A disk is being filled.", ArrayState.Rebuilding)]
    [InlineData("OfLn", "", ArrayState.Failed)]
    [InlineData("Odd", "", ArrayState.Unknown)]
    public void A_controllers_words_make_a_state(string words, string activity, ArrayState state) =>
        Assert.Equal(state, ArrayHealth.Of(new ArrayReading { Id = "vd 0/0", Name = "store", Level = "raid6", Controller = new ControllerView(words, activity) }).State);
}
