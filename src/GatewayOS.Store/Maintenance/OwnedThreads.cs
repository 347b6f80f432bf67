using System.Runtime.ExceptionServices;

namespace GatewayOS.Store.Maintenance;

/// <summary>Threads that belong to whoever made them, and none of a pool.</summary>
public static class OwnedThreads
{
    /// <summary>Waits for a thread's end; for one that was never started, or was not yet, not at all.</summary>
    public static void End(Thread thread)
    {
        if (!thread.ThreadState.HasFlag(ThreadState.Unstarted))
        {
            thread.Join();
        }
    }

    /// <summary>Runs over all items, with nothing that a thread keeps.</summary>
    /// <inheritdoc cref="Run{TItem, TState}"/>
    public static void Run<TItem>(int threads, IReadOnlyList<TItem> items, Action<TItem> work, CancellationToken cancellation) =>
        Run(threads, items, () => NoState.Instance, (_, item) => work(item), cancellation);

    /// <summary>Spreads items over threads, each with its own state; the first failure stops all and is thrown.</summary>
    /// <typeparam name="TItem">An item.</typeparam>
    /// <typeparam name="TState">What a thread keeps from one item to the next.</typeparam>
    /// <param name="threads">Threads; 0 or 1 works on the caller's, in order.</param>
    /// <param name="items">The items.</param>
    /// <param name="makeState">Makes a thread's state; disposed at its end.</param>
    /// <param name="work">Works on one item.</param>
    /// <param name="cancellation">Stops between items.</param>
    public static void Run<TItem, TState>(int threads, IReadOnlyList<TItem> items, Func<TState> makeState, Action<TState, TItem> work, CancellationToken cancellation)
        where TState : IDisposable
    {
        int next = -1;
        ExceptionDispatchInfo? failure = null;

        void Loop()
        {
            try
            {
                using TState state = makeState();
                while (Volatile.Read(ref failure) is null && Interlocked.Increment(ref next) is int number && number < items.Count)
                {
                    cancellation.ThrowIfCancellationRequested();
                    work(state, items[number]);
                }
            }
            catch (Exception error)
            {
                Interlocked.CompareExchange(ref failure, ExceptionDispatchInfo.Capture(error), null);
            }
        }

        if (threads <= 1 || items.Count <= 1)
        {
            Loop();
        }
        else
        {
            Thread[] running = [.. Enumerable.Range(0, Math.Min(threads, items.Count)).Select(number => new Thread(Loop) { Name = $"maintenance {number}", IsBackground = true })];
            Array.ForEach(running, thread => thread.Start());
            Array.ForEach(running, thread => thread.Join());
        }

        failure?.Throw();
    }

    private sealed class NoState : IDisposable
    {
        public static NoState Instance { get; } = new();

        public void Dispose()
        {
        }
    }
}
