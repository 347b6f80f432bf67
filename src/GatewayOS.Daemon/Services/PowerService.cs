using GatewayOS.Api;
using GatewayOS.Appliance.Power;
using GatewayOS.Daemon.Hosting;
using Grpc.Core;

namespace GatewayOS.Daemon.Services;

/// <summary>Tells of power failures, and turns the appliance off.</summary>
internal sealed class PowerService(ApplianceHost appliance, ApplianceBody body, BodyEvents events) : Api.Power.PowerBase
{
    public override Task<ListFailuresReply> ListFailures(ListFailuresRequest request, ServerCallContext context) => Task.FromResult(new ListFailuresReply
    {
        HasLine = body.Power is not null,
        IsFailing = body.Power?.IsFailing ?? false,
        IsRealTime = body.Power?.IsRealTime ?? false,
        Failures =
        {
            (body.Power?.History() ?? []).Select(failure => new PowerFailureMessage
            {
                Number = failure.Number,
                TimeUnixMs = failure.Time.ToUnixTimeMilliseconds(),
                StoppedUs = failure.StoppedUs,
                FlushedUs = failure.FlushedUs,
                Flushed = { failure.Flushed },
                Skipped = { failure.Skipped },
                HoldUpMs = failure.HoldUpMs,
                LeftMs = failure.LeftMs,
                RanOnMs = failure.RanOnMs,
                Outcome = failure.Outcome switch { PowerOutcome.Resumed => "resumed", PowerOutcome.FalseAlarm => "false-alarm", _ => "lost" },
            }),
        },
    });

    public override Task<ShutDownReply> ShutDown(ShutDownRequest request, ServerCallContext context)
    {
        if (request.How is not (ShutDownRequest.Types.How.PowerOff or ShutDownRequest.Types.How.Restart))
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, "Say whether the appliance is to be turned off or restarted."));
        }

        bool isReboot = request.How == ShutDownRequest.Types.How.Restart;
        events.ShutDown(isReboot, $"{Caller.Of(context).Who} wants it");
        string what = !appliance.IsOwnMachine
            ? "gatewayd stops; the machine goes on, for it is none of the models."
            : isReboot ? "The appliance restarts." : "The appliance shuts down.";
        return Task.FromResult(new ShutDownReply { What = what });
    }
}
