using GatewayOS.Appliance.Alerts;
using GatewayOS.Appliance.Policies;
using GatewayOS.Store;
using GatewayOS.Store.Locks;
using GatewayOS.Store.Maintenance;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;

namespace GatewayOS.Appliance.Retention;

/// <summary>What the policies' rules mean for the restore points of nodes.</summary>
public static class RetentionRun
{
    private const string TagPrefix = "policy=";

    /// <summary>What a policy's snapshots are tagged with.</summary>
    public static string TagOf(string policy) => TagPrefix + policy;

    /// <summary>The policy that made a restore point.</summary>
    /// <returns>Null when none did.</returns>
    public static string? PolicyOf(SnapshotRecord record) => record.Draft.Tags.FirstOrDefault(tag => tag.StartsWith(TagPrefix, StringComparison.Ordinal))?[TagPrefix.Length..];

    /// <summary>Decides about the restore points that a policy made of a node.</summary>
    /// <param name="snapshots">All restore points.</param>
    /// <param name="nodeId">The node.</param>
    /// <param name="policy">The policy.</param>
    /// <param name="holds">What must not expire.</param>
    /// <param name="locks">Locks that hold, by snapshot.</param>
    /// <param name="now">The present instant.</param>
    /// <returns>A decision for each; without a rule everything is kept. The newest that is whole is kept whatever the rule says.</returns>
    public static IReadOnlyList<RetentionDecision> Plan(IReadOnlyList<SnapshotRecord> snapshots, string nodeId, Policy policy, SnapshotHolds holds, IReadOnlyDictionary<string, SnapshotLock> locks, DateTimeOffset now)
    {
        string tag = TagOf(policy.Name);
        Dictionary<string, SnapshotRecord> mine = snapshots.Where(record => record.Draft.NodeId == nodeId && record.Draft.Tags.Contains(tag)).ToDictionary(record => record.Id, StringComparer.Ordinal);
        SnapshotRecord[] timed = [.. mine.Values.Select(record => record with { Draft = record.Draft with { StartedUtc = SnapshotTime.Of(record) } })];
        IReadOnlyList<RetentionDecision> plan = policy.Retention is { } rule
            ? Store.Maintenance.Retention.Plan(timed, rule, now, policy.Schedule.Zone)
            : [.. timed.OrderByDescending(record => record.Draft.StartedUtc).Select(record => new RetentionDecision(record, ["no rule"]))];
        string? newestWhole = mine.Values.Where(record => !record.Marked).OrderByDescending(record => record.FinishedUtc).ThenBy(record => record.Id, StringComparer.Ordinal).FirstOrDefault()?.Id;
        return [.. plan.Select(decision => new RetentionDecision(mine[decision.Snapshot.Id], [.. decision.Reasons, .. More(decision.Snapshot)]))];

        IEnumerable<string> More(SnapshotRecord record)
        {
            if (holds.HoldOf(record) is { } hold)
            {
                yield return $"held: {hold.Reason}";
            }

            if (locks.TryGetValue(record.Id, out SnapshotLock? held))
            {
                yield return $"locked until {held.Until:yyyy-MM-dd HH:mm} UTC";
            }

            if (record.Id == newestWhole)
            {
                yield return "newest whole";
            }
        }
    }

    /// <summary>Locks a restore point as the policies say that made it of its node. A lock that holds longer stays.</summary>
    /// <param name="store">The store.</param>
    /// <param name="book">The policies.</param>
    /// <param name="record">The restore point.</param>
    public static void Lock(BackupStore store, PolicyBook book, SnapshotRecord record)
    {
        foreach (PolicyAssignment assignment in book.Assignments.Where(assignment => assignment.NodeId == record.Draft.NodeId && record.Draft.Tags.Contains(TagOf(assignment.Policy))))
        {
            if (book.PolicyOf(assignment.Policy)?.Lock is { } duration)
            {
                store.LockSnapshot(record, duration);
            }
        }
    }

    /// <summary>Forgets what no policy keeps.</summary>
    /// <param name="store">The store.</param>
    /// <param name="book">The policies.</param>
    /// <param name="holds">What must not expire.</param>
    /// <param name="guard">Looks first whether anything new has to be held or locked.</param>
    /// <param name="now">The present instant.</param>
    /// <param name="cancellation">Stops it between two restore points.</param>
    /// <returns>How many went.</returns>
    /// <exception cref="StoreDamagedException">A restore point cannot be read: nothing is forgotten then.</exception>
    public static int Forget(BackupStore store, PolicyBook book, SnapshotHolds holds, SnapshotGuard guard, DateTimeOffset now, CancellationToken cancellation)
    {
        SnapshotList list = store.Snapshots();
        if (list.Damaged.Count > 0)
        {
            throw new StoreDamagedException(list.Damaged[0].FileName, $"Snapshot file {list.Damaged[0].FileName} is damaged: {list.Damaged[0].Reason}. Run repair before rules choose what to forget.");
        }

        guard.Look(store, list.Records);
        IReadOnlyDictionary<string, SnapshotLock> locks = store.HoldingLocks();
        int forgotten = 0;
        foreach (PolicyAssignment assignment in book.Assignments)
        {
            if (book.PolicyOf(assignment.Policy) is not { } policy)
            {
                continue;
            }

            foreach (RetentionDecision decision in Plan(list.Records, assignment.NodeId, policy, holds, locks, now).Where(decision => !decision.Keep))
            {
                cancellation.ThrowIfCancellationRequested();
                if (holds.HoldOf(decision.Snapshot) is not null)
                {
                    // Held since the plan was made.
                    continue;
                }

                store.DeleteSnapshot(decision.Snapshot);
                forgotten++;
            }
        }

        return forgotten;
    }
}
