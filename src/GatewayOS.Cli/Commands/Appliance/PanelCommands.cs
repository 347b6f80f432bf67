using System.CommandLine;
using System.Diagnostics;
using GatewayOS.Api;
using GatewayOS.Cli.Errors;
using GatewayOS.Cli.Json;
using GatewayOS.Cli.Rendering;
using Grpc.Core;

namespace GatewayOS.Cli.Commands.Appliance;

/// <summary><c>panel</c>: the front panel as whoever stands before it sees it.</summary>
internal static class PanelCommands
{
    // A frame of what is known is drawn every FrameMs; the appliance is asked every RefreshMs.
    private const int FrameMs = 50;
    private const int RefreshMs = 1000;

    private static readonly Option<int> s_seconds = new("--seconds") { Description = "How long", HelpName = "N", DefaultValueFactory = _ => 5 };
    private static readonly Argument<string> s_button = new("BUTTON") { Description = "up, down, enter, back, power, identify; on a virtual panel also a supply (psu1) or power-fail" };
    private static readonly Option<int> s_hold = new("--hold") { Description = "How long it is held, ms", HelpName = "MS", DefaultValueFactory = _ => 100 };
    private static readonly Option<bool> s_watch = new("--watch", "-w") { Description = "Draw it as it blinks, until Ctrl-C" };

    public static Command Build() => ApplianceVerb.Group(
        "panel",
        "The front panel: LEDs, display and buttons",
        Verb.Make("show", "Draw the panel", [s_watch], Show),
        Verb.Make("lamp-test", "Light every LED for a while", [s_seconds], LampTest),
        Verb.Make("press", "Press a button of a virtual panel", [s_button, s_hold], Press));

    private static T Call<T>(VerbContext context, Func<Panel.PanelClient, CallOptions, T> call, bool isLong = false) => ApplianceVerb.Call(context, channel => new Panel.PanelClient(channel), call, isLong);

    private static int Show(VerbContext context)
    {
        if (!context.Arguments.GetValue(s_watch))
        {
            return Print(context, Call(context, (client, options) => client.Show(new ShowPanelRequest(), options)));
        }

        return Call(
            context,
            (client, options) =>
            {
                while (!context.Cancellation.IsCancellationRequested)
                {
                    PanelMessage panel = client.Show(new ShowPanelRequest(), options);
                    long asked = Stopwatch.GetTimestamp();
                    if (context.Json)
                    {
                        Print(context, panel);
                        context.Cancellation.WaitHandle.WaitOne(RefreshMs);
                        continue;
                    }

                    do
                    {
                        PanelDrawing.Draw(Console.Out, panel, (long)Stopwatch.GetElapsedTime(asked).TotalMilliseconds, isRedrawn: !Console.IsOutputRedirected);
                    }
                    while (!context.Cancellation.WaitHandle.WaitOne(FrameMs) && Stopwatch.GetElapsedTime(asked).TotalMilliseconds < RefreshMs);
                }

                return ExitCode.Good;
            },
            isLong: true);
    }

    private static int LampTest(VerbContext context)
    {
        int seconds = context.Arguments.GetValue(s_seconds);
        PanelMessage panel = Call(context, (client, options) => client.TestLamps(new TestLampsRequest { DurationMs = seconds * 1000L }, options));
        context.Out.WriteLine($"Every LED is lit for {seconds} seconds.");
        return Print(context, panel);
    }

    private static int Press(VerbContext context)
    {
        string button = context.Arguments.GetValue(s_button)!;
        PanelMessage panel = Call(context, (client, options) => client.Press(new PressRequest { Button = button, HoldMs = context.Arguments.GetValue(s_hold) }, options));
        context.Out.WriteLine($"'{button}' is pressed.");
        return Print(context, panel);
    }

    private static int Print(VerbContext context, PanelMessage panel)
    {
        PanelDrawing.Draw(context.Out, panel, sinceMs: 0, isRedrawn: false);
        context.WriteJson(
            new PanelJson(
                true,
                [.. panel.Leds.Select(led => new LedJson(led.Name, led.Label, led.Colour, led.Pattern, [.. led.StepsMs], led.PhaseMs, led.IsLit))],
                [.. panel.Lines],
                [.. panel.Buttons],
                panel.IsVirtual,
                panel.LateMedianUs,
                panel.LateMaxUs,
                ApplianceVerb.Time(panel.PresentUntilUnixMs)),
            BodyJson.Default.PanelJson);
        return ExitCode.Good;
    }
}
