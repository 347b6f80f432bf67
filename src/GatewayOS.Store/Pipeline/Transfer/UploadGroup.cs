using GatewayOS.Store.Chunking;

namespace GatewayOS.Store.Pipeline;

/// <summary>
/// Chunks that are asked for and sent together: those of a lane's batch, or directories and lists gathered in a batch of their own. It keeps
/// their plain bytes until the appliance has them, so that a broken connection costs nothing but asking again.
/// </summary>
internal sealed class UploadGroup
{
    private readonly byte[] _hashes = new byte[ContentHash.SizeBytes * ChunkBatch.ChunksMax];
    private readonly (int Offset, int Length, ChunkKind Kind)[] _chunks = new (int, int, ChunkKind)[ChunkBatch.ChunksMax];
    private readonly byte[] _answer = new byte[ChunkBatch.ChunksMax / 8];
    private readonly byte[] _lacking = new byte[ChunkBatch.ChunksMax / 8];
    private byte[]? _own;
    private int _ownUsed;

    public long Number { get; set; }

    /// <summary>The lane's batch, or null for a group of directories.</summary>
    public ChunkBatch? Batch { get; private set; }

    public int Count { get; private set; }

    /// <summary>An answer has come and no sender has taken it up.</summary>
    public bool IsAnswered { get; set; }

    /// <summary>A sender reads the group's bytes.</summary>
    public bool IsInHand { get; set; }

    /// <summary>The appliance has everything, though a sender has the group in hand.</summary>
    public bool IsStored { get; set; }

    public ReadOnlySpan<byte> Hashes => _hashes.AsSpan(0, Count * ContentHash.SizeBytes);

    public bool IsLacking(int chunk) => (_lacking[chunk >> 3] & (1 << (chunk & 7))) != 0;

    public ContentHash HashOf(int chunk) => new(_hashes.AsSpan(chunk * ContentHash.SizeBytes, ContentHash.SizeBytes));

    public ReadOnlySpan<byte> PlainOf(int chunk, out ChunkKind kind)
    {
        (int offset, int length, kind) = _chunks[chunk];
        return (Batch?.Buffer ?? _own!).AsSpan(offset, length);
    }

    /// <summary>Notes an answer: a bit for each chunk that is to be sent.</summary>
    public void Answer(ReadOnlySpan<byte> lacking)
    {
        _answer.AsSpan().Clear();
        lacking[..Math.Min(lacking.Length, _answer.Length)].CopyTo(_answer);
        IsAnswered = true;
    }

    /// <summary>Takes up the last answer.</summary>
    public void TakeInHand()
    {
        _answer.CopyTo(_lacking.AsSpan());
        IsAnswered = false;
        IsInHand = true;
    }

    /// <summary>Takes a lane's batch.</summary>
    public void Take(ChunkBatch batch)
    {
        Clear();
        Batch = batch;
        foreach (BatchChunk chunk in batch.Chunks)
        {
            Add((chunk.Offset, chunk.Length, ChunkKind.Data), ChunkHash.Of(batch.Buffer.AsSpan(chunk.Offset, chunk.Length)));
        }
    }

    /// <summary>Begins to gather single chunks.</summary>
    public void Gather(ChunkerParameters chunker)
    {
        Clear();
        _own ??= new byte[ChunkBatch.BytesFor(chunker)];
    }

    /// <summary>Adds a chunk to a gathering group.</summary>
    /// <returns>False when it is full.</returns>
    public bool TryAdd(ChunkKind kind, ReadOnlySpan<byte> plain, in ContentHash hash)
    {
        if (Count == ChunkBatch.ChunksMax || plain.Length > _own!.Length - _ownUsed)
        {
            return false;
        }

        plain.CopyTo(_own.AsSpan(_ownUsed));
        Add((_ownUsed, plain.Length, kind), hash);
        _ownUsed += plain.Length;
        return true;
    }

    public void Clear()
    {
        Batch = null;
        Count = 0;
        _ownUsed = 0;
        IsAnswered = IsInHand = IsStored = false;
    }

    private void Add((int Offset, int Length, ChunkKind Kind) chunk, in ContentHash hash)
    {
        hash.CopyTo(_hashes.AsSpan(Count * ContentHash.SizeBytes));
        _chunks[Count++] = chunk;
    }
}
