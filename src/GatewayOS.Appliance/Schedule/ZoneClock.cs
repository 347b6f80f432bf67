namespace GatewayOS.Appliance.Schedule;

/// <summary>
/// What clocks in a zone show, as a schedule needs it. Everything rests on one rule: <em>a local minute comes about at the first instant at
/// which the zone's clocks show it or a later one</em>. So a minute that is skipped comes about when clocks jump over it, and one that is
/// repeated comes about once, the first time.
/// </summary>
/// <param name="zone">The zone.</param>
public sealed class ZoneClock(TimeZoneInfo zone)
{
    /// <summary>Directory of the system's zones.</summary>
    private const string ZoneDirectory = "/usr/share/zoneinfo";

    // Offsets reach from -12 to +14 hours.
    private static readonly TimeSpan s_offsetMax = TimeSpan.FromHours(15);

    // A whole day was skipped once (Samoa, 2011).
    private static readonly TimeSpan s_reach = TimeSpan.FromHours(39);

    /// <summary>The zone.</summary>
    public TimeZoneInfo Zone => zone;

    /// <summary>Finds a zone by its IANA name.</summary>
    /// <param name="name">The name, for instance <c>Europe/Berlin</c>.</param>
    /// <param name="error">Why there is none, and the remedy.</param>
    /// <returns>Null when there is none.</returns>
    public static TimeZoneInfo? Find(string name, out string error)
    {
        error = "";
        if (name is "UTC")
        {
            return TimeZoneInfo.Utc;
        }

        try
        {
            return TimeZoneInfo.FindSystemTimeZoneById(name);
        }
        catch (Exception failure) when (failure is TimeZoneNotFoundException or InvalidTimeZoneException or System.Security.SecurityException or UnauthorizedAccessException)
        {
            error = Directory.Exists(ZoneDirectory)
                ? $"There is no time zone '{name}' on the appliance. Use a name of the IANA data base, as Europe/Berlin or UTC."
                : $"The appliance has no time zones at all. Install the Debian package tzdata on it, or use UTC.";
            return null;
        }
    }

    /// <summary>What clocks show.</summary>
    public DateTime Local(DateTimeOffset instant) => TimeZoneInfo.ConvertTime(instant, zone).DateTime;

    /// <summary>When a local time comes about.</summary>
    /// <param name="local">The local time; its kind is not looked at.</param>
    /// <remarks>
    /// Asks for nothing but what clocks show at an instant: the answers of <see cref="TimeZoneInfo"/> about local times, which are invalid or
    /// ambiguous, are wrong for zones whose summer time is negative (Morocco in Ramadan).
    /// </remarks>
    public DateTimeOffset InstantOf(DateTime local)
    {
        // The offset is that before or that after the change of clocks nearby; with the larger one the instant is earlier.
        var asUtc = new DateTimeOffset(DateTime.SpecifyKind(local, DateTimeKind.Unspecified), TimeSpan.Zero);
        TimeSpan before = zone.GetUtcOffset(asUtc - s_offsetMax);
        TimeSpan after = zone.GetUtcOffset(asUtc + s_offsetMax);
        DateTimeOffset early = asUtc - (before > after ? before : after);
        if (Local(early) == asUtc.DateTime)
        {
            return early;
        }

        DateTimeOffset late = asUtc - (before > after ? after : before);
        return Local(late) == asUtc.DateTime ? late : FirstAtOrAfter(asUtc.DateTime);
    }

    // Around a gap what clocks show only rises, so halving finds the jump, to the second.
    private DateTimeOffset FirstAtOrAfter(DateTime local)
    {
        long low = new DateTimeOffset(local, TimeSpan.Zero).ToUnixTimeSeconds() - (long)s_reach.TotalSeconds;
        long high = low + (2 * (long)s_reach.TotalSeconds);
        while (high - low > 1)
        {
            long middle = low + ((high - low) / 2);
            if (Local(DateTimeOffset.FromUnixTimeSeconds(middle)) >= local)
            {
                high = middle;
            }
            else
            {
                low = middle;
            }
        }

        return DateTimeOffset.FromUnixTimeSeconds(high);
    }
}
