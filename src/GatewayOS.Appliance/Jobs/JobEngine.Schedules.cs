using Cronos;
using GatewayOS.Appliance.Policies;
using GatewayOS.Appliance.Schedule;

namespace GatewayOS.Appliance.Jobs;

/// <summary>Something that a schedule orders.</summary>
/// <param name="Request">The order.</param>
/// <param name="Priority">Its class.</param>
/// <param name="AttemptsMax">Attempts.</param>
/// <param name="Schedule">When.</param>
/// <param name="Since">From when on.</param>
internal sealed record ScheduledWork(JobRequest Request, int Priority, int AttemptsMax, RunSchedule Schedule, DateTimeOffset Since)
{
    public (JobKind Kind, string NodeId, string Policy) Key => (Request.Kind, Request.NodeId, Request.Policy);
}

/// <content>What schedules order: backups, verifications and rehearsals of policies, and the appliance's own housekeeping.</content>
public sealed partial class JobEngine
{
    // By the appliance's clocks, after most backups. Gc also runs weekly for what interrupted backups leave; the whole store is read monthly.
    private static readonly (JobKind Kind, string Cron)[] s_housekeeping = [(JobKind.Retention, "15 5 * * *"), (JobKind.Gc, "45 5 * * 0"), (JobKind.Verify, "15 6 1 * *")];

    // What a sync finds nothing to do for costs a listing. What a rehearsal reads is paid for where the vault is: monthly is enough.
    private static readonly (JobKind Kind, string Cron)[] s_vaults = [(JobKind.Vault, "25 * * * *"), (JobKind.Drill, "15 8 2 * *")];

    // Up to when each schedule is dealt with. After a start it follows from the newest job that the schedule ordered: job and cursor are one
    // durable step, so that a power cut neither loses nor doubles a run.
    private readonly Dictionary<(JobKind, string, string), DateTimeOffset> _considered = [];

    /// <summary>What a node's part of a policy's jitter is chosen by.</summary>
    public static string SeedOf(string nodeId, string policy) => $"{nodeId}/{policy}";

    /// <summary>When a node is next backed up by a policy.</summary>
    /// <returns>Null when never: one of them is gone or rests.</returns>
    public DateTimeOffset? NextBackup(string nodeId, string policy)
    {
        lock (_gate)
        {
            DateTimeOffset now = _time.GetUtcNow();
            return Works().FirstOrDefault(work => work.Key == (JobKind.Backup, nodeId, policy)) is { } found
                ? found.Schedule.Ask(ConsideredBy(found, now), now) is { Due: false } answer ? answer.Next : now
                : null;
        }
    }

    private DateTimeOffset OrderBySchedules(DateTimeOffset now)
    {
        DateTimeOffset next = DateTimeOffset.MaxValue;
        foreach (ScheduledWork work in Works())
        {
            ScheduleAnswer answer = work.Schedule.Ask(ConsideredBy(work, now), now);
            if (answer.Due)
            {
                // One that still waits or runs does for this one, too.
                bool isThere = _journal.All.Any(job => !job.IsEnded && (job.Kind, job.NodeId, job.Policy) == work.Key);
                if (!isThere && Add(work.Request, work.Priority, work.AttemptsMax, answer.Considered, answer.LatestStart, answer.IsMadeUp) is null)
                {
                    continue;
                }
            }

            _considered[work.Key] = answer.Considered;
            next = answer.Next < next ? answer.Next.Value : next;
        }

        return next;
    }

    private DateTimeOffset ConsideredBy(ScheduledWork work, DateTimeOffset now)
    {
        if (!_considered.TryGetValue(work.Key, out DateTimeOffset considered))
        {
            considered = _journal.All.Where(job => (job.Kind, job.NodeId, job.Policy) == work.Key).Max(job => job.Considered) ?? work.Since;
            _considered[work.Key] = considered;
        }

        return considered > work.Since ? considered : work.Since > now ? now : work.Since;
    }

    private IEnumerable<ScheduledWork> Works()
    {
        DateTimeOffset begun = _journal.All.FirstOrDefault()?.Queued ?? _opened;
        foreach (PolicyAssignment assignment in _book.Assignments.Where(assignment => _isNode(assignment.NodeId)))
        {
            if (_book.PolicyOf(assignment.Policy) is not { Enabled: true } policy)
            {
                continue;
            }

            // A new cycle counts from its making: runs that it would have had before are not missed ones.
            DateTimeOffset changed = _book.Find(assignment.Policy)?.Current.Changed ?? assignment.Since;
            DateTimeOffset since = changed > assignment.Since ? changed : assignment.Since;
            foreach (ScheduledWork work in WorksOf(policy, assignment.NodeId, since))
            {
                yield return work;
            }
        }

        foreach ((JobKind kind, string cron) in HasVaults() ? [.. s_housekeeping, .. s_vaults] : s_housekeeping)
        {
            var spec = new ScheduleSpec { Cron = CronExpression.Parse(cron), Zone = _time.LocalTimeZone };
            yield return new ScheduledWork(new JobRequest(kind), (int)PolicyPriority.Normal, OperatorAttemptsMax, new RunSchedule(spec, ""), begun);
        }
    }

    private static IEnumerable<ScheduledWork> WorksOf(Policy policy, string nodeId, DateTimeOffset since)
    {
        var backup = new JobRequest(JobKind.Backup) { NodeId = nodeId, Policy = policy.Name };
        string seed = SeedOf(nodeId, policy.Name);
        yield return new ScheduledWork(backup, (int)policy.Priority, policy.Attempts, new RunSchedule(policy.Schedule, seed), since);
        foreach ((JobKind kind, TimeSpan? distance) in ((JobKind, TimeSpan?)[])[(JobKind.Verify, policy.VerifyEvery), (JobKind.Drill, policy.DrillEvery)])
        {
            if (distance is { } every)
            {
                // Spread over the distance, so that not all nodes are looked at in the same hour.
                var spec = new ScheduleSpec { Every = every, Zone = TimeZoneInfo.Utc, Jitter = every / 2 };
                yield return new ScheduledWork(backup with { Kind = kind }, (int)PolicyPriority.Low, OperatorAttemptsMax, new RunSchedule(spec, $"{seed}/{kind}"), since);
            }
        }
    }

    // The window has closed before the job could begin.
    private void MissWindow(JobRecord job, DateTimeOffset now)
    {
        ScheduleSpec? spec = _book.PolicyOf(job.Policy)?.Schedule;
        if (spec is { Window: { } window, Missed: MissedRunRule.InWindow })
        {
            var clock = new ZoneClock(spec.Zone);
            DateTime opening = window.StartAtOrAfter(clock.Local(now));
            Put(job with { NotBefore = clock.InstantOf(opening), LatestStart = clock.InstantOf(window.EndAfter(opening)), IsMadeUp = true, Fault = JobFault.Missed, Message = $"It could not begin in the window {window}, and waits for the next." });
        }
        else if (spec is { Missed: MissedRunRule.AtOnce })
        {
            Put(job with { LatestStart = null, IsMadeUp = true });
        }
        else
        {
            Put(job with { State = JobState.Cancelled, Ended = now, Fault = JobFault.Missed, Message = "It could not begin in its window, and is left out." });
        }
    }
}
