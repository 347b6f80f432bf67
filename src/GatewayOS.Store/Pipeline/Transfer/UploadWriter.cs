using GatewayOS.Store.Chunking;
using GatewayOS.Store.Compression;
using GatewayOS.Store.Pipeline.Transfer;
using GatewayOS.Store.Profiling;
using GatewayOS.Store.Snapshots;

namespace GatewayOS.Store.Pipeline;

/// <summary>
/// The write path of a node: what <see cref="StoreWriter"/> is beside the disk, this is before a network.
/// <code>
/// batch of chunks ─▶ 1 hash ─▶ 2 complete files ─▶ 3 ask ─ ─▶ 4 compress ─▶ 5 send ─ ─▶ 6 stored: the batch is free
///  (same lanes)      BLAKE3     directories         what the     LZ4, only     what        only now is it forgotten
///                               encode upwards      appliance    what is       is
///                                                   lacks        lacking       lacking
/// </code>
/// Nothing waits for an answer: directories are encoded from hashes at once, and as many groups are on their way as there are batches.
/// </summary>
public sealed class UploadWriter : ContentWriter, IUploadAnswers
{
    // Groups of directories on their way at once, about 2 MiB each.
    private const int GatheredGroupsMax = 4;

    // Batches between asking and storing: at 2 MiB each they fill a link of 100 MB/s over 200 ms.
    private const int BatchesOnTheirWayMax = 12;

    private readonly IChunkUploader _uploader;
    private readonly object _gate = new();
    private readonly Dictionary<long, UploadGroup> _onTheirWay = [];
    private readonly HashSet<ContentHash> _sending = [];
    private readonly Queue<UploadGroup> _answered = new();
    private readonly Stack<UploadGroup> _free = new();
    private readonly Lock _gatherGate = new();
    private readonly Thread[] _senders;
    private UploadGroup? _gathering;
    private long _groups;
    private int _gatheredOnTheirWay;
    private bool _ended;

    /// <summary>Makes a writer.</summary>
    /// <param name="chunker">The appliance's chunk sizes.</param>
    /// <param name="chunkerKey">The appliance's chunker key, 32 bytes: equal content on all nodes is cut equally.</param>
    /// <param name="connect">Makes the way to the appliance; the writer disposes of it.</param>
    /// <param name="options">How many threads.</param>
    public UploadWriter(ChunkerParameters chunker, ReadOnlySpan<byte> chunkerKey, Func<IUploadAnswers, IChunkUploader> connect, WriterOptions options)
        : base(chunker, new GearChunker(chunker, chunkerKey), options, BatchesOnTheirWayMax)
    {
        if (options.Workers == 0)
        {
            throw new ArgumentException("An upload needs worker threads: answers come from elsewhere.", nameof(options));
        }

        _uploader = connect(this);
        _senders = [.. Enumerable.Range(0, options.Workers).Select(number => new Thread(SendAnswered) { Name = $"upload {number}", IsBackground = true })];
        Array.ForEach(_senders, sender => sender.Start());
        StartWorkers();
    }

    /// <summary>Always true: the appliance checks on commit that all a snapshot names is there, and refuses it if not.</summary>
    public override bool Contains(ContentHash hash) => true;

    /// <inheritdoc/>
    public override SnapshotRecord Commit(SnapshotDraft draft)
    {
        Drain();
        return _uploader.Commit(draft);
    }

    /// <inheritdoc/>
    public override void Drain()
    {
        base.Drain();
        lock (_gatherGate)
        {
            HandInGathered();
        }

        lock (_gate)
        {
            while (_onTheirWay.Count > 0 && !_ended)
            {
                Monitor.Wait(_gate);
            }
        }

        ThrowIfFailed();
    }

    /// <inheritdoc/>
    public void Answered(long group, ReadOnlySpan<byte> lacking)
    {
        lock (_gate)
        {
            if (_onTheirWay.TryGetValue(group, out UploadGroup? found))
            {
                found.Answer(lacking);
                Queue(found);
            }
        }
    }

    /// <inheritdoc/>
    public void Stored(long group) => Finish(group);

    /// <inheritdoc/>
    public void Reconnected()
    {
        UploadGroup[] unanswered;
        lock (_gate)
        {
            _answered.Clear();
            _sending.Clear();
            foreach (UploadGroup group in _onTheirWay.Values)
            {
                group.IsAnswered = false;
            }

            unanswered = [.. _onTheirWay.Values.OrderBy(group => group.Number)];
        }

        foreach (UploadGroup group in unanswered)
        {
            _uploader.Ask(group.Number, group.Hashes);
        }
    }

    /// <inheritdoc/>
    public void Failed(Exception error) => Fail(error);

    internal override BatchPath NewPath(WriterCounters counters) => new UploadPath(this, counters);

    internal override void Fail(Exception error)
    {
        base.Fail(error);
        End();
    }

    /// <summary>Sends a lane's batch on its way; it is processed when the appliance has it.</summary>
    internal void Offer(UploadGroup group)
    {
        lock (_gate)
        {
            group.Number = ++_groups;
            _onTheirWay.Add(group.Number, group);
        }

        _uploader.Ask(group.Number, group.Hashes);
    }

    internal UploadGroup RentGroup()
    {
        lock (_gate)
        {
            return _free.TryPop(out UploadGroup? group) ? group : new UploadGroup();
        }
    }

    /// <summary>Gathers a directory or list with others.</summary>
    internal void Gather(ChunkKind kind, ReadOnlySpan<byte> plain, in ContentHash hash)
    {
        lock (_gatherGate)
        {
            _gathering ??= NewGathering();
            if (!_gathering.TryAdd(kind, plain, hash))
            {
                HandInGathered();
                _gathering = NewGathering();
                if (!_gathering.TryAdd(kind, plain, hash))
                {
                    throw new ArgumentException($"A chunk of {plain.Length} bytes is too long to send.", nameof(plain));
                }
            }
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        End();
        _uploader.Dispose();
        base.Dispose(disposing);
        Array.ForEach(_senders, sender => sender.Join());
    }

    private void End()
    {
        lock (_gate)
        {
            _ended = true;
            Monitor.PulseAll(_gate);
        }
    }

    private UploadGroup NewGathering()
    {
        lock (_gate)
        {
            while (_gatheredOnTheirWay >= GatheredGroupsMax && !_ended)
            {
                Monitor.Wait(_gate);
            }
        }

        ThrowIfFailed();
        UploadGroup group = RentGroup();
        group.Gather(Chunker);
        return group;
    }

    private void HandInGathered()
    {
        if (_gathering is { Count: > 0 } group)
        {
            _gathering = null;
            lock (_gate)
            {
                _gatheredOnTheirWay++;
            }

            Offer(group);
        }
    }

    private void Finish(long number)
    {
        ChunkBatch? batch;
        lock (_gate)
        {
            if (!_onTheirWay.TryGetValue(number, out UploadGroup? group))
            {
                return;
            }

            if (group.IsInHand)
            {
                // A sender reads its bytes, because a connection broke and answers came twice. It will finish it.
                group.IsStored = true;
                return;
            }

            _onTheirWay.Remove(number);

            for (int i = 0; i < group.Count; i++)
            {
                _sending.Remove(group.HashOf(i));
            }

            batch = group.Batch;
            _gatheredOnTheirWay -= batch is null ? 1 : 0;
            group.Clear();
            _free.Push(group);
            Monitor.PulseAll(_gate);
        }

        if (batch is not null)
        {
            Processed(batch);
        }
    }

    private UploadGroup? NextAnswered()
    {
        lock (_gate)
        {
            while (!_ended)
            {
                if (_answered.TryDequeue(out UploadGroup? group))
                {
                    group.TakeInHand();
                    return group;
                }

                Monitor.Wait(_gate);
            }

            return null;
        }
    }

    private void SendAnswered()
    {
        try
        {
            WriterCounters counters = NewCounters();
            byte[] directory = new byte[ChunkDirectory.RowBytes * ChunkDirectory.ChunksMax];
            byte[] payload = GC.AllocateUninitializedArray<byte>(ChunkBatch.BytesFor(Chunker));
            while (NextAnswered() is { } group)
            {
                long number = group.Number;
                long start = StageCounters.Start();
                int chunks = Compress(group, directory, payload, out int payloadBytes, counters, ref start);
                if (chunks > 0)
                {
                    _uploader.Send(number, directory.AsSpan(0, chunks * ChunkDirectory.RowBytes), payload.AsSpan(0, payloadBytes));
                    counters.Written(ref start, payloadBytes);
                }

                LetGo(group, isStored: chunks == 0);
            }
        }
        catch (Exception error)
        {
            Fail(error);
        }
    }

    private void LetGo(UploadGroup group, bool isStored)
    {
        lock (_gate)
        {
            group.IsInHand = false;
            if (!isStored && !group.IsStored)
            {
                Queue(group);
                return;
            }
        }

        Finish(group.Number);
    }

    // Under the gate. One sender at a time has a group; an answer that comes meanwhile waits until it lets go.
    private void Queue(UploadGroup group)
    {
        if (group is { IsAnswered: true, IsInHand: false })
        {
            _answered.Enqueue(group);
            Monitor.PulseAll(_gate);
        }
    }

    // A chunk that another group is sending just now is left out: the commit waits for that group too.
    private int Compress(UploadGroup group, byte[] directory, byte[] payload, out int payloadBytes, WriterCounters counters, ref long start)
    {
        payloadBytes = 0;
        int chunks = 0;
        for (int i = 0; i < group.Count; i++)
        {
            ContentHash hash = group.HashOf(i);
            if (!group.IsLacking(i) || !TrySending(hash))
            {
                continue;
            }

            ReadOnlySpan<byte> plain = group.PlainOf(i, out ChunkKind kind);
            Codec codec = ChunkCodec.Compress(plain, payload.AsSpan(payloadBytes), out int stored);
            ChunkDirectory.Write(directory.AsSpan(chunks * ChunkDirectory.RowBytes), new TransferredChunk(kind, codec, plain.Length, stored, hash));
            counters.Compressed(ref start, plain.Length);
            payloadBytes += stored;
            chunks++;
        }

        return chunks;
    }

    private bool TrySending(in ContentHash hash)
    {
        lock (_gate)
        {
            return _sending.Add(hash);
        }
    }

    private sealed class UploadPath(UploadWriter writer, WriterCounters counters) : BatchPath
    {
        public override void Process(PipelineBatch batch)
        {
            var chunks = (ChunkBatch)batch;
            long start = StageCounters.Start();
            UploadGroup group = writer.RentGroup();
            group.Take(chunks);
            counters.Named(ref start, chunks.Used, chunks.Count);

            // Before the batch is offered: once it is, it may be finished and in use again at any moment.
            for (int i = 0; i < chunks.Count; i++)
            {
                BatchChunk chunk = chunks.Chunks[i];
                ContentTicket.SetPart(chunk.Segment, chunk.Slot, Trees.ContentPart.Chunk(group.HashOf(i), chunk.Length), this);
            }

            counters.Completed(ref start, 0);
            writer.Offer(group);
            counters.Stalled(ref start);
        }

        public override ContentHash Store(ChunkKind kind, ReadOnlySpan<byte> plain)
        {
            writer.ThrowIfFailed();
            ContentHash hash = ChunkHash.Of(plain);
            writer.Gather(kind, plain, hash);
            return hash;
        }

        public override void Dispose()
        {
            // Nothing of its own.
        }
    }
}
