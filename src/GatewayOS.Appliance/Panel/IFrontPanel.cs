namespace GatewayOS.Appliance.Panel;

/// <summary>What the panel shows of the appliance. The names in a profile's LED groups are these, in lower case with '-' between words.</summary>
public enum PanelSignal
{
    /// <summary>There is power.</summary>
    PowerOn,

    /// <summary>The service starts.</summary>
    Starting,

    /// <summary>Nothing needs anybody's eye.</summary>
    Healthy,

    /// <summary>An alert of the severity warning stands.</summary>
    Warning,

    /// <summary>A critical alert stands.</summary>
    Critical,

    /// <summary>A network port has a link and an address.</summary>
    NetworkUp,

    /// <summary>None has.</summary>
    NetworkDown,

    /// <summary>The vault is reached.</summary>
    CloudUp,

    /// <summary>There is a vault, and it is not reached.</summary>
    CloudDown,

    /// <summary>A backup is in progress.</summary>
    BackupRunning,

    /// <summary>Power is failing.</summary>
    PowerFailing,

    /// <summary>Load is shed because of heat.</summary>
    Overheated,

    /// <summary>Somebody looks for this machine.</summary>
    Identify,

    /// <summary>The display has something to say.</summary>
    Attention,
}

/// <summary>An LED, with what is needed to draw it as it blinks.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Label">What is printed beside it.</param>
/// <param name="Colour">Its colour.</param>
/// <param name="Pattern">What it shows, by name.</param>
/// <param name="StepsMs">Lit, dark, lit, dark …, ms; empty when it does not blink.</param>
/// <param name="PhaseMs">How far into the steps it is, ms.</param>
/// <param name="IsLit">Whether it is lit.</param>
public sealed record PanelLed(string Name, string Label, string Colour, string Pattern, IReadOnlyList<int> StepsMs, long PhaseMs, bool IsLit);

/// <summary>The panel at a moment.</summary>
/// <param name="Leds">Its LEDs.</param>
/// <param name="Lines">Lines of the display, each as wide as it is; none without a display.</param>
/// <param name="Buttons">What can be pressed from afar: the inputs of a virtual panel.</param>
/// <param name="IsVirtual">True when it is drawn only: then buttons can be pressed from afar.</param>
/// <param name="LateMedianUs">How late half of the LEDs' changes come at most, µs.</param>
/// <param name="LateMaxUs">The latest change, µs.</param>
/// <param name="PresentUntil">Until when somebody who stands before it has vouched for that; null for nobody.</param>
public sealed record PanelView(IReadOnlyList<PanelLed> Leds, IReadOnlyList<string> Lines, IReadOnlyList<string> Buttons, bool IsVirtual, long LateMedianUs, long LateMaxUs, DateTimeOffset? PresentUntil);

/// <summary>The appliance's front panel. Nothing here waits for hardware. Thread-safe.</summary>
public interface IFrontPanel
{
    /// <summary>Says whether something is so.</summary>
    void Show(PanelSignal signal, bool isSo);

    /// <summary>What it looks like.</summary>
    PanelView View();

    /// <summary>Lights every LED for a while.</summary>
    void TestLamps(TimeSpan duration);

    /// <summary>Presses a button of a virtual panel, or takes a supply away or has power fail, for a while.</summary>
    /// <param name="button">Which: one of <see cref="PanelView.Buttons"/>.</param>
    /// <param name="hold">How long.</param>
    /// <returns>Null when it is pressed, or why it is not: on real hardware a button means that somebody is there.</returns>
    string? Press(string button, TimeSpan hold);

    /// <summary>
    /// Until when somebody who stands before the machine has vouched for it by holding a button. For what must not be possible from afar, as making a recovery key:
    /// <see cref="UsePresence"/> takes it.
    /// </summary>
    DateTimeOffset? PresentUntil { get; }

    /// <summary>Takes the presence for one deed.</summary>
    /// <returns>False when nobody has vouched, or it is too long ago.</returns>
    bool UsePresence();
}
