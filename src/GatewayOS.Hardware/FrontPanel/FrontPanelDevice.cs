using System.Text.RegularExpressions;
using GatewayOS.Appliance.Panel;
using GatewayOS.Hardware.Gpio;
using GatewayOS.Hardware.Profiles;

namespace GatewayOS.Hardware.FrontPanel;

/// <summary>What the panel tells of hardware that is gone and back again. On the panel's threads: hand on, do not wait.</summary>
public interface IPanelTrouble
{
    /// <summary>A GPIO chip is gone, or well again.</summary>
    /// <param name="chipLabel">The chip.</param>
    /// <param name="use">What it is needed for: <c>LEDs</c> or <c>buttons</c>. Each is told of by itself.</param>
    /// <param name="problem">What is wrong; null when nothing is any more.</param>
    void Chip(string chipLabel, string use, string? problem);

    /// <summary>The display cannot be written, or can again.</summary>
    /// <param name="problem">What is wrong; null when nothing is any more.</param>
    void Display(string? problem);
}

/// <summary>
/// The front panel: LEDs on their thread (<see cref="LedEngine"/>), buttons, menu and display on another. Hardware that is gone is told of and tried again; the panel goes
/// on with what is there.
/// </summary>
public sealed partial class FrontPanelDevice : IFrontPanel, IDisposable
{
    /// <summary>How long a presence holds after the button was held.</summary>
    public static readonly TimeSpan PresenceMax = TimeSpan.FromMinutes(2);

    /// <summary>Longest press of a virtual button.</summary>
    public static readonly TimeSpan PressMax = TimeSpan.FromSeconds(30);

    // Made once: signals are shown from threads that must not wait, the power-fail line's among them.
    private static readonly Dictionary<PanelSignal, string> s_names = Enum.GetValues<PanelSignal>().ToDictionary(signal => signal, signal => WordStart().Replace(signal.ToString(), "-").ToLowerInvariant());

    private const int WakeMs = 10;
    private const int IdleMs = 200;
    private const int StopMs = 2000;

    private readonly HardwareProfile _profile;
    private readonly IGpio _gpio;
    private readonly VirtualChips? _virtual;
    private readonly IDisplay? _display;
    private readonly IPanelActions _actions;
    private readonly IPanelTrouble _trouble;
    private readonly TimeProvider _time;
    private readonly LedEngine _leds;
    private readonly PanelMenu _menu;
    private readonly ButtonDebouncer[] _buttons;
    private readonly Thread _thread;
    private readonly Lock _presenceGate = new();
    private readonly Lock _pressGate = new();
    private readonly string[] _inputsLost;
    private DateTimeOffset? _presentUntil;
    private VirtualPress? _press;
    private IGpioInputs? _inputs;
    private long _retryAtMs;
    private bool _isChipTold;
    private bool _isDisplayTold;
    private bool _isPowerSpent;
    private bool _isIdentifying;
    private long _displayRetryAtMs;
    private string[] _shown = ["", ""];
    private volatile string[] _mirrored = ["", ""];
    private volatile bool _isStopping;

    /// <summary>Makes the panel; <see cref="Start"/> begins.</summary>
    /// <param name="profile">The model.</param>
    /// <param name="gpio">Where its lines are; borrowed. With <see cref="VirtualChips"/> the panel is a virtual one.</param>
    /// <param name="display">Its display; owned. Null without one.</param>
    /// <param name="actions">What it tells and does.</param>
    /// <param name="trouble">Told of hardware that is gone.</param>
    /// <param name="time">The clock.</param>
    public FrontPanelDevice(HardwareProfile profile, IGpio gpio, IDisplay? display, IPanelActions actions, IPanelTrouble trouble, TimeProvider time)
    {
        (_profile, _gpio, _virtual, _display, _actions, _trouble, _time) = (profile, gpio, gpio as VirtualChips, display, actions, trouble, time);
        _leds = new LedEngine(profile.Leds, profile.Storage?.Bays ?? [], gpio, (chip, problem) => trouble.Chip(chip, "LEDs", problem), time);
        _menu = new PanelMenu(profile.Panel.Lcd?.Columns ?? 16, profile.Panel.HoldMs, actions, Vouch);
        _buttons = [.. profile.Panel.Buttons.Select(button => new ButtonDebouncer(button.DebounceMs))];
        _inputsLost = [.. profile.Panel.Buttons.Select(button => button.ChipLabel).Distinct(StringComparer.Ordinal)];
        _thread = new Thread(Run) { Name = "panel", IsBackground = true };
    }

    /// <inheritdoc/>
    public DateTimeOffset? PresentUntil
    {
        get
        {
            lock (_presenceGate)
            {
                return _presentUntil > _time.GetUtcNow() ? _presentUntil : null;
            }
        }
    }

    /// <summary>The LEDs, for lamps of bays.</summary>
    public LedEngine Leds => _leds;

    /// <summary>Begins.</summary>
    public void Start()
    {
        _leds.Start();
        _thread.Start();
    }

    /// <inheritdoc/>
    public void Show(PanelSignal signal, bool isSo) => _leds.Show(NameOf(signal), isSo);

    /// <inheritdoc/>
    public PanelView View()
    {
        LedTiming timing = _leds.Timing();
        return new PanelView(
            [.. _leds.View().Select(led => new PanelLed(led.Led.Name, led.Led.Label ?? led.Led.Name, led.Led.Colour ?? "green", led.Pattern, led.StepsMs, led.PhaseMs, led.IsLit))],
            _display is null ? [] : _mirrored,
            [.. (_virtual is null ? [] : Inputs()).Select(one => one.Name)],
            _virtual is not null,
            timing.MedianUs,
            timing.MaxUs,
            PresentUntil);
    }

    /// <inheritdoc/>
    public void TestLamps(TimeSpan duration) => _leds.TestLamps(duration);

    /// <inheritdoc/>
    public string? Press(string button, TimeSpan hold)
    {
        if (_virtual is null)
        {
            return "This panel is real: only a finger presses its buttons, for they say that somebody is there.";
        }

        if (Inputs().FirstOrDefault(one => one.Name == button).Line is not { } line)
        {
            return $"There is no button '{button}'. There are {string.Join(", ", Inputs().Select(one => one.Name))}.";
        }

        if (hold < TimeSpan.Zero || hold > PressMax)
        {
            return $"A button is held for up to {PressMax.TotalSeconds:0} seconds.";
        }

        lock (_pressGate)
        {
            if (_press is not null)
            {
                return "A button is pressed already. Wait until it is let go.";
            }

            // Long enough to be no bouncing, on the way down and up.
            long settledMs = line is ButtonProfile known ? 2 * known.DebounceMs : 1;
            bool rest = _virtual.Level(line.ChipLabel, line.Line);
            long releaseMs = NowMs + Math.Max((long)hold.TotalMilliseconds, settledMs);
            _press = new VirtualPress(line, rest, releaseMs, releaseMs + settledMs);
            _virtual.Drive(line.ChipLabel, line.Line, !rest);
        }

        return null;
    }

    /// <inheritdoc/>
    public bool UsePresence()
    {
        lock (_presenceGate)
        {
            bool isThere = _presentUntil > _time.GetUtcNow();
            _presentUntil = null;
            return isThere;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _isStopping = true;
        if (!_thread.ThreadState.HasFlag(ThreadState.Unstarted))
        {
            _thread.Join(StopMs);
        }

        _inputs?.Dispose();
        _display?.Dispose();
        _leds.Dispose();
    }

    /// <summary>A signal's name in profiles.</summary>
    internal static string NameOf(PanelSignal signal) => s_names[signal];

    [GeneratedRegex("(?<!^)(?=[A-Z])", RegexOptions.CultureInvariant)]
    private static partial Regex WordStart();

    private long NowMs => (long)(_time.GetTimestamp() * (1000.0 / _time.TimestampFrequency));

    // On a virtual panel a supply can be taken away and power be made to fail as well.
    private IEnumerable<(string Name, LineProfile Line)> Inputs() =>
    [
        .. _profile.Panel.Buttons.Select(button => (button.Name, (LineProfile)button)),
        .. _profile.Power.Signals.Select(signal => (signal.Name, signal.ToLine())),
        .. _profile.Power.Psus.Where(psu => psu.Good is not null).Select(psu => (psu.Name, psu.Good!)),
    ];

    // On the panel's thread: a hold that is measured must not depend on whether other work lets a timer run.
    private void Release(long nowMs)
    {
        lock (_pressGate)
        {
            if (_press is { IsReleased: false } held && nowMs >= held.ReleaseMs)
            {
                _virtual!.Drive(held.Line.ChipLabel, held.Line.Line, held.Rest);
                _press = held with { IsReleased = true, FreeMs = nowMs + (held.FreeMs - held.ReleaseMs) };
            }
            else if (_press is { IsReleased: true } released && nowMs >= released.FreeMs)
            {
                _press = null;
            }
        }
    }

    private DateTimeOffset Vouch()
    {
        lock (_presenceGate)
        {
            _presentUntil = _time.GetUtcNow() + PresenceMax;
            return _presentUntil.Value;
        }
    }

    private void Run()
    {
        using var pause = new ManualResetEventSlim();
        while (!_isStopping)
        {
            long nowMs = NowMs;
            if (_inputs is null && _buttons.Length > 0 && nowMs >= _retryAtMs)
            {
                OpenInputs(nowMs);
            }

            bool isBusy = _press is not null || Array.Exists(_buttons, button => button.IsDown || button.IsPending);
            if (_inputs is null)
            {
                pause.Wait(IdleMs);
            }
            else
            {
                WaitForEdge(isBusy ? WakeMs : IdleMs);
            }

            nowMs = NowMs;
            Release(nowMs);
            Settle(nowMs);
            Draw(nowMs);
        }
    }

    private void OpenInputs(long nowMs)
    {
        try
        {
            _inputs = _gpio.OpenInputs(_profile.Panel.Buttons);
            for (int i = 0; i < _buttons.Length; i++)
            {
                _buttons[i].Feed(_inputs.Read(i), nowMs);
            }

            if (_isChipTold)
            {
                _isChipTold = false;
                Array.ForEach(_inputsLost, chip => _trouble.Chip(chip, "buttons", null));
            }
        }
        catch (GpioLostException error)
        {
            LoseInputs(error, nowMs);
        }
    }

    private void WaitForEdge(int timeoutMs)
    {
        try
        {
            if (_inputs!.Wait(timeoutMs, out int index, out GpioEdge edge))
            {
                _buttons[index].Feed(edge.IsActive, edge.TimestampNs / 1_000_000);
            }
            else
            {
                // Edges can be dropped where too many come at once; the level is the truth.
                for (int i = 0; i < _buttons.Length; i++)
                {
                    _buttons[i].Feed(_inputs.Read(i), NowMs);
                }
            }
        }
        catch (GpioLostException error)
        {
            LoseInputs(error, NowMs);
        }
    }

    private void LoseInputs(GpioLostException error, long nowMs)
    {
        _inputs?.Dispose();
        _inputs = null;
        _retryAtMs = nowMs + LedEngine.RetryMs;
        for (int i = 0; i < _buttons.Length; i++)
        {
            // A chip that goes is no finger that lets go.
            _buttons[i] = new ButtonDebouncer(_profile.Panel.Buttons[i].DebounceMs);
        }

        if (!_isChipTold)
        {
            _isChipTold = true;
            _trouble.Chip(error.ChipLabel, "buttons", error.Message);
        }
    }

    private void Settle(long nowMs)
    {
        for (int i = 0; i < _buttons.Length; i++)
        {
            string name = _profile.Panel.Buttons[i].Name;
            bool changed = _buttons[i].Settle(nowMs, out long heldMs);
            if (changed)
            {
                _menu.Key(name, _buttons[i].IsDown, nowMs);
                _isPowerSpent &= !(name == "power" && _buttons[i].IsDown);
                if (name == "identify" && _buttons[i].IsDown)
                {
                    _isIdentifying = !_isIdentifying;
                    Show(PanelSignal.Identify, _isIdentifying);
                }
            }

            if (_buttons[i].IsDown && name == "enter")
            {
                _menu.Held(heldMs);
            }

            if (_buttons[i].IsDown && name == "power" && heldMs >= _profile.Panel.HoldMs.Power && !_isPowerSpent)
            {
                _isPowerSpent = true;
                _actions.ShutDown(isReboot: false);
            }
        }
    }

    private void Draw(long nowMs)
    {
        if (_display is null || nowMs < _displayRetryAtMs)
        {
            return;
        }

        (string First, string Second) lines = _menu.Render(nowMs);
        if (lines.First == _shown[0] && lines.Second == _shown[1] && !_isDisplayTold)
        {
            return;
        }

        try
        {
            _display.Show(lines.First, lines.Second);
            _shown = [lines.First, lines.Second];

            // A display that is drawn only has no other place to be read at.
            _mirrored = _menu.IsSecret && _profile.Panel.Lcd?.Device is not null ? [lines.First, "on the display"] : _shown;
            if (_isDisplayTold)
            {
                _isDisplayTold = false;
                _trouble.Display(null);
            }
        }
        catch (IOException error)
        {
            _displayRetryAtMs = nowMs + LedEngine.RetryMs;
            if (!_isDisplayTold)
            {
                _isDisplayTold = true;
                _trouble.Display(error.Message);
            }
        }
    }

    /// <summary>A press of a virtual panel's input.</summary>
    private sealed record VirtualPress(LineProfile Line, bool Rest, long ReleaseMs, long FreeMs, bool IsReleased = false);
}
