using System.Threading.Channels;
using GatewayOS.Store.Chunking;

namespace GatewayOS.Store.Pipeline;

/// <summary>What became of received chunks.</summary>
/// <param name="Refusal">Null when all are stored, else what was wrong with them; then none is.</param>
public readonly record struct ReceiveOutcome(string? Refusal)
{
    /// <summary>True when every chunk had its hash and is stored.</summary>
    public bool Accepted => Refusal is null;
}

/// <summary>
/// A group of compressed chunks that came over a network, on its way through <see cref="StoreWriter.Receive"/>. Whoever rented it fills
/// directory and payload, hands it in, and returns it when it is completed.
/// </summary>
public sealed class ReceivedBatch : PipelineBatch
{
    private readonly byte[] _directory = new byte[Transfer.ChunkDirectory.RowBytes * Transfer.ChunkDirectory.ChunksMax];
    private readonly ChunkId[] _ids = new ChunkId[Transfer.ChunkDirectory.ChunksMax];
    private readonly ChunkKind[] _kinds = new ChunkKind[Transfer.ChunkDirectory.ChunksMax];
    private readonly byte[] _payload;
    private TaskCompletionSource<ReceiveOutcome>? _completion;

    internal ReceivedBatch(ChunkerParameters chunker) => _payload = GC.AllocateUninitializedArray<byte>(ChunkBatch.BytesFor(chunker), pinned: true);

    /// <summary>Room for the directory (<see cref="Transfer.ChunkDirectory"/>).</summary>
    public Memory<byte> Directory => _directory;

    /// <summary>Room for the stored bytes.</summary>
    public Memory<byte> Payload => _payload;

    /// <summary>Bytes of the directory that count.</summary>
    public int DirectoryBytes { get; set; }

    /// <summary>Bytes of the payload that count.</summary>
    public int PayloadBytes { get; set; }

    /// <summary>The chunks' IDs, in the directory's order, once accepted.</summary>
    public ReadOnlySpan<ChunkId> Ids => _ids.AsSpan(0, Count);

    /// <summary>The chunks' kinds likewise.</summary>
    public ReadOnlySpan<ChunkKind> Kinds => _kinds.AsSpan(0, Count);

    internal int Count { get; private set; }

    internal Task<ReceiveOutcome> Begin()
    {
        Count = 0;
        _completion = new TaskCompletionSource<ReceiveOutcome>(TaskCreationOptions.RunContinuationsAsynchronously);
        return _completion.Task;
    }

    internal void Add(ChunkId id, ChunkKind kind)
    {
        _ids[Count] = id;
        _kinds[Count++] = kind;
    }

    internal void Complete(string? refusal) => _completion!.TrySetResult(new ReceiveOutcome(refusal));

    /// <inheritdoc/>
    internal override void Dropped(Exception? failure) => _completion!.TrySetException(failure ?? new ObjectDisposedException(nameof(StoreWriter)));
}

/// <summary>
/// The batches of all who send, bounded in number: whoever has to wait is served in the order of coming, which shares the store's throughput
/// fairly between nodes, and waiting is the back-pressure that reaches them.
/// </summary>
public sealed class ReceivedBatches : IDisposable
{
    private readonly Channel<ReceivedBatch> _free;
    private readonly ChunkerParameters _chunker;
    private int _left;

    internal ReceivedBatches(ChunkerParameters chunker, int batchesMax)
    {
        (_chunker, _left) = (chunker, batchesMax);
        _free = Channel.CreateUnbounded<ReceivedBatch>();
    }

    /// <summary>Takes a batch, waiting for one if all are on their way.</summary>
    /// <param name="cancellation">Gives up waiting.</param>
    /// <exception cref="ChannelClosedException">The writer was disposed of.</exception>
    public ValueTask<ReceivedBatch> RentAsync(CancellationToken cancellation)
    {
        if (_free.Reader.TryRead(out ReceivedBatch? batch))
        {
            return ValueTask.FromResult(batch);
        }

        return Interlocked.Decrement(ref _left) >= 0 ? ValueTask.FromResult(new ReceivedBatch(_chunker)) : _free.Reader.ReadAsync(cancellation);
    }

    /// <summary>Gives a batch back.</summary>
    public void Return(ReceivedBatch batch)
    {
        batch.DirectoryBytes = 0;
        batch.PayloadBytes = 0;
        _free.Writer.TryWrite(batch);
    }

    /// <inheritdoc/>
    public void Dispose() => _free.Writer.TryComplete();
}
