using GatewayOS.Api;
using GatewayOS.Appliance.Ingest;
using GatewayOS.Appliance.Jobs;
using GatewayOS.Appliance.Nodes;
using GatewayOS.Daemon.Hosting;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Tuning;
using Grpc.Core;

namespace GatewayOS.Daemon.Services;

/// <summary>What operators see and order of jobs.</summary>
internal sealed class JobService(ApplianceHost appliance, DataWorkers workers, ILogger<JobService> logger) : Api.Jobs.JobsBase
{
    private const int ListedDefault = 100;

    private static string TooManyWait => $"{JobEngine.QueuedMax} jobs wait already. Look with 'gatewayctl job list' what holds them up.";

    public override Task<ListJobsReply> ListJobs(ListJobsRequest request, ServerCallContext context)
    {
        string? node = request.Node.Length > 0 ? FindNode(request.Node).Id : null;
        IEnumerable<JobRecord> chosen = appliance.Jobs.Jobs
            .Where(job => (node is null || job.NodeId == node) && !(request.OpenOnly && job.IsEnded))
            .Reverse()
            .Take(request.Most > 0 ? request.Most : ListedDefault);
        return Task.FromResult(new ListJobsReply { Jobs = { chosen.Select(job => JobMessages.Of(job, appliance)) } });
    }

    public override Task<JobMessage> OrderJob(OrderJobRequest request, ServerCallContext context)
    {
        if (!Enum.TryParse(request.Kind, ignoreCase: true, out JobKind kind) || JobMessages.Word(kind) != request.Kind)
        {
            throw Refuse(StatusCode.InvalidArgument, $"There is no kind of job '{request.Kind}'. There are {string.Join(", ", Enum.GetValues<JobKind>().Select(JobMessages.Word))}.");
        }

        if (kind == JobKind.Restore)
        {
            throw Refuse(StatusCode.InvalidArgument, "A restore has an order of its own: 'gatewayctl restore'.");
        }

        if (kind == JobKind.Benchmark)
        {
            throw Refuse(StatusCode.InvalidArgument, "A benchmark is ordered by an administrator: on the page Storage, or with 'OrderBenchmark'.");
        }

        bool isOfNode = request.Node.Length > 0 || request.Policy.Length > 0 || request.Paths.Count > 0;
        if (request.Node.Length == 0 && (kind == JobKind.Backup || (kind == JobKind.Drill && isOfNode)))
        {
            throw Refuse(StatusCode.InvalidArgument, $"A {request.Kind} job is of a node: name one.");
        }

        if (isOfNode && kind is JobKind.Gc or JobKind.Retention or JobKind.Vault)
        {
            throw Refuse(StatusCode.InvalidArgument, $"A {request.Kind} job is of the whole store: name neither node nor policy nor paths.");
        }

        if (request.Policy.Length > 0 && appliance.Policies.PolicyOf(request.Policy) is null)
        {
            throw Refuse(StatusCode.NotFound, $"There is no policy '{request.Policy}' that holds. 'gatewayctl policy list' shows all.");
        }

        if (request.Paths.FirstOrDefault(path => !path.StartsWith('/')) is { } relative)
        {
            throw Refuse(StatusCode.InvalidArgument, $"'{relative}' is no absolute path. Begin it with '/'.");
        }

        string by = Caller.Of(context).Who;
        var order = new JobRequest(kind) { NodeId = request.Node.Length > 0 ? FindNode(request.Node).Id : "", Policy = request.Policy, Paths = [.. request.Paths], OrderedBy = by };
        JobRecord job = appliance.Jobs.Order(order) ?? throw Refuse(StatusCode.ResourceExhausted, TooManyWait);
        DaemonLog.OperatorActed(logger, by, $"ordered the {request.Kind} job {job.Id}");
        return Task.FromResult(JobMessages.Of(job, appliance));
    }

    public override Task<JobMessage> OrderBenchmark(OrderBenchmarkRequest request, ServerCallContext context)
    {
        string by = Caller.Of(context).Who;
        JobRecord job = appliance.Jobs.Order(new JobRequest(JobKind.Benchmark) { OrderedBy = by }) ?? throw Refuse(StatusCode.ResourceExhausted, TooManyWait);
        DaemonLog.OperatorActed(logger, by, $"ordered the benchmark job {job.Id}");
        return Task.FromResult(JobMessages.Of(job, appliance));
    }

    public override async Task<BenchmarkReply> GetBenchmark(GetBenchmarkRequest request, ServerCallContext context)
    {
        if (await workers.RunAsync(() => appliance.Speed.Newest).ConfigureAwait(false) is not { } speed)
        {
            return new BenchmarkReply();
        }

        return new BenchmarkReply
        {
            MeasuredUnixMs = speed.Time.ToUnixTimeMilliseconds(),
            Cores = speed.Cores,
            StoredShare = speed.Stages.StoredShare,
            Stages = { speed.Stages.Stages.Select(stage => new StageRateMessage { Name = stage.Name, BytesPerSecond = stage.BytesPerSecond, OfStored = stage.OfStored }) },
            WriteBytesPerSecond = speed.Disk.WriteBytesPerSecond,
            Sequential = { speed.Disk.Sequential.Select(Message) },
            Random = { speed.Disk.Random.Select(Message) },
        };
    }

    public override async Task<JobMessage> OrderRestore(OrderRestoreRequest request, ServerCallContext context)
    {
        if (!request.Target.StartsWith('/') || request.Paths.Any(path => !path.StartsWith('/')))
        {
            throw Refuse(StatusCode.InvalidArgument, "Target and paths of a restore are absolute. Begin them with '/'.");
        }

        SnapshotRecord snapshot = await workers.RunAsync(() =>
        {
            using StoreLease lease = appliance.Store.Lease();
            SnapshotRecord[] found = [.. lease.Store.KnownSnapshots().Where(record => request.Snapshot.Length > 0 && record.Id.StartsWith(request.Snapshot, StringComparison.OrdinalIgnoreCase)).Take(2)];
            return found.Length == 1 ? found[0] : throw Refuse(StatusCode.NotFound, $"No restore point's ID begins with '{request.Snapshot}', or more than one's. 'gatewayctl node snapshots NODE' shows them.");
        }).ConfigureAwait(false);
        NodeRecord node = FindNode(request.Node.Length > 0 ? request.Node : snapshot.Draft.NodeId);
        string by = Caller.Of(context).Who;
        var spec = new RestoreSpec(snapshot.Id, [.. request.Paths], request.Target, request.Verify);
        JobRecord job = appliance.Jobs.Order(new JobRequest(JobKind.Restore) { NodeId = node.Id, Restore = spec, OrderedBy = by }) ?? throw Refuse(StatusCode.ResourceExhausted, TooManyWait);
        DaemonLog.OperatorActed(logger, by, $"ordered {node.Name} to restore snapshot {snapshot.ShortId} of node {snapshot.Draft.NodeId}");
        return JobMessages.Of(job, appliance);
    }

    public override Task<JobMessage> CancelJob(JobRequestById request, ServerCallContext context)
    {
        string by = Caller.Of(context).Who;
        JobRecord job = appliance.Jobs.Cancel(FindJob(request.Id).Id, by)!;
        DaemonLog.OperatorActed(logger, by, $"called the job {job.Id} off");
        return Task.FromResult(JobMessages.Of(job, appliance));
    }

    public override async Task WatchJob(JobRequestById request, IServerStreamWriter<JobMessage> responseStream, ServerCallContext context)
    {
        await foreach (JobRecord job in JobWatch.FollowAsync(appliance.Jobs, FindJob(request.Id).Id, context.CancellationToken).ConfigureAwait(false))
        {
            await responseStream.WriteAsync(JobMessages.Of(job, appliance), context.CancellationToken).ConfigureAwait(false);
        }
    }

    public override async Task<ListProtectionReply> ListProtection(ListProtectionRequest request, ServerCallContext context)
    {
        IReadOnlyList<Protection> nodes = await workers.RunAsync(appliance.Protections).ConfigureAwait(false);
        return new ListProtectionReply { Nodes = { nodes.Select(JobMessages.Of) } };
    }

    private static ReadRateMessage Message(ReadRate rate) => new() { ReadBytes = rate.ReadBytes, Streams = rate.Streams, BytesPerSecond = rate.BytesPerSecond };

    private static RpcException Refuse(StatusCode code, string why) => new(new Status(code, why));

    private JobRecord FindJob(string id) => appliance.Jobs.Find(id) ?? throw Refuse(StatusCode.NotFound, $"No job's ID begins with '{id}', or more than one's. 'gatewayctl job list' shows them.");

    private NodeRecord FindNode(string idOrName) => appliance.Registry.Find(idOrName) is { State: NodeState.Active } node
        ? node
        : throw Refuse(StatusCode.NotFound, $"No node '{idOrName}' is enrolled. 'gatewayctl node list' shows all.");
}
