using GatewayOS.Appliance.Alerts;
using GatewayOS.Appliance.Jobs;

namespace GatewayOS.Appliance.Tests.Alerts;

/// <summary>Which ends of jobs people hear of.</summary>
public sealed class JobAlertsTests
{
    private static readonly DateTimeOffset s_noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly AlertSinkProbe _sink = new();
    private readonly JobAlerts _alerts;
    private readonly List<JobRecord> _jobs = [];
    private string _left = "none";

    public JobAlertsTests() => _alerts = new JobAlerts(_sink, job => job.Policy != _left, node => $"name of {node}");

    [Fact]
    public void A_failure_stands_until_the_same_work_succeeds()
    {
        Ended(JobKind.Backup, JobState.Failed, JobFault.Source, "p");
        Assert.Contains("name of n", _sink.Standing(AlertKind.JobFailed, "n")!.Summary, StringComparison.Ordinal);
        _alerts.Look(_jobs);
        Assert.Equal(1, _sink.Raised);
        Ended(JobKind.Backup, JobState.Done, policy: "other");
        Assert.NotNull(_sink.Standing(AlertKind.JobFailed, "n"));
        Ended(JobKind.Backup, JobState.Cancelled, policy: "p");
        Assert.NotNull(_sink.Standing(AlertKind.JobFailed, "n"));
        Ended(JobKind.Backup, JobState.Failed, JobFault.Network, "p");
        Assert.Equal(2, _sink.Raised);
        Ended(JobKind.Backup, JobState.Warned, policy: "p");
        Assert.Empty(_sink.All);
    }

    [Fact]
    public void What_an_operator_ordered_once_is_made_good_by_any_later_one()
    {
        Ended(JobKind.Backup, JobState.Failed, JobFault.Store);
        Assert.NotNull(_sink.Standing(AlertKind.JobFailed, "n"));
        Ended(JobKind.Backup, JobState.Done, policy: "p");
        Assert.Empty(_sink.All);
    }

    [Fact]
    public void What_nothing_orders_any_more_is_nobodys_worry()
    {
        Ended(JobKind.Backup, JobState.Failed, JobFault.Source, "p");
        _left = "p";
        _alerts.Look(_jobs);
        Assert.Empty(_sink.All);
    }

    [Fact]
    public void A_missed_window_a_failed_rehearsal_and_damage_have_their_own_words()
    {
        Ended(JobKind.Backup, JobState.Cancelled, JobFault.Missed, "p");
        Assert.Contains("window", _sink.Standing(AlertKind.JobFailed, "n")!.Remedy, StringComparison.Ordinal);
        Ended(JobKind.Drill, JobState.Failed, JobFault.Refused, "p");
        Assert.Null(_sink.Standing(AlertKind.DrillFailed, "n"));
        Ended(JobKind.Drill, JobState.Failed, JobFault.Damage, "p");
        Assert.Equal(AlertSeverity.Critical, _sink.Standing(AlertKind.DrillFailed, "n")!.Severity);
        Ended(JobKind.Verify, JobState.Failed, JobFault.Damage, node: "");
        Assert.Contains("repair", _sink.Standing(AlertKind.StoreDamage, "store")!.Remedy, StringComparison.Ordinal);
        Ended(JobKind.Verify, JobState.Done, node: "");
        Assert.Null(_sink.Standing(AlertKind.StoreDamage, "store"));
    }

    private void Ended(JobKind kind, JobState state, JobFault fault = JobFault.None, string policy = "", string node = "n")
    {
        DateTimeOffset at = s_noon.AddMinutes(_jobs.Count);
        _jobs.Add(new JobRecord { Id = $"{_jobs.Count:x32}", Kind = kind, NodeId = node, Policy = policy, State = state, Fault = fault, Message = "Something.", Queued = at, Ended = at });
        _alerts.Look(_jobs);
    }
}
