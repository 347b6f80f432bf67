using System.Collections.Concurrent;
using GatewayOS.Store.Packs;

namespace GatewayOS.Store.Pipeline;

/// <summary>Seals packs on a thread of its own, so that workers go on while the disk syncs. Bounded: a slow disk holds the workers up.</summary>
internal sealed class SealThread : IDisposable
{
    private const int PacksQueuedMax = 4;

    private readonly BlockingCollection<OpenPack> _queue = new(PacksQueuedMax);
    private readonly Thread _thread;

    public SealThread(Action<OpenPack> seal, Action<Exception> failed)
    {
        _thread = new Thread(() => Run(seal, failed)) { Name = "pack sealer", IsBackground = true };
        _thread.Start();
    }

    public void Add(OpenPack pack) => _queue.Add(pack);

    public void Dispose()
    {
        _queue.CompleteAdding();
        _thread.Join();
        _queue.Dispose();
    }

    private void Run(Action<OpenPack> seal, Action<Exception> failed)
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
                seal(pack);
            }
            catch (Exception error)
            {
                broken = true;
                failed(error);
            }
        }
    }
}
