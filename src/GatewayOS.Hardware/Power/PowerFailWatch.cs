using GatewayOS.Appliance.Power;
using GatewayOS.Hardware.Gpio;
using GatewayOS.Hardware.Profiles;
using GatewayOS.Store.Maintenance;
using GatewayOS.Store.Storage;

namespace GatewayOS.Hardware.Power;

/// <summary>Something that is made durable while the machine runs on. Run at most once at a time, on a thread of its own.</summary>
/// <param name="Name">In the record; no comma.</param>
/// <param name="Run">Does it.</param>
public sealed record FlushStep(string Name, Action Run);

/// <summary>What the watch tells. On its own thread: hand on, do not wait.</summary>
public interface IPowerEvents
{
    /// <summary>Power is failing.</summary>
    void Failing();

    /// <summary>It is over, and work is resumed.</summary>
    void Over(PowerFailure failure);

    /// <summary>The line's chip is gone, or well again.</summary>
    void Chip(string chipLabel, string? problem);
}

/// <summary>
/// Watches the power-fail line from a thread of its own, in real time where that is allowed, blocked in the kernel until the edge. On the edge: the gate of
/// acknowledgements is closed; the steps are run in their order until they are done or the budget is spent; the record is written and synced. Then it notes every few
/// milliseconds that the machine still runs, which is the hold-up as measured. When power is back, or the machine has run on for <see cref="FalseAlarmMs"/>, work is
/// resumed. The gate is closed at once and opened again should the pulse turn out to be noise: that costs a node one question. The steps are run once at the start, too.
/// </summary>
public sealed class PowerFailWatch : IPowerFail, IDisposable
{
    /// <summary>A machine that runs on for so long has power, whatever the line says, ms.</summary>
    public const int FalseAlarmMs = 10_000;

    private const int IdleMs = 500;
    private const int NoteMs = 5;
    private const int NoteLongMs = 100;

    // A disk that takes longer would not be synced within any hold-up either.
    private const int RehearsalMaxMs = 1000;
    private const string Reason = "the appliance's power is failing";

    private readonly LineProfile _line;
    private readonly int _debounceUs;
    private readonly int _holdUpMs;
    private readonly int _budgetMs;
    private readonly IGpio _gpio;
    private readonly CommitGate _gate;
    private readonly Flusher _flusher;
    private readonly PowerLog _log;
    private readonly IPowerEvents _events;
    private readonly TimeProvider _time;
    private readonly Thread _thread;
    private volatile bool _isFailing;
    private volatile bool _isStopping;

    /// <summary>Makes the watch; <see cref="Start"/> begins.</summary>
    /// <param name="power">The profile's power section, with a signal.</param>
    /// <param name="gpio">Where the line is; borrowed.</param>
    /// <param name="gate">Closed on the edge; borrowed.</param>
    /// <param name="steps">What is flushed, in order.</param>
    /// <param name="log">Where records go; borrowed.</param>
    /// <param name="events">Told of what happens.</param>
    /// <param name="time">The clock; its timestamps are CLOCK_MONOTONIC, as the kernel's.</param>
    public PowerFailWatch(PowerProfile power, IGpio gpio, CommitGate gate, IReadOnlyList<FlushStep> steps, PowerLog log, IPowerEvents events, TimeProvider time)
    {
        (_line, _debounceUs) = (power.Signals[0].ToLine(), power.Signals[0].DebounceUs);
        (_holdUpMs, _budgetMs) = (power.HoldUpMs!.Value, power.BudgetMs!.Value);
        (_gpio, _gate, _log, _events, _time) = (gpio, gate, log, events, time);
        _flusher = new Flusher(steps);
        _thread = new Thread(Run) { Name = "power fail", IsBackground = true, Priority = ThreadPriority.Highest };
    }

    /// <inheritdoc/>
    public bool IsFailing => _isFailing;

    /// <summary>True when the thread runs in real time.</summary>
    public bool IsRealTime { get; private set; }

    /// <summary>True while the line is watched.</summary>
    public bool IsWatching { get; private set; }

    /// <summary>Begins.</summary>
    public void Start() => _thread.Start();

    /// <inheritdoc/>
    public IReadOnlyList<PowerFailure> History() => _log.Read();

    /// <inheritdoc/>
    public void Dispose()
    {
        _isStopping = true;
        OwnedThreads.End(_thread);
        _flusher.Dispose();
    }

    private long NowNs => _time.TimestampNs();

    private void Run()
    {
        IsRealTime = RealTime.TryEnter();
        Rehearse();
        bool isTold = false;
        using var pause = new ManualResetEventSlim();
        while (!_isStopping)
        {
            try
            {
                using IGpioInputs line = _gpio.OpenInputs([_line]);
                if (isTold)
                {
                    isTold = false;
                    _events.Chip(_line.ChipLabel, null);
                }

                Watch(line);
            }
            catch (GpioLostException error)
            {
                // A chip that is gone says nothing about power.
                IsWatching = false;
                Resume();
                if (!isTold)
                {
                    isTold = true;
                    _events.Chip(_line.ChipLabel, error.Message);
                }

                for (int waitedMs = 0; waitedMs < FrontPanel.LedEngine.RetryMs && !_isStopping; waitedMs += IdleMs)
                {
                    pause.Wait(IdleMs);
                }
            }
        }
    }

    // Code that runs for the first time is slow, and the first failure may be the only one: each step is run once while there is power.
    private void Rehearse()
    {
        _flusher.Begin();
        _flusher.Wait(RehearsalMaxMs);
        _flusher.Outcome();
        Try(() => _log.Read());
    }

    private void Watch(IGpioInputs line)
    {
        IsWatching = true;

        // A line that is active from the start is as good as an edge now.
        if (line.Read(0))
        {
            OnEdge(line, NowNs);
        }

        while (!_isStopping)
        {
            if (line.Wait(IdleMs, out _, out GpioEdge edge) && edge.IsActive)
            {
                OnEdge(line, edge.TimestampNs);
            }
        }
    }

    private void OnEdge(IGpioInputs line, long edgeNs)
    {
        _gate.Close(Reason);
        long stoppedUs = (NowNs - edgeNs) / 1000;
        if (IsNoise(line, edgeNs))
        {
            _gate.Open();
            return;
        }

        _isFailing = true;
        long begunNs = NowNs;
        _flusher.Begin();
        _events.Failing();
        _flusher.Wait(_budgetMs - (int)((begunNs - edgeNs) / 1_000_000));
        (IReadOnlyList<string> flushed, IReadOnlyList<string> skipped) = _flusher.Outcome();
        long flushedUs = (NowNs - edgeNs) / 1000;
        var failure = new PowerFailure(
            0, _time.GetUtcNow() - TimeSpan.FromMicroseconds(flushedUs), stoppedUs, flushedUs, flushed, skipped, _holdUpMs, _holdUpMs - (int)(flushedUs / 1000), 0, PowerOutcome.Lost);
        bool isWritten = Try(() => _log.Write(failure));
        PowerOutcome outcome = RunOn(line, edgeNs, isWritten);
        if (outcome == PowerOutcome.Lost)
        {
            // The service ends while power fails: how that ends, nobody will see.
            return;
        }

        long ranOnMs = (NowNs - edgeNs) / 1_000_000;
        Resume();
        if (isWritten)
        {
            Try(() => _log.RanOn(ranOnMs, outcome));
        }

        _events.Over(failure with { RanOnMs = ranOnMs, Outcome = outcome });
    }

    // Less than a scheduler's tick: the thread looks at the clock instead of sleeping.
    private bool IsNoise(IGpioInputs line, long edgeNs)
    {
        while (NowNs - edgeNs < _debounceUs * 1000L)
        {
            Thread.SpinWait(20);
        }

        return !line.Read(0);
    }

    // Until power is back, or it is clear that it never went.
    private PowerOutcome RunOn(IGpioInputs line, long edgeNs, bool isWritten)
    {
        while (true)
        {
            long ranOnMs = (NowNs - edgeNs) / 1_000_000;
            line.Wait(ranOnMs < _holdUpMs * 10 ? NoteMs : NoteLongMs, out _, out _);
            if (!line.Read(0))
            {
                return PowerOutcome.Resumed;
            }

            if (ranOnMs > FalseAlarmMs)
            {
                return PowerOutcome.FalseAlarm;
            }

            if (_isStopping)
            {
                return PowerOutcome.Lost;
            }

            if (isWritten)
            {
                isWritten = Try(() => _log.RanOn(ranOnMs, PowerOutcome.Lost));
            }
        }
    }

    private void Resume()
    {
        _isFailing = false;
        _gate.Open();
    }

    // A disk that goes with the power takes the record with it: nothing else depends on it.
    private static bool Try(Action write)
    {
        try
        {
            write();
            return true;
        }
        catch (StoreIoException)
        {
            return false;
        }
    }

    /// <summary>Runs the steps on a thread that waits for it: a sync that does not end must not keep the record from being written.</summary>
    private sealed class Flusher : IDisposable
    {
        private readonly IReadOnlyList<FlushStep> _steps;
        private readonly AutoResetEvent _begin = new(initialState: false);
        private readonly ManualResetEventSlim _ended = new(initialState: true);
        private readonly Thread _thread;
        private int _done;
        private volatile bool _isBusyStill;
        private volatile bool _isStopping;

        public Flusher(IReadOnlyList<FlushStep> steps)
        {
            _steps = steps;
            _thread = new Thread(Run) { Name = "power flush", IsBackground = true, Priority = ThreadPriority.AboveNormal };
            _thread.Start();
        }

        public void Begin()
        {
            // Of an earlier edge: then nothing is begun a second time.
            _isBusyStill = !_ended.IsSet;
            if (!_isBusyStill)
            {
                Volatile.Write(ref _done, 0);
                _ended.Reset();
                _begin.Set();
            }
        }

        public void Wait(int budgetMs) => _ended.Wait(Math.Max(budgetMs, 0));

        public (IReadOnlyList<string> Flushed, IReadOnlyList<string> Skipped) Outcome()
        {
            int done = _isBusyStill ? 0 : Volatile.Read(ref _done);
            return ([.. _steps.Take(done).Select(step => step.Name)], [.. _steps.Skip(done).Select(step => step.Name)]);
        }

        public void Dispose()
        {
            _isStopping = true;
            _begin.Set();
            _thread.Join();
            _begin.Dispose();
            _ended.Dispose();
        }

        private void Run()
        {
            while (_begin.WaitOne() && !_isStopping)
            {
                try
                {
                    foreach (FlushStep step in _steps)
                    {
                        step.Run();
                        Interlocked.Increment(ref _done);
                    }
                }
                catch (Exception error) when (error is IOException or StoreIoException or StoreDamagedException or StoreUnusableException or ObjectDisposedException)
                {
                    // What was not flushed stands in the record as skipped; whoever owns it meets the failure again.
                }

                _ended.Set();
            }
        }
    }
}
