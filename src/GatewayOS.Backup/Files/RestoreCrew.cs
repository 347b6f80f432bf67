using System.Diagnostics;
using System.Runtime.ExceptionServices;
using GatewayOS.Store.Profiling;

namespace GatewayOS.Backup.Files;

/// <summary>
/// The threads that write a restore's files. One window of sorted runs is being worked off while the walk fills the next; whoever brings the
/// next one waits until the last run of the one before is taken, which bounds the memory.
/// </summary>
internal sealed class RestoreCrew : IDisposable
{
    // Neighbouring runs stay with one thread, so that its reads follow each other in the pack.
    private const int RunsTakenAtOnce = 32;

    private readonly object _gate = new();
    private readonly CancellationToken _cancellation;
    private readonly Thread[] _threads;
    private RestoreRun[] _window = [];
    private int _next;
    private int _busy;
    private bool _ended;
    private ExceptionDispatchInfo? _failure;

    /// <summary>Starts the threads.</summary>
    /// <param name="threads">How many; 0 when nothing will be written.</param>
    /// <param name="makeWriter">Makes each thread's writer, which that thread disposes of.</param>
    /// <param name="cancellation">Stops all between two files.</param>
    public RestoreCrew(int threads, Func<RunWriter> makeWriter, CancellationToken cancellation)
    {
        _cancellation = cancellation;
        _threads = [.. Enumerable.Range(0, threads).Select(number => new Thread(() => Work(makeWriter)) { Name = $"restore {number}", IsBackground = true })];
        Array.ForEach(_threads, thread => thread.Start());
    }

    /// <summary>How long <see cref="Submit"/> has waited, in ticks of <see cref="Stopwatch"/>.</summary>
    public long WaitedTicks { get; private set; }

    /// <summary>Hands a window over, waiting while the one before is not taken yet.</summary>
    /// <exception cref="OperationCanceledException">The run was cancelled.</exception>
    public void Submit(RestoreRun[] window)
    {
        lock (_gate)
        {
            long start = Stopwatch.GetTimestamp();
            while (_next < _window.Length && !_ended)
            {
                Monitor.Wait(_gate);
            }

            WaitedTicks += Stopwatch.GetTimestamp() - start;
            ThrowIfEnded();
            (_window, _next) = (window, 0);
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Waits until everything handed over is written.</summary>
    /// <exception cref="OperationCanceledException">The run was cancelled.</exception>
    public void Drain()
    {
        lock (_gate)
        {
            while ((_next < _window.Length || _busy > 0) && !_ended)
            {
                Monitor.Wait(_gate);
            }

            _window = [];
            _next = 0;
            ThrowIfEnded();
        }
    }

    public void Dispose()
    {
        End(failure: null);
        Array.ForEach(_threads, thread => thread.Join());
    }

    private void ThrowIfEnded()
    {
        _failure?.Throw();
        _cancellation.ThrowIfCancellationRequested();
    }

    private void Work(Func<RunWriter> makeWriter)
    {
        try
        {
            using RunWriter writer = makeWriter();
            long start = StageCounters.Start();
            while (Take() is { IsEmpty: false } runs)
            {
                writer.Counters.Stalled(Stage.Write, ref start);
                _cancellation.ThrowIfCancellationRequested();
                writer.Write(runs.Span);
                lock (_gate)
                {
                    _busy--;
                    Monitor.PulseAll(_gate);
                }

                start = StageCounters.Start();
            }
        }
        catch (Exception error)
        {
            End(ExceptionDispatchInfo.Capture(error));
        }
    }

    // Empty at the end.
    private ReadOnlyMemory<RestoreRun> Take()
    {
        lock (_gate)
        {
            while (_next == _window.Length && !_ended)
            {
                Monitor.Wait(_gate);
            }

            if (_ended)
            {
                return default;
            }

            int first = _next;
            _next = Math.Min(first + RunsTakenAtOnce, _window.Length);
            _busy++;
            if (_next == _window.Length)
            {
                Monitor.PulseAll(_gate);
            }

            return _window.AsMemory(first, _next - first);
        }
    }

    private void End(ExceptionDispatchInfo? failure)
    {
        lock (_gate)
        {
            _failure ??= failure;
            _ended = true;
            Monitor.PulseAll(_gate);
        }
    }
}
