using GatewayOS.Appliance.Nodes;
using GatewayOS.Appliance.Policies;
using GatewayOS.Store.Snapshots;

namespace GatewayOS.Appliance.Jobs;

/// <summary>How well a node is protected.</summary>
public enum ProtectionVerdict
{
    /// <summary>Its restore points come as its policies say.</summary>
    Protected,

    /// <summary>The last one is older than its policies allow.</summary>
    Late,

    /// <summary>Nothing protects it.</summary>
    Unprotected,
}

/// <summary>How a node is protected: what was measured, and from what. What was not measured is null, never guessed.</summary>
/// <param name="Node">The node.</param>
/// <param name="Policies">The policies it follows.</param>
/// <param name="Verdict">In a word.</param>
/// <param name="Reason">In a sentence.</param>
/// <param name="LastGood">The newest restore point that is whole; null when there is none, and the RPO is unknown.</param>
/// <param name="Rpo">What would be lost now: the age of that restore point's beginning.</param>
/// <param name="Drill">The newest rehearsal that succeeded; null when there is none, and the RTO is unknown.</param>
/// <param name="StoredBytes">What its restore points added to the store when they were made.</param>
public sealed record Protection(NodeRecord Node, IReadOnlyList<string> Policies, ProtectionVerdict Verdict, string Reason, SnapshotRecord? LastGood, TimeSpan? Rpo, JobRecord? Drill, long StoredBytes)
{
    // A run may be late by its length and a retry or two before people have to hear of it.
    private const double LatePeriods = 2;

    private static readonly TimeSpan s_lateMin = TimeSpan.FromMinutes(30);

    /// <summary>Says how a node is protected.</summary>
    /// <param name="node">The node.</param>
    /// <param name="book">The policies.</param>
    /// <param name="snapshots">The node's restore points.</param>
    /// <param name="jobs">All jobs, oldest first.</param>
    /// <param name="now">The present instant.</param>
    public static Protection Of(NodeRecord node, PolicyBook book, IReadOnlyList<SnapshotRecord> snapshots, IReadOnlyList<JobRecord> jobs, DateTimeOffset now)
    {
        string[] followed = [.. book.Assignments.Where(assignment => assignment.NodeId == node.Id).Select(assignment => assignment.Policy)];
        SnapshotRecord? good = snapshots.Where(record => !record.Marked).MaxBy(record => Retention.SnapshotTime.Of(record));
        JobRecord? drill = jobs.LastOrDefault(job => job.Kind == JobKind.Drill && job.NodeId == node.Id && job is { State: JobState.Done, Drill: not null });
        (ProtectionVerdict verdict, string reason) = Judge(followed, book, snapshots, now);
        return new Protection(node, followed, verdict, reason, good, good is null ? null : now - Retention.SnapshotTime.Of(good), drill, snapshots.Sum(record => record.Draft.Counts.StoredBytes));
    }

    /// <summary>Finds the policy whose last runs brought a node no restore point, whole or not.</summary>
    /// <param name="node">The node.</param>
    /// <param name="book">The policies.</param>
    /// <param name="snapshots">The node's restore points.</param>
    /// <param name="runsMax">How many runs may.</param>
    /// <param name="now">The present instant.</param>
    /// <returns>It, and since when nothing has come; null when there is none.</returns>
    public static (string Policy, DateTimeOffset Since)? Overdue(NodeRecord node, PolicyBook book, IReadOnlyList<SnapshotRecord> snapshots, int runsMax, DateTimeOffset now)
    {
        foreach (PolicyAssignment assignment in book.Assignments.Where(assignment => assignment.NodeId == node.Id))
        {
            if (book.PolicyOf(assignment.Policy) is not { Enabled: true } policy || book.Find(assignment.Policy) is not { } entry)
            {
                continue;
            }

            // What changed a policy counts from then.
            string tag = Retention.RetentionRun.TagOf(policy.Name);
            DateTimeOffset since = snapshots.Where(record => record.Draft.Tags.Contains(tag)).Select(record => record.FinishedUtc).Append(assignment.Since).Append(entry.Current.Changed).Max();
            DateTimeOffset[] runs = [.. new Schedule.RunSchedule(policy.Schedule, JobEngine.SeedOf(node.Id, policy.Name)).RunsAfter(since).Take(runsMax)];
            if (runs.Length == runsMax && now > runs[^1] + s_lateMin)
            {
                return (policy.Name, since);
            }
        }

        return null;
    }

    private static (ProtectionVerdict Verdict, string Reason) Judge(string[] followed, PolicyBook book, IReadOnlyList<SnapshotRecord> snapshots, DateTimeOffset now)
    {
        Policy[] holding = [.. followed.Select(book.PolicyOf).OfType<Policy>().Where(policy => policy.Enabled)];
        if (holding.Length == 0)
        {
            return (ProtectionVerdict.Unprotected, followed.Length == 0 ? "It follows no policy." : "None of its policies holds.");
        }

        foreach (Policy policy in holding)
        {
            string tag = Retention.RetentionRun.TagOf(policy.Name);
            if (snapshots.Where(record => !record.Marked && record.Draft.Tags.Contains(tag)).MaxBy(record => Retention.SnapshotTime.Of(record)) is not { } newest)
            {
                return (ProtectionVerdict.Unprotected, $"There is no whole restore point by '{policy.Name}' yet.");
            }

            var schedule = new Schedule.RunSchedule(policy.Schedule, "");
            DateTimeOffset[] runs = [.. schedule.RunsAfter(Retention.SnapshotTime.Of(newest)).Take(2)];
            TimeSpan period = runs.Length == 2 ? runs[1] - runs[0] : TimeSpan.Zero;
            TimeSpan grace = period * (LatePeriods - 1) > s_lateMin ? period * (LatePeriods - 1) : s_lateMin;
            if (runs.Length > 0 && now > runs[0] + policy.Schedule.Jitter + grace)
            {
                return (ProtectionVerdict.Late, $"By '{policy.Name}' there should be a newer restore point than that of {Retention.SnapshotTime.Of(newest):yyyy-MM-dd HH:mm} UTC.");
            }
        }

        int lapsed = followed.Length - holding.Length;
        return lapsed > 0
            ? (ProtectionVerdict.Late, $"{lapsed} of its policies rest or do not hold any more.")
            : (ProtectionVerdict.Protected, "Its restore points come as its policies say.");
    }
}
