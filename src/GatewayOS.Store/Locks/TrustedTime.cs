namespace GatewayOS.Store.Locks;

/// <summary>How far time has certainly come. Kept in the store; every reading moves it on, none moves it back.</summary>
public sealed record TrustedMark
{
    /// <summary>The trusted time.</summary>
    public required DateTimeOffset Trusted { get; init; }

    /// <summary>Time the wall clock claims to have passed while the machine was off, and that does not count yet.</summary>
    public TimeSpan Pending { get; init; }

    /// <summary>How much of that may count now.</summary>
    public TimeSpan Budget { get; init; }

    /// <summary>The run of the machine in which the mark was made.</summary>
    public required string BootId { get; init; }

    /// <summary>How long that had run then.</summary>
    public required TimeSpan SinceBoot { get; init; }
}

/// <summary>
/// Time that cannot be turned back, nor forward, by setting a clock. While the machine runs, only its uncounterfeitable time since boot counts.
/// Time while it was off is known from the wall clock alone, so it counts only by and by: an eighth of the time run since is what may be made
/// up of it, a week at most at once. Time that is trusted is never ahead of real time by more than that eighth, whatever is done to the clock; it
/// may lag behind, and then locks hold longer, never shorter.
/// </summary>
/// <remarks>
/// Pure. Limits: who is root and can have processes see another CLOCK_BOOTTIME (a time namespace, a patched kernel), restore an older image of
/// the machine and run it again, or write to the store's disk directly, is not held by this. Against the last only another place helps.
/// </remarks>
public static class TrustedTime
{
    /// <summary>Of so much time run, one part of time off may be made up.</summary>
    public const int RunPerMadeUp = 8;

    /// <summary>Most that may be made up at once.</summary>
    public static readonly TimeSpan BudgetMax = TimeSpan.FromDays(7);

    /// <summary>The first mark.</summary>
    /// <param name="reading">What clocks say.</param>
    /// <param name="atLeast">Time that is known to have come; null when nothing is known, and the wall clock has to be believed.</param>
    public static TrustedMark Begin(ClockReading reading, DateTimeOffset? atLeast) => new() { Trusted = atLeast ?? reading.Wall, BootId = reading.BootId, SinceBoot = reading.SinceBoot };

    /// <summary>Moves a mark on.</summary>
    public static TrustedMark Advance(TrustedMark mark, ClockReading reading)
    {
        bool isSameRun = mark.BootId == reading.BootId;

        // After a restart the time since it has certainly passed since the mark.
        TimeSpan run = isSameRun ? Max(TimeSpan.Zero, reading.SinceBoot - mark.SinceBoot) : reading.SinceBoot;
        DateTimeOffset trusted = mark.Trusted + run;
        TimeSpan pending = isSameRun ? mark.Pending : Max(TimeSpan.Zero, reading.Wall - trusted);
        TimeSpan budget = Min(BudgetMax, mark.Budget + (run / RunPerMadeUp));
        TimeSpan madeUp = Min(pending, budget);
        return new TrustedMark
        {
            Trusted = trusted + madeUp,
            Pending = pending - madeUp,
            Budget = budget - madeUp,
            BootId = reading.BootId,
            SinceBoot = isSameRun ? Max(mark.SinceBoot, reading.SinceBoot) : reading.SinceBoot,
        };
    }

    private static TimeSpan Max(TimeSpan left, TimeSpan right) => left > right ? left : right;

    private static TimeSpan Min(TimeSpan left, TimeSpan right) => left < right ? left : right;
}
