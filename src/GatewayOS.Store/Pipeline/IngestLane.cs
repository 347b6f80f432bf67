using GatewayOS.Store.Chunking;
using GatewayOS.Store.Profiling;

namespace GatewayOS.Store.Pipeline;

/// <summary>
/// Where one reading thread puts file content: it reads straight into a batch, the lane cuts it into chunks and hands full batches to the
/// workers. When all batches are on their way the lane waits: that is the pipeline's back-pressure.
/// </summary>
public sealed class IngestLane : IDisposable
{
    // A read(2) into less than this wastes system calls; with tiny chunks (simulations) a share of the batch does.
    private const int ReadBytesMin = 64 * 1024;

    private readonly ContentWriter _writer;
    private readonly GearChunker _chunker;
    private readonly int _averageBytes;
    private readonly StageCounters _counters;
    private long _mark = StageCounters.Start();
    private ChunkSink? _sink;
    private ChunkBatch? _batch;
    private ContentTicket? _ticket;
    private int _uncut;

    internal IngestLane(ContentWriter writer, GearChunker chunker, ChunkerParameters parameters, StageCounters counters)
    {
        (_writer, _chunker, _averageBytes, _counters) = (writer, chunker, parameters.AverageBytes, counters);
    }

    /// <summary>Counts the thread's time since the lane's last call as reading. Call it before the thread waits for something.</summary>
    public void Pause() => _counters.Busy(Stage.Read, ref _mark);

    /// <summary>Counts the time since then as waiting.</summary>
    public void Resume() => _counters.Stalled(Stage.Read, ref _mark);

    /// <summary>Begins a file.</summary>
    /// <param name="ticket">Gets the content; one use.</param>
    /// <param name="expectedBytes">Its size as known now; only a hint.</param>
    public void Begin(ContentTicket ticket, long expectedBytes)
    {
        if (_ticket is not null)
        {
            throw new InvalidOperationException("The lane's last file has not ended.");
        }

        ticket.Start(expectedBytes, _averageBytes);
        _ticket = ticket;
        if (_batch is null)
        {
            Pause();
            _batch = _writer.RentBatch();
            Resume();
        }

        _uncut = _batch.Used;
    }

    /// <summary>Free space to read into: at least 64 KiB. Valid until the next call of any method.</summary>
    public Span<byte> GetBuffer()
    {
        if (_batch!.Free < ReadBytesMin || _batch.IsFull)
        {
            CutChunks();
            if (_batch.Free < ReadBytesMin || _batch.IsFull)
            {
                NextBatch();
            }
        }

        return _batch.Buffer.AsSpan(_batch.Used);
    }

    /// <summary>Declares the first bytes of the buffer to be the file's next content.</summary>
    public void Advance(int bytes)
    {
        _batch!.Used += bytes;
        _counters.AddBytes(Stage.Read, bytes);
    }

    /// <summary>Appends a hole; the content before it ends its chunk.</summary>
    public void AppendHole(long lengthBytes)
    {
        CutRest();
        _ticket!.AddHole(lengthBytes);
    }

    /// <summary>Ends the file.</summary>
    public void End()
    {
        CutRest();
        ContentTicket ticket = _ticket!;
        _ticket = null;
        ticket.Close(_sink ??= _writer.OpenSink());
    }

    /// <summary>Drops the file: its ticket is never completed. Chunks already handed in stay in the store as garbage.</summary>
    public void Abort()
    {
        if (_ticket is { } ticket)
        {
            ticket.Abort();
            _batch!.Used = _uncut;
            _ticket = null;
        }
    }

    /// <summary>Hands in what the lane holds. Call it before the thread waits for something else, or at its end; not inside a file.</summary>
    public void Flush()
    {
        if (_batch is { } batch && _ticket is null)
        {
            _batch = null;
            _writer.HandIn(batch);
        }
    }

    /// <summary>Gives the lane's batch back without handing it in. Flush first.</summary>
    public void Dispose()
    {
        if (_batch is { } batch)
        {
            _batch = null;
            batch.Clear();
            _writer.ReturnBatch(batch);
        }
    }

    // Cuts where the content says, leaving a rest that holds no cut yet.
    private void CutChunks()
    {
        Pause();
        while (!_batch!.IsFull)
        {
            int cut = _chunker.FindCut(_batch.Buffer.AsSpan(_uncut, _batch.Used - _uncut));
            if (cut <= 0)
            {
                break;
            }

            AddChunk(cut);
        }

        _counters.Busy(Stage.Chunk, ref _mark);
    }

    private void CutRest()
    {
        while (_batch!.Used > _uncut)
        {
            CutChunks();
            if (_batch.IsFull)
            {
                NextBatch();
            }
            else if (_batch.Used > _uncut)
            {
                AddChunk(_batch.Used - _uncut);
            }
        }
    }

    private void AddChunk(int length)
    {
        ContentSegment segment = _ticket!.NextSlot(out int slot);
        _batch!.Add(new BatchChunk(_uncut, length, segment, slot));
        _counters.AddBytes(Stage.Chunk, length);
        _uncut += length;
    }

    // The uncut rest, shorter than the longest chunk unless the batch ran out of chunk slots, moves to the front of the next batch.
    private void NextBatch()
    {
        Pause();
        ChunkBatch old = _batch!;
        ChunkBatch next = _writer.RentBatch();
        Resume();
        int rest = old.Used - _uncut;
        old.Buffer.AsSpan(_uncut, rest).CopyTo(next.Buffer);
        next.Used = rest;
        old.Used = _uncut;
        _batch = next;
        _uncut = 0;
        _writer.HandIn(old);

        // Without workers the batch was processed in the call, and counted there.
        _mark = StageCounters.Start();
    }
}
