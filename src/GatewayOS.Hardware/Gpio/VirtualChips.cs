using System.Diagnostics;
using GatewayOS.Hardware.Profiles;

namespace GatewayOS.Hardware.Gpio;

/// <summary>
/// GPIO chips in memory, with the lines that a profile names: the panel of a machine that has none, and of tests. Levels are physical, so a line's sense is the
/// profile's affair as on real chips.
/// </summary>
public sealed class VirtualChips : IGpio
{
    /// <summary>Most changes that wait to be read; beyond, new ones are dropped, as in the kernel: who waits late reads the level.</summary>
    public const int EdgesWaitingMax = 16;

    private readonly Lock _gate = new();
    private readonly Dictionary<(string Chip, string Line), VirtualLine> _lines = [];
    private readonly HashSet<string> _lost = new(StringComparer.Ordinal);
    private readonly TimeProvider _time;

    /// <summary>Makes the chips.</summary>
    /// <param name="lines">All lines there are. An input rests at the level that means no.</param>
    /// <param name="time">The clock of timestamps.</param>
    public VirtualChips(IEnumerable<LineProfile> lines, TimeProvider time)
    {
        _time = time;
        foreach (LineProfile line in lines)
        {
            _lines[(line.ChipLabel, line.Line)] = new VirtualLine { Level = line.ActiveLow };
        }
    }

    /// <summary>Told of each change of an output: chip, line, physical level, ns. On the thread that sets it: hand on, do not work.</summary>
    public event Action<string, string, bool, long>? Changed;

    /// <summary>The physical level of a line.</summary>
    public bool Level(string chipLabel, string line)
    {
        lock (_gate)
        {
            return Find(chipLabel, line).Level;
        }
    }

    /// <summary>Drives an input from outside, as a button or a supply does.</summary>
    /// <param name="chipLabel">The chip.</param>
    /// <param name="line">The line.</param>
    /// <param name="level">The physical level.</param>
    public void Drive(string chipLabel, string line, bool level)
    {
        lock (_gate)
        {
            VirtualLine found = Find(chipLabel, line);
            if (found.Level != level)
            {
                found.Level = level;
                found.Reader?.Add(found.ReaderIndex, level, NowNs);
            }
        }
    }

    /// <summary>Takes a chip away, or puts it back: what was open on it fails, and stays so.</summary>
    public void Plug(string chipLabel, bool isThere)
    {
        lock (_gate)
        {
            if (isThere)
            {
                _lost.Remove(chipLabel);
                return;
            }

            _lost.Add(chipLabel);
            foreach (VirtualLine line in _lines.Where(line => line.Key.Chip == chipLabel).Select(line => line.Value))
            {
                line.Generation++;
                line.IsTaken = false;
                line.Reader?.Break();
                line.Reader = null;
            }
        }
    }

    /// <inheritdoc/>
    public IGpioOutput OpenOutput(LineProfile line, bool active)
    {
        lock (_gate)
        {
            VirtualLine taken = Take(line);
            var output = new Output(this, taken, line);
            output.Set(active);
            return output;
        }
    }

    /// <inheritdoc/>
    public IGpioInputs OpenInputs(IReadOnlyList<LineProfile> lines)
    {
        lock (_gate)
        {
            var inputs = new Inputs(this, lines);
            try
            {
                for (int i = 0; i < lines.Count; i++)
                {
                    VirtualLine taken = Take(lines[i]);
                    (taken.Reader, taken.ReaderIndex) = (inputs, i);
                    inputs.Own(taken);
                }

                return inputs;
            }
            catch
            {
                inputs.Dispose();
                throw;
            }
        }
    }

    private long NowNs => _time.TimestampNs();

    private VirtualLine Find(string chipLabel, string line) => _lines.TryGetValue((chipLabel, line), out VirtualLine? found) ? found : throw new GpioLostException(chipLabel, $"The GPIO line '{line}' of '{chipLabel}' is not there.");

    private VirtualLine Take(LineProfile line)
    {
        if (_lost.Contains(line.ChipLabel))
        {
            throw Gone(line);
        }

        VirtualLine found = Find(line.ChipLabel, line.Line);
        if (found.IsTaken)
        {
            throw new GpioLostException(line.ChipLabel, $"The GPIO line '{line.Line}' of '{line.ChipLabel}' is taken.");
        }

        found.IsTaken = true;
        return found;
    }

    private static GpioLostException Gone(LineProfile line) => new(line.ChipLabel, $"The GPIO chip '{line.ChipLabel}' is gone.");

    private sealed class VirtualLine
    {
        public bool Level { get; set; }

        public bool IsTaken { get; set; }

        /// <summary>Counts how often the chip went: who opened the line before has it no more.</summary>
        public int Generation { get; set; }

        public Inputs? Reader { get; set; }

        public int ReaderIndex { get; set; }
    }

    private sealed class Output(VirtualChips chips, VirtualLine line, LineProfile profile) : IGpioOutput
    {
        private readonly int _generation = line.Generation;

        public void Set(bool active)
        {
            bool level = active != profile.ActiveLow;
            long now = chips.NowNs;
            lock (chips._gate)
            {
                if (line.Generation != _generation)
                {
                    throw Gone(profile);
                }

                if (line.Level == level)
                {
                    return;
                }

                line.Level = level;
            }

            chips.Changed?.Invoke(profile.ChipLabel, profile.Line, level, now);
        }

        public void Dispose()
        {
            lock (chips._gate)
            {
                line.IsTaken &= line.Generation != _generation;
            }
        }
    }

    private sealed class Inputs(VirtualChips chips, IReadOnlyList<LineProfile> profiles) : IGpioInputs
    {
        private readonly object _arrival = new();
        private readonly Queue<(int Index, GpioEdge Edge)> _edges = new(EdgesWaitingMax);
        private readonly List<(VirtualLine Line, int Generation)> _lines = [];
        private bool _isBroken;

        public void Own(VirtualLine line) => _lines.Add((line, line.Generation));

        public void Add(int index, bool level, long nowNs)
        {
            lock (_arrival)
            {
                if (_edges.Count < EdgesWaitingMax)
                {
                    _edges.Enqueue((index, new GpioEdge(level != profiles[index].ActiveLow, nowNs)));
                }

                Monitor.PulseAll(_arrival);
            }
        }

        public void Break()
        {
            lock (_arrival)
            {
                _isBroken = true;
                Monitor.PulseAll(_arrival);
            }
        }

        public bool Read(int index)
        {
            lock (chips._gate)
            {
                return _lines[index].Line.Generation == _lines[index].Generation ? _lines[index].Line.Level != profiles[index].ActiveLow : throw Gone(profiles[index]);
            }
        }

        public bool Wait(int timeoutMs, out int index, out GpioEdge edge)
        {
            lock (_arrival)
            {
                long start = Stopwatch.GetTimestamp();
                while (_edges.Count == 0 && !_isBroken)
                {
                    int left = timeoutMs - (int)Stopwatch.GetElapsedTime(start).TotalMilliseconds;
                    if (left <= 0 || !Monitor.Wait(_arrival, left))
                    {
                        break;
                    }
                }

                if (_isBroken)
                {
                    throw Gone(profiles[0]);
                }

                bool came = _edges.TryDequeue(out (int Index, GpioEdge Edge) first);
                (index, edge) = came ? first : (-1, default);
                return came;
            }
        }

        public void Dispose()
        {
            lock (chips._gate)
            {
                foreach ((VirtualLine line, int generation) in _lines.Where(one => one.Line.Generation == one.Generation))
                {
                    line.IsTaken = false;
                    line.Reader = null;
                }

                _lines.Clear();
            }
        }
    }
}
