using GatewayOS.Api;
using GatewayOS.Cli.Commands.Appliance;
using GatewayOS.Cli.Rendering;

namespace GatewayOS.Cli.Tests;

/// <summary>The front panel on a terminal, and what is read out of power failures.</summary>
public sealed class PanelDrawingTests
{
    private static readonly LedMessage s_blinking = new() { Name = "alert", Label = "ALERT", Colour = "red", Pattern = "double", StepsMs = { 100, 100, 100, 700 }, PhaseMs = 250, IsLit = true };

    [Theory]
    [InlineData(0, true)]
    [InlineData(49, true)]
    [InlineData(50, false)]
    [InlineData(749, false)]
    [InlineData(750, true)]
    [InlineData(850, false)]
    [InlineData(10_000, true)]
    public void A_lamp_blinks_on_from_the_phase_it_was_asked_in(long sinceMs, bool isLit) => Assert.Equal(isLit, PanelDrawing.IsLit(s_blinking, sinceMs));

    [Fact]
    public void A_panel_is_drawn_with_its_lamps_and_its_display()
    {
        var panel = new PanelMessage { Leds = { s_blinking, new LedMessage { Label = "NET", Colour = "green" } }, Lines = { "vault-7         ", "OK              " } };
        var output = new StringWriter();
        PanelDrawing.Draw(output, panel, sinceMs: 0, isRedrawn: false);
        Assert.Equal(
            """
            ● ALERT  ○ NET
            ┌────────────────┐
            │vault-7         │
            │OK              │
            └────────────────┘
            ALERT blinks: double (100, 100, 100, 700 ms)

            """,
            output.ToString());
    }

    [Fact]
    public void The_trend_sets_the_last_hold_up_against_the_median_before()
    {
        Assert.Null(PowerCommands.Trend([]));
        Assert.Null(PowerCommands.Trend([20]));
        Assert.Equal(0.5, PowerCommands.Trend([20, 22, 18, 10]));
    }
}
