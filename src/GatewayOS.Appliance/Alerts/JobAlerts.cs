using GatewayOS.Appliance.Jobs;

namespace GatewayOS.Appliance.Alerts;

/// <summary>
/// Says what became of jobs. It looks at how they stand, not at what happens: after a crash the next look raises or clears what was left out. Not
/// thread-safe.
/// </summary>
/// <param name="alerts">Where alerts go; borrowed.</param>
/// <param name="matters">Whether a job's node and policy are still what they were for it; what nothing orders any more is nobody's worry.</param>
/// <param name="nameOf">A node's name, by its ID.</param>
public sealed class JobAlerts(IAlertSink alerts, Func<JobRecord, bool> matters, Func<string, string> nameOf)
{
    private const string Store = "store";
    private const string Vaults = "vaults";

    // The job that an alert was last raised for: looking again is no repetition.
    private readonly Dictionary<(AlertKind, string), string> _raised = [];

    /// <summary>Looks at all jobs.</summary>
    /// <param name="jobs">They, oldest first.</param>
    public void Look(IReadOnlyList<JobRecord> jobs)
    {
        // How each of a node's works ended last. A cancelled one says nothing, unless its window had closed.
        JobRecord[] last =
        [
            .. jobs.Where(job => job.State is JobState.Done or JobState.Warned or JobState.Failed || job.Fault == JobFault.Missed && job.IsEnded)
                .GroupBy(job => (job.Kind, job.NodeId, job.Policy))
                .Select(group => group.MaxBy(job => job.Ended)!),
        ];
        foreach (IGrouping<(AlertKind Kind, string Subject), JobRecord> group in last.GroupBy(KeyOf))
        {
            JobRecord? failed = group.Where(job => IsFailure(job) && matters(job) && !IsMadeGood(job, group)).MaxBy(job => job.Ended);
            if (failed is null)
            {
                _raised.Remove(group.Key);
                alerts.Clear(group.Key.Kind, group.Key.Subject);
            }
            else if (_raised.GetValueOrDefault(group.Key) != failed.Id)
            {
                _raised[group.Key] = failed.Id;
                alerts.Raise(EventOf(group.Key, failed));
            }
        }
    }

    private static (AlertKind Kind, string Subject) KeyOf(JobRecord job) => job.Kind switch
    {
        JobKind.Drill => (AlertKind.DrillFailed, job.NodeId.Length > 0 ? job.NodeId : Vaults),
        JobKind.Verify or JobKind.Gc => (AlertKind.StoreDamage, job.NodeId.Length > 0 ? job.NodeId : Store),
        JobKind.Retention or JobKind.Benchmark => (AlertKind.JobFailed, Store),
        JobKind.Vault => (AlertKind.JobFailed, Vaults),
        _ => (AlertKind.JobFailed, job.NodeId),
    };

    // A rehearsal before the first restore point is refused: what is missing then is a backup.
    private static bool IsFailure(JobRecord job) => job.State is not (JobState.Done or JobState.Warned) && !(job.Kind is JobKind.Drill or JobKind.Verify && job.Fault == JobFault.Refused);

    // What an operator once ordered is made good by a later one of its kind, whoever ordered that.
    private static bool IsMadeGood(JobRecord job, IEnumerable<JobRecord> others) =>
        job.Policy.Length == 0 && others.Any(other => other.Kind == job.Kind && !IsFailure(other) && other.Ended > job.Ended);

    private AlertEvent EventOf((AlertKind Kind, string Subject) key, JobRecord job)
    {
        string node = job.NodeId.Length > 0 ? nameOf(job.NodeId) : "";
        string what = job.Kind switch
        {
            JobKind.Backup => $"The backup of node '{node}'",
            JobKind.Restore => $"The restore on node '{node}'",
            JobKind.Drill when node.Length > 0 => $"The rehearsed restore of node '{node}'",
            JobKind.Drill => "The rehearsed restore from the vaults",
            JobKind.Verify when node.Length > 0 => $"Reading the newest restore point of node '{node}'",
            JobKind.Verify => "Reading the whole store",
            JobKind.Vault => "Bringing the vaults up to date",
            JobKind.Gc => "Freeing space in the store",
            JobKind.Benchmark => "Measuring the store's speed",
            _ => "Forgetting restore points that no rule keeps",
        };
        string by = job.Policy.Length > 0 ? $" by policy '{job.Policy}'" : "";
        bool isBad = job.Fault == JobFault.Damage || (job.Kind == JobKind.Drill && node.Length > 0);
        return new AlertEvent(key.Kind, isBad ? AlertSeverity.Critical : AlertSeverity.Warning, key.Subject, $"{what}{by} {(job.Fault == JobFault.Missed ? "was left out" : "failed")}: {job.Message}", RemedyOf(job, node));
    }

    private static string RemedyOf(JobRecord job, string node) => job.Fault switch
    {
        JobFault.Damage when job is { Kind: JobKind.Drill, NodeId: "" } => "What cannot be read back from a vault is no protection: 'gatewayctl vault verify --read-data' shows what is wrong with it, 'gatewayctl vault heal' puts it right.",
        _ when job is { Kind: JobKind.Drill, NodeId: "" } => "Look whether the vault can be reached from the appliance ('gatewayctl vault status'), then rehearse again with 'gatewayctl drill vaults'.",
        JobFault.Network when job.Kind == JobKind.Vault => "Look whether the vault can be reached from the appliance ('gatewayctl vault status'). The next sync comes by itself and goes on where this one ended.",
        JobFault.Refused when job.Kind == JobKind.Vault => "Put right what the message names. The next sync comes by itself.",
        JobFault.Damage when job.Kind == JobKind.Vault => "The store is damaged: 'gatewayctl vault heal' takes back what a vault has whole.",
        JobFault.NodeOffline or JobFault.Network => $"Look whether gateway-agent runs on '{node}' and reaches the appliance ('gatewayctl node list'); 'gatewayctl node backup {node}' backs up at once.",
        JobFault.Source => $"Put right on '{node}' what the message names, then order it again ('gatewayctl job run').",
        JobFault.Damage => "Run 'gatewayctl store verify --read-data' to see what is damaged, then 'gatewayctl store repair'; the next backup stores the rest again.",
        JobFault.Store => "Look at the store's disk ('gatewayctl status'): is it full, or failing? The next run comes by itself.",
        JobFault.Missed => $"Widen the window of policy '{job.Policy}', or have less run in it.",
        _ => $"Look at 'gatewayctl job show {job.Id[..Math.Min(16, job.Id.Length)]}'; the next run comes by itself.",
    };
}
