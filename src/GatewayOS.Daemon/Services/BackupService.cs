using GatewayOS.Api;
using GatewayOS.Appliance.Ingest;
using GatewayOS.Appliance.Power;
using GatewayOS.Appliance.Retention;
using GatewayOS.Daemon.Hosting;
using GatewayOS.Store;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;
using Google.Protobuf;
using Grpc.Core;

namespace GatewayOS.Daemon.Services;

/// <summary>Begins and ends a node's runs, and lists its snapshots.</summary>
internal sealed class BackupService(ApplianceHost appliance, DataWorkers workers, ILogger<BackupService> logger) : BackupRuns.BackupRunsBase
{
    public override async Task<BeginReply> Begin(BeginRequest request, ServerCallContext context)
    {
        string node = PeerGate.CallerOf(context).Id;
        IngestSession session = await Guarded(() => appliance.Sessions.Begin(node)).ConfigureAwait(false)
            ?? throw new RpcException(new Status(StatusCode.ResourceExhausted, $"The node runs {IngestSessions.SessionsPerNodeMax} backups at once already. Wait for one to end."));
        DaemonLog.SessionBegun(logger, node, session.Id);
        return new BeginReply
        {
            SessionId = ByteString.CopyFrom(session.Id.ToByteArray()),
            ChunkMinBytes = session.Store.Chunker.MinBytes,
            ChunkAverageBytes = session.Store.Chunker.AverageBytes,
            ChunkMaxBytes = session.Store.Chunker.MaxBytes,
            ChunkerKey = ByteString.CopyFrom(session.Store.ChunkerKey.Span),
        };
    }

    public override async Task<SnapshotMessage> Commit(CommitRequest request, ServerCallContext context)
    {
        string node = PeerGate.CallerOf(context).Id;
        IngestSession session = Find(appliance, request.SessionId, node);
        SnapshotDraft draft;
        try
        {
            draft = SnapshotDocuments.Decode(request.Document.Span, id: "").Draft;
        }
        catch (InvalidDataException error)
        {
            DaemonLog.DataRefused(logger, node, error.Message);
            throw new RpcException(new Status(StatusCode.InvalidArgument, error.Message));
        }

        SnapshotRecord record = await Guarded(() =>
        {
            appliance.Gate.Pass(appliance.Time.GetTimestamp());

            // Locked before the node hears of it: a node whose lock failed asks again, and gets the same snapshot.
            SnapshotRecord made = session.Commit(draft, context.CancellationToken);
            RetentionRun.Lock(session.Store, appliance.Policies, made);
            appliance.Gate.Pass(appliance.Time.GetTimestamp());
            return made;
        }).ConfigureAwait(false);
        DaemonLog.SnapshotCommitted(logger, node, record.ShortId, session.ReceivedBytes);

        // Kept for a node whose answer is lost; the sweeper ends it.
        return Message(record);
    }

    public override Task<AbandonReply> Abandon(AbandonRequest request, ServerCallContext context)
    {
        if (request.SessionId.Length == 16 && appliance.Sessions.Find(new Guid(request.SessionId.Span), PeerGate.CallerOf(context).Id) is { } session)
        {
            appliance.Sessions.End(session);
        }

        return Task.FromResult(new AbandonReply());
    }

    public override async Task ListSnapshots(ListSnapshotsRequest request, IServerStreamWriter<SnapshotMessage> responseStream, ServerCallContext context)
    {
        string node = PeerGate.CallerOf(context).Id;
        IReadOnlyList<SnapshotRecord> records = await Guarded(() =>
        {
            using StoreLease lease = appliance.Store.Lease();
            return NodeSnapshots.Of(lease.Store, node);
        }).ConfigureAwait(false);
        foreach (SnapshotRecord record in records)
        {
            await responseStream.WriteAsync(Message(record), context.CancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Finds a node's run.</summary>
    public static IngestSession Find(ApplianceHost appliance, ByteString sessionId, string node) =>
        (sessionId.Length == 16 ? appliance.Sessions.Find(new Guid(sessionId.Span), node) : null)
        ?? throw new RpcException(new Status(StatusCode.NotFound, "There is no such run. Begin again; what was sent is not sent twice."));

    private static SnapshotMessage Message(SnapshotRecord record) => new() { Id = record.Id, Document = UnsafeByteOperations.UnsafeWrap(SnapshotDocuments.Encode(record)) };

    private async Task<T> Guarded<T>(Func<T> work)
    {
        try
        {
            return await workers.RunAsync(work).ConfigureAwait(false);
        }
        catch (CommitHeldException error)
        {
            throw new RpcException(new Status(StatusCode.Unavailable, error.Message));
        }
        catch (SnapshotRefusedException error)
        {
            DaemonLog.DataRefused(logger, "?", error.Message);
            throw new RpcException(new Status(StatusCode.FailedPrecondition, error.Message));
        }
        catch (StoreUnusableException error)
        {
            throw new RpcException(new Status(StatusCode.FailedPrecondition, error.Message));
        }
        catch (StoreDamagedException error)
        {
            throw new RpcException(new Status(StatusCode.DataLoss, error.Message));
        }
        catch (StoreIoException error)
        {
            throw new RpcException(new Status(error.Failure == StoreIoFailure.DiskFull ? StatusCode.ResourceExhausted : StatusCode.Unavailable, error.Message));
        }
    }
}
