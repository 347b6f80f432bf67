using GatewayOS.Api;
using GatewayOS.Appliance.Alerts;
using GatewayOS.Appliance.Ingest;
using GatewayOS.Appliance.Policies;
using GatewayOS.Appliance.Retention;
using GatewayOS.Daemon.Hosting;
using GatewayOS.Store;
using GatewayOS.Store.Locks;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;
using Grpc.Core;

namespace GatewayOS.Daemon.Services;

/// <summary>Shows restore points and locks them.</summary>
internal sealed class SnapshotService(ApplianceHost appliance, DataWorkers workers, ILogger<SnapshotService> logger) : Api.Snapshots.SnapshotsBase
{
    private const int ListedDefault = 100;

    public override Task<ListSnapshotInfosReply> List(ListSnapshotInfosRequest request, ServerCallContext context)
    {
        // A removed node's restore points are found under its ID.
        string? node = request.Node.Length > 0 ? appliance.Registry.Find(request.Node)?.Id ?? request.Node : null;
        string? tag = request.Policy.Length > 0 ? RetentionRun.TagOf(request.Policy) : null;
        return WithStore(store =>
        {
            SnapshotList all = store.Snapshots();
            IReadOnlyDictionary<string, SnapshotLock> locks = store.HoldingLocks();
            IEnumerable<SnapshotRecord> chosen = all.Records
                .Where(record => (node is null || record.Draft.NodeId == node) && (tag is null || record.Draft.Tags.Contains(tag)))
                .OrderByDescending(record => record.FinishedUtc)
                .Take(request.Most > 0 ? request.Most : ListedDefault);
            return new ListSnapshotInfosReply { Damaged = all.Damaged.Count, Snapshots = { chosen.Select(record => Info(record, locks.GetValueOrDefault(record.Id))) } };
        });
    }

    public override Task<SnapshotInfo> Show(SnapshotRequest request, ServerCallContext context) => WithStore(store =>
    {
        SnapshotRecord record = store.FindSnapshot(request.Id);
        return Info(record, store.HoldingLocks().GetValueOrDefault(record.Id));
    });

    public override Task<SnapshotInfo> Lock(LockSnapshotRequest request, ServerCallContext context)
    {
        var duration = TimeSpan.FromSeconds(Math.Clamp(request.DurationSeconds, 0, (long)PolicyDocument.LockMax.TotalSeconds + 1));
        if (duration < PolicyDocument.LockMin || duration > PolicyDocument.LockMax)
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, $"A lock lasts from {PolicyDocument.LockMin.TotalMinutes:0} minute to {PolicyDocument.LockMax.TotalDays / 365:0} years."));
        }

        return WithStore(store =>
        {
            SnapshotRecord record = store.FindSnapshot(request.Id);
            SnapshotLock set = store.LockSnapshot(record, duration);
            DaemonLog.OperatorActed(logger, Caller.Of(context).Who, $"locked snapshot {record.ShortId} until {set.Until:yyyy-MM-dd HH:mm} UTC");
            return Info(record, set);
        });
    }

    private async Task<T> WithStore<T>(Func<BackupStore, T> work)
    {
        try
        {
            return await workers.RunAsync(() =>
            {
                using StoreLease lease = appliance.Store.Lease();
                return work(lease.Store);
            }).ConfigureAwait(false);
        }
        catch (StoreUnusableException error)
        {
            throw new RpcException(new Status(StatusCode.NotFound, error.Message));
        }
        catch (StoreDamagedException error)
        {
            throw new RpcException(new Status(StatusCode.DataLoss, error.Message));
        }
        catch (StoreIoException error)
        {
            throw new RpcException(new Status(StatusCode.Unavailable, error.Message));
        }
    }

    private SnapshotInfo Info(SnapshotRecord record, SnapshotLock? held)
    {
        SnapshotCounts counts = record.Draft.Counts;
        return new SnapshotInfo
        {
            Id = record.Id,
            NodeId = record.Draft.NodeId,
            NodeName = appliance.Registry.Find(record.Draft.NodeId)?.Name ?? "",
            StartedUnixMs = record.Draft.StartedUtc.ToUnixTimeMilliseconds(),
            FinishedUnixMs = record.FinishedUtc.ToUnixTimeMilliseconds(),
            Sources = { record.Draft.Sources },
            Files = counts.Files,
            Bytes = counts.Bytes,
            NewBytes = counts.NewBytes,
            StoredBytes = counts.StoredBytes,
            Problems = record.Draft.ProblemCount,
            Tags = { record.Draft.Tags },
            Policy = RetentionRun.PolicyOf(record) ?? "",
            LockedUntilUnixMs = held?.Until.ToUnixTimeMilliseconds() ?? 0,
            Held = appliance.Holds.HoldOf(record)?.Reason ?? "",
        };
    }
}
