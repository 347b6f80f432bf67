using GatewayOS.Store;
using GatewayOS.Store.Pipeline;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Trees;

namespace GatewayOS.Appliance.Ingest;

/// <summary>
/// One backup run of a node, from its first question to its snapshot. Outlives connections: a node that comes back with the session's ID goes on
/// where it was. Thread-safe.
/// </summary>
public sealed class IngestSession : IDisposable
{
    private readonly StoreLease _lease;
    private readonly NodeLedger _ledger;
    private readonly Action<NodeLedger> _release;
    private readonly DataProgressCounter _counted;
    private readonly Lock _commitGate = new();
    private readonly TimeProvider _time;
    private SnapshotRecord? _committed;
    private long _lastUsed;
    private int _connections;
    private CancellationTokenSource? _newest;
    private long _receivedBytes;
    private int _disposed;

    internal IngestSession(Guid id, string nodeId, StoreLease lease, NodeLedger ledger, Action<NodeLedger> release, DataProgressCounter counted, TimeProvider time)
    {
        (Id, NodeId, _lease, _ledger, _release, _counted, _time) = (id, nodeId, lease, ledger, release, counted, time);
        _lastUsed = time.GetTimestamp();
    }

    /// <summary>The session's ID: random, so that it cannot be guessed; and checked against the node all the same.</summary>
    public Guid Id { get; }

    /// <summary>The node.</summary>
    public string NodeId { get; }

    /// <summary>The store; borrowed.</summary>
    public BackupStore Store => _lease.Store;

    /// <summary>Where batches come from.</summary>
    public ReceivedBatches Batches => _lease.Writer.Received;

    /// <summary>Stored bytes that came over the wire.</summary>
    public long ReceivedBytes => Interlocked.Read(ref _receivedBytes);

    /// <summary>True when its snapshot is made: it only waits in case the answer was lost.</summary>
    public bool IsCommitted => Volatile.Read(ref _committed) is not null;

    /// <summary>How long nobody has used it; zero while a connection is open.</summary>
    public TimeSpan Idle => Volatile.Read(ref _connections) > 0 ? TimeSpan.Zero : _time.GetElapsedTime(Volatile.Read(ref _lastUsed));

    /// <summary>
    /// Takes a stream of the run's node in. It takes the place of the one before: a node that lost its connection may be back before the appliance
    /// has noticed, and a run with many streams would get as many shares of the store's throughput.
    /// </summary>
    /// <returns>The stream's place; dispose of it when the stream ends.</returns>
    public SessionStream Connect()
    {
        var newest = new CancellationTokenSource();
        Interlocked.Increment(ref _connections);
        Volatile.Write(ref _lastUsed, _time.GetTimestamp());
        if (Interlocked.Exchange(ref _newest, newest) is { } before)
        {
            before.Cancel();
        }

        return new SessionStream(Disconnected, newest.Token);
    }

    /// <summary>Says which chunks the node has to send.</summary>
    /// <param name="hashes">Content hashes, 32 bytes each.</param>
    /// <param name="lacking">A bit for each, lowest bit of the first byte first; cleared by the caller.</param>
    /// <remarks>The answer depends on nothing but what this node has sent itself.</remarks>
    public void FindLacking(ReadOnlySpan<byte> hashes, Span<byte> lacking)
    {
        for (int i = 0; (i + 1) * ContentHash.SizeBytes <= hashes.Length; i++)
        {
            ChunkId id = _lease.Writer.IdOf(new ContentHash(hashes.Slice(i * ContentHash.SizeBytes, ContentHash.SizeBytes)));
            if (!_ledger.Owns(id) || !_lease.Writer.Contains(id))
            {
                lacking[i >> 3] |= (byte)(1 << (i & 7));
            }
        }
    }

    /// <summary>Checks and stores received chunks, and enters them as the node's.</summary>
    /// <param name="batch">A filled batch of <see cref="Batches"/>; given back by this method.</param>
    public async Task<ReceiveOutcome> ReceiveAsync(ReceivedBatch batch)
    {
        int bytes = batch.PayloadBytes;
        _counted.Begin();
        try
        {
            ReceiveOutcome outcome = await _lease.Writer.Receive(batch).ConfigureAwait(false);
            if (outcome.Accepted)
            {
                _ledger.Add(batch.Ids);
                Interlocked.Add(ref _receivedBytes, bytes);
            }

            return outcome;
        }
        finally
        {
            _counted.End();
            _lease.Writer.Received.Return(batch);
        }
    }

    /// <summary>Makes the node's snapshot. Asked again after a lost answer it gives the same one.</summary>
    /// <param name="draft">What the node says; who it is of is the appliance's word.</param>
    /// <param name="cancellation">Stops the check; then there is no snapshot.</param>
    /// <exception cref="SnapshotRefusedException">The snapshot names what it must not, or is incomplete.</exception>
    public SnapshotRecord Commit(SnapshotDraft draft, CancellationToken cancellation)
    {
        lock (_commitGate)
        {
            if (_committed is not null)
            {
                return _committed;
            }

            draft = draft with { NodeId = NodeId };
            SnapshotRecord? parent = NodeSnapshots.Of(Store, NodeId).LastOrDefault(record => record.Draft.Sources.SequenceEqual(draft.Sources, StringComparer.Ordinal));
            _committed = _lease.Writer.Commit(draft, () =>
            {
                var check = new SnapshotCheck(Store, _lease.Writer, _ledger);
                if (check.Run(draft.Root, parent?.Draft.Root ?? ContentRef.Empty, cancellation) is { } refusal)
                {
                    throw new SnapshotRefusedException($"The snapshot is refused: {refusal}. Back up again, from the beginning if need be.");
                }
            });
            _ledger.AddSnapshot(_committed.Id);
            return _committed;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            _newest?.Cancel();
            _release(_ledger);
            _lease.Dispose();
        }
    }

    private void Disconnected()
    {
        Interlocked.Decrement(ref _connections);
        Volatile.Write(ref _lastUsed, _time.GetTimestamp());
    }
}

/// <summary>A run's stream, until disposal.</summary>
public sealed class SessionStream : IDisposable
{
    private readonly Action _ended;
    private int _disposed;

    internal SessionStream(Action ended, CancellationToken superseded) => (_ended, Superseded) = (ended, superseded);

    /// <summary>Cancelled when another stream takes this one's place, or the run ends.</summary>
    public CancellationToken Superseded { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            _ended();
        }
    }
}

/// <summary>A node's snapshot cannot be committed. The message says why; nothing was changed.</summary>
public sealed class SnapshotRefusedException : Exception
{
    /// <summary>Makes one.</summary>
    public SnapshotRefusedException(string message)
        : base(message)
    {
    }
}

/// <summary>Which snapshots are a node's.</summary>
public static class NodeSnapshots
{
    /// <summary>A node's snapshots, oldest first.</summary>
    public static IReadOnlyList<SnapshotRecord> Of(BackupStore store, string nodeId) =>
        [.. store.Snapshots().Records.Where(record => record.Draft.NodeId == nodeId)];
}
