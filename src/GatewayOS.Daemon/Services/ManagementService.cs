using GatewayOS.Api;
using GatewayOS.Appliance.Ingest;
using GatewayOS.Appliance.Jobs;
using GatewayOS.Appliance.Nodes;
using GatewayOS.Certificates;
using GatewayOS.Daemon.Hosting;
using GatewayOS.Hardware.Clock;
using GatewayOS.Store;
using GatewayOS.Store.Keys;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;
using Grpc.Core;

namespace GatewayOS.Daemon.Services;

/// <summary>What operators do.</summary>
internal sealed class ManagementService(ApplianceHost appliance, ApplianceArrays arrays, ApplianceBody body, DataWorkers workers, ILogger<ManagementService> logger) : Management.ManagementBase
{
    private static readonly TimeSpan s_tokenLifetimeMax = TimeSpan.FromDays(30);

    public override async Task<ApplianceStatus> GetStatus(GetStatusRequest request, ServerCallContext context)
    {
        (StoreStatistics store, string[] warnings) = await workers.RunAsync(() =>
        {
            using StoreLease lease = appliance.Store.Lease();
            return (lease.Store.Statistics(), lease.Store.Warnings.ToArray());
        }).ConfigureAwait(false);
        var disk = new DriveInfo(appliance.Options.StoreDirectory);
        IReadOnlyList<NodeRecord> nodes = appliance.Registry.Nodes;
        return new ApplianceStatus
        {
            Name = appliance.Name,
            Model = appliance.Profile.Title,
            Version = ProgramVersion.Text,
            StartedUnixMs = appliance.Started.ToUnixTimeMilliseconds(),
            NodesActive = nodes.Count(node => node.State == NodeState.Active),
            NodesPending = nodes.Count(node => node.State == NodeState.Pending),
            NodesMax = appliance.Registry.Limits.NodesMax,
            NodesConnected = appliance.Connections.Count,
            Runs = appliance.Sessions.Current.Count(session => !session.IsCommitted),
            StoreId = appliance.StoreId,
            StorePath = Path.GetFullPath(appliance.Options.StoreDirectory),
            Snapshots = store.Snapshots,
            StoreBytes = store.StoredBytes,
            DiskFreeBytes = disk.AvailableFreeSpace,
            DiskTotalBytes = disk.TotalSize,
            Warnings = { warnings, arrays.Watch.Status.Warnings, appliance.StoreKey.Note is { Length: > 0 } note ? [note] : (string[])[] },
            StoreKey = appliance.StoreKey.How,
            CaExpiresUnixMs = CertificateAuthority.Expiry(appliance.Authority.Certificate).ToUnixTimeMilliseconds(),
        };
    }

    public override Task<ApplianceSettingsMessage> GetSettings(GetSettingsRequest request, ServerCallContext context) => Task.FromResult(Settings());

    public override async Task<ApplianceSettingsMessage> SetSettings(SetSettingsRequest request, ServerCallContext context)
    {
        try
        {
            IReadOnlyList<string> problems = await workers.RunAsync(() => appliance.Settings.Set(request.HasName ? request.Name : null, request.HasZone ? request.Zone : null)).ConfigureAwait(false);
            if (problems.Count > 0)
            {
                throw new RpcException(new Status(StatusCode.InvalidArgument, string.Join(' ', problems)));
            }
        }
        catch (StoreIoException error)
        {
            throw new RpcException(new Status(StatusCode.Unavailable, error.Message));
        }

        DaemonLog.OperatorActed(logger, Caller.Of(context).Who, $"set the appliance's name to '{appliance.Name}' and its time zone to {appliance.Settings.Zone.Id}");
        return Settings();
    }

    public override async Task<ListNodesReply> ListNodes(ListNodesRequest request, ServerCallContext context)
    {
        ILookup<string, SnapshotRecord> snapshots = await workers.RunAsync(() =>
        {
            using StoreLease lease = appliance.Store.Lease();
            return lease.Store.KnownSnapshots().ToLookup(record => record.Draft.NodeId, StringComparer.Ordinal);
        }).ConfigureAwait(false);
        return new ListNodesReply
        {
            NodesMax = appliance.Registry.Limits.NodesMax,
            Nodes = { appliance.Registry.Nodes.Select(node => Info(node, [.. snapshots[node.Id]])) },
        };
    }

    public override Task<CreateTokenReply> CreateToken(CreateTokenRequest request, ServerCallContext context)
    {
        TimeSpan lifetime = TimeSpan.FromSeconds(request.LifetimeSeconds);
        if (lifetime <= TimeSpan.Zero || lifetime > s_tokenLifetimeMax)
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, $"A token lives from one second to {s_tokenLifetimeMax.TotalDays:0} days."));
        }

        (string text, DateTimeOffset expires) = appliance.NewToken(lifetime, request.ForOperator, request.Note);
        DaemonLog.OperatorActed(logger, Caller.Of(context).Who, request.ForOperator ? "made a login token" : "made a node token");
        return Task.FromResult(new CreateTokenReply { Token = text, ExpiresUnixMs = expires.ToUnixTimeMilliseconds() });
    }

    public override Task<NodeInfo> ApproveNode(NodeRequest request, ServerCallContext context) => Change(context, "is approved", () => appliance.Registry.Approve(request.Node));

    public override Task<NodeInfo> RevokeNode(NodeRequest request, ServerCallContext context) => Change(context, "is revoked", () => appliance.Registry.Revoke(request.Node));

    public override Task<NodeInfo> RemoveNode(NodeRequest request, ServerCallContext context) => Change(context, "is removed", () => appliance.Registry.Remove(request.Node));

    public override async Task<ListNodeSnapshotsReply> ListNodeSnapshots(NodeRequest request, ServerCallContext context)
    {
        NodeRecord node = Find(request.Node);
        IReadOnlyList<SnapshotRecord> records = await workers.RunAsync(() =>
        {
            using StoreLease lease = appliance.Store.Lease();
            return NodeSnapshots.Of(lease.Store, node.Id);
        }).ConfigureAwait(false);
        return new ListNodeSnapshotsReply
        {
            Snapshots =
            {
                records.Select(record => new SnapshotSummary
                {
                    Id = record.Id,
                    StartedUnixMs = record.Draft.StartedUtc.ToUnixTimeMilliseconds(),
                    FinishedUnixMs = record.FinishedUtc.ToUnixTimeMilliseconds(),
                    Sources = { record.Draft.Sources },
                    Files = record.Draft.Counts.Files,
                    Bytes = record.Draft.Counts.Bytes,
                    Problems = record.Draft.ProblemCount,
                    Tags = { record.Draft.Tags },
                }),
            },
        };
    }

    public override async Task BackUpNode(BackUpNodeRequest request, IServerStreamWriter<JobReport> responseStream, ServerCallContext context)
    {
        NodeRecord node = Find(request.Node);
        if (appliance.Connections.Find(node.Id) is null)
        {
            throw new RpcException(new Status(StatusCode.Unavailable, $"The node '{node.Name}' is not connected. Look whether gateway-agent runs there."));
        }

        string by = Caller.Of(context).Who;
        JobRecord job = appliance.Jobs.Order(new JobRequest(JobKind.Backup) { NodeId = node.Id, Paths = [.. request.Paths], OrderedBy = by })
            ?? throw new RpcException(new Status(StatusCode.ResourceExhausted, $"{JobEngine.QueuedMax} jobs wait already. Look with 'gatewayctl job list' what holds them up."));
        DaemonLog.OperatorActed(logger, by, $"ordered a backup of {node.Name}");
        await foreach (JobRecord change in JobWatch.FollowAsync(appliance.Jobs, job.Id, context.CancellationToken).ConfigureAwait(false))
        {
            await responseStream.WriteAsync(JobMessages.ReportOf(change), context.CancellationToken).ConfigureAwait(false);
        }
    }

    public override async Task<MakeRecoveryKeyReply> MakeRecoveryKey(MakeRecoveryKeyRequest request, ServerCallContext context)
    {
        string label = request.Label.Length == 0 ? "recovery" : request.Label;
        if (label.Length > KeySlotInfo.LabelLengthMax)
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, $"The label has {label.Length} characters, and {KeySlotInfo.LabelLengthMax} are allowed."));
        }

        // From afar, nobody may take away what opens the store: an operator's stolen login is not enough.
        if (!body.Panel.UsePresence())
        {
            throw new RpcException(new Status(StatusCode.FailedPrecondition, "Nobody vouches for this at the appliance. Choose 'I am here' on its front panel, hold the enter button until it says so, and try again within two minutes."));
        }

        (StoreSecret.Recovery secret, KeySlotInfo slot) = await workers.RunAsync(() => appliance.Store.AddRecoveryKey(label)).ConfigureAwait(false);
        DaemonLog.OperatorActed(logger, Caller.Of(context).Who, $"made recovery key {slot.Id[..12]}");
        return new MakeRecoveryKeyReply { StoreId = appliance.StoreId, SlotId = slot.Id, Key = secret.Text };
    }

    private ApplianceSettingsMessage Settings()
    {
        ClockState? clock = KernelClock.Read();
        return new ApplianceSettingsMessage
        {
            Name = appliance.Name,
            Zone = appliance.Settings.Zone.Id,
            Clock = clock is null ? ApplianceSettingsMessage.Types.Clock.Unknown : clock.IsSynchronized ? ApplianceSettingsMessage.Types.Clock.Kept : ApplianceSettingsMessage.Types.Clock.Free,
            ClockErrorMaxUs = (long)(clock?.ErrorMax?.TotalMicroseconds ?? 0),
            NowUnixMs = appliance.Time.GetUtcNow().ToUnixTimeMilliseconds(),
        };
    }

    private Task<NodeInfo> Change(ServerCallContext context, string what, Func<EnrolmentResult> change)
    {
        EnrolmentResult result = change();
        if (result.Node is not { } node)
        {
            throw new RpcException(new Status(EnrolmentService.StatusOf(result.Refusal!.Value), result.Message));
        }

        DaemonLog.OperatorActed(logger, Caller.Of(context).Who, $"changed node {node.Name}");
        DaemonLog.NodeChanged(logger, node.Name, node.Id, what);
        return Task.FromResult(Info(node, []));
    }

    private NodeRecord Find(string idOrName) => appliance.Registry.Find(idOrName)
        ?? throw new RpcException(new Status(StatusCode.NotFound, $"There is no node '{idOrName}'. 'gatewayctl node list' shows all."));

    private NodeInfo Info(NodeRecord node, IReadOnlyList<SnapshotRecord> snapshots)
    {
        NodePresence? presence = appliance.Connections.Find(node.Id);
        return new NodeInfo
        {
            Id = node.Id,
            Name = node.Name,
            State = node.State switch { NodeState.Pending => NodeInfo.Types.State.Pending, NodeState.Active => NodeInfo.Types.State.Active, _ => NodeInfo.Types.State.Revoked },
            Code = node.Code,
            Platform = node.Platform,
            AgentVersion = node.AgentVersion,
            EnrolledUnixMs = node.Asked.ToUnixTimeMilliseconds(),
            LastSeenUnixMs = node.LastSeen?.ToUnixTimeMilliseconds() ?? 0,
            CertificateExpiresUnixMs = node.CertificateExpires?.ToUnixTimeMilliseconds() ?? 0,
            Connected = presence is not null,
            Snapshots = snapshots.Count,
            LastBackupUnixMs = snapshots.Count > 0 ? snapshots[^1].FinishedUtc.ToUnixTimeMilliseconds() : 0,
            Job = presence?.Job,
        };
    }
}
