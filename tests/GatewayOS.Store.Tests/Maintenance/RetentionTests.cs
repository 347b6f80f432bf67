using FsCheck;
using FsCheck.Fluent;
using GatewayOS.Store.Maintenance;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Trees;

namespace GatewayOS.Store.Tests.Maintenance;

/// <summary>Retention against an implementation that is slow and plainly right, and by hand at the edges of the calendar.</summary>
public sealed class RetentionTests
{
    private const int Cases = 400;

    private static readonly DateTimeOffset s_now = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);

    // Two hours' change, as one real station has it: local hours take turns when the clock goes back.
    private static readonly TimeZoneInfo s_zone = TimeZoneInfo.CreateCustomTimeZone(
        "test",
        TimeSpan.FromHours(1),
        "test",
        "winter",
        "summer",
        [
            TimeZoneInfo.AdjustmentRule.CreateAdjustmentRule(
                new DateTime(2000, 1, 1), new DateTime(2100, 1, 1), TimeSpan.FromHours(2),
                TimeZoneInfo.TransitionTime.CreateFloatingDateRule(new DateTime(1, 1, 1, 2, 0, 0), 3, 5, DayOfWeek.Sunday),
                TimeZoneInfo.TransitionTime.CreateFloatingDateRule(new DateTime(1, 1, 1, 5, 0, 0), 10, 5, DayOfWeek.Sunday)),
        ]);

    [Fact]
    public void The_plan_is_what_the_plain_implementation_says()
    {
        // Minutes before now, dense around the change of the clock on 25 October and thin over ten years.
        Gen<int> minutes = Gen.OneOf(Gen.Choose(0, 3000), Gen.Choose(37_300, 38_100), Gen.Choose(0, 5_000_000));
        Gen<(int Minutes, int Series)> snapshot = from at in minutes from series in Gen.Choose(0, 2) select (at, series);
        Gen<int> count = Gen.Choose(0, 6);
        Gen<RetentionRule> rule =
            from last in count
            from hourly in count
            from daily in count
            from weekly in count
            from monthly in count
            from yearly in count
            from within in Gen.Choose(1, 40_000)
            select new RetentionRule { Last = last, Hourly = hourly, Daily = daily, Weekly = weekly, Monthly = monthly, Yearly = yearly, Within = TimeSpan.FromMinutes(within), Tags = ["keep"] };
        Arbitrary<((int Minutes, int Series)[] Snapshots, RetentionRule Rule)> both = (from snapshots in snapshot.ArrayOf() from chosen in rule select (snapshots, chosen)).ToArbitrary();
        Property property = Prop.ForAll(both, input =>
        {
            SnapshotRecord[] snapshots = [.. input.Snapshots.Select((at, number) => Snapshot(s_now.AddMinutes(-at.Minutes), number, $"host{at.Series}", number % 11 == 0 ? "keep" : "plain"))];
            HashSet<string> kept = [.. Retention.Plan(snapshots, input.Rule, s_now, s_zone).Where(decision => decision.Keep).Select(decision => decision.Snapshot.Id)];
            return kept.SetEquals(Plainly(snapshots, input.Rule));
        });
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(Cases), property);
    }

    [Fact]
    public void Every_snapshot_gets_one_decision()
    {
        SnapshotRecord[] snapshots = [.. Enumerable.Range(0, 50).Select(number => Snapshot(s_now.AddHours(-number), number))];
        IReadOnlyList<RetentionDecision> plan = Retention.Plan(snapshots, new RetentionRule { Daily = 1 }, s_now, TimeZoneInfo.Utc);
        Assert.Equal(snapshots.Select(snapshot => snapshot.Id).Order(StringComparer.Ordinal), plan.Select(decision => decision.Snapshot.Id).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Reasons_name_the_period_and_the_place()
    {
        SnapshotRecord[] snapshots = [Snapshot(s_now, 1), Snapshot(s_now.AddDays(-1), 2), Snapshot(s_now.AddDays(-400), 3, tag: "gold")];
        var rule = new RetentionRule { Last = 2, Daily = 1, Weekly = 1, Yearly = 2, Tags = ["gold"] };
        RetentionDecision[] plan = [.. Retention.Plan(snapshots, rule, s_now, TimeZoneInfo.Utc)];
        Assert.Equal(["last 1 of 2", "daily 2026-11-20", "weekly 2026-W47", "yearly 2026"], plan[0].Reasons);
        Assert.Equal(["last 2 of 2"], plan[1].Reasons);
        Assert.Equal(["yearly 2025", "tag gold"], plan[2].Reasons);
    }

    [Fact]
    public void Weeks_are_those_of_ISO_8601_across_the_new_year()
    {
        // 2027-01-01 is a Friday of 2026-W53, 2027-01-04 the Monday of 2027-W01.
        DateTimeOffset friday = new(2027, 1, 1, 12, 0, 0, TimeSpan.Zero);
        SnapshotRecord[] snapshots = [Snapshot(friday.AddDays(3), 1), Snapshot(friday, 2), Snapshot(friday.AddDays(-1), 3), Snapshot(friday.AddDays(-7), 4)];
        RetentionDecision[] plan = [.. Retention.Plan(snapshots, new RetentionRule { Weekly = 9 }, friday.AddDays(4), TimeZoneInfo.Utc)];
        Assert.Equal([["weekly 2027-W01"], ["weekly 2026-W53"], [], ["weekly 2026-W52"]], plan.Select(decision => decision.Reasons.ToArray()));
    }

    [Fact]
    public void A_day_is_a_local_day()
    {
        // 23:30 and 00:30 UTC are both 20 November in a zone at −5 h, and two days in UTC.
        TimeZoneInfo west = TimeZoneInfo.CreateCustomTimeZone("west", TimeSpan.FromHours(-5), "west", "west");
        DateTimeOffset midnight = new(2026, 11, 21, 0, 0, 0, TimeSpan.Zero);
        SnapshotRecord[] snapshots = [Snapshot(midnight.AddMinutes(30), 1), Snapshot(midnight.AddMinutes(-30), 2)];
        Assert.Equal(1, Kept(snapshots, west));
        Assert.Equal(2, Kept(snapshots, TimeZoneInfo.Utc));

        static int Kept(SnapshotRecord[] snapshots, TimeZoneInfo zone) =>
            Retention.Plan(snapshots, new RetentionRule { Daily = 5 }, snapshots[0].Draft.StartedUtc, zone).Count(decision => decision.Keep);
    }

    [Fact]
    public void Series_are_kept_apart()
    {
        SnapshotRecord[] snapshots = [Snapshot(s_now, 1, "one"), Snapshot(s_now.AddHours(-1), 2, "two"), Snapshot(s_now.AddHours(-2), 3, "one")];
        string[] kept = [.. Retention.Plan(snapshots, new RetentionRule { Last = 1 }, s_now, TimeZoneInfo.Utc).Where(decision => decision.Keep).Select(decision => decision.Snapshot.Id)];
        Assert.Equal([snapshots[0].Id, snapshots[1].Id], kept);
    }

    [Fact]
    public void A_rule_that_keeps_nothing_is_refused_and_all_errors_come_at_once()
    {
        Assert.Single(new RetentionRule().Errors());
        Assert.Single(new RetentionRule { Daily = 0 }.Errors());
        Assert.Equal(4, new RetentionRule { Last = -1, Yearly = -2, Within = TimeSpan.Zero, Tags = [" "] }.Errors().Count);
        Assert.NotEmpty(new RetentionRule { Within = TimeSpan.MaxValue }.Errors());
        Assert.Throws<ArgumentException>(() => Retention.Plan([], new RetentionRule(), s_now, TimeZoneInfo.Utc));
    }

    [Theory]
    [InlineData("30d", 720)]
    [InlineData("12h", 12)]
    [InlineData("1y6m", (365 + 180) * 24)]
    [InlineData("2w", 336)]
    [InlineData(" 1d12h ", 36)]
    [InlineData("1000y", 8_760_000)]
    public void Spans_read_as_people_write_them(string text, int hours)
    {
        Assert.True(RetentionSpan.TryParse(text, out TimeSpan span));
        Assert.Equal(TimeSpan.FromHours(hours), span);
        Assert.Empty(new RetentionRule { Within = span }.Errors());
    }

    [Theory]
    [InlineData("")]
    [InlineData("30")]
    [InlineData("d")]
    [InlineData("0d")]
    [InlineData("-3d")]
    [InlineData("3x")]
    [InlineData("1d 2h")]
    [InlineData("1001y")]
    [InlineData("999999y")]
    [InlineData("99999999999999999999h")]
    public void Anything_else_is_no_span(string text) => Assert.False(RetentionSpan.TryParse(text, out _));

    // For each kind of period: the newest of its periods, and the newest snapshot of each.
    private static HashSet<string> Plainly(SnapshotRecord[] all, RetentionRule rule)
    {
        var kept = new HashSet<string>(StringComparer.Ordinal);
        foreach (SnapshotRecord[] series in all.GroupBy(snapshot => snapshot.Draft.Host, StringComparer.Ordinal).Select(group => group.ToArray()))
        {
            SnapshotRecord[] sorted = [.. series.OrderByDescending(snapshot => snapshot.Draft.StartedUtc).ThenBy(snapshot => snapshot.Id, StringComparer.Ordinal)];
            kept.UnionWith(sorted.Take(rule.Last ?? 0).Select(snapshot => snapshot.Id));
            Keep(sorted, rule.Hourly, time => (time.Date, time.Hour), kept);
            Keep(sorted, rule.Daily, time => time.Date, kept);
            Keep(sorted, rule.Weekly, Monday, kept);
            Keep(sorted, rule.Monthly, time => (time.Year, time.Month), kept);
            Keep(sorted, rule.Yearly, time => time.Year, kept);
            kept.UnionWith(sorted.Where(snapshot => s_now - snapshot.Draft.StartedUtc <= rule.Within || snapshot.Draft.Tags.Contains("keep")).Select(snapshot => snapshot.Id));
        }

        return kept;
    }

    private static void Keep<TPeriod>(SnapshotRecord[] sorted, int? count, Func<DateTime, TPeriod> periodOf, HashSet<string> kept)
    {
        TPeriod[] periods = [.. sorted.Select(snapshot => periodOf(Local(snapshot))).Distinct().Take(count ?? 0)];
        foreach (TPeriod period in periods)
        {
            kept.Add(sorted.First(snapshot => Equals(periodOf(Local(snapshot)), period)).Id);
        }
    }

    private static DateTime Monday(DateTime time)
    {
        DateTime day = time.Date;
        while (day.DayOfWeek != DayOfWeek.Monday)
        {
            day = day.AddDays(-1);
        }

        return day;
    }

    private static DateTime Local(SnapshotRecord snapshot) => TimeZoneInfo.ConvertTime(snapshot.Draft.StartedUtc, s_zone).DateTime;

    private static SnapshotRecord Snapshot(DateTimeOffset started, int number, string host = "host", string tag = "plain") => new()
    {
        Id = number.ToString("x64", null),
        FinishedUtc = started,
        ProgramVersion = "test",
        Draft = new SnapshotDraft { Host = host, Sources = ["/data"], Tags = [tag], StartedUtc = started, Root = ContentRef.Empty },
    };
}
