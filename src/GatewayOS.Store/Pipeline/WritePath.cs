using GatewayOS.Store.Compression;
using GatewayOS.Store.Packs;
using GatewayOS.Store.Pipeline.Transfer;
using GatewayOS.Store.Profiling;
using GatewayOS.Store.Storage;
using GatewayOS.Store.Trees;

namespace GatewayOS.Store.Pipeline;

/// <summary>
/// The write path of one worker, from plain chunks to records in a pack: the file to read first. Each worker has one, with buffers of its
/// own; nothing is allocated per chunk.
/// <code>
/// batch of chunks ─▶ 1 hash ─▶ 2 look up ─▶ 3 compress ─▶ 4 reserve a range ─▶ 5 seal ─▶ 6 write ─▶ 7 place ─▶ 8 complete files
///                    BLAKE3     keyed ID,    LZ4           of the open pack     AES-GCM   one       pending     directories encode
///                               index,       or raw                             + hash    pwrite    index       upwards
///                               claims
/// </code>
/// Durability comes later and in this order: packs are synced and renamed when full (<see cref="PackSealer"/>), then the index segment, then
/// the snapshot record (<see cref="StoreWriter.Flush"/>).
/// </summary>
internal sealed partial class WritePath : BatchPath
{
    /// <summary>Longest chunk that <see cref="ChunkSink.Store"/> takes; a directory entry with its extended attributes must fit.</summary>
    public const int DirectBytesMax = 1024 * 1024;

    private readonly StoreWriter _writer;
    private readonly RecordCipher _cipher = new();
    private readonly AlignedBuffer _out;
    private readonly List<RecordHead> _records = [];
    private readonly ContentHash[] _hashes = new ContentHash[ChunkBatch.ChunksMax];
    private readonly ChunkNaming _naming;
    private readonly WriterCounters _counters;
    private readonly List<TransferredChunk> _received = [];
    private byte[] _plain = [];
    private int _outBytes;

    // Time spent in Store while a batch completes files: counted in its own stages, so taken off the completing.
    private long _directTicks;

    public WritePath(StoreWriter writer, WriterCounters counters)
    {
        _writer = writer;
        _naming = writer.Naming;
        _counters = counters;
        _out = new AlignedBuffer(ChunkBatch.BytesFor(writer.Chunker) + (ChunkBatch.ChunksMax * (PackFormat.RecordHeadBytes + PackFormat.TagBytes)) + AlignedBuffer.AlignBytes);
    }

    /// <inheritdoc/>
    public override void Process(PipelineBatch batch)
    {
        if (batch is ReceivedBatch received)
        {
            string? refusal = Take(received);

            // In this order: once completed, the batch may be on its way again under another number.
            _writer.Processed(batch);
            received.Complete(refusal);
            return;
        }

        Take((ChunkBatch)batch);
        _writer.Processed(batch);
    }

    // A batch of a lane goes the whole path.
    private void Take(ChunkBatch batch)
    {
        ReadOnlySpan<byte> plain = batch.Buffer;
        ReadOnlySpan<BatchChunk> chunks = batch.Chunks;
        long start = StageCounters.Start();
        for (int i = 0; i < chunks.Length; i++)
        {
            // 1 hash, 2 look up, 3 compress: one chunk after the other, so that it is still in the processor's cache
            ReadOnlySpan<byte> chunk = plain.Slice(chunks[i].Offset, chunks[i].Length);
            _hashes[i] = _naming.Hash(chunk);
            _counters.Named(ref start, chunk.Length, 1);
            ChunkId id = _naming.Id(_hashes[i]);
            bool isNew = _writer.Claim(id, copy: false);
            _counters.LookedUp(ref start);
            if (isNew)
            {
                Append(ChunkKind.Data, id, chunk, ref start);
            }
        }

        // 4 to 7
        WriteRecords(_writer.DataPacks, ref start);

        // 8 complete files
        for (int i = 0; i < chunks.Length; i++)
        {
            ContentTicket.SetPart(chunks[i].Segment, chunks[i].Slot, ContentPart.Chunk(_hashes[i], chunks[i].Length), this);
        }

        _counters.Completed(ref start, _directTicks);
        _directTicks = 0;
    }

    // A batch from a network comes compressed. Nothing of it is believed: every chunk is decompressed and hashed before any is stored, and one
    // that is not what it is called makes the whole batch refused. The rest of the path is the same.
    private string? Take(ReceivedBatch batch)
    {
        long start = StageCounters.Start();
        string? refusal = Check(batch);
        _counters.Named(ref start, refusal is null ? _received.Sum(chunk => (long)chunk.PlainBytes) : 0, _received.Count);
        if (refusal is null)
        {
            try
            {
                TakeReceived(batch, isData: true, ref start);
                TakeReceived(batch, isData: false, ref start);
            }
            catch (Exception error)
            {
                batch.Dropped(error);
                throw;
            }
        }

        return refusal;
    }

    private string? Check(ReceivedBatch batch)
    {
        _received.Clear();
        int plainBytesMax = Math.Max(DirectBytesMax, _writer.Chunker.MaxBytes);
        ReadOnlySpan<byte> directory = batch.Directory.Span[..batch.DirectoryBytes];
        ReadOnlySpan<byte> payload = batch.Payload.Span[..batch.PayloadBytes];
        while (directory.Length >= ChunkDirectory.RowBytes)
        {
            if (!ChunkDirectory.TryRead(directory, plainBytesMax, out TransferredChunk chunk) || chunk.StoredBytes > payload.Length)
            {
                return "a chunk's row in the directory makes no sense";
            }

            if (_plain.Length < plainBytesMax)
            {
                _plain = GC.AllocateUninitializedArray<byte>(plainBytesMax);
            }

            Span<byte> plain = _plain.AsSpan(0, chunk.PlainBytes);
            if (!ChunkCodec.TryDecompress(chunk.Codec, payload[..chunk.StoredBytes], plain))
            {
                return "a chunk does not decompress";
            }

            if (_naming.Hash(plain) != chunk.Hash)
            {
                return "a chunk's content does not have its hash";
            }

            _received.Add(chunk);
            batch.Add(_naming.Id(chunk.Hash), chunk.Kind);
            directory = directory[ChunkDirectory.RowBytes..];
            payload = payload[chunk.StoredBytes..];
        }

        return directory.IsEmpty && payload.IsEmpty ? null : "directory and payload do not fit together";
    }

    private void TakeReceived(ReceivedBatch batch, bool isData, ref long start)
    {
        ReadOnlySpan<byte> payload = batch.Payload.Span;
        for (int i = 0; i < _received.Count; i++)
        {
            TransferredChunk chunk = _received[i];
            if (chunk.Kind == ChunkKind.Data == isData && _writer.Claim(batch.Ids[i], copy: false))
            {
                payload[..chunk.StoredBytes].CopyTo(_out.Span[(_outBytes + PackFormat.RecordHeadBytes)..]);
                AddRecord(chunk.Kind, chunk.Codec, batch.Ids[i], chunk.PlainBytes, chunk.StoredBytes, ref start);
            }

            payload = payload[chunk.StoredBytes..];
        }

        WriteRecords(isData ? _writer.DataPacks : _writer.TreePacks, ref start);
    }

    /// <inheritdoc/>
    public override ContentHash Store(ChunkKind kind, ReadOnlySpan<byte> plain) => Store(kind, plain, copy: false);

    /// <summary>Stores a chunk.</summary>
    /// <param name="kind">What it holds.</param>
    /// <param name="plain">Its bytes.</param>
    /// <param name="copy">True to store it though the store has it: gc moves it out of a pack that is to go.</param>
    public ContentHash Store(ChunkKind kind, ReadOnlySpan<byte> plain, bool copy)
    {
        if (plain.Length > DirectBytesMax && plain.Length > _writer.Chunker.MaxBytes)
        {
            throw new ArgumentException($"A chunk of {plain.Length} bytes is too long to store directly; the limit is {DirectBytesMax}.", nameof(plain));
        }

        // After a failure this path may hold records that are sealed already, and chunks are claimed that nobody has written.
        _writer.ThrowIfFailed();
        long begun = StageCounters.Start();
        long start = begun;
        ContentHash hash = _naming.Hash(plain);
        ChunkId id = _naming.Id(hash);
        _counters.Named(ref start, 0, 0);
        if (_writer.Claim(id, copy))
        {
            _counters.LookedUp(ref start);
            try
            {
                Append(kind, id, plain, ref start);
                WriteRecords(kind == ChunkKind.Data ? _writer.DataPacks : _writer.TreePacks, ref start);
            }
            catch (Exception error)
            {
                _writer.Fail(error);
                throw;
            }
        }

        _directTicks += start - begun;
        return hash;
    }

    public override void Dispose() => _cipher.Dispose();

    // Compresses a new chunk behind the others of this range, leaving room for head and tag. The offset is not known yet.
    private void Append(ChunkKind kind, ChunkId id, ReadOnlySpan<byte> plain, ref long start)
    {
        Span<byte> body = _out.Span[(_outBytes + PackFormat.RecordHeadBytes)..];
        Codec codec = ChunkCodec.Compress(plain, body[..^PackFormat.TagBytes], out int written);
        AddRecord(kind, codec, id, plain.Length, written, ref start);
    }

    private void AddRecord(ChunkKind kind, Codec codec, ChunkId id, int plainBytes, int written, ref long start)
    {
        _records.Add(new RecordHead(kind, codec, 0, plainBytes, written + PackFormat.TagBytes, id));
        _outBytes += PackFormat.RecordHeadBytes + written + PackFormat.TagBytes;
        _counters.Compressed(ref start, plainBytes);
    }

    private void WriteRecords(PackAppender packs, ref long start)
    {
        if (_records.Count == 0)
        {
            return;
        }

        // 4 reserve a range: other workers fill theirs beside it
        PackRange range = packs.Reserve(_outBytes, _records.Count);
        Span<byte> bytes = _out.Span[.._outBytes];
        int offset = 0;
        foreach (ref RecordHead record in System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_records))
        {
            // 5 seal
            record = record with { Offset = range.Offset + (uint)offset };
            Span<byte> sealing = bytes.Slice(offset, (int)record.TotalBytes);
            record.Write(sealing);
            _cipher.Seal(range.Pack.Key, sealing);
            offset += sealing.Length;
        }

        _counters.Sealed(ref start, _outBytes);

        // 6 write, with zeros up to the range's end
        _out.Span[_outBytes..range.Bytes].Clear();
        range.Pack.File.WriteAt(_out.Span[..range.Bytes], range.Offset);
        packs.Complete(range, bytes);
        _counters.Written(ref start, _outBytes);

        // 7 place
        foreach (RecordHead record in _records)
        {
            _writer.Place(record.Id, new ChunkLocation(range.Pack.Number, record.Offset, record.StoredBytes, record.PlainBytes, record.Kind));
        }

        _records.Clear();
        _outBytes = 0;
    }
}
