namespace GatewayOS.Appliance.Jobs;

/// <summary>What a node says of a job when it comes back.</summary>
/// <param name="AttemptId">The attempt.</param>
/// <param name="Outcome">How it ended; null when it is still at work.</param>
/// <param name="Figures">How far it is.</param>
public sealed record NodeJobReport(string AttemptId, JobOutcome? Outcome, JobFigures Figures);

/// <content>
/// Jobs at work on nodes, across broken connections and restarts of either side. A node that comes back says what it works on and what it
/// has finished; what it does not know was lost with a restart there, unless its snapshot says that it was made.
/// </content>
public sealed partial class JobEngine
{
    private readonly Dictionary<string, DateTimeOffset> _lost = new(StringComparer.Ordinal);

    /// <summary>A node is connected.</summary>
    /// <param name="nodeId">The node.</param>
    /// <param name="reports">The jobs it knows of.</param>
    public void NodeCame(string nodeId, IReadOnlyList<NodeJobReport> reports)
    {
        foreach (NodeJobReport report in reports)
        {
            TakeReport(nodeId, report);
        }

        foreach (JobRecord job in Jobs.Where(job => job.NodeId == nodeId && job.IsOnNode && job.State == JobState.Running && !reports.Any(report => report.AttemptId == job.AttemptId)))
        {
            string? snapshot = job.Kind == JobKind.Backup ? _runner.SnapshotOf(job) : null;
            End(nodeId, job.AttemptId, snapshot is not null
                ? new JobOutcome(JobState.Done, Message: "The node was restarted after it had made the restore point.", SnapshotId: snapshot)
                : JobOutcome.Failed(JobFault.Interrupted, "The agent was restarted while the job was at work."));
        }

        Pump();
    }

    /// <summary>A node's connection is gone. What is at work there goes on, and is waited for.</summary>
    public void NodeLeft(string nodeId)
    {
        lock (_gate)
        {
            foreach (JobRecord job in _journal.All.Where(job => job.NodeId == nodeId && job.IsOnNode && job.State == JobState.Running))
            {
                _lost.TryAdd(job.Id, _time.GetUtcNow());
            }
        }
    }

    private void TakeReport(string nodeId, NodeJobReport report)
    {
        lock (_gate)
        {
            int dot = Math.Max(0, report.AttemptId.IndexOf('.', StringComparison.Ordinal));
            JobRecord? job = _journal.Find(report.AttemptId[..dot]);
            bool isCurrent = job is not null && job.NodeId == nodeId && job.AttemptId == report.AttemptId && !job.IsEnded;
            if (!isCurrent)
            {
                if (report.Outcome is null)
                {
                    // Given up here, and another attempt may be on its way: two at once help nobody.
                    _runner.Cancel(nodeId, report.AttemptId);
                }

                return;
            }

            _lost.Remove(job!.Id);
            if (job.State == JobState.Queued)
            {
                // It was given up too early.
                job = job with { State = JobState.Running, Fault = JobFault.None, Message = "" };
                Put(job);
            }

            if (report.Outcome is { } outcome)
            {
                EndAttempt(job, outcome);
                return;
            }

            _journal.PutInMemory(job with { Figures = report.Figures });
            if (job.CancelAsked)
            {
                _runner.Cancel(nodeId, job.AttemptId);
            }
        }
    }

    // At the start: what was at work on nodes is waited for; what was at work here ended with the process.
    private void TakeUp()
    {
        foreach (JobRecord job in _journal.All.Where(job => job.State == JobState.Running).ToArray())
        {
            if (job.IsOnNode)
            {
                _lost[job.Id] = _time.GetUtcNow();
            }
            else
            {
                EndAttempt(job, JobOutcome.Failed(JobFault.Interrupted, "gatewayd was restarted while the job was at work."));
            }
        }
    }
}
