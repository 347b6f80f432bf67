using GatewayOS.Store.Chunking;

namespace GatewayOS.Store.Pipeline;

/// <summary>A chunk in a batch: where its bytes are and where its hash goes.</summary>
internal readonly record struct BatchChunk(int Offset, int Length, ContentSegment Segment, int Slot);

/// <summary>
/// Plain bytes of many files back to back, cut into chunks: the unit that travels through the pipeline. A batch belongs to one thread at a
/// time — a lane, the queue, a worker — and is reused.
/// </summary>
internal sealed class ChunkBatch : PipelineBatch
{
    /// <summary>Bytes of a batch with the default chunker: large enough to make hand-over costs vanish, small enough to stay near the cache.</summary>
    private const int BytesDefault = 2 * 1024 * 1024;

    /// <summary>With tiny chunks (simulations) a batch need not hold thousands: so many of the largest do, and room for one read(2).</summary>
    private const int LargestChunksDefault = 32;
    private const int BytesMin = 192 * 1024;

    /// <summary>A batch holds several of the largest chunks, so that carrying an uncut rest over stays cheap.</summary>
    private const int LargestChunksMin = 4;

    public const int ChunksMax = 2048;

    private readonly BatchChunk[] _chunks = new BatchChunk[ChunksMax];

    public ChunkBatch(ChunkerParameters chunker) => Buffer = GC.AllocateUninitializedArray<byte>(BytesFor(chunker), pinned: true);

    public byte[] Buffer { get; }

    public int Used { get; set; }

    public int Free => Buffer.Length - Used;

    public int Count { get; private set; }

    public bool IsFull => Count == ChunksMax;

    public ReadOnlySpan<BatchChunk> Chunks => _chunks.AsSpan(0, Count);

    public static int BytesFor(ChunkerParameters chunker) =>
        Math.Max((int)Math.Clamp((long)chunker.MaxBytes * LargestChunksDefault, BytesMin, BytesDefault), chunker.MaxBytes * LargestChunksMin);

    public void Add(in BatchChunk chunk) => _chunks[Count++] = chunk;

    public void Clear()
    {
        // The segments are dropped too, or a pooled batch would keep whole trees alive.
        _chunks.AsSpan(0, Count).Clear();
        Count = 0;
        Used = 0;
    }
}
