using Cronos;
using GatewayOS.Appliance.Schedule;

namespace GatewayOS.Appliance.Raid;

/// <summary>What is to be done about an array's scheduled check.</summary>
public enum CheckMove
{
    /// <summary>Nothing now.</summary>
    None,

    /// <summary>Begin it.</summary>
    Begin,

    /// <summary>It is due and must not begin; it waits.</summary>
    Wait,

    /// <summary>One that runs has to stop.</summary>
    Stop,
}

/// <summary>When arrays are checked: by the appliance's clocks on the first Sunday of each month, as Debian does, never while one is degraded. Pure.</summary>
public static class CheckPlan
{
    private const string Cron = "5 1 1-7 * 0";

    /// <summary>Decides.</summary>
    /// <param name="array">The array.</param>
    /// <param name="health">How it is.</param>
    /// <param name="considered">Up to when the schedule is dealt with.</param>
    /// <param name="isBusy">True while its disks are being replaced.</param>
    /// <param name="zone">The appliance's zone.</param>
    /// <param name="now">Now.</param>
    /// <returns>What to do; up to when the schedule is then dealt with; why, in words.</returns>
    public static (CheckMove Move, DateTimeOffset Considered, string Reason) Decide(ArrayReading array, ArrayHealth health, DateTimeOffset considered, bool isBusy, TimeZoneInfo zone, DateTimeOffset now)
    {
        if (array.Kernel is { Degraded: > 0, SyncAction: "check" })
        {
            return (CheckMove.Stop, considered, "the array is degraded");
        }

        ScheduleAnswer answer = Schedule(zone).Ask(considered, now);
        if (!answer.Due)
        {
            return (CheckMove.None, answer.Considered, "");
        }

        return health.State switch
        {
            _ when isBusy => (CheckMove.Wait, considered, "a disk is being replaced"),
            ArrayState.Optimal or ArrayState.Mismatch => (CheckMove.Begin, answer.Considered, ""),
            ArrayState.Checking => (CheckMove.None, answer.Considered, ""),
            _ => (CheckMove.Wait, considered, $"the array is {ArrayHealth.Word(health.State)}"),
        };
    }

    /// <summary>Why a check must not begin now; null when it may.</summary>
    public static string? WhyNot(ArrayReading array, ArrayHealth health) => health.State switch
    {
        _ when array.Controller is not null => $"{array.Name} is a volume of a controller, which checks by itself. Use its own tool.",
        ArrayState.Optimal or ArrayState.Mismatch => null,
        ArrayState.Checking => $"{array.Name} is being checked already.",
        ArrayState.Degraded or ArrayState.Rebuilding => $"{array.Name} is {ArrayHealth.Word(health.State)}: a check would strain the disks that all depends on. Replace what is missing, and wait for the rebuild.",
        _ => $"{array.Name} is {ArrayHealth.Word(health.State)}. Look with 'gatewayctl raid status' why.",
    };

    /// <summary>When the next scheduled check begins.</summary>
    public static DateTimeOffset? Next(DateTimeOffset considered, TimeZoneInfo zone, DateTimeOffset now) => Schedule(zone).Ask(considered, now) is { Due: false } answer ? answer.Next : now;

    private static RunSchedule Schedule(TimeZoneInfo zone) => new(new ScheduleSpec { Cron = CronExpression.Parse(Cron), Zone = zone, Missed = MissedRunRule.AtOnce }, "");
}
