using GatewayOS.Agent.Connection;
using GatewayOS.Api;
using GatewayOS.Api.Chunks;
using GatewayOS.Store;
using GatewayOS.Store.Pipeline.Transfer;
using GatewayOS.Store.Reading;
using GatewayOS.Store.Storage;
using GatewayOS.Store.Trees;
using Grpc.Core;

namespace GatewayOS.Agent.Remote;

/// <summary>
/// Reads chunks from the appliance over a stream of its own. What it is told to expect it asks for ahead, within a window, so that a restore
/// runs at the link's rate whatever its delay. Every chunk's hash is checked here.
/// </summary>
internal sealed class RemoteReader(ApplianceConnection connection, TimeProvider time, string? restoreJob, CancellationToken cancellation) : ContentReader
{
    private const long WindowBytesMax = 8 * 1024 * 1024;
    private const int AskHashesMax = 64;
    private const int ExpectedMax = 20_000;
    private const long KeptBytesMax = 64L * 1024 * 1024;

    private readonly Queue<(ContentHash Hash, long Bytes)> _expected = new();
    private readonly Dictionary<ContentHash, long> _asked = [];
    private readonly Dictionary<ContentHash, byte[]> _arrived = [];
    private readonly Queue<ContentHash> _arrivalOrder = new();
    private readonly Retry _retry = new(time, cancellation);
    private AsyncDuplexStreamingCall<DataFrame, DataFrame>? _call;
    private byte[] _current = [];
    private long _askedBytes;
    private long _arrivedBytes;
    private ulong _asks;

    public override void Expect(ReadOnlySpan<ContentPart> parts)
    {
        foreach (ContentPart part in parts)
        {
            if (part.Kind == PartKind.Chunk && _expected.Count < ExpectedMax)
            {
                _expected.Enqueue((part.Hash, part.LengthBytes));
            }
        }
    }

    public override ReadOnlySpan<byte> Read(ContentHash hash)
    {
        while (true)
        {
            if (_arrived.Remove(hash, out byte[]? found))
            {
                _arrivedBytes -= found.Length;
                return _current = found;
            }

            try
            {
                Fetch(hash);
                _retry.Succeeded();
            }
            catch (RpcException error)
            {
                Break();
                if (error.StatusCode is StatusCode.NotFound or StatusCode.DataLoss)
                {
                    throw new StoreDamagedException(Describe(hash), error.Status.Detail);
                }

                if (!_retry.WaitAfter(error))
                {
                    cancellation.ThrowIfCancellationRequested();
                    throw ApplianceConnection.Explain(error, connection.Gateway);
                }
            }
        }
    }

    public override void Dispose() => _call?.Dispose();

    protected override string Describe(ContentHash hash) => "a chunk of this snapshot";

    private void Fetch(ContentHash wanted)
    {
        _call ??= connection.Data.Read(new CallOptions(restoreJob is null ? null : new Metadata { { DataPathService.RestoreJobKey, restoreJob } }, cancellationToken: cancellation));
        if (!_asked.ContainsKey(wanted))
        {
            Ask([(wanted, 0)]);
        }

        AskAhead();
        if (!_call.ResponseStream.MoveNext(CancellationToken.None).GetAwaiter().GetResult())
        {
            throw new RpcException(new Status(StatusCode.Unavailable, "The appliance ended the stream."));
        }

        using DataFrame frame = _call.ResponseStream.Current;
        if (ChunkGroup.Open(frame.Head.Span, frame.Payload.Span, Take) is { } reason)
        {
            throw new RpcException(new Status(StatusCode.DataLoss, $"What the appliance sent is damaged: {reason}."));
        }
    }

    private void Take(ContentHash hash, byte[] plain)
    {
        if (_asked.Remove(hash, out long bytes))
        {
            _askedBytes -= bytes;
        }

        if (_arrived.TryAdd(hash, plain))
        {
            _arrivedBytes += plain.Length;
            _arrivalOrder.Enqueue(hash);
        }

        // Expectations that nobody comes for must not pile up. What is dropped and wanted after all is asked for again.
        while (_arrivedBytes > KeptBytesMax && _arrivalOrder.TryDequeue(out ContentHash oldest))
        {
            if (oldest != hash && _arrived.Remove(oldest, out byte[]? dropped))
            {
                _arrivedBytes -= dropped.Length;
            }
        }
    }

    private void AskAhead()
    {
        var ask = new List<(ContentHash, long)>();
        while (_askedBytes < WindowBytesMax && _arrivedBytes < KeptBytesMax / 2 && _expected.TryDequeue(out (ContentHash Hash, long Bytes) next))
        {
            if (_asked.ContainsKey(next.Hash) || _arrived.ContainsKey(next.Hash))
            {
                continue;
            }

            ask.Add(next);
            _asked.Add(next.Hash, next.Bytes);
            _askedBytes += next.Bytes;
            if (ask.Count == AskHashesMax)
            {
                Send(ask);
                ask.Clear();
            }
        }

        Send(ask);
    }

    private void Ask(List<(ContentHash Hash, long Bytes)> hashes)
    {
        foreach ((ContentHash hash, long bytes) in hashes)
        {
            _asked.Add(hash, bytes);
        }

        Send(hashes);
    }

    private void Send(List<(ContentHash Hash, long Bytes)> hashes)
    {
        if (hashes.Count == 0)
        {
            return;
        }

        byte[] head = new byte[hashes.Count * ContentHash.SizeBytes];
        for (int i = 0; i < hashes.Count; i++)
        {
            hashes[i].Hash.CopyTo(head.AsSpan(i * ContentHash.SizeBytes));
        }

        _call!.RequestStream.WriteAsync(DataFrame.Over(Frame.Types.Kind.Ask, ++_asks, head)).GetAwaiter().GetResult();
    }

    private void Break()
    {
        _call?.Dispose();
        _call = null;
        _asked.Clear();
        _askedBytes = 0;
    }
}
