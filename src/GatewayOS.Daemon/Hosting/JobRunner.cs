using GatewayOS.Api;
using GatewayOS.Appliance.Ingest;
using GatewayOS.Appliance.Jobs;
using GatewayOS.Appliance.Policies;
using GatewayOS.Appliance.Retention;
using GatewayOS.Store.Snapshots;

namespace GatewayOS.Daemon.Hosting;

/// <summary>Does jobs: sends orders to nodes, and runs what is done on the appliance on threads of its own.</summary>
internal sealed class JobRunner(NodeConnections connections, StoreHost store, LocalJobs local) : IJobRunner
{
    public bool CanStart(JobRecord job) => !job.IsOnNode || connections.Find(job.NodeId) is not null;

    public bool TryStart(JobRecord job, Policy? policy)
    {
        if (job.IsOnNode)
        {
            return Send(job.NodeId, job.Restore is { } restore ? RestoreOrderOf(job, restore) : new AgentOrder { JobId = job.AttemptId, BackUp = OrderOf(job, policy) });
        }

        local.Start(job, policy);
        return true;
    }

    public void Cancel(string nodeId, string attemptId)
    {
        if (nodeId.Length == 0)
        {
            local.Cancel(attemptId);
            return;
        }

        // A node that is away hears of it when it comes back.
        _ = Send(nodeId, new AgentOrder { JobId = attemptId, Cancel = new CancelOrder() });
    }

    public string? SnapshotOf(JobRecord job)
    {
        using StoreLease lease = store.Lease();
        return NodeSnapshots.Of(lease.Store, job.NodeId).LastOrDefault((SnapshotRecord record) => record.Draft.Tags.Contains(job.Tag))?.Id;
    }

    private bool Send(string nodeId, AgentOrder order) => connections.Find(nodeId) is { } presence && presence.Orders.Writer.TryWrite(order);

    // A restore point that is gone makes an order that nothing can come of; the node's answer says so.
    private AgentOrder RestoreOrderOf(JobRecord job, RestoreSpec restore)
    {
        using StoreLease lease = store.Lease();
        SnapshotRecord? record = lease.Store.Snapshots().Records.FirstOrDefault(record => record.Id == restore.SnapshotId);
        var snapshot = new SnapshotMessage { Id = restore.SnapshotId, Document = record is null ? Google.Protobuf.ByteString.Empty : Google.Protobuf.UnsafeByteOperations.UnsafeWrap(SnapshotDocuments.Encode(record)) };
        return new AgentOrder { JobId = job.AttemptId, Restore = new RestoreOrder { Snapshot = snapshot, Paths = { restore.Paths }, Target = restore.Target, Verify = restore.Verify } };
    }

    private static BackUpOrder OrderOf(JobRecord job, Policy? policy)
    {
        var order = new BackUpOrder { Paths = { job.Paths }, Tags = { job.Tag } };
        if (policy is not null)
        {
            if (job.Paths.Count == 0)
            {
                order.Paths.Add(policy.Sources);
            }

            order.ByPolicy = true;
            order.Excludes.Add(policy.Excludes);
            order.Includes.Add(policy.Includes);
            order.OneFileSystem = policy.OneFileSystem;
            order.BandwidthBytesPerSecond = policy.BandwidthBytesPerSecond;
            order.Before = CallOf(policy.Before);
            order.After = CallOf(policy.After);
            order.Tags.Add(RetentionRun.TagOf(policy.Name));
        }

        return order;
    }

    private static HookCall? CallOf(PolicyHook? hook) =>
        hook is null ? null : new HookCall { Name = hook.Name, TimeoutSeconds = (long)Math.Ceiling(hook.Timeout.TotalSeconds), MayFail = hook.MayFail };
}
