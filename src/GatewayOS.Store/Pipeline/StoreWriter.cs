using System.Runtime.ExceptionServices;
using GatewayOS.Store.Chunking;
using GatewayOS.Store.Index;
using GatewayOS.Store.Packs;
using GatewayOS.Store.Snapshots;

namespace GatewayOS.Store.Pipeline;

/// <summary>
/// Writes into a store: lanes take content in, workers take it along <see cref="WritePath"/>, and <see cref="Commit"/> makes a snapshot of
/// it. Disposing without a commit makes no snapshot; full packs stay, and a later run reuses them.
/// </summary>
public sealed class StoreWriter : IDisposable
{
    // Entries held in memory before an index segment is written in the middle of a backup: bounds a first backup of many terabytes.
    private const int PendingEntriesMax = 2_000_000;

    private readonly BackupStore _store;
    private readonly WriterOptions _options;
    private readonly GearChunker _chunker;
    private readonly PendingIndex _pending = new();
    private readonly PackSealer _sealer;
    private readonly SealThread? _sealThread;
    private readonly BatchQueue _batches;
    private readonly List<Thread> _workers = [];
    private readonly List<StageCounters> _counters = [];
    private readonly WritePath? _inline;
    private readonly List<WritePath> _sinks = [];
    private readonly Lock _indexGate = new();
    private readonly HashSet<int> _unindexed = [];
    private readonly ManualResetEventSlim _packSealed = new();
    private ExceptionDispatchInfo? _failure;
    private int _packsSealed;
    private bool _disposed;

    internal StoreWriter(BackupStore store, WriterOptions options)
    {
        _store = store;
        _options = options;
        _chunker = new GearChunker(store.Chunker, store.Keys.ChunkerKey);
        _sealer = new PackSealer(store.Disk, store.Keys, store.Guid, store.Packs, store.NextTemporaryName, store.Entropy) { Sealed = PackSealed };
        DataPacks = new PackAppender(_sealer, store.PackBytes);
        TreePacks = new PackAppender(_sealer, store.PackBytes);
        int batches = options.Workers + (2 * Math.Max(1, options.Lanes)) + 2;
        _batches = new BatchQueue(batches, () => new ChunkBatch(store.Chunker));
        if (options.Workers == 0)
        {
            _inline = new WritePath(this, NewCounters());
            return;
        }

        _sealThread = new SealThread(_sealer.SealNow, Fail);
        _sealer.Dispatch = _sealThread.Add;
        for (int i = 0; i < options.Workers; i++)
        {
            StageCounters counters = NewCounters();
            var thread = new Thread(() => Work(counters)) { Name = $"store worker {i}", IsBackground = true };
            _workers.Add(thread);
            thread.Start();
        }
    }

    /// <summary>The counters now; cheap enough to poll.</summary>
    public WriterStatistics Statistics
    {
        get
        {
            lock (_counters)
            {
                return StageCounters.Sum(_counters);
            }
        }
    }

    internal ChunkerParameters Chunker => _store.Chunker;

    internal ChunkNaming Naming => _store.Keys.Naming;

    internal PackAppender DataPacks { get; }

    internal PackAppender TreePacks { get; }

    /// <summary>Opens a lane for one reading thread. Dispose it on that thread.</summary>
    public IngestLane OpenLane() => new(this, _chunker, _store.Chunker);

    /// <summary>Opens a sink for one thread.</summary>
    /// <returns>A sink that lives as long as the writer.</returns>
    public ChunkSink OpenSink() => OpenPath();

    /// <summary>The same, as what it is: gc needs to copy chunks the store has.</summary>
    internal WritePath OpenPath()
    {
        if (_inline is not null)
        {
            return _inline;
        }

        var sink = new WritePath(this, NewCounters());
        lock (_sinks)
        {
            _sinks.Add(sink);
        }

        return sink;
    }

    /// <summary>True when a new snapshot may refer to the chunk without storing it again.</summary>
    /// <param name="hash">The chunk.</param>
    public bool Contains(ContentHash hash)
    {
        ChunkId id = Naming.Id(hash);
        return _pending.Contains(id) || _store.IsReferable(id);
    }

    /// <summary>Waits until everything handed in is processed.</summary>
    /// <exception cref="Storage.StoreIoException">The pipeline failed; nothing more can be written with this writer.</exception>
    public void Drain()
    {
        _batches.WaitProcessed();
        ThrowIfFailed();
    }

    /// <summary>
    /// The single commit point. Write order: all packs (fsync, rename, fsync of the directory), the index segment (the same), then the
    /// snapshot record (the same). When this returns the snapshot survives a power cut; when it throws there is none.
    /// </summary>
    /// <param name="draft">The snapshot; its root refers to chunks stored through this writer or found by <see cref="Contains"/>.</param>
    public SnapshotRecord Commit(SnapshotDraft draft)
    {
        Flush();
        return _store.WriteSnapshot(draft, _options.Time.GetUtcNow());
    }

    /// <summary>Makes everything handed in so far durable and indexed, without a snapshot.</summary>
    public void Flush()
    {
        Drain();
        try
        {
            DataPacks.Rotate();
            TreePacks.Rotate();
            WaitSealed();
            WriteIndex();
        }
        catch (Exception error)
        {
            Fail(error);
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        _batches.End();
        foreach (Thread worker in _workers)
        {
            worker.Join();
        }

        DataPacks.Abandon();
        TreePacks.Abandon();
        _sealThread?.Dispose();
        _inline?.Dispose();
        _sinks.ForEach(sink => sink.Dispose());
        _packSealed.Dispose();
    }

    internal ChunkBatch RentBatch()
    {
        ChunkBatch? batch = _batches.Rent();
        ThrowIfFailed();
        return batch ?? throw new ObjectDisposedException(nameof(StoreWriter));
    }

    internal void ReturnBatch(ChunkBatch batch) => _batches.Return(batch);

    internal void HandIn(ChunkBatch batch)
    {
        ThrowIfFailed();
        if (_inline is null)
        {
            _batches.Enqueue(batch);
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
        finally
        {
            _batches.Return(batch);
        }
    }

    /// <summary>True when the chunk is new and now the caller's to store.</summary>
    internal bool Claim(ChunkId id, bool copy) => (copy || !_store.IsReferable(id)) && _pending.TryClaim(id);

    internal void Place(ChunkId id, in ChunkLocation location) => _pending.Place(id, location);

    private StageCounters NewCounters()
    {
        var counters = new StageCounters();
        lock (_counters)
        {
            _counters.Add(counters);
        }

        return counters;
    }

    private void Work(StageCounters counters)
    {
        try
        {
            using var path = new WritePath(this, counters);
            while (true)
            {
                long start = counters.Start();
                ChunkBatch? batch = _batches.Dequeue();
                counters.Stalled(ref start);
                if (batch is null)
                {
                    return;
                }

                path.Process(batch);
                _batches.Processed(batch);
            }
        }
        catch (Exception error)
        {
            Fail(error);
        }
    }

    /// <summary>Ends the writer: whatever it takes on from here on could be sealed twice or be referred to without being there.</summary>
    internal void Fail(Exception error)
    {
        Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(error), null);
        _batches.End();
        _packSealed.Set();
    }

    internal void ThrowIfFailed() => Volatile.Read(ref _failure)?.Throw();

    private void PackSealed(OpenPack pack)
    {
        bool many;
        lock (_indexGate)
        {
            _unindexed.Add(pack.Number);
            many = _pending.Count > PendingEntriesMax;
        }

        if (many)
        {
            WriteIndex();
        }

        Interlocked.Increment(ref _packsSealed);
        _packSealed.Set();
    }

    private void WaitSealed()
    {
        while (true)
        {
            _packSealed.Reset();
            ThrowIfFailed();
            if (Volatile.Read(ref _packsSealed) == _sealer.Begun)
            {
                return;
            }

            _packSealed.Wait();
        }
    }

    private void WriteIndex()
    {
        lock (_indexGate)
        {
            if (_unindexed.Count == 0)
            {
                return;
            }

            List<IndexEntry> entries = _pending.EntriesOf(_unindexed);
            _store.AddSegment(entries, [.. _unindexed], _options.MergesIndex);
            _unindexed.Clear();
            _pending.Remove(entries);
        }
    }
}
