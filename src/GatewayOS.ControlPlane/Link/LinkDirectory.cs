using System.Collections.Concurrent;
using GatewayOS.ControlPlane.Storage;

namespace GatewayOS.ControlPlane.Link;

/// <summary>The streams that this instance holds. A signal about an appliance, from whichever instance, wakes its stream here. Thread-safe.</summary>
internal sealed class LinkDirectory : IDisposable
{
    private readonly ConcurrentDictionary<(string Appliance, string Session), SemaphoreSlim> _wakes = new();
    private readonly IFleetDatabase _database;

    public LinkDirectory(IFleetDatabase database)
    {
        _database = database;
        database.Signalled += Wake;
        database.Missed += WakeAll;
    }

    /// <summary>Enters a stream.</summary>
    /// <returns>What is released when there may be something for it.</returns>
    public SemaphoreSlim Enter(string appliance, string session) => _wakes[(appliance, session)] = new SemaphoreSlim(0);

    /// <summary>Removes a stream.</summary>
    public void Leave(string appliance, string session) => _wakes.TryRemove((appliance, session), out _);

    public void Dispose()
    {
        _database.Signalled -= Wake;
        _database.Missed -= WakeAll;
    }

    private static void Release(SemaphoreSlim wake)
    {
        if (wake.CurrentCount == 0)
        {
            wake.Release();
        }
    }

    private void Wake(string appliance)
    {
        foreach (((string Appliance, string Session) key, SemaphoreSlim wake) in _wakes)
        {
            if (key.Appliance == appliance)
            {
                Release(wake);
            }
        }
    }

    private void WakeAll()
    {
        foreach (SemaphoreSlim wake in _wakes.Values)
        {
            Release(wake);
        }
    }
}
