using GatewayOS.Appliance.Jobs;

namespace GatewayOS.Appliance.Tests.Jobs;

/// <summary>Which job is next, and when one is tried again.</summary>
public sealed class JobQueueTests
{
    private static readonly DateTimeOffset s_now = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);
    private readonly Dictionary<string, DateTimeOffset> _lastStart = [];

    [Fact]
    public void Nodes_take_turns_however_many_jobs_one_has()
    {
        List<JobRecord> jobs = [.. Enumerable.Range(0, 20).Select(number => Job($"greedy{number}", "greedy")), Job("a", "modest", minutesAgo: 1), Job("b", "shy")];
        List<string> order = [];
        for (int i = 0; i < 6; i++)
        {
            JobRecord next = JobQueue.Choose(jobs, new JobLimits(1), _lastStart, _ => true, s_now)!;
            order.Add(next.NodeId);
            _lastStart[next.NodeId] = s_now.AddSeconds(i + 1);
            jobs.Remove(next);
        }

        Assert.Equal(["modest", "shy", "greedy", "greedy", "greedy", "greedy"], order);
    }

    [Fact]
    public void The_higher_class_goes_first_and_waiting_raises()
    {
        JobRecord[] jobs = [Job("low", "n1", priority: 0, minutesAgo: 119), Job("high", "n2", priority: 2), Job("operator", "n3", priority: 3)];
        Assert.Equal("operator", Choose(jobs));
        Assert.Equal("high", Choose(jobs[..2]));
        Assert.Equal("waited", Choose([.. jobs[..2], Job("waited", "n4", priority: 0, minutesAgo: 6 * 60)]));
    }

    [Fact]
    public void Limits_nodes_and_workers_are_heeded()
    {
        JobRecord running = Job("running", "n1") with { State = JobState.Running };
        Assert.Null(Choose([running, Job("other", "n2")], limit: 1));
        Assert.Null(Choose([running, Job("same", "n1")], limit: 5));
        Assert.Equal("other", Choose([running, Job("other", "n2")], limit: 2));
        Assert.Null(JobQueue.Choose([Job("away", "n3")], new JobLimits(5), _lastStart, _ => false, s_now));
        Assert.Null(Choose([Job("later", "n1") with { NotBefore = s_now.AddSeconds(1) }]));
        JobRecord gc = Job("gc", "") with { Kind = JobKind.Gc };
        Assert.Null(Choose([gc with { State = JobState.Running }, gc with { Id = "gc2" }]));
        Assert.Equal("verify", Choose([gc with { State = JobState.Running }, Job("verify", "") with { Kind = JobKind.Verify }]));

        // A sync of days neither waits for the appliance's other work nor keeps it waiting.
        JobRecord vault = Job("vault", "") with { Kind = JobKind.Vault };
        JobRecord[] two = [gc with { State = JobState.Running }, Job("verify", "") with { Kind = JobKind.Verify, State = JobState.Running }];
        Assert.Equal("vault", Choose([.. two, vault]));
        Assert.Null(Choose([vault with { State = JobState.Running }, vault with { Id = "vault2" }]));
        Assert.Equal("gc", Choose([vault with { State = JobState.Running }, two[1], gc]));
    }

    [Fact]
    public void Waits_between_attempts_grow_and_are_bounded()
    {
        TimeSpan[] waits = [.. Enumerable.Range(1, 12).Select(attempt => JobRetry.Wait("job", attempt, JobFault.Network))];
        Assert.InRange(waits[0], TimeSpan.FromSeconds(45), TimeSpan.FromSeconds(75));
        Assert.InRange(waits[3], TimeSpan.FromMinutes(6), TimeSpan.FromMinutes(10));
        Assert.InRange(waits[11], TimeSpan.FromMinutes(45), TimeSpan.FromMinutes(75));
        Assert.NotEqual(waits[0], JobRetry.Wait("another job", 1, JobFault.Network));
    }

    private static JobRecord Job(string id, string node, int priority = 1, int minutesAgo = 0) =>
        new() { Id = id, Kind = JobKind.Backup, NodeId = node, Priority = priority, State = JobState.Queued, Queued = s_now.AddMinutes(-minutesAgo), NotBefore = s_now.AddMinutes(-minutesAgo) };

    private string? Choose(JobRecord[] jobs, int limit = 5) => JobQueue.Choose(jobs, new JobLimits(limit), _lastStart, _ => true, s_now)?.Id;
}
