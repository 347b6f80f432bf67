using GatewayOS.Appliance.Raid;

namespace GatewayOS.Appliance.Tests.Raid;

public sealed class DiskHealthTests
{
    private static readonly SmartReading s_well = new() { Updated = Facts.Now, Celsius = 35, BadSectors = 0, PendingSectors = 0, SelfTest = "success" };

    [Fact]
    public void Without_smart_nothing_is_claimed() => Assert.Equal(DiskState.Unknown, Judge(null).State);

    [Fact]
    public void A_disk_that_is_well_is_good() => Assert.Equal(DiskState.Good, Judge(s_well).State);

    [Fact]
    public void The_disks_own_word_counts() => Assert.Equal(DiskState.Failing, Judge(s_well with { IsFailing = true }).State);

    [Fact]
    public void A_failed_self_test_counts() => Assert.Contains("error_read", Judge(s_well with { SelfTest = "error_read" }).Evidence[0], StringComparison.Ordinal);

    [Fact]
    public void A_few_old_bad_sectors_are_watched() => Assert.Equal(DiskState.Watch, Judge(s_well with { BadSectors = 4 }, new BadSectorSample(Facts.Now.AddDays(-20), 4)).State);

    [Fact]
    public void Bad_sectors_that_grow_foretell_a_failure()
    {
        DiskHealth health = Judge(s_well with { BadSectors = 14 }, new BadSectorSample(Facts.Now.AddDays(-20), 4));
        Assert.Equal(DiskState.Failing, health.State);
        Assert.Contains("14 bad sectors; 10 of them within 30 days", health.Evidence[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Growth_that_is_long_ago_does_not() => Assert.Equal(DiskState.Watch, Judge(s_well with { BadSectors = 14 }, new BadSectorSample(Facts.Now.AddDays(-50), 0), new BadSectorSample(Facts.Now.AddDays(-25), 14)).State);

    [Fact]
    public void Very_many_do_however_they_came() => Assert.Equal(DiskState.Failing, Judge(s_well with { BadSectors = 100 }, new BadSectorSample(Facts.Now.AddDays(-25), 100)).State);

    [Fact]
    public void Heat_and_unreadable_sectors_are_watched()
    {
        DiskHealth health = Judge(s_well with { Celsius = 57, PendingSectors = 3 });
        Assert.Equal((DiskState.Watch, 2), (health.State, health.Evidence.Count));
    }

    [Fact]
    public void What_the_array_found_counts_without_smart()
    {
        Assert.Equal(DiskState.Failing, DiskHealth.Of(Facts.Disk("D0"), [], new MemberReading("sda", "D0", -1, MemberState.Faulty)).State);
        Assert.Equal(DiskState.Watch, DiskHealth.Of(Facts.Disk("D0"), [], new MemberReading("sda", "D0", 0, MemberState.InSync, ReadErrors: 3)).State);
        Assert.Equal(DiskState.Failing, DiskHealth.Of(Facts.Disk("D0"), [], new MemberReading("sda", "D0", 0, MemberState.InSync, ReadErrors: 20)).State);
    }

    private static DiskHealth Judge(SmartReading? smart, params BadSectorSample[] history) => DiskHealth.Of(Facts.Disk("D0") with { Smart = smart }, history, null);
}
