namespace GatewayOS.Store.Pipeline;

/// <summary>Lets callers share flushes: whoever comes while one runs waits for the next, and one caller runs that for all of them.</summary>
/// <param name="flush">Makes everything durable that was handed in before it began.</param>
/// <param name="throwIfFailed">Throws when a flush that another caller ran has failed.</param>
internal sealed class FlushGate(Action flush, Action throwIfFailed)
{
    private readonly object _gate = new();
    private long _begun;
    private long _ended;

    /// <summary>Returns when a flush that began after this call has ended.</summary>
    public void Run()
    {
        long mine;
        lock (_gate)
        {
            mine = _begun + 1;
            while (_ended < mine && _begun != _ended)
            {
                Monitor.Wait(_gate);
            }

            if (_ended < mine)
            {
                _begun++;
            }
            else
            {
                mine = 0;
            }
        }

        if (mine == 0)
        {
            throwIfFailed();
            return;
        }

        try
        {
            flush();
        }
        finally
        {
            lock (_gate)
            {
                _ended = _begun;
                Monitor.PulseAll(_gate);
            }
        }
    }
}
