using GatewayOS.Appliance.Raid;

namespace GatewayOS.Appliance.Tests.Raid;

/// <summary>What decides whether data is lost: pulling a disk, taking a new one.</summary>
public sealed class VerdictTests
{
    [Theory]
    [InlineData("raid1", 2, 0, PullAnswer.Safe, 0)]
    [InlineData("raid1", 2, 1, PullAnswer.Unsafe, -1)]
    [InlineData("raid5", 4, 0, PullAnswer.Safe, 0)]
    [InlineData("raid5", 4, 1, PullAnswer.Unsafe, -1)]
    [InlineData("raid6", 5, 0, PullAnswer.Safe, 1)]
    [InlineData("raid6", 5, 1, PullAnswer.Safe, 0)]
    [InlineData("raid6", 5, 2, PullAnswer.Unsafe, -1)]
    [InlineData("raid10", 4, 0, PullAnswer.Safe, 0)]
    [InlineData("raid0", 2, 0, PullAnswer.Unsafe, -1)]
    public void A_working_disk_is_judged_by_what_would_be_left(string level, int slots, int missing, PullAnswer answer, int after)
    {
        PullVerdict verdict = Judge(Facts.Array(level, slots, missing), slot: 0, MemberState.InSync);
        Assert.Equal((answer, after), (verdict.Answer, verdict.SurvivesAfter));
        Assert.Equal(slots + 1, verdict.Proof.Count);
        Assert.Contains("D0", verdict.Proof[0], StringComparison.Ordinal);
    }

    // raid10 of four with slot 3 missing: its twin is slot 2; slots 0 and 1 have each other.
    [Theory]
    [InlineData(0, PullAnswer.Safe)]
    [InlineData(2, PullAnswer.Unsafe)]
    public void Of_mirrors_the_last_copy_stays(int slot, PullAnswer answer) => Assert.Equal(answer, Judge(Facts.Array("raid10", 4, 1), slot, MemberState.InSync).Answer);

    [Fact]
    public void A_disk_that_has_failed_takes_nothing_with_it()
    {
        ArrayReading array = Facts.Array("raid5", 4, 1);
        Assert.Equal(PullAnswer.Safe, Judge(array with { Members = [.. array.Members, new MemberReading("sd9", "D9", -1, MemberState.Faulty)] }, slot: -1, MemberState.Faulty).Answer);
    }

    [Fact]
    public void Of_a_failed_array_no_disk_is_pulled_not_even_a_faulty_one() => Assert.Equal(PullAnswer.Unsafe, Judge(Facts.Array("raid5", 4, 2), slot: -1, MemberState.Faulty).Answer);

    [Fact]
    public void While_parity_is_made_no_disk_is_pulled()
    {
        ArrayReading array = Facts.Array("raid6", 5, 0);
        Assert.Equal(PullAnswer.Unsafe, Judge(array with { Kernel = array.Kernel! with { SyncAction = "resync" } }, 0, MemberState.InSync).Answer);
    }

    [Fact]
    public void A_disk_that_is_being_filled_is_better_left()
    {
        ArrayReading array = Facts.Array("raid6", 5, 1);
        Assert.Equal(PullAnswer.Risky, Judge(array with { Kernel = array.Kernel! with { SyncAction = "recover" } }, 4, MemberState.Rebuilding).Answer);
    }

    [Fact]
    public void If_all_would_depend_on_a_disk_that_is_failing_that_is_said()
    {
        var verdict = PullVerdict.Of(Facts.Reading(Facts.Array("raid5", 4, 0)), Facts.Array("raid5", 4, 0), 0, MemberState.InSync, serial => serial == "D2" ? new DiskHealth(DiskState.Failing, ["It has 200 bad sectors."]) : null, Facts.Now);
        Assert.Equal(PullAnswer.Risky, verdict.Answer);
        Assert.Contains("D2", verdict.Sentence, StringComparison.Ordinal);
        Assert.Contains("200 bad sectors", verdict.Sentence, StringComparison.Ordinal);
    }

    public static TheoryData<string> Unknowns => ["no udisks2", "old", "disagree", "no kernel", "no bus", "controller"];

    [Theory]
    [MemberData(nameof(Unknowns))]
    public void Who_does_not_know_says_no(string what)
    {
        ArrayReading array = Facts.Array("raid6", 5, 0);
        array = what switch
        {
            "disagree" => array with { Bus = new BusView(1, "idle") },
            "no kernel" => array with { Kernel = null },
            "no bus" => array with { Bus = null },
            "controller" => array with { Controller = new ControllerView("Optl", "") },
            _ => array,
        };
        RaidReading reading = Facts.Reading(array) with { Problem = what == "no udisks2" ? "no udisks2 on the system bus" : null };
        DateTimeOffset now = what == "old" ? Facts.Now + PullVerdict.AgeMax + TimeSpan.FromSeconds(1) : Facts.Now;
        Assert.Equal(PullAnswer.Unknown, PullVerdict.Of(reading, array, 0, MemberState.InSync, Facts.Good, now).Answer);
    }

    [Fact]
    public void A_new_disk_has_to_fit()
    {
        DiskReading good = Facts.Disk("NEW");
        Assert.Equal(NewDiskAnswer.Good, Judge(good));
        Assert.Equal(NewDiskAnswer.TooSmall, Judge(good with { SizeBytes = 999 }));
        Assert.Equal(NewDiskAnswer.NotEmpty, Judge(good with { Content = "ext4" }));
        Assert.Equal(NewDiskAnswer.NotEmpty, Judge(good with { Content = "ext4" }, mayOverwrite: "ANOTHER"));
        Assert.Equal(NewDiskAnswer.Good, Judge(good with { Content = "ext4" }, mayOverwrite: "NEW"));
        Assert.Equal(NewDiskAnswer.InUse, Judge(good with { IsInUse = true }, mayOverwrite: "NEW"));
        Assert.Equal(NewDiskAnswer.InUse, Judge(good with { Serial = "" }));
        Assert.Equal(NewDiskAnswer.SameDisk, Judge(good with { Serial = "OLD" }));
        Assert.Equal(NewDiskAnswer.InUse, NewDiskVerdict.Of(good, new DiskHealth(DiskState.Good, []), 1000, "OLD", "", isMember: true).Answer);
        Assert.Equal(NewDiskAnswer.Failing, NewDiskVerdict.Of(good, new DiskHealth(DiskState.Failing, ["It fails."]), 1000, "OLD", "", isMember: false).Answer);
    }

    private static NewDiskAnswer Judge(DiskReading disk, string mayOverwrite = "") => NewDiskVerdict.Of(disk, new DiskHealth(DiskState.Unknown, []), 1000, "OLD", mayOverwrite, isMember: false).Answer;

    private static PullVerdict Judge(ArrayReading array, int slot, MemberState state) => PullVerdict.Of(Facts.Reading(array), array, slot, state, Facts.Good, Facts.Now);
}
