namespace GatewayOS.Store.Pipeline;

/// <summary>
/// The batches of a pipeline on their round: free → filled by a lane → queued → processed → free. Their fixed number bounds the memory and
/// makes lanes wait for workers. A failure wakes everybody. One lock serves all: a batch of 2 MiB passes it some six times. Batches of
/// another sort than the lanes' may be queued too; whoever queues them bounds their number.
/// </summary>
internal sealed class BatchQueue(int batchesMax, Func<ChunkBatch> make)
{
    private readonly object _gate = new();
    private readonly Stack<ChunkBatch> _free = new();
    private readonly Queue<PipelineBatch> _queued = new();
    private readonly HashSet<long> _unprocessed = [];
    private long _sequence;
    private int _made;
    private bool _ended;

    /// <summary>Takes a free batch, waiting for one if all are on their way. Null when the pipeline has ended.</summary>
    public ChunkBatch? Rent()
    {
        lock (_gate)
        {
            while (!_ended)
            {
                if (_free.TryPop(out ChunkBatch? batch))
                {
                    return batch;
                }

                if (_made < batchesMax)
                {
                    _made++;
                    return make();
                }

                Monitor.Wait(_gate);
            }

            return null;
        }
    }

    public void Return(ChunkBatch batch)
    {
        batch.Clear();
        lock (_gate)
        {
            _free.Push(batch);
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Numbers a batch as on its way, and queues it for a worker unless the caller processes it itself.</summary>
    public void Enqueue(PipelineBatch batch, bool queued)
    {
        lock (_gate)
        {
            if (!_ended)
            {
                batch.Sequence = ++_sequence;
                _unprocessed.Add(batch.Sequence);
                if (queued)
                {
                    _queued.Enqueue(batch);
                    Monitor.PulseAll(_gate);
                }

                return;
            }
        }

        batch.Dropped(failure: null);
    }

    /// <summary>Takes the next queued batch, waiting for one. Null when the pipeline has ended.</summary>
    public PipelineBatch? Dequeue()
    {
        lock (_gate)
        {
            while (!_ended)
            {
                if (_queued.TryDequeue(out PipelineBatch? batch))
                {
                    return batch;
                }

                Monitor.Wait(_gate);
            }

            return null;
        }
    }

    public void Processed(PipelineBatch batch)
    {
        lock (_gate)
        {
            _unprocessed.Remove(batch.Sequence);
            Monitor.PulseAll(_gate);
        }

        if (batch is ChunkBatch chunks)
        {
            Return(chunks);
        }
    }

    /// <summary>Waits until every batch enqueued so far is processed, or the pipeline has ended.</summary>
    public void WaitProcessed()
    {
        lock (_gate)
        {
            long last = _sequence;
            while (!_ended && _unprocessed.Any(sequence => sequence <= last))
            {
                Monitor.Wait(_gate);
            }
        }
    }

    /// <summary>Ends the pipeline: waiting threads return.</summary>
    /// <returns>The batches that were queued; none when it had ended before.</returns>
    public IReadOnlyList<PipelineBatch> End()
    {
        lock (_gate)
        {
            PipelineBatch[] dropped = [.. _queued];
            _queued.Clear();
            _ended = true;
            Monitor.PulseAll(_gate);
            return dropped;
        }
    }
}
