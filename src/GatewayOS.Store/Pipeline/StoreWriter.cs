using GatewayOS.Store.Chunking;
using GatewayOS.Store.Index;
using GatewayOS.Store.Packs;
using GatewayOS.Store.Profiling;
using GatewayOS.Store.Snapshots;

namespace GatewayOS.Store.Pipeline;

/// <summary>
/// Writes into a store: workers take content along <see cref="WritePath"/>, and <see cref="Commit(SnapshotDraft)"/> makes a snapshot of it. Thread-safe, so
/// an appliance gives all its nodes one writer: they fill the same packs, and equal content that two send at once is stored once. Disposing
/// without a commit makes no snapshot; full packs stay, and a later run reuses them.
/// </summary>
public sealed class StoreWriter : ContentWriter
{
    // Entries held in memory before an index segment is written in the middle of a backup: bounds a first backup of many terabytes.
    private const int PendingEntriesMax = 500_000;

    private readonly BackupStore _store;
    private readonly WriterOptions _options;
    private readonly PendingIndex _pending = new();
    private readonly PackSealer _sealer;
    private readonly SealThread? _sealThread;
    private readonly Lock _indexGate = new();
    private readonly HashSet<int> _unindexed = [];
    private readonly object _sealedGate = new();
    private readonly FlushGate _flushes;

    internal StoreWriter(BackupStore store, WriterOptions options)
        : base(store.Chunker, new GearChunker(store.Chunker, store.Keys.ChunkerKey), options, batchesBehindWorkers: 0)
    {
        _store = store;
        _options = options;
        _flushes = new FlushGate(FlushNow, ThrowIfFailed);
        _sealer = new PackSealer(store.Disk, store.Keys, store.Guid, store.Packs, store.NextTemporaryName, store.Entropy) { Covered = PackStands, Sealed = WakeSealed };
        DataPacks = new PackAppender(_sealer, store.PackBytes);
        TreePacks = new PackAppender(_sealer, store.PackBytes);
        if (options.Workers > 0)
        {
            _sealThread = new SealThread(_sealer.SealNow, Fail, Profile.NewCounters());
            _sealer.Dispatch = _sealThread.Add;
        }

        Received = new ReceivedBatches(store.Chunker, options.ReceivedBatches);
        StartWorkers();
    }

    /// <summary>Batches for chunks that come over a network, bounded in number; see <see cref="Receive"/>.</summary>
    public ReceivedBatches Received { get; }

    /// <inheritdoc/>
    internal override bool TakesExpected => true;

    internal ChunkNaming Naming => _store.Keys.Naming;

    internal PackAppender DataPacks { get; }

    internal PackAppender TreePacks { get; }

    /// <inheritdoc/>
    public override bool Contains(ContentHash hash) => Contains(Naming.Id(hash));

    /// <summary>True when a new snapshot may refer to the chunk without storing it again.</summary>
    /// <param name="id">The chunk.</param>
    public bool Contains(ChunkId id) => _pending.Contains(id) || _store.IsReferable(id);

    /// <inheritdoc/>
    internal override bool IsStored(ReadOnlySpan<byte> plain, in ContentHash hash) => Naming.Hash(plain) == hash && Contains(hash);

    /// <summary>The ID that a hash has in this store.</summary>
    public ChunkId IdOf(ContentHash hash) => Naming.Id(hash);

    /// <summary>Queues chunks that came over a network. The workers check every hash before anything is stored.</summary>
    /// <param name="batch">A filled batch of <see cref="Received"/>; the writer's until it is completed.</param>
    /// <returns>Completes when all chunks are in packs (not yet durable) or the batch was refused; the batch is the caller's again then, to read
    /// <see cref="ReceivedBatch.Ids"/> and to return.</returns>
    public Task<ReceiveOutcome> Receive(ReceivedBatch batch)
    {
        Task<ReceiveOutcome> outcome = batch.Begin();
        HandIn(batch);
        return outcome;
    }

    /// <summary>
    /// The single commit point. Write order: all packs (fsync, rename, fsync of the directory), the index segment (the same), then the
    /// snapshot record (the same). When this returns the snapshot survives a power cut. When it throws before the record's rename there is
    /// none; when only the sync behind that failed, there may be one all the same, and it is whole.
    /// </summary>
    /// <param name="draft">The snapshot; its root refers to chunks stored through this writer or found by <see cref="Contains(ContentHash)"/>.</param>
    public override SnapshotRecord Commit(SnapshotDraft draft) => Commit(draft, static () => { });

    /// <summary>The same with a last check between the flush, after which all that was written can be read, and the record.</summary>
    /// <param name="draft">The snapshot.</param>
    /// <param name="check">Throws to refuse the snapshot: then there is none.</param>
    public SnapshotRecord Commit(SnapshotDraft draft, Action check)
    {
        Flush();
        check();
        return _store.WriteSnapshot(draft, _options.Time.GetUtcNow());
    }

    /// <summary>
    /// Makes everything handed in so far durable and indexed, without a snapshot. Callers that come while another flush runs share the next
    /// one: a hundred nodes that end together cost two rounds of syncs, not a hundred.
    /// </summary>
    public void Flush() => _flushes.Run();

    /// <summary>The path, as what it is: gc needs to copy chunks the store has.</summary>
    internal WritePath OpenPath() => (WritePath)OpenBatchPath();

    internal override BatchPath NewPath(WriterCounters counters) => new WritePath(this, counters);

    /// <summary>True when the chunk is new and now the caller's to store.</summary>
    internal bool Claim(ChunkId id, bool copy) => (copy || !_store.IsReferable(id)) && _pending.TryClaim(id);

    internal void Place(ChunkId id, in ChunkLocation location) => _pending.Place(id, location);

    /// <inheritdoc/>
    internal override void Fail(Exception error)
    {
        base.Fail(error);
        WakeSealed();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        DataPacks.Abandon();
        TreePacks.Abandon();
        _sealThread?.Dispose();
        Received.Dispose();
    }

    private void FlushNow()
    {
        Drain();
        try
        {
            // What has been drained is in these packs. Others may begin more meanwhile: those are their own flushes' business.
            HashSet<int> packs = _sealer.Unsealed();
            DataPacks.Rotate();
            TreePacks.Rotate();
            WaitSealed(packs);
            WriteIndex();
        }
        catch (Exception error)
        {
            Fail(error);
            throw;
        }
    }

    private void PackStands(OpenPack pack)
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
    }

    private void WakeSealed()
    {
        lock (_sealedGate)
        {
            Monitor.PulseAll(_sealedGate);
        }
    }

    private void WaitSealed(HashSet<int> packs)
    {
        lock (_sealedGate)
        {
            while (_sealer.AnyUnsealed(packs))
            {
                ThrowIfFailed();
                Monitor.Wait(_sealedGate);
            }
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
