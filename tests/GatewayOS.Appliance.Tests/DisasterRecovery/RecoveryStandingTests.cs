using GatewayOS.Appliance.DisasterRecovery;
using GatewayOS.Appliance.Jobs;

namespace GatewayOS.Appliance.Tests.DisasterRecovery;

/// <summary>What would be left were the appliance gone.</summary>
public sealed class RecoveryStandingTests
{
    private static readonly DateTimeOffset s_now = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly StoreCopy s_whole = new("cloud", s_now.AddMinutes(-30), 30, s_now.AddDays(-3));

    [Fact]
    public void Each_step_up_rests_on_something_that_was_measured()
    {
        Assert.Equal(RecoveryLevel.None, LevelOf([s_whole], hasRestorePoints: false));
        Assert.Equal(RecoveryLevel.Local, LevelOf([]));
        Assert.Equal(RecoveryLevel.Local, LevelOf([s_whole with { CompleteUntil = null }]));
        Assert.Equal(RecoveryLevel.Copied, LevelOf([s_whole with { LockDays = 0 }]));
        Assert.Equal(RecoveryLevel.Locked, LevelOf([s_whole with { Rehearsed = null }]));
        Assert.Equal(RecoveryLevel.Rehearsed, LevelOf([s_whole]));
    }

    [Fact]
    public void What_is_old_counts_no_more()
    {
        Assert.Equal(RecoveryLevel.Rehearsed, LevelOf([s_whole with { CompleteUntil = s_now - RecoveryStanding.CopyAgeMax }]));
        var behind = RecoveryStanding.Of(true, [s_whole with { CompleteUntil = s_now.AddHours(-25) }], s_now);
        Assert.Equal((RecoveryLevel.Local, "The vault cloud is 25 hours behind: more than 24 hours do not count as a copy."), (behind.Level, behind.Reason));
        Assert.Equal(RecoveryLevel.Rehearsed, LevelOf([s_whole with { Rehearsed = s_now - RecoveryStanding.RehearsalAgeMax }]));
        Assert.Equal(RecoveryLevel.Locked, LevelOf([s_whole with { Rehearsed = s_now - RecoveryStanding.RehearsalAgeMax - TimeSpan.FromMinutes(1) }]));
    }

    [Fact]
    public void The_best_copy_counts_and_an_unlocked_one_gains_nothing_by_its_rehearsal()
    {
        StoreCopy usb = s_whole with { Name = "usb", LockDays = 0 };
        Assert.Equal(RecoveryLevel.Copied, LevelOf([usb]));
        Assert.Equal(RecoveryLevel.Rehearsed, LevelOf([usb, s_whole]));
        Assert.Equal(RecoveryLevel.Copied, LevelOf([usb, s_whole with { CompleteUntil = s_now.AddDays(-9) }]));
    }

    [Fact]
    public void A_vault_that_gets_a_part_is_no_copy()
    {
        StoreCopy part = s_whole with { Name = "part", IsPart = true };
        var alone = RecoveryStanding.Of(true, [part], s_now);
        Assert.Equal((RecoveryLevel.Local, "The vault part gets what its tasks take, and not every restore point: the others are on this appliance alone."), (alone.Level, alone.Reason));
        Assert.Equal(RecoveryLevel.Copied, LevelOf([part, s_whole with { LockDays = 0 }]));
        Assert.Contains("vault cloud is 2 days behind", RecoveryStanding.Of(true, [part, s_whole with { CompleteUntil = s_now.AddDays(-2) }], s_now).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Unknown_looks_neither_good_nor_bad()
    {
        StoreCopy unseen = new("cloud", null, 30, null, "Its ledger is damaged.");
        Assert.Equal(RecoveryLevel.Unknown, RecoveryStanding.Of(null, [s_whole], s_now).Level);
        Assert.Equal(RecoveryLevel.Unknown, RecoveryStanding.Of(true, null, s_now).Level);
        Assert.Equal(RecoveryLevel.Unknown, LevelOf([unseen]));
        Assert.Contains("ledger", RecoveryStanding.Of(true, [unseen], s_now).Reason, StringComparison.Ordinal);

        // One that is known to be good is enough.
        Assert.Equal(RecoveryLevel.Rehearsed, LevelOf([unseen, s_whole with { Name = "other" }]));
    }

    [Fact]
    public void Only_a_rehearsal_from_that_vault_is_one()
    {
        var figures = new DrillFigures(1, 1, 1, 1, 1, 1, "");
        JobRecord Drill(int days, DrillFigures drill) => new() { Id = $"{days:x32}", Kind = JobKind.Drill, State = JobState.Done, Queued = s_now, Ended = s_now.AddDays(-days), Drill = drill };
        JobRecord[] jobs = [Drill(9, figures with { Vaults = ["usb", "cloud"] }), Drill(5, figures with { Vaults = ["usb"] }), Drill(1, figures)];
        Assert.Equal(s_now.AddDays(-9), StoreCopy.RehearsedIn("cloud", jobs));
        Assert.Equal(s_now.AddDays(-5), StoreCopy.RehearsedIn("usb", jobs));
        Assert.Null(StoreCopy.RehearsedIn("other", jobs));
    }

    private static RecoveryLevel LevelOf(StoreCopy[] copies, bool hasRestorePoints = true) => RecoveryStanding.Of(hasRestorePoints, copies, s_now).Level;
}
