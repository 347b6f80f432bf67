using System.Collections.Concurrent;
using GatewayOS.Web;

namespace GatewayOS.Daemon.Hosting;

/// <summary>
/// Threads of the data path for work that blocks on disks: reading for restores, committing. Served in the order of coming. The web server's
/// threads only carry messages, so a slow disk never keeps a heartbeat or an operator waiting.
/// </summary>
internal sealed class DataWorkers : IBlockingWorkers, IDisposable
{
    /// <summary>Key of the threads that answer what a node has to send: questions of microseconds must not wait behind commits of minutes.</summary>
    public const string Lookups = "lookups";

    /// <summary>Key of the threads that look into the store for browsers: nodes do not wait behind people.</summary>
    public const string Pages = "pages";

    private readonly BlockingCollection<Action> _queue = [];
    private readonly Thread[] _threads;

    public DataWorkers(string name, int threads)
    {
        _threads = [.. Enumerable.Range(0, threads).Select(number => new Thread(Work) { Name = $"{name} {number}", IsBackground = true })];
        Array.ForEach(_threads, thread => thread.Start());
    }

    /// <summary>Runs a function on one of the threads.</summary>
    public Task<T> RunAsync<T>(Func<T> function)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _queue.Add(() =>
        {
            try
            {
                done.SetResult(function());
            }
            catch (Exception error)
            {
                done.SetException(error);
            }
        });
        return done.Task;
    }

    public void Dispose()
    {
        _queue.CompleteAdding();
        Array.ForEach(_threads, thread => thread.Join());
        _queue.Dispose();
    }

    private void Work()
    {
        foreach (Action work in _queue.GetConsumingEnumerable())
        {
            work();
        }
    }
}
