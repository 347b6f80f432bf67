using GatewayOS.Store.Chunking;
using GatewayOS.Store.Profiling;
using GatewayOS.Store.Reading;
using GatewayOS.Store.Trees;

namespace GatewayOS.Store.Pipeline;

/// <summary>
/// Where one reading thread puts file content: it reads straight into a batch, the lane cuts it into chunks and hands full batches to the
/// workers. When all batches are on their way the lane waits: that is the pipeline's back-pressure. Content that is expected to be what it was is
/// read chunk by chunk, each hashed at once while it is in the processor's cache; what the store has goes no further, and its room is read into again.
/// </summary>
public sealed class IngestLane : IDisposable
{
    // A read(2) into less than this wastes system calls; with tiny chunks (simulations) a share of the batch does.
    private const int ReadBytesMin = 64 * 1024;

    private readonly ContentWriter _writer;
    private readonly GearChunker _chunker;
    private readonly int _averageBytes;
    private readonly WriterCounters _named;
    private readonly StageCounters _counters;
    private readonly ExpectedContent _expected;
    private long _mark = StageCounters.Start();
    private ChunkSink? _sink;
    private ChunkBatch? _batch;
    private ContentTicket? _ticket;
    private int _uncut;

    // Where in the file the uncut rest begins.
    private long _offset;

    internal IngestLane(ContentWriter writer, GearChunker chunker, ChunkerParameters parameters, WriterCounters counters)
    {
        (_writer, _chunker, _averageBytes, _named, _counters) = (writer, chunker, parameters.AverageBytes, counters, counters.Stages);
        _expected = new ExpectedContent(parameters.MaxBytes);
    }

    /// <summary>Counts the thread's time since the lane's last call as reading. Call it before the thread waits for something.</summary>
    public void Pause() => _counters.Busy(Stage.Read, ref _mark);

    /// <summary>Counts the time since then as waiting.</summary>
    public void Resume() => _counters.Stalled(Stage.Read, ref _mark);

    /// <summary>Begins a file.</summary>
    /// <param name="ticket">Gets the content; one use.</param>
    /// <param name="expectedBytes">Its size as known now; only a hint.</param>
    /// <param name="before">What it held at the backup before; only a hint: every byte is read and hashed.</param>
    /// <param name="lists">Reads the lists of <paramref name="before"/>; opened only for long content, and used on this lane's thread until the file ends.</param>
    public void Begin(ContentTicket ticket, long expectedBytes, ContentRef? before = null, Lazy<ContentReader>? lists = null)
    {
        if (_ticket is not null)
        {
            throw new InvalidOperationException("The lane's last file has not ended.");
        }

        ticket.Start(expectedBytes, _averageBytes);
        _ticket = ticket;
        _offset = 0;
        if (before is { } content && _writer.TakesExpected)
        {
            _expected.Begin(content, lists);
        }

        if (_batch is null)
        {
            Pause();
            _batch = _writer.RentBatch();
            Resume();
        }

        _uncut = _batch.Used;
    }

    /// <summary>Free space to read into: at least 64 KiB, or what is left of a chunk that is expected. Valid until the next call of any method.</summary>
    public Span<byte> GetBuffer()
    {
        if (_batch!.Free < ReadBytesMin || _batch.IsFull || _expected.TryAt(_offset, out _, out _))
        {
            CutChunks(atEnd: false);
            while (_batch.IsFull)
            {
                NextBatch();
                CutChunks(atEnd: false);
            }
        }

        bool isExpected = _expected.TryAt(_offset, out ContentPart part, out _);
        int missing = isExpected ? (int)part.LengthBytes - (_batch.Used - _uncut) : ReadBytesMin;
        if (_batch.Free < missing)
        {
            NextBatch();
        }

        return _batch.Buffer.AsSpan(_batch.Used, isExpected ? missing : _batch.Free);
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
        _offset += lengthBytes;
    }

    /// <summary>Ends the file.</summary>
    public void End()
    {
        CutRest();
        ContentTicket ticket = _ticket!;
        _ticket = null;
        _expected.Clear();
        ticket.Close(Sink);
    }

    /// <summary>Drops the file: its ticket is never completed. Chunks already handed in stay in the store as garbage.</summary>
    public void Abort()
    {
        if (_ticket is { } ticket)
        {
            ticket.Abort();
            _batch!.Used = _uncut;
            _ticket = null;
            _expected.Clear();
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

    private ChunkSink Sink => _sink ??= _writer.OpenSink();

    // Cuts where the content says, leaving a rest that holds no cut yet.
    private void CutChunks(bool atEnd)
    {
        Pause();
        while (!_batch!.IsFull)
        {
            if (_expected.TryAt(_offset, out ContentPart part, out bool isBorder))
            {
                int rest = _batch.Used - _uncut;
                if (rest < part.LengthBytes && !atEnd)
                {
                    break;
                }

                if (rest >= part.LengthBytes && (isBorder || (atEnd && rest == part.LengthBytes)) && TakeExpected(part))
                {
                    continue;
                }

                _expected.Skip();
            }

            int cut = _chunker.FindCut(_batch.Buffer.AsSpan(_uncut, _batch.Used - _uncut));
            if (cut <= 0)
            {
                break;
            }

            AddChunk(cut);
        }

        _counters.Busy(Stage.Chunk, ref _mark);
    }

    // Cutting would find this chunk if its bytes are the same, so their hash decides. False for anything else than a chunk that the store has.
    private bool TakeExpected(in ContentPart part)
    {
        int length = (int)part.LengthBytes;
        _counters.Busy(Stage.Chunk, ref _mark);
        bool isStored = _writer.IsStored(_batch!.Buffer.AsSpan(_uncut, length), part.Hash);
        if (!isStored)
        {
            _named.Named(ref _mark, 0, 0);
            return false;
        }

        ContentSegment segment = _ticket!.NextSlot(out int slot);
        ContentTicket.SetPart(segment, slot, part, Sink);
        _offset += length;
        if (_batch.Used == _uncut + length)
        {
            _batch.Used = _uncut;
        }
        else
        {
            _uncut += length;
        }

        _named.Named(ref _mark, length, 1);
        return true;
    }

    private void CutRest()
    {
        while (_batch!.Used > _uncut)
        {
            CutChunks(atEnd: true);
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
        _offset += length;
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
