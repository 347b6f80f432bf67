namespace GatewayOS.Hardware.FrontPanel;

/// <summary>
/// A button without its bouncing: a level counts once it has stood for the debounce time. Pure, times handed in. Not thread-safe.
/// </summary>
/// <param name="debounceMs">Changes within this time are bouncing, ms.</param>
public sealed class ButtonDebouncer(int debounceMs)
{
    private bool _level;
    private long _levelSinceMs = long.MinValue / 2;
    private long _pressedAtMs;

    /// <summary>True while the button is held.</summary>
    public bool IsDown { get; private set; }

    /// <summary>True while a change waits to stand for long enough.</summary>
    public bool IsPending => _level != IsDown;

    /// <summary>Takes a change of the level in.</summary>
    public void Feed(bool level, long nowMs)
    {
        if (level != _level)
        {
            (_level, _levelSinceMs) = (level, nowMs);
        }
    }

    /// <summary>Asks what became of it.</summary>
    /// <param name="nowMs">The moment.</param>
    /// <param name="heldMs">For how long it is held, or was, ms.</param>
    /// <returns>True when it went down or up just now (<see cref="IsDown"/>).</returns>
    public bool Settle(long nowMs, out long heldMs)
    {
        bool changed = IsPending && nowMs - _levelSinceMs >= debounceMs;
        if (changed)
        {
            IsDown = _level;
            if (IsDown)
            {
                _pressedAtMs = _levelSinceMs;
            }
        }

        heldMs = IsDown ? nowMs - _pressedAtMs : changed ? _levelSinceMs - _pressedAtMs : 0;
        return changed;
    }
}
