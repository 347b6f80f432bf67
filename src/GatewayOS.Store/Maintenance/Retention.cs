using System.Globalization;
using GatewayOS.Store.Snapshots;

namespace GatewayOS.Store.Maintenance;

/// <summary>Which snapshots to keep: grandfather-father-son counts, a span of time, tags. A snapshot stays when any part of the rule keeps it.</summary>
public sealed record RetentionRule
{
    /// <summary>Keeps the newest so many.</summary>
    public int? Last { get; init; }

    /// <summary>Keeps the newest of each of the last so many hours that have a snapshot.</summary>
    public int? Hourly { get; init; }

    /// <summary>The same for calendar days.</summary>
    public int? Daily { get; init; }

    /// <summary>The same for ISO 8601 weeks, which begin on Monday.</summary>
    public int? Weekly { get; init; }

    /// <summary>The same for calendar months.</summary>
    public int? Monthly { get; init; }

    /// <summary>The same for calendar years.</summary>
    public int? Yearly { get; init; }

    /// <summary>Keeps everything younger than this.</summary>
    public TimeSpan? Within { get; init; }

    /// <summary>Keeps what has any of these tags.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>Checks the rule.</summary>
    /// <returns>Every error; empty when valid.</returns>
    public IReadOnlyList<string> Errors()
    {
        var errors = new List<string>();
        foreach ((string name, int? count) in Counts())
        {
            if (count < 0)
            {
                errors.Add($"The number of {name} snapshots to keep is {count}; it cannot be negative.");
            }
        }

        if (Within <= TimeSpan.Zero || Within > RetentionSpan.Longest)
        {
            errors.Add("The span of time to keep is not between an hour and a thousand years.");
        }

        if (Tags.Any(string.IsNullOrWhiteSpace))
        {
            errors.Add("A tag to keep is empty.");
        }

        if (Counts().All(count => count.Count is null or 0) && Within is null && Tags.Count == 0)
        {
            errors.Add("The rule keeps nothing: name at least one number, span of time or tag to keep.");
        }

        return errors;
    }

    private IEnumerable<(string Name, int? Count)> Counts() =>
        [("last", Last), ("hourly", Hourly), ("daily", Daily), ("weekly", Weekly), ("monthly", Monthly), ("yearly", Yearly)];
}

/// <summary>What a rule means for one snapshot.</summary>
/// <param name="Snapshot">The snapshot.</param>
/// <param name="Reasons">Why it stays; empty when it goes.</param>
public sealed record RetentionDecision(SnapshotRecord Snapshot, IReadOnlyList<string> Reasons)
{
    /// <summary>True when it stays.</summary>
    public bool Keep => Reasons.Count > 0;
}

/// <summary>Applies retention rules. Pure: the same snapshots, rule, time and zone give the same decisions.</summary>
public static class Retention
{
    /// <summary>Decides for each snapshot; every combination of host and sources is a series of its own.</summary>
    /// <param name="snapshots">All snapshots.</param>
    /// <param name="rule">A valid rule.</param>
    /// <param name="now">The end of <see cref="RetentionRule.Within"/>.</param>
    /// <param name="zone">Whose calendar counts; days and hours are local ones, so a day of a clock change is one day.</param>
    /// <returns>A decision for each snapshot, newest first within a series.</returns>
    public static IReadOnlyList<RetentionDecision> Plan(IReadOnlyList<SnapshotRecord> snapshots, RetentionRule rule, DateTimeOffset now, TimeZoneInfo zone)
    {
        if (rule.Errors() is { Count: > 0 } errors)
        {
            throw new ArgumentException(string.Join(' ', errors), nameof(rule));
        }

        var decisions = new List<RetentionDecision>(snapshots.Count);
        foreach (IGrouping<string, SnapshotRecord> series in snapshots.GroupBy(SeriesOf).OrderBy(series => series.Key, StringComparer.Ordinal))
        {
            decisions.AddRange(PlanSeries([.. series.OrderByDescending(snapshot => snapshot.Draft.StartedUtc).ThenBy(snapshot => snapshot.Id, StringComparer.Ordinal)], rule, now, zone));
        }

        return decisions;
    }

    /// <summary>What snapshots of one series have in common: later ones replace earlier ones.</summary>
    internal static string SeriesOf(SnapshotRecord snapshot) => string.Join('\0', [snapshot.Draft.Host, .. snapshot.Draft.Sources]);

    private static IEnumerable<RetentionDecision> PlanSeries(SnapshotRecord[] newestFirst, RetentionRule rule, DateTimeOffset now, TimeZoneInfo zone)
    {
        Period[] periods =
        [
            new("hourly", rule.Hourly, time => time.ToString("yyyy-MM-dd HH'h'", CultureInfo.InvariantCulture)),
            new("daily", rule.Daily, time => time.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)),
            new("weekly", rule.Weekly, time => $"{ISOWeek.GetYear(time)}-W{ISOWeek.GetWeekOfYear(time):00}"),
            new("monthly", rule.Monthly, time => time.ToString("yyyy-MM", CultureInfo.InvariantCulture)),
            new("yearly", rule.Yearly, time => time.ToString("yyyy", CultureInfo.InvariantCulture)),
        ];
        for (int i = 0; i < newestFirst.Length; i++)
        {
            SnapshotRecord snapshot = newestFirst[i];
            var reasons = new List<string>();
            if (i < rule.Last)
            {
                reasons.Add($"last {i + 1} of {rule.Last}");
            }

            DateTime local = TimeZoneInfo.ConvertTime(snapshot.Draft.StartedUtc, zone).DateTime;
            reasons.AddRange(periods.Select(period => period.Take(local)).OfType<string>());
            if (rule.Within is { } span && snapshot.Draft.StartedUtc >= now - span)
            {
                reasons.Add("within");
            }

            reasons.AddRange(rule.Tags.Where(tag => snapshot.Draft.Tags.Contains(tag)).Select(tag => $"tag {tag}"));
            yield return new RetentionDecision(snapshot, reasons);
        }
    }

    // Snapshots come newest first, so the first of a period is its newest.
    private sealed class Period(string name, int? count, Func<DateTime, string> key)
    {
        // Not only the last one: where a clock goes back by two hours, hours take turns.
        private readonly HashSet<string> _taken = new(StringComparer.Ordinal);

        public string? Take(DateTime local)
        {
            string current = key(local);
            if (_taken.Count >= (count ?? 0) || !_taken.Add(current))
            {
                return null;
            }

            return $"{name} {current}";
        }
    }
}

/// <summary>Spans of time as people write them.</summary>
public static class RetentionSpan
{
    private const long HoursMax = 1000L * 365 * 24;

    /// <summary>The longest span taken: a thousand years, so that no date before the calendar's beginning can come up.</summary>
    public static TimeSpan Longest { get; } = TimeSpan.FromHours(HoursMax);

    /// <summary>Reads a span such as <c>30d</c>, <c>12h</c> or <c>1y6m</c>: years (365 days), months (30 days), weeks, days, hours.</summary>
    /// <param name="text">The text.</param>
    /// <param name="span">The span.</param>
    /// <returns>False when it is none, or longer than <see cref="Longest"/>.</returns>
    public static bool TryParse(string text, out TimeSpan span)
    {
        span = TimeSpan.Zero;
        long total = 0;
        long number = -1;
        foreach (char next in text.Trim())
        {
            if (char.IsAsciiDigit(next))
            {
                number = (Math.Max(number, 0) * 10) + (next - '0');
                if (number > HoursMax)
                {
                    return false;
                }

                continue;
            }

            int hours = next switch { 'y' => 365 * 24, 'm' => 30 * 24, 'w' => 7 * 24, 'd' => 24, 'h' => 1, _ => 0 };
            if (hours == 0 || number < 0)
            {
                return false;
            }

            total += number * hours;
            if (total > HoursMax)
            {
                return false;
            }

            number = -1;
        }

        span = TimeSpan.FromHours(total);
        return number < 0 && total > 0;
    }
}
