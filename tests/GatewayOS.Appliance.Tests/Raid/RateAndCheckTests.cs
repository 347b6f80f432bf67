using GatewayOS.Appliance.Raid;

namespace GatewayOS.Appliance.Tests.Raid;

/// <summary>When arrays are checked, and how fast they are rebuilt.</summary>
public sealed class RateAndCheckTests
{
    private static readonly RebuildRate s_profile = new(10, 200);

    // The first Sunday of May 2026 is the 3rd.
    private static readonly DateTimeOffset s_saturday = new(2026, 5, 2, 12, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset s_sunday = new(2026, 5, 3, 2, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_check_begins_on_the_first_Sunday()
    {
        ArrayReading array = Facts.Array("raid6", 5, 0);
        Assert.Equal(CheckMove.None, Decide(array, s_saturday, s_saturday.AddHours(1)).Move);
        Assert.Equal(CheckMove.Begin, Decide(array, s_saturday, s_sunday).Move);
        Assert.Equal(new DateTimeOffset(2026, 5, 3, 1, 5, 0, TimeSpan.Zero), CheckPlan.Next(s_saturday, TimeZoneInfo.Utc, s_saturday));
    }

    [Theory]
    [InlineData(1, "idle")]
    [InlineData(1, "recover")]
    [InlineData(0, "resync")]
    [InlineData(3, "idle")]
    public void Never_on_an_array_that_is_not_whole(int missing, string action)
    {
        ArrayReading array = Facts.Array("raid6", 5, missing);
        array = array with { Kernel = array.Kernel! with { SyncAction = action } };
        (CheckMove move, DateTimeOffset considered, string reason) = Decide(array, s_saturday, s_sunday);
        Assert.Equal((CheckMove.Wait, s_saturday), (move, considered));
        Assert.NotEmpty(reason);
        Assert.NotNull(CheckPlan.WhyNot(array, ArrayHealth.Of(array)));
    }

    [Fact]
    public void One_that_was_put_off_is_made_up_for() => Assert.Equal(CheckMove.Begin, Decide(Facts.Array("raid6", 5, 0), s_saturday, s_sunday.AddDays(9)).Move);

    [Fact]
    public void One_that_runs_stops_when_a_disk_fails()
    {
        ArrayReading array = Facts.Array("raid6", 5, 1);
        Assert.Equal(CheckMove.Stop, Decide(array with { Kernel = array.Kernel! with { SyncAction = "check" } }, s_saturday, s_saturday.AddHours(1)).Move);
    }

    [Fact]
    public void Beside_backups_a_rebuild_keeps_to_the_lower_limit_and_its_promise()
    {
        GovernorAnswer first = Govern(missing: 1, done: 0, backups: true, promised: null, Facts.Now);
        Assert.Equal(s_profile, first.Rate);
        Assert.Equal(Facts.Now.AddSeconds(1.1 * 1000), first.PromisedFinish);

        // Half of the time is gone, and nothing is done: the promise goes first.
        GovernorAnswer late = Govern(missing: 1, done: 0, backups: true, first.PromisedFinish, Facts.Now.AddSeconds(500));
        Assert.Equal(new RebuildRate(200, 200), late.Rate);
        Assert.Equal(first.PromisedFinish, late.PromisedFinish);
        Assert.Equal(s_profile, Govern(missing: 1, done: 0.5, backups: true, first.PromisedFinish, Facts.Now.AddSeconds(500)).Rate);
    }

    [Fact]
    public void Without_backups_it_is_fast() => Assert.Equal(new RebuildRate(200, 200), Govern(missing: 1, done: 0, backups: false, promised: null, Facts.Now).Rate);

    [Fact]
    public void When_nothing_more_is_survived_it_goes_before_backups() => Assert.Equal(new RebuildRate(200, 200), Govern(missing: 2, done: 0, backups: true, promised: null, Facts.Now).Rate);

    private static GovernorAnswer Govern(int missing, double done, bool backups, DateTimeOffset? promised, DateTimeOffset now)
    {
        const long Total = 10_000_000_000;
        ArrayReading array = Facts.Array("raid6", 5, missing);
        array = array with { Kernel = array.Kernel! with { SyncAction = "recover", SyncTotalBytes = Total, SyncDoneBytes = (long)(done * Total), SyncBytesPerSecond = 1 } };
        return RebuildGovernor.Decide(array, ArrayHealth.Of(array), s_profile, backups, promised, now);
    }

    private static (CheckMove Move, DateTimeOffset Considered, string Reason) Decide(ArrayReading array, DateTimeOffset considered, DateTimeOffset now) => CheckPlan.Decide(array, ArrayHealth.Of(array), considered, isBusy: false, TimeZoneInfo.Utc, now);
}
