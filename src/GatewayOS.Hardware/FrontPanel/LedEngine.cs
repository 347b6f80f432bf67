using GatewayOS.Hardware.Gpio;
using GatewayOS.Hardware.Profiles;

namespace GatewayOS.Hardware.FrontPanel;

/// <summary>An LED, as it is at a moment.</summary>
/// <param name="Led">Which.</param>
/// <param name="Pattern">The pattern it shows.</param>
/// <param name="StepsMs">Lit, dark, lit, dark …, ms; empty for on and off.</param>
/// <param name="PhaseMs">How far into the pattern it is, ms.</param>
/// <param name="IsLit">Whether it is lit.</param>
public sealed record LedState(LedLineProfile Led, string Pattern, IReadOnlyList<int> StepsMs, long PhaseMs, bool IsLit);

/// <summary>How late LEDs change, against the moment their pattern says, µs.</summary>
/// <param name="Changes">Changes that were due by a pattern.</param>
/// <param name="MedianUs">Half of them came no later (upper end of a class, powers of two).</param>
/// <param name="MaxUs">The latest.</param>
public readonly record struct LedTiming(long Changes, long MedianUs, long MaxUs);

/// <summary>
/// Drives the LEDs from a thread of its own. Whoever shows something changes a few words of memory and goes on: no line is touched on the caller's thread, so a slow
/// or lost chip blocks nobody. A tick allocates nothing. A chip that is gone is told of, and tried again every <see cref="RetryMs"/>. Thread-safe.
/// </summary>
public sealed class LedEngine : IDisposable
{
    /// <summary>Time between attempts to find a lost chip, ms.</summary>
    public const int RetryMs = 5000;

    private const int ClassesMax = 24;

    private readonly object _gate = new();
    private readonly LedBoard _board;
    private readonly IGpio _gpio;
    private readonly Action<string, string?> _tell;
    private readonly TimeProvider _time;
    private readonly long _begin;
    private readonly IGpioOutput?[] _outputs;
    private readonly bool[] _wanted;
    private readonly bool[] _written;
    private readonly long[] _lateness = new long[ClassesMax];
    private readonly HashSet<string> _told = new(StringComparer.Ordinal);
    private readonly Thread _thread;
    private long _dueMs = long.MaxValue;
    private long _retryAtMs = long.MaxValue;
    private long _latestUs;
    private bool _isOpened;
    private bool _isStopping;

    /// <summary>Makes the engine; <see cref="Start"/> begins.</summary>
    /// <param name="leds">The profile's LEDs.</param>
    /// <param name="bays">Its bays.</param>
    /// <param name="gpio">Where the lines are; borrowed.</param>
    /// <param name="tell">Told of a chip's label and what is wrong with it; null when it is well again. On the engine's thread.</param>
    /// <param name="time">The clock.</param>
    public LedEngine(LedProfile leds, IReadOnlyList<BayProfile> bays, IGpio gpio, Action<string, string?> tell, TimeProvider time)
    {
        (_gpio, _tell, _time, _begin) = (gpio, tell, time, time.GetTimestamp());
        _board = new LedBoard(leds, bays);
        _outputs = new IGpioOutput?[leds.Lines.Count];
        _wanted = new bool[leds.Lines.Count];
        _written = new bool[leds.Lines.Count];
        _thread = new Thread(Run) { Name = "leds", IsBackground = true };
    }

    /// <summary>Begins to drive the lines.</summary>
    public void Start() => _thread.Start();

    /// <summary>Says whether something is so. Returns at once.</summary>
    /// <param name="signal">Signal of a group of the profile.</param>
    /// <param name="isSo">Whether it is so.</param>
    /// <param name="bay">Which bay it is about; 0 for none.</param>
    public void Show(string signal, bool isSo, int bay = 0)
    {
        lock (_gate)
        {
            if (_board.Show(signal, bay, isSo))
            {
                Monitor.Pulse(_gate);
            }
        }
    }

    /// <summary>Lights every LED for a while. Returns at once.</summary>
    public void TestLamps(TimeSpan duration)
    {
        lock (_gate)
        {
            _board.TestUntil(NowMs + (long)duration.TotalMilliseconds);
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>All LEDs as they are now.</summary>
    public IReadOnlyList<LedState> View()
    {
        lock (_gate)
        {
            long nowMs = NowMs;
            return [.. _board.Leds.Select((led, i) => Of(led, i, nowMs))];
        }
    }

    /// <summary>How late changes were since the start.</summary>
    public LedTiming Timing()
    {
        lock (_gate)
        {
            long changes = _lateness.Sum();
            long seen = 0;
            int median = 0;
            while (median < ClassesMax - 1 && (seen += _lateness[median]) * 2 < changes)
            {
                median++;
            }

            return new LedTiming(changes, changes == 0 ? 0 : 1L << median, _latestUs);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _isStopping = true;
            Monitor.Pulse(_gate);
        }

        if (_thread.ThreadState.HasFlag(System.Threading.ThreadState.Unstarted))
        {
            return;
        }

        _thread.Join();
        for (int i = 0; i < _outputs.Length; i++)
        {
            Close(i);
        }
    }

    /// <summary>Brings the lines to what they are to show now. What the thread does, over and over.</summary>
    /// <returns>How long until the next one is due, ms.</returns>
    internal int Tick()
    {
        long nextMs;
        lock (_gate)
        {
            long now = ElapsedUs;
            long nowMs = now / 1000;
            if (nowMs >= _dueMs)
            {
                Count(now - (_dueMs * 1000));
            }

            for (int led = 0; led < _wanted.Length; led++)
            {
                _wanted[led] = _board.IsLit(led, nowMs);
            }

            _dueMs = _board.NextChangeMs(nowMs);
            nextMs = Math.Min(_dueMs, _retryAtMs);
        }

        Write();
        long leftMs = nextMs == long.MaxValue ? Timeout.Infinite : Math.Max(nextMs - NowMs, 0);
        return (int)Math.Min(leftMs, int.MaxValue);
    }

    private long ElapsedUs => (long)_time.GetElapsedTime(_begin).TotalMicroseconds;

    private long NowMs => ElapsedUs / 1000;

    private LedState Of(LedLineProfile led, int index, long nowMs)
    {
        bool isTesting = _board.IsTesting(nowMs);
        IReadOnlyList<int> steps = isTesting ? [] : _board.StepsOf(index);
        return new LedState(led, isTesting ? LedProfile.On : _board.PatternOf(index), steps, steps.Count == 0 ? 0 : nowMs % steps.Sum(), _board.IsLit(index, nowMs));
    }

    private void Run()
    {
        while (true)
        {
            if (NowMs >= _retryAtMs || !_isOpened)
            {
                OpenMissing();
            }

            int waitMs = Tick();
            lock (_gate)
            {
                if (_isStopping)
                {
                    return;
                }

                // What changed while lines were written is looked at again at once.
                if (waitMs != 0 && !HasChanged())
                {
                    Monitor.Wait(_gate, waitMs);
                }
            }
        }
    }

    private bool HasChanged()
    {
        long nowMs = NowMs;
        for (int led = 0; led < _wanted.Length; led++)
        {
            if (_wanted[led] != _board.IsLit(led, nowMs))
            {
                return true;
            }
        }

        return _board.NextChangeMs(nowMs) < _dueMs;
    }

    private void Count(long lateUs)
    {
        int order = lateUs <= 1 ? 0 : Math.Min(ClassesMax - 1, 64 - System.Numerics.BitOperations.LeadingZeroCount((ulong)lateUs - 1));
        _lateness[order]++;
        _latestUs = Math.Max(_latestUs, lateUs);
    }

    private void Write()
    {
        for (int led = 0; led < _outputs.Length; led++)
        {
            if (_outputs[led] is not { } output || _written[led] == _wanted[led])
            {
                continue;
            }

            try
            {
                output.Set(_wanted[led]);
                _written[led] = _wanted[led];
            }
            catch (GpioLostException error)
            {
                Lose(led, error);
            }
        }
    }

    /// <summary>Opens the lines that are not. What the thread does at first, and every <see cref="RetryMs"/> while some are missing.</summary>
    internal void OpenMissing()
    {
        _isOpened = true;
        _retryAtMs = long.MaxValue;
        for (int led = 0; led < _outputs.Length; led++)
        {
            if (_outputs[led] is not null)
            {
                continue;
            }

            try
            {
                _outputs[led] = _gpio.OpenOutput(_board.Leds[led], active: false);
                _written[led] = false;
            }
            catch (GpioLostException error)
            {
                Lose(led, error);
            }
        }

        foreach (string chip in _told.Where(chip => !_board.Leds.Where((led, i) => led.ChipLabel == chip && _outputs[i] is null).Any()).ToArray())
        {
            _told.Remove(chip);
            _tell(chip, null);
        }
    }

    private void Lose(int led, GpioLostException error)
    {
        Close(led);
        _retryAtMs = NowMs + RetryMs;
        if (_told.Add(error.ChipLabel))
        {
            _tell(error.ChipLabel, error.Message);
        }
    }

    private void Close(int led)
    {
        _outputs[led]?.Dispose();
        _outputs[led] = null;
    }
}
