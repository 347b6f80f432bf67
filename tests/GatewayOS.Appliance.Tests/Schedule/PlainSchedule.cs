using GatewayOS.Appliance.Schedule;

namespace GatewayOS.Appliance.Tests.Schedule;

/// <summary>
/// A schedule as plainly as it can be written, to compare with: goes through time minute by minute, looks at the zone's clock, and notes which
/// local minutes have come about that never had before.
/// </summary>
internal sealed class PlainSchedule(PlainCron? cron, int everyMinutes, TimeZoneInfo zone, RunWindow? window, TimeSpan delay)
{
    /// <summary>Planned runs after <paramref name="from"/> up to <paramref name="until"/>; both are whole minutes.</summary>
    public List<DateTimeOffset> Runs(DateTimeOffset from, DateTimeOffset until)
    {
        var runs = new SortedSet<DateTimeOffset>();
        DateTimeOffset at = from.AddDays(-2);
        DateTime high = Clock(at);
        for (; at <= until; at = at.AddMinutes(1))
        {
            DateTime shown = Clock(at);
            if (cron is null)
            {
                if (at.ToUnixTimeSeconds() / 60 % everyMinutes == 0)
                {
                    Take(runs, at, shown);
                }

                continue;
            }

            while (high < shown)
            {
                high = high.AddMinutes(1);
                if (cron.Names(high))
                {
                    Take(runs, at, high);
                }
            }
        }

        return [.. runs.Where(run => run > from && run <= until)];
    }

    private void Take(SortedSet<DateTimeOffset> runs, DateTimeOffset at, DateTime named)
    {
        if (window is not { } w)
        {
            runs.Add(at + delay);
            return;
        }

        int minute = (named.Hour * 60) + named.Minute;
        int start = (w.Start.Hour * 60) + w.Start.Minute;
        int end = (w.End.Hour * 60) + w.End.Minute;
        bool isIn = start < end ? minute >= start && minute < end : minute >= start || minute < end;
        if (!isIn)
        {
            return;
        }

        // When the window closes: the first instant from here on at which the clock shows its end or later.
        DateTime closes = named.Date.AddMinutes(end);
        closes = closes > named ? closes : closes.AddDays(1);
        DateTimeOffset close = at;
        while (Clock(close) < closes)
        {
            close = close.AddMinutes(1);
        }

        DateTimeOffset last = close.AddMinutes(-1) > at ? close.AddMinutes(-1) : at;
        runs.Add(at + delay < last ? at + delay : last);
    }

    private DateTime Clock(DateTimeOffset at) => TimeZoneInfo.ConvertTimeFromUtc(at.UtcDateTime, zone);
}

/// <summary>A cron expression as five lists of numbers; an empty list is '*'.</summary>
internal sealed record PlainCron(int[] Minutes, int[] Hours, int[] Days, int[] Months, int[] DaysOfWeek)
{
    public bool Names(DateTime local) =>
        Has(Minutes, local.Minute) && Has(Hours, local.Hour) && Has(Days, local.Day) && Has(Months, local.Month) && Has(DaysOfWeek, (int)local.DayOfWeek);

    public override string ToString() => string.Join(' ', new[] { Minutes, Hours, Days, Months, DaysOfWeek }.Select(list => list.Length == 0 ? "*" : string.Join(',', list)));

    private static bool Has(int[] list, int number) => list.Length == 0 || list.Contains(number);
}
