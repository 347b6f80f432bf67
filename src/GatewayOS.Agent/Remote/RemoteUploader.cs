using GatewayOS.Agent.Connection;
using GatewayOS.Api;
using GatewayOS.Api.Chunks;
using GatewayOS.Store.Pipeline;
using GatewayOS.Store.Snapshots;
using Google.Protobuf;
using Grpc.Core;

namespace GatewayOS.Agent.Remote;

/// <summary>
/// Takes groups of chunks to the appliance over one stream, and makes the stream anew when it breaks: the run on the appliance goes on, what
/// arrived is there, and the writer asks again for what is open.
/// </summary>
internal sealed class RemoteUploader : IChunkUploader
{
    private static readonly TimeSpan s_commitTimeout = TimeSpan.FromHours(2);

    private readonly ApplianceConnection _connection;
    private readonly ByteString _session;
    private readonly IUploadAnswers _answers;
    private readonly BandwidthLimit _bandwidth;
    private readonly TimeProvider _time;
    private readonly Action<string> _tell;
    private readonly CancellationToken _cancellation;
    private readonly CancellationTokenSource _ended;
    private readonly Lock _sendGate = new();
    private readonly Thread _receiver;
    private AsyncDuplexStreamingCall<DataFrame, DataFrame> _call;
    private bool _committed;

    public RemoteUploader(ApplianceConnection connection, ByteString session, IUploadAnswers answers, BandwidthLimit bandwidth, TimeProvider time, Action<string> tell, CancellationToken cancellation)
    {
        (_connection, _session, _answers, _bandwidth, _time, _tell, _cancellation) = (connection, session, answers, bandwidth, time, tell, cancellation);
        _ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        _call = Call();
        _receiver = new Thread(Receive) { Name = "appliance", IsBackground = true };
        _receiver.Start();
    }

    public void Ask(long group, ReadOnlySpan<byte> hashes) => Send(DataFrame.Over(Frame.Types.Kind.Ask, (ulong)group, hashes.ToArray()));

    public void Send(long group, ReadOnlySpan<byte> directory, ReadOnlySpan<byte> payload)
    {
        _bandwidth.Wait(directory.Length + payload.Length, _ended.Token);

        // The spans' owner waits until this returns, and the message has left the buffer then.
        byte[] rented = System.Buffers.ArrayPool<byte>.Shared.Rent(directory.Length + payload.Length);
        try
        {
            directory.CopyTo(rented);
            payload.CopyTo(rented.AsSpan(directory.Length));
            Send(DataFrame.Over(Frame.Types.Kind.Chunks, (ulong)group, rented.AsMemory(0, directory.Length), rented.AsMemory(directory.Length, payload.Length)));
        }
        finally
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(rented);
        }
    }

    public SnapshotRecord Commit(SnapshotDraft draft)
    {
        byte[] document = SnapshotDocuments.Encode(draft, draft.StartedUtc, ProgramVersion.Text);
        var retry = new Retry(_time, _ended.Token);
        while (true)
        {
            try
            {
                SnapshotMessage message = _connection.Runs.Commit(
                    new CommitRequest { SessionId = _session, Document = UnsafeByteOperations.UnsafeWrap(document) },
                    deadline: _time.GetUtcNow().UtcDateTime + s_commitTimeout,
                    cancellationToken: _ended.Token);
                _committed = true;
                return SnapshotDocuments.Decode(message.Document.Span, message.Id);
            }
            catch (RpcException error)
            {
                _tell($"The connection broke while the snapshot was made ({error.Status.Detail}); asking again.");
                if (!retry.WaitAfter(error))
                {
                    _cancellation.ThrowIfCancellationRequested();
                    throw ApplianceConnection.Explain(error, _connection.Gateway);
                }
            }
        }
    }

    public void Dispose()
    {
        _ended.Cancel();
        _call.Dispose();
        _receiver.Join();
        if (!_committed)
        {
            try
            {
                _connection.Runs.Abandon(new AbandonRequest { SessionId = _session }, deadline: _time.GetUtcNow().UtcDateTime + TimeSpan.FromSeconds(5));
            }
            catch (RpcException)
            {
                // The appliance ends the run by itself after a while.
            }
        }

        _ended.Dispose();
    }

    private AsyncDuplexStreamingCall<DataFrame, DataFrame> Call() =>
        _connection.Data.Transfer(new CallOptions(new Metadata { { DataPathService.SessionKey, _session.ToByteArray() } }, cancellationToken: _ended.Token));

    // A send that fails is not repeated: the receiver notices the broken stream, makes a new one, and everything open is asked for again.
    private void Send(DataFrame frame)
    {
        lock (_sendGate)
        {
            try
            {
                _call.RequestStream.WriteAsync(frame).GetAwaiter().GetResult();
            }
            catch (Exception error) when (error is RpcException or InvalidOperationException or ObjectDisposedException)
            {
                // See above.
            }
        }
    }

    private void Receive()
    {
        var retry = new Retry(_time, _ended.Token);
        while (true)
        {
            try
            {
                while (_call.ResponseStream.MoveNext(CancellationToken.None).GetAwaiter().GetResult())
                {
                    retry.Succeeded();
                    using DataFrame frame = _call.ResponseStream.Current;
                    if (frame.Kind == Frame.Types.Kind.Answer)
                    {
                        _answers.Answered((long)frame.Group, frame.Head.Span);
                    }
                    else if (frame.Kind == Frame.Types.Kind.Stored)
                    {
                        _answers.Stored((long)frame.Group);
                    }
                }

                if (!Reconnect(retry, new RpcException(new Status(StatusCode.Unavailable, "The appliance ended the stream."))))
                {
                    return;
                }
            }
            catch (RpcException error)
            {
                if (!Reconnect(retry, error))
                {
                    return;
                }
            }
            catch (Exception error)
            {
                _answers.Failed(error);
                return;
            }
        }
    }

    private bool Reconnect(Retry retry, RpcException error)
    {
        if (_ended.IsCancellationRequested)
        {
            // Whoever waits for an answer must not wait for ever.
            _answers.Failed(new OperationCanceledException(_cancellation));
            return false;
        }

        _tell($"The connection broke ({error.StatusCode}: {error.Status.Detail}); going on where it was.");
        if (!retry.WaitAfter(error))
        {
            _answers.Failed(ApplianceConnection.Explain(error, _connection.Gateway));
            return false;
        }

        // Ended before the gate is asked for: whoever still writes into the broken stream holds it.
        _call.Dispose();
        lock (_sendGate)
        {
            _call = Call();
        }

        // Not on this thread: it has to read the answers, or both sides would wait for room to write.
        new Thread(_answers.Reconnected) { Name = "ask again", IsBackground = true }.Start();
        return true;
    }
}
