namespace GatewayOS.Hardware.Profiles;

/// <summary>Display and buttons.</summary>
/// <param name="Buttons">The buttons; null for none.</param>
/// <param name="HoldMs">How long to hold for what; null for the defaults.</param>
public sealed record PanelProfile(IReadOnlyList<ButtonProfile>? Buttons = null, HoldProfile? HoldMs = null)
{
    /// <summary>The display; null without one.</summary>
    public LcdProfile? Lcd { get; init; }

    /// <summary>The buttons.</summary>
    public IReadOnlyList<ButtonProfile> Buttons { get; init; } = Buttons ?? [];

    /// <summary>How long to hold for what.</summary>
    public HoldProfile HoldMs { get; init; } = HoldMs ?? new();
}

/// <summary>A two-line character display.</summary>
/// <param name="Columns">Columns, 16 to 40.</param>
/// <param name="Rows">Rows: 2.</param>
/// <param name="Device">Character device of the kernel's charlcd driver; null on a virtual panel.</param>
public sealed record LcdProfile(int Columns, int Rows, string? Device = null);

/// <summary>A button.</summary>
/// <param name="Name">What it does: <c>up</c>, <c>down</c>, <c>enter</c>, <c>back</c>, <c>power</c>, <c>identify</c>.</param>
/// <param name="ChipLabel">See <see cref="LineProfile"/>.</param>
/// <param name="Line">See <see cref="LineProfile"/>.</param>
/// <param name="ActiveLow">See <see cref="LineProfile"/>.</param>
/// <param name="DebounceMs">Changes within this time are bouncing.</param>
public sealed record ButtonProfile(string Name, string ChipLabel, string Line, bool ActiveLow = false, int DebounceMs = 20) : LineProfile(ChipLabel, Line, ActiveLow);

/// <summary>How long to hold a button, ms.</summary>
/// <param name="Confirm"><c>enter</c>, for what cannot be taken back.</param>
/// <param name="Power"><c>power</c>, for a shutdown.</param>
/// <param name="Presence"><c>enter</c>, to say that somebody stands before the machine.</param>
public sealed record HoldProfile(int Confirm = 5000, int Power = 4000, int Presence = 5000);
