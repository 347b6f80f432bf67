using GatewayOS.Agent.Connection;
using GatewayOS.Api;
using GatewayOS.Store;
using GatewayOS.Store.Chunking;
using GatewayOS.Store.Pipeline;
using GatewayOS.Store.Reading;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;
using Grpc.Core;

namespace GatewayOS.Agent.Remote;

/// <summary>The appliance's store as the node sees it: its own snapshots, and a way to make more. What backup and restore engines work on.</summary>
internal sealed class RemoteStore(ApplianceConnection connection, BandwidthLimit bandwidth, TimeProvider time, Action<string> tell, CancellationToken cancellation, string? restoreJob = null) : ISnapshotStore
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromMinutes(5);

    public ContentWriter OpenWriter(WriterOptions options)
    {
        BeginReply run = Call(callOptions => connection.Runs.Begin(new BeginRequest(), callOptions));
        var chunker = new ChunkerParameters(run.ChunkMinBytes, run.ChunkAverageBytes, run.ChunkMaxBytes);
        return new UploadWriter(chunker, run.ChunkerKey.Span, answers => new RemoteUploader(connection, run.SessionId, answers, bandwidth, time, tell, cancellation), options);
    }

    public ContentReader OpenReader() => new RemoteReader(connection, time, restoreJob, cancellation);

    public SnapshotList Snapshots() => Call(callOptions =>
    {
        var records = new List<SnapshotRecord>();
        using AsyncServerStreamingCall<SnapshotMessage> call = connection.Runs.ListSnapshots(new ListSnapshotsRequest(), callOptions);
        while (call.ResponseStream.MoveNext(CancellationToken.None).GetAwaiter().GetResult())
        {
            SnapshotMessage message = call.ResponseStream.Current;
            records.Add(SnapshotDocuments.Decode(message.Document.Span, message.Id));
        }

        return new SnapshotList(records, []);
    });

    public SnapshotRecord FindSnapshot(string idOrLatest) => Snapshots().Find(idOrLatest, $"{connection.Gateway} holds no snapshot of this node yet. Make one with 'gateway-agent backup'.");

    public ContentHash ComputeHash(ReadOnlySpan<byte> plain) => ChunkHash.Of(plain);

    public ChunkLocation ReadingOrder(ContentHash hash) => default;

    private T Call<T>(Func<CallOptions, T> call)
    {
        var retry = new Retry(time, cancellation);
        while (true)
        {
            try
            {
                return call(new CallOptions(deadline: time.GetUtcNow().UtcDateTime + s_timeout, cancellationToken: cancellation));
            }
            catch (RpcException error)
            {
                tell($"{connection.Gateway}: {error.Status.Detail}");
                if (!retry.WaitAfter(error))
                {
                    cancellation.ThrowIfCancellationRequested();
                    throw ApplianceConnection.Explain(error, connection.Gateway);
                }
            }
        }
    }
}
