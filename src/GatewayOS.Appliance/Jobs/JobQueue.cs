namespace GatewayOS.Appliance.Jobs;

/// <summary>How much is done at once.</summary>
/// <param name="NodeJobsMax">Backups and restores of all nodes together.</param>
/// <param name="LocalJobsMax">Jobs on the appliance itself.</param>
public sealed record JobLimits(int NodeJobsMax, int LocalJobsMax = 2)
{
    /// <summary>The limits of a model: a fifth of its nodes at once, at least two, at most sixteen.</summary>
    public static JobLimits Of(int nodesMax) => new(Math.Clamp(nodesMax / 5, 2, 16));
}

/// <summary>
/// Which job is next. Pure. First goes the higher class; a job rises by a class for every two hours that it waits, so none waits for ever.
/// Within a class the node goes first that was served least recently, so that no node's many jobs keep the others waiting.
/// </summary>
internal static class JobQueue
{
    /// <summary>Class of operators' jobs, and the highest.</summary>
    public const int ClassMax = 3;

    /// <summary>Waiting for so long raises a job by a class.</summary>
    public static readonly TimeSpan RiseAfter = TimeSpan.FromHours(2);

    /// <summary>Chooses the next job to begin.</summary>
    /// <param name="jobs">All jobs that are not ended.</param>
    /// <param name="limits">How much may run.</param>
    /// <param name="lastStart">When each node was served last.</param>
    /// <param name="canStart">Whether a job's worker is there.</param>
    /// <param name="now">The present instant.</param>
    /// <returns>Null when none can begin.</returns>
    public static JobRecord? Choose(IReadOnlyCollection<JobRecord> jobs, JobLimits limits, IReadOnlyDictionary<string, DateTimeOffset> lastStart, Func<JobRecord, bool> canStart, DateTimeOffset now)
    {
        JobRecord[] running = [.. jobs.Where(job => job.State == JobState.Running)];
        bool nodesFull = running.Count(job => job.IsOnNode) >= limits.NodeJobsMax;
        bool localFull = running.Count(IsLocalWork) >= limits.LocalJobsMax;
        return jobs
            .Where(job => job.State == JobState.Queued && job.NotBefore <= now && !(job.IsOnNode ? nodesFull : localFull && IsLocalWork(job)) && !running.Any(other => Excludes(job, other)) && canStart(job))
            .OrderByDescending(job => ClassOf(job, now))
            .ThenBy(job => lastStart.GetValueOrDefault(job.NodeId))
            .ThenBy(job => job.Queued)
            .ThenBy(job => job.Id, StringComparer.Ordinal)
            .FirstOrDefault();
    }

    /// <summary>The job's class now.</summary>
    public static int ClassOf(JobRecord job, DateTimeOffset now) => Math.Min(ClassMax, job.Priority + (int)Math.Max(0, (now - job.Queued) / RiseAfter));

    // A sync waits for its link: the first one may for days, in which the appliance has other things to do.
    private static bool IsLocalWork(JobRecord job) => !job.IsOnNode && job.Kind != JobKind.Vault;

    // A node does one thing at a time; of jobs on the appliance one of a kind.
    private static bool Excludes(JobRecord job, JobRecord other) => job.IsOnNode ? other.IsOnNode && other.NodeId == job.NodeId : other.Kind == job.Kind;
}
