using GatewayOS.Appliance.Panel;

namespace GatewayOS.Web.Panel;

/// <summary>What the front of a model looks like.</summary>
/// <param name="Model">The model's name.</param>
/// <param name="Title">The model's name for people.</param>
/// <param name="Bays">Its bays, in the order of the front.</param>
/// <param name="Columns">Width of the display, in characters; 0 without one.</param>
/// <param name="Rows">Its lines; 0 without one.</param>
/// <param name="Buttons">Its buttons.</param>
public sealed record PanelDrawing(string Model, string Title, IReadOnlyList<PanelBay> Bays, int Columns, int Rows, IReadOnlyList<PanelButton> Buttons);

/// <summary>A bay.</summary>
/// <param name="No">Its number.</param>
/// <param name="Label">What is printed on it.</param>
/// <param name="Led">Name of the LED that shows its state; null without one.</param>
public sealed record PanelBay(int No, string Label, string? Led);

/// <summary>A button.</summary>
/// <param name="Name">Its name.</param>
/// <param name="HoldsMs">How long it is held for what it does besides a press, ms.</param>
public sealed record PanelButton(string Name, IReadOnlyList<int> HoldsMs);

/// <summary>The panel as it is now, to be drawn with its true timing.</summary>
/// <param name="Drawing">What it looks like.</param>
/// <param name="Leds">Its LEDs: each repeats its steps, and is that far into them as of now.</param>
/// <param name="Lines">Lines of the display.</param>
/// <param name="Pressable">What can be pressed from afar.</param>
/// <param name="IsVirtual">Whether it is drawn only.</param>
/// <param name="PresentUntilUnixMs">Until when somebody who stands before it has vouched for that; null for nobody.</param>
/// <param name="ServerMs">The present instant by the appliance's clock, ms since 1970.</param>
internal sealed record PanelDocument(PanelDrawing Drawing, IReadOnlyList<PanelLed> Leds, IReadOnlyList<string> Lines, IReadOnlyList<string> Pressable, bool IsVirtual, long? PresentUntilUnixMs, long ServerMs)
{
    /// <summary>The panel as it is now.</summary>
    public static PanelDocument Of(WebAppliance appliance)
    {
        PanelView view = appliance.Panel.View();
        return new PanelDocument(appliance.Drawing, view.Leds, view.Lines, view.Buttons, view.IsVirtual, view.PresentUntil?.ToUnixTimeMilliseconds(), appliance.Time.GetUtcNow().ToUnixTimeMilliseconds());
    }
}
