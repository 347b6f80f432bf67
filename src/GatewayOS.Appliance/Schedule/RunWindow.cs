using System.Globalization;

namespace GatewayOS.Appliance.Schedule;

/// <summary>The part of the day in which runs may begin, by local clocks; across midnight when the end is before the start.</summary>
/// <param name="Start">First time that belongs to it.</param>
/// <param name="End">First time that does not.</param>
public readonly record struct RunWindow(TimeOnly Start, TimeOnly End)
{
    private const string Pattern = "HH:mm";

    /// <summary>Reads a window written <c>22:00-06:00</c>.</summary>
    public static bool TryParse(string text, out RunWindow window)
    {
        string[] parts = text.Split('-', StringSplitOptions.TrimEntries);
        window = default;
        if (parts.Length != 2
            || !TimeOnly.TryParseExact(parts[0], Pattern, CultureInfo.InvariantCulture, DateTimeStyles.None, out TimeOnly start)
            || !TimeOnly.TryParseExact(parts[1], Pattern, CultureInfo.InvariantCulture, DateTimeStyles.None, out TimeOnly end)
            || start == end)
        {
            return false;
        }

        window = new RunWindow(start, end);
        return true;
    }

    /// <summary>True when a local time belongs to it.</summary>
    public bool Contains(DateTime local)
    {
        var time = TimeOnly.FromDateTime(local);
        return Start < End ? time >= Start && time < End : time >= Start || time < End;
    }

    /// <summary>The local time at which the window that holds a local time ends.</summary>
    public DateTime EndAfter(DateTime local)
    {
        DateTime end = local.Date + End.ToTimeSpan();
        return end > local ? end : end.AddDays(1);
    }

    /// <summary>The local time, from this one on, at which the window begins next.</summary>
    public DateTime StartAtOrAfter(DateTime local)
    {
        DateTime start = local.Date + Start.ToTimeSpan();
        return start >= local ? start : start.AddDays(1);
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Start:HH:mm}-{End:HH:mm}");
}
