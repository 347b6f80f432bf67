using System.Collections.Concurrent;
using GatewayOS.Store.Packs;
using GatewayOS.Store.Profiling;

namespace GatewayOS.Store.Pipeline;

/// <summary>Seals packs on a thread of its own, so that workers go on while the disk syncs. Bounded: a slow disk holds the workers up.</summary>
internal sealed class SealThread : IDisposable
{
    private const int PacksQueuedMax = 4;

    private readonly BlockingCollection<OpenPack> _queue = new(PacksQueuedMax);
    private readonly Thread _thread;

    public SealThread(Action<OpenPack> seal, Action<Exception> failed, StageCounters counters)
    {
        _thread = new Thread(() => Run(seal, failed, counters)) { Name = "pack sealer", IsBackground = true };
        _thread.Start();
    }

    public void Add(OpenPack pack) => _queue.Add(pack);

    public void Dispose()
    {
        _queue.CompleteAdding();
        _thread.Join();
        _queue.Dispose();
    }

    private void Run(Action<OpenPack> seal, Action<Exception> failed, StageCounters counters)
    {
        bool broken = false;
        foreach (OpenPack pack in _queue.GetConsumingEnumerable())
        {
            // After a failure the rest is only closed: their files stay in tmp/ for a later run, and nobody waits for a place in the queue.
            if (broken)
            {
                pack.Dispose();
                continue;
            }

            try
            {
                long start = StageCounters.Start();
                seal(pack);
                counters.Busy(Stage.Sync, ref start);
            }
            catch (Exception error)
            {
                broken = true;
                failed(error);
            }
        }
    }
}
