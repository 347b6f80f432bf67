using GatewayOS.Hardware.Profiles;

namespace GatewayOS.Hardware.FrontPanel;

/// <summary>
/// Which pattern each LED shows, and whether it is lit at a moment. Pure: time is handed in as ms since some beginning, the same for all, so that LEDs with one
/// pattern blink together. After construction nothing is allocated. Not thread-safe.
/// </summary>
public sealed class LedBoard
{
    private const int OffPattern = 0;
    private const int OnPattern = 1;

    private readonly Pattern[] _patterns;
    private readonly string[] _names;
    private readonly Claim[][] _claims;
    private readonly bool[] _isShown;
    private readonly int[] _current;
    private readonly Dictionary<(string Signal, int Bay), int> _signals = [];
    private long _testUntilMs = long.MinValue;

    /// <summary>Makes the board.</summary>
    /// <param name="leds">LEDs, patterns and groups of a profile without errors.</param>
    /// <param name="bays">Its bays.</param>
    public LedBoard(LedProfile leds, IReadOnlyList<BayProfile> bays)
    {
        Leds = leds.Lines;
        _names = [LedProfile.Off, LedProfile.On, .. leds.Patterns.Keys];
        _patterns = [default, default, .. leds.Patterns.Values.Select(pattern => new Pattern(pattern.ToSteps()))];
        var claims = Leds.Select(_ => new List<Claim>()).ToArray();
        foreach (LedGroupProfile group in leds.Groups)
        {
            bool isOfBay = group.Members.Any(member => member.Led == LedProfile.Bay);
            foreach (BayProfile? bay in isOfBay ? bays : (IReadOnlyList<BayProfile?>)[null])
            {
                int signal = _signals.Count;
                _signals.Add((group.Signal, bay?.No ?? 0), signal);
                foreach (LedMemberProfile member in group.Members)
                {
                    int led = IndexOf(bay is null ? member.Led : bay.Identify);
                    if (led >= 0)
                    {
                        claims[led].Add(new Claim(group.Priority, signal, Array.IndexOf(_names, member.Pattern)));
                    }
                }
            }
        }

        _claims = [.. claims.Select(list => list.OrderByDescending(claim => claim.Priority).ToArray())];
        _isShown = new bool[_signals.Count];
        _current = new int[Leds.Count];
    }

    /// <summary>The LEDs, in the order in which they are asked about.</summary>
    public IReadOnlyList<LedLineProfile> Leds { get; }

    /// <summary>Says whether something is so.</summary>
    /// <param name="signal">What: the signal of a group. One that the profile shows nowhere is accepted.</param>
    /// <param name="bay">Which bay it is about; 0 for none.</param>
    /// <param name="isSo">Whether it is so.</param>
    /// <returns>True when some LED shows something else now.</returns>
    public bool Show(string signal, int bay, bool isSo)
    {
        if (!_signals.TryGetValue((signal, bay), out int index) || _isShown[index] == isSo)
        {
            return false;
        }

        _isShown[index] = isSo;
        bool changed = false;
        for (int led = 0; led < _current.Length; led++)
        {
            int before = _current[led];
            _current[led] = Choose(led);
            changed |= before != _current[led];
        }

        return changed;
    }

    /// <summary>Lights every LED until a moment, whatever is shown.</summary>
    public void TestUntil(long untilMs) => _testUntilMs = untilMs;

    /// <summary>True while all LEDs are lit for a test.</summary>
    public bool IsTesting(long nowMs) => nowMs < _testUntilMs;

    /// <summary>The pattern an LED shows: <see cref="LedProfile.Off"/>, <see cref="LedProfile.On"/>, or a name of the profile's.</summary>
    public string PatternOf(int led) => _names[_current[led]];

    /// <summary>Steps of that pattern: lit, dark, lit, dark …, ms; empty for on and off.</summary>
    public IReadOnlyList<int> StepsOf(int led) => _patterns[_current[led]].StepsMs ?? [];

    /// <summary>Whether an LED is lit.</summary>
    /// <param name="led">Its index.</param>
    /// <param name="nowMs">The moment.</param>
    public bool IsLit(int led, long nowMs) => IsTesting(nowMs) || _current[led] switch
    {
        OffPattern => false,
        OnPattern => true,
        int blinking => _patterns[blinking].At(nowMs, out _),
    };

    /// <summary>When any LED changes next by itself.</summary>
    /// <param name="nowMs">The moment.</param>
    /// <returns>Later than <paramref name="nowMs"/>; <see cref="long.MaxValue"/> for never.</returns>
    public long NextChangeMs(long nowMs)
    {
        if (IsTesting(nowMs))
        {
            return _testUntilMs;
        }

        long next = long.MaxValue;
        for (int led = 0; led < _current.Length; led++)
        {
            if (_current[led] > OnPattern)
            {
                _patterns[_current[led]].At(nowMs, out long leftMs);
                next = Math.Min(next, nowMs + leftMs);
            }
        }

        return next;
    }

    private int Choose(int led)
    {
        foreach (Claim claim in _claims[led])
        {
            if (_isShown[claim.Signal])
            {
                return claim.Pattern;
            }
        }

        return OffPattern;
    }

    private int IndexOf(string? name)
    {
        for (int i = 0; i < Leds.Count; i++)
        {
            if (Leds[i].Name == name)
            {
                return i;
            }
        }

        return -1;
    }

    private readonly record struct Claim(int Priority, int Signal, int Pattern);

    private readonly struct Pattern(IReadOnlyList<int> stepsMs)
    {
        private readonly int[] _stepsMs = [.. stepsMs];
        private readonly int _periodMs = stepsMs.Sum();

        public int[]? StepsMs => _stepsMs;

        public bool At(long nowMs, out long leftMs)
        {
            long into = nowMs % _periodMs;
            int step = 0;
            while (into >= _stepsMs[step])
            {
                into -= _stepsMs[step++];
            }

            leftMs = _stepsMs[step] - into;
            return step % 2 == 0;
        }
    }
}
