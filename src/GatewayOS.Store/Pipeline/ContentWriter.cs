using System.Runtime.ExceptionServices;
using GatewayOS.Store.Chunking;
using GatewayOS.Store.Profiling;
using GatewayOS.Store.Snapshots;

namespace GatewayOS.Store.Pipeline;

/// <summary>
/// The front half of every pipeline: lanes take content in and cut it, batches of chunks queue for worker threads, and what a worker does
/// with them is the derived writer's: into packs on this machine's disk (<see cref="StoreWriter"/>), or to an appliance
/// (<see cref="UploadWriter"/>).
/// </summary>
public abstract class ContentWriter : IDisposable
{
    private readonly GearChunker _chunker;
    private readonly BatchQueue _batches;
    private readonly WriterOptions _options;
    private readonly List<Thread> _workers = [];
    private readonly List<WriterCounters> _counters = [];
    private readonly List<BatchPath> _sinks = [];
    private BatchPath? _inline;
    private ExceptionDispatchInfo? _failure;
    private bool _disposed;

    private protected ContentWriter(ChunkerParameters parameters, GearChunker chunker, WriterOptions options, int batchesBehindWorkers)
    {
        (Chunker, _chunker, _options) = (parameters, chunker, options);
        int batches = options.Workers + (2 * Math.Max(1, options.Lanes)) + 2 + batchesBehindWorkers;
        _batches = new BatchQueue(batches, () => new ChunkBatch(parameters));
    }

    /// <summary>The counters now; cheap enough to poll.</summary>
    public WriterStatistics Statistics
    {
        get
        {
            lock (_counters)
            {
                return WriterCounters.Sum(_counters, Profile);
            }
        }
    }

    /// <summary>True when it can write no more: a disk or a connection failed. Whoever uses it gets the reason as an exception.</summary>
    public bool HasFailed => Volatile.Read(ref _failure) is not null;

    /// <summary>The counters of all threads of the job that this writer serves; others than the writer's may be added.</summary>
    public StageProfile Profile { get; } = new();

    internal ChunkerParameters Chunker { get; }

    /// <summary>Opens a lane for one reading thread. Dispose it on that thread.</summary>
    public IngestLane OpenLane() => new(this, _chunker, Chunker, NewCounters());

    /// <summary>Opens a sink for one thread.</summary>
    /// <returns>A sink that lives as long as the writer.</returns>
    public ChunkSink OpenSink() => OpenBatchPath();

    /// <summary>True when a new snapshot may refer to the chunk without storing it again.</summary>
    /// <param name="hash">The chunk.</param>
    public abstract bool Contains(ContentHash hash);

    /// <summary>True when lanes may find out by themselves that a chunk needs no storing (<see cref="IsStored"/>).</summary>
    internal virtual bool TakesExpected => false;

    /// <summary>True when these bytes are the chunk of that hash, and a new snapshot may refer to it without storing it again. On any thread.</summary>
    internal virtual bool IsStored(ReadOnlySpan<byte> plain, in ContentHash hash) => false;

    /// <summary>Makes a snapshot of what was written. When this returns, it survives a power cut.</summary>
    /// <param name="draft">The snapshot; its root refers to chunks stored through this writer or found by <see cref="Contains"/>.</param>
    public abstract SnapshotRecord Commit(SnapshotDraft draft);

    /// <summary>Waits until everything handed in is processed.</summary>
    /// <exception cref="Storage.StoreIoException">The pipeline failed; nothing more can be written with this writer.</exception>
    public virtual void Drain()
    {
        _batches.WaitProcessed();
        ThrowIfFailed();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            Dispose(disposing: true);
            GC.SuppressFinalize(this);
        }
    }

    /// <summary>Ends the workers and lets go of everything.</summary>
    /// <param name="disposing">Always true: there is no finalizer.</param>
    protected virtual void Dispose(bool disposing)
    {
        EndBatches();
        foreach (Thread worker in _workers)
        {
            worker.Join();
        }

        _inline?.Dispose();
        _sinks.ForEach(sink => sink.Dispose());
    }

    /// <summary>Starts the workers. Last step of the derived constructor: workers use what it has set up.</summary>
    internal void StartWorkers()
    {
        if (_options.Workers == 0)
        {
            _inline = NewPath(NewCounters());
            return;
        }

        for (int i = 0; i < _options.Workers; i++)
        {
            WriterCounters counters = NewCounters();
            var thread = new Thread(() => Work(counters)) { Name = $"store worker {i}", IsBackground = true };
            _workers.Add(thread);
            thread.Start();
        }
    }

    /// <summary>Makes what a worker does with its batches.</summary>
    internal abstract BatchPath NewPath(WriterCounters counters);

    internal BatchPath OpenBatchPath()
    {
        if (_inline is not null)
        {
            return _inline;
        }

        BatchPath sink = NewPath(NewCounters());
        lock (_sinks)
        {
            _sinks.Add(sink);
        }

        return sink;
    }

    internal ChunkBatch RentBatch()
    {
        ChunkBatch? batch = _batches.Rent();
        ThrowIfFailed();
        return batch ?? throw new ObjectDisposedException(GetType().Name);
    }

    internal void ReturnBatch(ChunkBatch batch) => _batches.Return(batch);

    /// <summary>Queues a batch for the workers; without workers, processes it now.</summary>
    internal void HandIn(PipelineBatch batch)
    {
        ThrowIfFailed();
        _batches.Enqueue(batch, queued: _inline is null);
        if (_inline is null)
        {
            return;
        }

        try
        {
            _inline.Process(batch);
        }
        catch (Exception error)
        {
            Fail(error);
            throw;
        }
    }

    /// <summary>Called when nothing of a batch is needed any more.</summary>
    internal void Processed(PipelineBatch batch) => _batches.Processed(batch);

    /// <summary>Ends the writer: whatever it takes on from here on could be sealed twice or be referred to without being there.</summary>
    internal virtual void Fail(Exception error)
    {
        Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(error), null);
        EndBatches();
    }

    internal void ThrowIfFailed() => Volatile.Read(ref _failure)?.Throw();

    internal WriterCounters NewCounters()
    {
        var counters = new WriterCounters(Profile.NewCounters());
        lock (_counters)
        {
            _counters.Add(counters);
        }

        return counters;
    }

    private void EndBatches()
    {
        foreach (PipelineBatch dropped in _batches.End())
        {
            dropped.Dropped(_failure?.SourceException);
        }
    }

    private void Work(WriterCounters counters)
    {
        try
        {
            using BatchPath path = NewPath(counters);
            while (true)
            {
                long start = StageCounters.Start();
                PipelineBatch? batch = _batches.Dequeue();
                counters.Stalled(ref start);
                if (batch is null)
                {
                    return;
                }

                path.Process(batch);
            }
        }
        catch (Exception error)
        {
            Fail(error);
        }
    }
}

/// <summary>What a worker does with batches, and with single chunks on the way.</summary>
internal abstract class BatchPath : ChunkSink, IDisposable
{
    /// <summary>Takes a batch on and, now or later, reports it as processed (<see cref="ContentWriter.Processed"/>).</summary>
    public abstract void Process(PipelineBatch batch);

    public abstract void Dispose();
}

/// <summary>What travels through a pipeline's queue.</summary>
public abstract class PipelineBatch
{
    /// <summary>Its number in the queue, from 1.</summary>
    internal long Sequence { get; set; }

    /// <summary>The pipeline has ended and will not process it.</summary>
    /// <param name="failure">Why, or null when it was disposed of.</param>
    internal virtual void Dropped(Exception? failure)
    {
    }
}
