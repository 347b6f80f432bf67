using System.Threading.Channels;
using GatewayOS.Api;
using GatewayOS.Api.Chunks;
using GatewayOS.Appliance.Ingest;
using GatewayOS.Daemon.Hosting;
using GatewayOS.Store;
using GatewayOS.Store.Pipeline;
using GatewayOS.Store.Pipeline.Transfer;
using GatewayOS.Store.Storage;
using Google.Protobuf;
using Grpc.Core;

namespace GatewayOS.Daemon.Services;

/// <summary>
/// The way of chunks. A stream holds at most <see cref="GroupsInHandMax"/> groups of the appliance's shared batches; when those are all taken it is
/// not read from, HTTP/2's flow control fills up, and the node waits: back-pressure from the disk to the node's file readers.
/// </summary>
internal sealed class DataPathServer(
    ApplianceHost appliance, DataWorkers workers, [FromKeyedServices(DataWorkers.Lookups)] DataWorkers lookups, ILogger<DataPathServer> logger) : DataPathService.Base
{
    /// <summary>Groups of one stream between received and stored.</summary>
    private const int GroupsInHandMax = 3;

    /// <summary>Answers on their way out; a node that does not read them is not read from.</summary>
    private const int AnswersMax = 64;

    private const int SendBytesMin = 1024 * 1024;

    public override async Task Transfer(IAsyncStreamReader<DataFrame> requestStream, IServerStreamWriter<DataFrame> responseStream, ServerCallContext context)
    {
        string node = PeerGate.CallerOf(context).Id;
        byte[] sessionId = context.RequestHeaders.GetValueBytes(DataPathService.SessionKey) ?? [];
        IngestSession session = BackupService.Find(appliance, ByteString.CopyFrom(sessionId), node);
        using SessionStream place = session.Connect();
        CancellationToken cutOff = appliance.Connections.CutOf(node);
        using var cut = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, cutOff, place.Superseded);
        try
        {
            var answers = Channel.CreateBounded<DataFrame>(AnswersMax);
            Task writing = WriteAnswersAsync(answers.Reader, responseStream, cut);
            try
            {
                await ReceiveAsync(session, requestStream, answers.Writer, cut.Token).ConfigureAwait(false);
                answers.Writer.TryComplete();
            }
            catch (Exception error)
            {
                answers.Writer.TryComplete(error);
                throw;
            }
            finally
            {
                await writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        catch (OperationCanceledException) when (!context.CancellationToken.IsCancellationRequested)
        {
            throw new RpcException(cutOff.IsCancellationRequested
                ? new Status(StatusCode.Unauthenticated, "The node was cut off.")
                : new Status(StatusCode.Aborted, "Another stream of this run took its place, or the run was ended."));
        }
    }

    public override async Task Read(IAsyncStreamReader<DataFrame> requestStream, IServerStreamWriter<DataFrame> responseStream, ServerCallContext context)
    {
        string node = PeerGate.CallerOf(context).Id;
        using IDisposable turn = appliance.Connections.BeginRead(node)
            ?? throw new RpcException(new Status(StatusCode.ResourceExhausted, $"The node reads over {NodeConnections.ReadsPerNodeMax} streams already. Wait for one to end."));
        using var cut = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, appliance.Connections.CutOf(node));
        using StoreLease lease = appliance.Store.Lease();
        string? restoreJob = context.RequestHeaders.GetValue(DataPathService.RestoreJobKey);
        using LedgerLease ledger = await workers.RunAsync(() => restoreJob is null ? appliance.Sessions.OpenLedger(node, lease.Store) : appliance.Rights.TryOpen(node, restoreJob, lease.Store)).ConfigureAwait(false)
            ?? throw Forbid(node);
        using ChunkGroupReader reader = await workers.RunAsync(() => new ChunkGroupReader(lease.Store)).ConfigureAwait(false);
        try
        {
            while (await requestStream.MoveNext(cut.Token).ConfigureAwait(false))
            {
                using DataFrame ask = requestStream.Current;
                CheckHashes(ask, node);
                for (int next = 0; next < ask.Head.Length;)
                {
                    // The right ends with the job, also in the middle of a stream.
                    if (restoreJob is not null && !appliance.Rights.Holds(node, restoreJob))
                    {
                        throw Forbid(node);
                    }

                    int from = next;
                    next = await workers.RunAsync(() => Collect(lease.Store, ledger.Ledger, reader, ask.Head.Span, from)).ConfigureAwait(false);
                    await responseStream.WriteAsync(
                        DataFrame.Over(Frame.Types.Kind.Chunks, ask.Group, reader.Directory.AsMemory(0, reader.DirectoryBytes), reader.Payload.AsMemory(0, reader.PayloadBytes)), cut.Token).ConfigureAwait(false);
                }
            }
        }
        catch (StoreDamagedException error)
        {
            throw new RpcException(new Status(StatusCode.DataLoss, error.Message));
        }
        catch (OperationCanceledException) when (!context.CancellationToken.IsCancellationRequested)
        {
            throw new RpcException(new Status(StatusCode.Unauthenticated, "The node was cut off."));
        }
    }

    // A group ends when it is large enough to be worth a message, or full, or at the end of what was asked for.
    private int Collect(BackupStore store, NodeLedger ledger, ChunkGroupReader reader, ReadOnlySpan<byte> hashes, int from)
    {
        reader.Clear();
        int next = from;
        while (next < hashes.Length && reader.PayloadBytes < SendBytesMin)
        {
            var hash = new ContentHash(hashes.Slice(next, ContentHash.SizeBytes));
            if (!ledger.Owns(store.IdOf(hash)))
            {
                // The same words whether another node has it or nobody.
                throw new RpcException(new Status(StatusCode.NotFound, "A chunk that was asked for is not of this node."));
            }

            if (!reader.TryAdd(hash))
            {
                break;
            }

            next += ContentHash.SizeBytes;
        }

        return next;
    }

    private async Task ReceiveAsync(IngestSession session, IAsyncStreamReader<DataFrame> frames, ChannelWriter<DataFrame> answers, CancellationToken cancellation)
    {
        using var inHand = new SemaphoreSlim(GroupsInHandMax);
        var failed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        while (await NextAsync(frames, failed.Task, cancellation).ConfigureAwait(false))
        {
            using DataFrame frame = frames.Current;
            switch (frame.Kind)
            {
                case Frame.Types.Kind.Ask:
                    CheckHashes(frame, session.NodeId);
                    byte[] lacking = await lookups.RunAsync(() => Lacking(session, frame)).ConfigureAwait(false);
                    await answers.WriteAsync(DataFrame.Over(Frame.Types.Kind.Answer, frame.Group, lacking), cancellation).ConfigureAwait(false);
                    break;
                case Frame.Types.Kind.Chunks:
                    await inHand.WaitAsync(cancellation).ConfigureAwait(false);
                    ReceivedBatch batch = await session.Batches.RentAsync(cancellation).ConfigureAwait(false);
                    if (!TryFill(batch, frame))
                    {
                        session.Batches.Return(batch);
                        throw Refuse(session.NodeId, "A group of chunks is longer than a group may be.");
                    }

                    _ = StoreAsync(session, batch, frame.Group, answers, inHand, failed);
                    break;
                default:
                    throw Refuse(session.NodeId, $"A node sends no {frame.Kind} frames.");
            }
        }

        // The stream ends when all is stored, so a node that closed it knows.
        for (int i = 0; i < GroupsInHandMax; i++)
        {
            await inHand.WaitAsync(cancellation).ConfigureAwait(false);
        }
    }

    private static byte[] Lacking(IngestSession session, DataFrame ask)
    {
        byte[] lacking = new byte[((ask.Head.Length / ContentHash.SizeBytes) + 7) / 8];
        session.FindLacking(ask.Head.Span, lacking);
        return lacking;
    }

    private static async Task<bool> NextAsync(IAsyncStreamReader<DataFrame> frames, Task failed, CancellationToken cancellation)
    {
        Task<bool> next = frames.MoveNext(cancellation);
        if (await Task.WhenAny(next, failed).ConfigureAwait(false) == failed)
        {
            await failed.ConfigureAwait(false);
        }

        return await next.ConfigureAwait(false);
    }

    private async Task StoreAsync(IngestSession session, ReceivedBatch batch, ulong group, ChannelWriter<DataFrame> answers, SemaphoreSlim inHand, TaskCompletionSource failed)
    {
        try
        {
            ReceiveOutcome outcome = await session.ReceiveAsync(batch).ConfigureAwait(false);
            if (!outcome.Accepted)
            {
                throw Refuse(session.NodeId, $"Chunks are refused: {outcome.Refusal}.");
            }

            await answers.WriteAsync(DataFrame.Over(Frame.Types.Kind.Stored, group)).ConfigureAwait(false);
        }
        catch (StoreIoException error)
        {
            failed.TrySetException(new RpcException(new Status(error.Failure == StoreIoFailure.DiskFull ? StatusCode.ResourceExhausted : StatusCode.Unavailable, error.Message)));
        }
        catch (ChannelClosedException)
        {
            // The stream has ended; the chunks are stored all the same.
        }
        catch (Exception error)
        {
            failed.TrySetException(error);
        }
        finally
        {
            try
            {
                inHand.Release();
            }
            catch (ObjectDisposedException)
            {
                // The stream ended before.
            }
        }
    }

    private static bool TryFill(ReceivedBatch batch, DataFrame frame)
    {
        if (frame.Head.Length > batch.Directory.Length || frame.Payload.Length > batch.Payload.Length)
        {
            return false;
        }

        frame.Head.CopyTo(batch.Directory);
        frame.Payload.CopyTo(batch.Payload);
        (batch.DirectoryBytes, batch.PayloadBytes) = (frame.Head.Length, frame.Payload.Length);
        return true;
    }

    private static async Task WriteAnswersAsync(ChannelReader<DataFrame> answers, IServerStreamWriter<DataFrame> stream, CancellationTokenSource cut)
    {
        try
        {
            await foreach (DataFrame answer in answers.ReadAllAsync(cut.Token).ConfigureAwait(false))
            {
                await stream.WriteAsync(answer, cut.Token).ConfigureAwait(false);
            }
        }
        catch
        {
            // Whoever still reads requests has to stop too.
            await cut.CancelAsync().ConfigureAwait(false);
            throw;
        }
    }

    private void CheckHashes(DataFrame frame, string node)
    {
        if (frame.Kind != Frame.Types.Kind.Ask || frame.Head.Length == 0 || frame.Head.Length % ContentHash.SizeBytes != 0 || frame.Head.Length > DataFrame.HashesMax * ContentHash.SizeBytes)
        {
            throw Refuse(node, $"An ASK names 1 to {DataFrame.HashesMax} hashes of {ContentHash.SizeBytes} bytes.");
        }
    }

    private RpcException Forbid(string node)
    {
        const string why = "The node is not at work on that restore job.";
        DaemonLog.DataRefused(logger, node, why);
        return new RpcException(new Status(StatusCode.PermissionDenied, why));
    }

    private RpcException Refuse(string node, string why)
    {
        DaemonLog.DataRefused(logger, node, why);
        return new RpcException(new Status(StatusCode.InvalidArgument, why));
    }
}
