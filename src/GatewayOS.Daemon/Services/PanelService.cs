using GatewayOS.Api;
using GatewayOS.Appliance.Panel;
using GatewayOS.Daemon.Hosting;
using Grpc.Core;

namespace GatewayOS.Daemon.Services;

/// <summary>Shows the front panel, and presses the buttons of a virtual one.</summary>
internal sealed class PanelService(ApplianceBody body) : Api.Panel.PanelBase
{
    private static readonly TimeSpan s_lampTestMax = TimeSpan.FromMinutes(5);

    public override Task<PanelMessage> Show(ShowPanelRequest request, ServerCallContext context) => Task.FromResult(Message());

    public override Task<PanelMessage> TestLamps(TestLampsRequest request, ServerCallContext context)
    {
        if (request.DurationMs < 1 || request.DurationMs > s_lampTestMax.TotalMilliseconds)
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, $"A lamp test lasts up to {s_lampTestMax.TotalMinutes:0} minutes."));
        }

        body.Panel.TestLamps(TimeSpan.FromMilliseconds(request.DurationMs));
        return Task.FromResult(Message());
    }

    public override Task<PanelMessage> Press(PressRequest request, ServerCallContext context) =>
        body.Panel.Press(request.Button, TimeSpan.FromMilliseconds(request.HoldMs)) is { } refusal
            ? throw new RpcException(new Status(StatusCode.FailedPrecondition, refusal))
            : Task.FromResult(Message());

    private PanelMessage Message()
    {
        PanelView view = body.Panel.View();
        return new PanelMessage
        {
            Leds =
            {
                view.Leds.Select(led => new LedMessage
                {
                    Name = led.Name,
                    Label = led.Label,
                    Colour = led.Colour,
                    Pattern = led.Pattern,
                    StepsMs = { led.StepsMs },
                    PhaseMs = led.PhaseMs,
                    IsLit = led.IsLit,
                }),
            },
            Lines = { view.Lines },
            Buttons = { view.Buttons },
            IsVirtual = view.IsVirtual,
            LateMedianUs = view.LateMedianUs,
            LateMaxUs = view.LateMaxUs,
            PresentUntilUnixMs = view.PresentUntil?.ToUnixTimeMilliseconds() ?? 0,
        };
    }
}
