using GatewayOS.Api;

namespace GatewayOS.Cli.Rendering;

/// <summary>Draws a front panel on a terminal.</summary>
internal static class PanelDrawing
{
    // ECMA-48: select graphic rendition, cursor home, clear to the end.
    private const string Plain = "\e[0m";
    private const string Home = "\e[H\e[J";

    /// <summary>Draws it as it is some time after it was asked about: LEDs blink on by their steps.</summary>
    /// <param name="output">Where.</param>
    /// <param name="panel">What the appliance said.</param>
    /// <param name="sinceMs">How long ago, ms.</param>
    /// <param name="isRedrawn">True on a terminal that shows it again and again in one place, in colour.</param>
    public static void Draw(TextWriter output, PanelMessage panel, long sinceMs, bool isRedrawn)
    {
        if (isRedrawn)
        {
            output.Write(Home);
        }

        output.WriteLine(string.Join("  ", panel.Leds.Select(led => $"{Lamp(led, sinceMs, isRedrawn)} {led.Label}")));
        if (panel.Lines.Count > 0)
        {
            string edge = new('─', panel.Lines[0].Length);
            output.WriteLine($"┌{edge}┐");
            foreach (string line in panel.Lines)
            {
                output.WriteLine($"│{line}│");
            }

            output.WriteLine($"└{edge}┘");
        }

        foreach (LedMessage led in panel.Leds.Where(led => led.StepsMs.Count > 0))
        {
            output.WriteLine($"{led.Label} blinks: {led.Pattern} ({string.Join(", ", led.StepsMs)} ms)");
        }
    }

    /// <summary>Whether an LED is lit some time after it was asked about.</summary>
    public static bool IsLit(LedMessage led, long sinceMs)
    {
        if (led.StepsMs.Count == 0)
        {
            return led.IsLit;
        }

        long into = (led.PhaseMs + sinceMs) % led.StepsMs.Sum();
        int step = 0;
        while (into >= led.StepsMs[step])
        {
            into -= led.StepsMs[step++];
        }

        return step % 2 == 0;
    }

    private static string Lamp(LedMessage led, long sinceMs, bool isColoured)
    {
        bool isLit = IsLit(led, sinceMs);
        string lamp = isLit ? "●" : "○";
        int colour = led.Colour switch { "red" => 31, "green" => 32, "amber" => 33, "blue" => 34, _ => 37 };
        return isColoured && isLit ? $"\e[{colour}m{lamp}{Plain}" : lamp;
    }
}
