using GatewayOS.Appliance.Jobs;
using GatewayOS.Appliance.Policies;
using GatewayOS.TestKit.Simulated;

namespace GatewayOS.Appliance.Tests.Jobs;

/// <summary>Nodes, and workers on the appliance, that take time, fail, lose their connection and are restarted as chance will have it.</summary>
internal sealed class SimulatedNodes(SimulatedClock clock, Random random, double trouble) : IJobRunner
{
    private readonly Dictionary<string, Node> _nodes = [];
    private readonly List<Work> _local = [];

    /// <summary>Snapshots made, by the job's tag.</summary>
    public List<string> Snapshots { get; } = [];

    /// <summary>What must never be and was.</summary>
    public List<string> Wrongs { get; } = [];

    public void Add(string id) => _nodes.Add(id, new Node());

    public bool CanStart(JobRecord job) => !job.IsOnNode || _nodes[job.NodeId].Connected;

    public bool TryStart(JobRecord job, Policy? policy)
    {
        var work = new Work(job.AttemptId, job.Tag, clock.GetUtcNow().AddMinutes(random.Next(1, 100)), job.Kind == JobKind.Backup);
        if (!job.IsOnNode)
        {
            _local.Add(work);
            return true;
        }

        Node node = _nodes[job.NodeId];
        if (node.Work is not null)
        {
            Wrongs.Add($"{clock.GetUtcNow()}: {job.NodeId} is at work on {node.Work.AttemptId} and gets {job.AttemptId}");
        }

        node.Work = work;
        return true;
    }

    public void Cancel(string nodeId, string attemptId)
    {
        if (nodeId.Length > 0 && _nodes[nodeId].Work?.AttemptId == attemptId)
        {
            _nodes[nodeId].Work = null;
        }
    }

    public string? SnapshotOf(JobRecord job) => Snapshots.Contains(job.Tag) ? "snapshot" : null;

    /// <summary>The appliance was restarted: all connections are gone, work on nodes goes on, work there does not.</summary>
    public void ApplianceRestarts()
    {
        _local.Clear();
        foreach (Node node in _nodes.Values)
        {
            node.Connected = false;
        }
    }

    /// <summary>Lets happen what happens until now.</summary>
    public void Step(JobEngine engine)
    {
        DateTimeOffset now = clock.GetUtcNow();
        foreach (Work done in _local.Where(work => work.Ends <= now).ToArray())
        {
            _local.Remove(done);
            engine.End(done.AttemptId, Outcome(done));
        }

        foreach ((string id, Node node) in _nodes)
        {
            StepNode(engine, id, node, now);
        }
    }

    private void StepNode(JobEngine engine, string id, Node node, DateTimeOffset now)
    {
        if (node.Work is { } work && work.Ends <= now)
        {
            node.Work = null;
            JobOutcome outcome = Outcome(work);
            if (node.Connected)
            {
                engine.End(id, work.AttemptId, outcome);
            }
            else
            {
                node.Finished.Add(new NodeJobReport(work.AttemptId, outcome, default));
            }
        }

        if (node.Connected && random.NextDouble() < trouble / 10)
        {
            node.Connected = false;
            engine.NodeLeft(id);
        }

        if (!node.Connected && random.NextDouble() < trouble / 20)
        {
            // The agent is restarted: what it was at work on is lost, perhaps just after the snapshot was made.
            if (node.Work is { IsBackup: true } lost && random.Next(2) == 0)
            {
                Snapshots.Add(lost.Tag);
            }

            node.Work = null;
        }

        if (!node.Connected && random.Next(10) == 0)
        {
            node.Connected = true;
            List<NodeJobReport> reports = [.. node.Finished];
            node.Finished.Clear();
            if (node.Work is { } going)
            {
                reports.Add(new NodeJobReport(going.AttemptId, null, new JobFigures(1, 1)));
            }

            engine.NodeCame(id, reports);
        }
    }

    private JobOutcome Outcome(Work work)
    {
        double chance = random.NextDouble() / Math.Max(trouble, 1e-9);
        if (chance < 2)
        {
            return JobOutcome.Failed(JobFault.Network, "the network broke");
        }

        if (chance < 2.3)
        {
            return JobOutcome.Failed(JobFault.Source, "the source is gone");
        }

        if (work.IsBackup)
        {
            Snapshots.Add(work.Tag);
        }

        return new JobOutcome(chance < 3 ? JobState.Warned : JobState.Done, Figures: new JobFigures(0, 1), SnapshotId: "snapshot");
    }

    private sealed class Node
    {
        public bool Connected { get; set; }

        public Work? Work { get; set; }

        public List<NodeJobReport> Finished { get; } = [];
    }

    private sealed record Work(string AttemptId, string Tag, DateTimeOffset Ends, bool IsBackup);
}
