using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Cronos;

namespace GatewayOS.Appliance.Schedule;

/// <summary>What becomes of a run whose time passed while nobody could start it.</summary>
public enum MissedRunRule
{
    /// <summary>It is made up for at once; several in a row once.</summary>
    AtOnce,

    /// <summary>It is made up for as soon as the window is open; without a window at once.</summary>
    InWindow,

    /// <summary>It is left out.</summary>
    Skip,
}

/// <summary>When something runs. Either <see cref="Cron"/> or <see cref="Every"/> is set.</summary>
public sealed record ScheduleSpec
{
    /// <summary>Cron expression of five fields, by the zone's clocks.</summary>
    public CronExpression? Cron { get; init; }

    /// <summary>Distance of runs, counted from 1970-01-01 UTC whatever clocks do.</summary>
    public TimeSpan? Every { get; init; }

    /// <summary>Whose clocks count.</summary>
    public required TimeZoneInfo Zone { get; init; }

    /// <summary>When runs may begin; null for always.</summary>
    public RunWindow? Window { get; init; }

    /// <summary>Runs are put off by up to this; each node by its own, ever the same part of it.</summary>
    public TimeSpan Jitter { get; init; }

    /// <summary>What becomes of a missed run.</summary>
    public MissedRunRule Missed { get; init; }
}

/// <summary>What a schedule says at some instant.</summary>
/// <param name="Due">True when a run is to begin now.</param>
/// <param name="IsMadeUp">True when it makes up for a missed one.</param>
/// <param name="LatestStart">When its window has closed, and it counts as missed if it has not begun; null without a window.</param>
/// <param name="Considered">Up to when runs are dealt with: what the next question has to hand in.</param>
/// <param name="Next">When to ask again; null when nothing will ever come.</param>
public readonly record struct ScheduleAnswer(bool Due, bool IsMadeUp, DateTimeOffset? LatestStart, DateTimeOffset Considered, DateTimeOffset? Next);

/// <summary>
/// A schedule as it applies to one node. Pure: the same specification, seed and instants give the same answers, on every machine.
/// </summary>
/// <remarks>
/// Runs are planned instants: a local minute that the cron expression names, as it comes about (<see cref="ZoneClock"/>), or a multiple of the
/// distance; those outside the window are none; each is put off by the jitter, but not out of its window.
/// A skipped minute belongs to the window by its name, so a run in a skipped hour is not lost with it.
/// </remarks>
public sealed class RunSchedule
{
    /// <summary>A run that begins this much after its time is on time.</summary>
    public static readonly TimeSpan OnTime = TimeSpan.FromMinutes(5);

    /// <summary>A clock that goes back by more than this was wrong before: runs are counted anew from the present instant.</summary>
    public static readonly TimeSpan ClockBackMax = TimeSpan.FromHours(1);

    // How far ahead runs are looked for: a cron expression may name the 29th of February.
    private static readonly TimeSpan s_horizon = TimeSpan.FromDays((366 * 8) + 1);

    private readonly ScheduleSpec _spec;
    private readonly ZoneClock _clock;
    private readonly TimeSpan _delay;

    /// <summary>Makes the schedule of one node.</summary>
    /// <param name="spec">What the policy says.</param>
    /// <param name="seed">Names node and policy: decides which part of the jitter is this one's.</param>
    public RunSchedule(ScheduleSpec spec, string seed)
    {
        (_spec, _clock) = (spec, new ZoneClock(spec.Zone));
        uint share = BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(seed)));
        _delay = TimeSpan.FromSeconds(Math.Floor(spec.Jitter.TotalSeconds * share / (uint.MaxValue + 1.0)));
    }

    /// <summary>By how much this node's runs are put off.</summary>
    public TimeSpan Delay => _delay;

    /// <summary>The first planned run after an instant.</summary>
    /// <returns>Null when there is none within eight years.</returns>
    public DateTimeOffset? NextAfter(DateTimeOffset after) => Planned(after)?.At;

    /// <summary>The next runs after an instant.</summary>
    public IEnumerable<DateTimeOffset> RunsAfter(DateTimeOffset after)
    {
        while (NextAfter(after) is { } next)
        {
            yield return next;
            after = next;
        }
    }

    /// <summary>True when a run may begin at an instant.</summary>
    public bool IsOpen(DateTimeOffset instant) => _spec.Window is not { } window || window.Contains(_clock.Local(instant));

    /// <summary>Says what to do.</summary>
    /// <param name="considered">Up to when runs have been dealt with.</param>
    /// <param name="now">The present instant; a clock that went back a little gives no run twice.</param>
    public ScheduleAnswer Ask(DateTimeOffset considered, DateTimeOffset now)
    {
        considered = considered - now > ClockBackMax ? now : considered;
        PlannedRun? first = Planned(considered);
        if (first is null || first.Value.At > now)
        {
            return new ScheduleAnswer(false, false, null, considered, first?.At);
        }

        // The newest run decides: older ones that nobody started are made up for by it.
        if (Planned(Later(considered, now - OnTime - TimeSpan.FromTicks(1))) is { } punctual && punctual.At <= now)
        {
            return new ScheduleAnswer(true, false, punctual.LatestStart, now, NextAfter(now));
        }

        if (_spec.Missed == MissedRunRule.Skip)
        {
            return new ScheduleAnswer(false, false, null, now, NextAfter(now));
        }

        if (_spec.Missed == MissedRunRule.AtOnce || IsOpen(now))
        {
            DateTimeOffset? latest = _spec is { Missed: MissedRunRule.InWindow, Window: { } window } ? WindowEnd(window, now, _clock.Local(now)) : null;
            return new ScheduleAnswer(true, true, latest, now, NextAfter(now));
        }

        DateTimeOffset opening = _clock.InstantOf(_spec.Window!.Value.StartAtOrAfter(_clock.Local(now)));
        return new ScheduleAnswer(false, false, null, considered, Later(opening, now + TimeSpan.FromMinutes(1)));
    }

    private static DateTimeOffset Later(DateTimeOffset left, DateTimeOffset right) => left > right ? left : right;

    private PlannedRun? Planned(DateTimeOffset after)
    {
        // Putting off keeps the order, so the first undelayed run that ends up after the instant is the one.
        DateTimeOffset from = after - _delay;
        DateTimeOffset until = after + s_horizon;
        return _spec.Cron is { } cron ? PlannedByCron(cron, from, after, until) : PlannedByDistance(_spec.Every!.Value, from, after, until);
    }

    private PlannedRun? PlannedByCron(CronExpression cron, DateTimeOffset from, DateTimeOffset after, DateTimeOffset until)
    {
        // Cronos finds local minutes, on a line without jumps; where they come about is this class's affair. A minute that clocks show for the
        // second time is met here again, comes about before the instant, and is passed over.
        DateTime local = DateTime.SpecifyKind(_clock.Local(from), DateTimeKind.Utc);
        while (cron.GetNextOccurrence(local) is { } named)
        {
            local = named;
            DateTimeOffset at = _clock.InstantOf(named);
            if (at > until)
            {
                return null;
            }

            if (Delayed(at, DateTime.SpecifyKind(named, DateTimeKind.Unspecified)) is { } run && run.At > after)
            {
                return run;
            }
        }

        return null;
    }

    private PlannedRun? PlannedByDistance(TimeSpan every, DateTimeOffset from, DateTimeOffset after, DateTimeOffset until)
    {
        long number = ((from - DateTimeOffset.UnixEpoch).Ticks / every.Ticks) + 1;
        for (DateTimeOffset at = DateTimeOffset.UnixEpoch + (number * every); at <= until; at += every)
        {
            if (Delayed(at, _clock.Local(at)) is { } run && run.At > after)
            {
                return run;
            }
        }

        return null;
    }

    private PlannedRun? Delayed(DateTimeOffset at, DateTime local)
    {
        if (_spec.Window is not { } window)
        {
            return new PlannedRun(at + _delay, null);
        }

        if (!window.Contains(local))
        {
            return null;
        }

        // The last minute of the window is early enough to begin; a window that is skipped whole leaves the run where it is.
        DateTimeOffset end = WindowEnd(window, at, local);
        DateTimeOffset latest = Later(at, end - TimeSpan.FromMinutes(1));
        DateTimeOffset delayed = at + _delay;
        return new PlannedRun(delayed < latest ? delayed : latest, Later(end, at + OnTime));
    }

    // Clocks that went back show the end of the window twice, and it is open until they do for the second time.
    private DateTimeOffset WindowEnd(RunWindow window, DateTimeOffset at, DateTime local)
    {
        DateTime shown = window.EndAfter(local);
        DateTimeOffset end = _clock.InstantOf(shown);
        return end > at ? end : at + (shown - _clock.Local(at));
    }

    private readonly record struct PlannedRun(DateTimeOffset At, DateTimeOffset? LatestStart);
}
