using Cronos;
using FsCheck;
using FsCheck.Fluent;
using GatewayOS.Appliance.Schedule;

namespace GatewayOS.Appliance.Tests.Schedule;

/// <summary>When runs come about.</summary>
public sealed class RunScheduleTests
{
    private const int Cases = 400;

    // Gaps and overlaps of an hour, of half an hour (Lord Howe), at midnight (Santiago), of a whole day (Apia 2011), and none.
    private static readonly string[] s_zones = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Pacific/Apia", "Asia/Kolkata", "UTC", "Africa/Casablanca"];

    private static readonly DateTimeOffset[] s_turns =
    [
        new(2026, 3, 29, 1, 0, 0, TimeSpan.Zero), new(2026, 10, 25, 1, 0, 0, TimeSpan.Zero), new(2026, 3, 8, 7, 0, 0, TimeSpan.Zero), new(2026, 11, 1, 6, 0, 0, TimeSpan.Zero),
        new(2026, 4, 4, 15, 0, 0, TimeSpan.Zero), new(2026, 10, 3, 15, 30, 0, TimeSpan.Zero), new(2026, 9, 6, 4, 0, 0, TimeSpan.Zero), new(2026, 4, 5, 3, 0, 0, TimeSpan.Zero),
        new(2011, 12, 30, 10, 0, 0, TimeSpan.Zero), new(2026, 2, 15, 2, 0, 0, TimeSpan.Zero), new(2026, 3, 22, 2, 0, 0, TimeSpan.Zero), new(2026, 12, 31, 23, 0, 0, TimeSpan.Zero),
    ];

    [Fact]
    public void Runs_are_what_the_plain_schedule_says()
    {
        Gen<int[]> Some(int min, int max, int most) => Gen.OneOf(Gen.Constant(Array.Empty<int>()), Gen.Choose(min, max).ArrayOf().Select(list => list.Distinct().Take(most).Order().ToArray()));
        Gen<PlainCron> cron =
            from minutes in Gen.Choose(0, 59).ArrayOf().Select(list => list.Append(30).Distinct().Take(4).Order().ToArray())
            from hours in Some(0, 23, 6)
            from days in Gen.Frequency((5, Gen.Constant(Array.Empty<int>())), (1, Some(1, 28, 20)))
            from weekdays in Gen.Frequency((3, Gen.Constant(Array.Empty<int>())), (1, Some(0, 6, 5)))
            select new PlainCron(minutes, hours, days, [], weekdays);
        Gen<RunWindow?> window = Gen.OneOf(
            Gen.Constant<RunWindow?>(null),
            from start in Gen.Choose(0, 95) from length in Gen.Choose(1, 95) select (RunWindow?)new RunWindow(TimeOnly.MinValue.AddMinutes(start * 15), TimeOnly.MinValue.AddMinutes((start + length) % 96 * 15)));
        Gen<Case> cases =
            from chosen in cron
            from byDistance in Gen.Choose(0, 3)
            from distance in Gen.Elements(1, 7, 15, 60, 90, 240, 1440)
            from zone in Gen.Elements(s_zones)
            from turn in Gen.Elements(s_turns)
            from before in Gen.Choose(0, 48 * 60)
            from open in window
            from jitter in Gen.Elements(0, 0, 5, 45)
            from seed in Gen.Choose(0, 1000)
            select new Case(byDistance == 0 ? null : chosen, distance, zone, turn.AddMinutes(-before), open, jitter, seed);
        Property property = Prop.ForAll(cases.ToArbitrary(), input =>
        {
            TimeZoneInfo zone = TimeZoneInfo.FindSystemTimeZoneById(input.Zone);
            var spec = new ScheduleSpec
            {
                Cron = input.Cron is null ? null : CronExpression.Parse(input.Cron.ToString()),
                Every = input.Cron is null ? TimeSpan.FromMinutes(input.Every) : null,
                Zone = zone,
                Window = input.Window,
                Jitter = TimeSpan.FromMinutes(input.Jitter),
            };
            var schedule = new RunSchedule(spec, $"seed {input.Seed}");
            DateTimeOffset until = input.From.AddDays(4);
            List<DateTimeOffset> expected = new PlainSchedule(input.Cron, input.Every, zone, input.Window, schedule.Delay).Runs(input.From, until);
            List<DateTimeOffset> actual = [.. schedule.RunsAfter(input.From).TakeWhile(run => run <= until)];
            return expected.SequenceEqual(actual).Label($"{input}\nexpected {string.Join(" ", expected.Take(20))}\nactual   {string.Join(" ", actual.Take(20))}");
        });
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(Cases), property);
    }

    [Fact]
    public void A_run_in_a_skipped_hour_comes_when_the_clock_has_jumped()
    {
        // Berlin, 29 March 2026: 02:00 becomes 03:00 at 01:00 UTC.
        RunSchedule schedule = Cron("15,45 2 * * *", "Europe/Berlin");
        DateTimeOffset[] runs = [.. schedule.RunsAfter(Utc(2026, 3, 28, 12)).Take(3)];
        Assert.Equal([Utc(2026, 3, 29, 1), Utc(2026, 3, 30, 0, 15), Utc(2026, 3, 30, 0, 45)], runs);
    }

    [Fact]
    public void A_run_in_a_repeated_hour_comes_once()
    {
        // Berlin, 25 October 2026: 03:00 becomes 02:00 at 01:00 UTC.
        RunSchedule schedule = Cron("30 2 * * *", "Europe/Berlin");
        Assert.Equal([Utc(2026, 10, 25, 0, 30), Utc(2026, 10, 26, 1, 30)], schedule.RunsAfter(Utc(2026, 10, 24, 12)).Take(2));
        Assert.Equal(Utc(2026, 10, 26, 1, 30), schedule.NextAfter(Utc(2026, 10, 25, 1, 10)));
    }

    [Theory]
    [InlineData("2026-02-14T12:00:00Z")]
    [InlineData("2026-03-21T03:24:00Z")]
    public void A_zone_whose_summer_time_is_negative_is_no_exception(string from)
    {
        // Morocco is an hour ahead of UTC, and in Ramadan it is not.
        DateTimeOffset begin = DateTimeOffset.Parse(from, System.Globalization.CultureInfo.InvariantCulture);
        List<DateTimeOffset> expected = new PlainSchedule(new PlainCron([12, 53], [], [], [], []), 0, TimeZoneInfo.FindSystemTimeZoneById("Africa/Casablanca"), null, TimeSpan.Zero).Runs(begin, begin.AddDays(3));
        Assert.Equal(expected, Cron("12,53 * * * *", "Africa/Casablanca").RunsAfter(begin).TakeWhile(run => run <= begin.AddDays(3)));
    }

    [Fact]
    public void A_window_whose_end_is_repeated_is_open_until_the_second_time()
    {
        // Santiago, 4 April 2026: midnight becomes 23:00, at 03:00 UTC. Two runs of the distance come about while clocks show 23:00 to 23:15.
        var spec = new ScheduleSpec { Every = TimeSpan.FromMinutes(60), Zone = TimeZoneInfo.FindSystemTimeZoneById("America/Santiago"), Window = new RunWindow(new TimeOnly(12, 15), new TimeOnly(23, 15)), Jitter = TimeSpan.FromMinutes(5) };
        var schedule = new RunSchedule(spec, "seed 209");
        Assert.NotEqual(TimeSpan.Zero, schedule.Delay);
        Assert.Equal([Utc(2026, 4, 5, 2) + schedule.Delay, Utc(2026, 4, 5, 3) + schedule.Delay, Utc(2026, 4, 5, 17) + schedule.Delay], schedule.RunsAfter(Utc(2026, 4, 5, 1, 30)).Take(3));
        Assert.Equal(Utc(2026, 4, 5, 3, 15), schedule.Ask(Utc(2026, 4, 5, 2, 30), Utc(2026, 4, 5, 3, 6)).LatestStart);
    }

    [Fact]
    public void A_distance_knows_no_clocks()
    {
        var schedule = new RunSchedule(new ScheduleSpec { Every = TimeSpan.FromHours(1), Zone = TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin") }, "");
        DateTimeOffset[] runs = [.. schedule.RunsAfter(Utc(2026, 10, 24, 20)).Take(12)];
        Assert.All(runs.Zip(runs.Skip(1)), pair => Assert.Equal(TimeSpan.FromHours(1), pair.Second - pair.First));
    }

    [Fact]
    public void Jitter_is_each_nodes_own_and_always_the_same()
    {
        var spec = new ScheduleSpec { Every = TimeSpan.FromHours(1), Zone = TimeZoneInfo.Utc, Jitter = TimeSpan.FromMinutes(30) };
        TimeSpan[] delays = [.. Enumerable.Range(0, 200).Select(node => new RunSchedule(spec, $"node {node}").Delay)];
        Assert.Equal(delays, Enumerable.Range(0, 200).Select(node => new RunSchedule(spec, $"node {node}").Delay));
        Assert.All(delays, delay => Assert.InRange(delay, TimeSpan.Zero, TimeSpan.FromMinutes(30)));
        Assert.True(delays.Distinct().Count() > 150);
    }

    [Theory]
    [InlineData(MissedRunRule.AtOnce, "at once")]
    [InlineData(MissedRunRule.InWindow, "2026-06-01T22:00")]
    [InlineData(MissedRunRule.Skip, "2026-06-01T23:00")]
    public void A_missed_run_is_dealt_with_by_its_rule(MissedRunRule rule, string expected)
    {
        // Down from the evening of 30 May until noon of 1 June; two runs at 23:00 passed.
        RunSchedule schedule = Cron("0 23 * * *", "UTC", new RunWindow(new TimeOnly(22, 0), new TimeOnly(6, 0)), rule);
        DateTimeOffset now = Utc(2026, 6, 1, 12);
        ScheduleAnswer answer = schedule.Ask(Utc(2026, 5, 30, 20), now);
        Assert.Equal(expected == "at once", answer.Due);
        if (!answer.Due)
        {
            Assert.Equal(expected, answer.Next!.Value.ToString("yyyy-MM-ddTHH:mm", System.Globalization.CultureInfo.InvariantCulture));
            answer = schedule.Ask(answer.Considered, answer.Next.Value);
            Assert.True(answer.Due);
            Assert.Equal(rule == MissedRunRule.InWindow, answer.IsMadeUp);
        }

        // Two missed runs are one, and nothing is left over.
        Assert.False(schedule.Ask(answer.Considered, answer.Considered.AddMinutes(1)).Due);
    }

    [Fact]
    public void A_clock_that_goes_back_repeats_nothing_and_one_that_was_far_ahead_stops_nothing()
    {
        RunSchedule schedule = Cron("*/10 * * * *", "UTC");
        DateTimeOffset noon = Utc(2026, 6, 1, 12);
        ScheduleAnswer answer = schedule.Ask(noon.AddMinutes(-1), noon);
        Assert.True(answer.Due);
        Assert.False(schedule.Ask(answer.Considered, noon.AddMinutes(-30)).Due);
        ScheduleAnswer late = schedule.Ask(noon.AddYears(10), noon);
        Assert.Equal(noon.AddMinutes(10), late.Next);
    }

    [Fact]
    public void A_zone_that_is_not_there_is_named()
    {
        Assert.Null(ZoneClock.Find("Europe/Berlim", out string error));
        Assert.Contains("Europe/Berlim", error, StringComparison.Ordinal);
    }

    private static DateTimeOffset Utc(int year, int month, int day, int hour, int minute = 0) => new(year, month, day, hour, minute, 0, TimeSpan.Zero);

    private static RunSchedule Cron(string cron, string zone, RunWindow? window = null, MissedRunRule missed = MissedRunRule.AtOnce) =>
        new(new ScheduleSpec { Cron = CronExpression.Parse(cron), Zone = TimeZoneInfo.FindSystemTimeZoneById(zone), Window = window, Missed = missed }, "");

    private sealed record Case(PlainCron? Cron, int Every, string Zone, DateTimeOffset From, RunWindow? Window, int Jitter, int Seed);
}
