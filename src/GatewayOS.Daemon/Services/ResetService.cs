using GatewayOS.Api;
using GatewayOS.Appliance.Reset;
using GatewayOS.Daemon.Hosting;
using Grpc.Core;

namespace GatewayOS.Daemon.Services;

/// <summary>Makes the appliance as delivered, when somebody at its front panel vouches for it.</summary>
internal sealed class ResetService(ApplianceHost appliance, ApplianceBody body, IHostApplicationLifetime lifetime, DataWorkers workers, ILogger<ResetService> logger) : Reset.ResetBase
{
    public override async Task<EraseReply> Erase(EraseRequest request, ServerCallContext context)
    {
        if (request.Confirm != appliance.Name)
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, $"Nothing was erased. Confirm it with the appliance's name, '{appliance.Name}'."));
        }

        // Whoever has stolen an administrator's login must not be able to destroy what is kept here.
        if (!body.Panel.UsePresence())
        {
            throw new RpcException(new Status(StatusCode.FailedPrecondition, "Nobody vouches for this at the appliance. Choose 'I am here' on its front panel, hold the enter button until it says so, and try again within two minutes."));
        }

        string by = Caller.Of(context).Who;
        DaemonLog.ShuttingDown(logger, "Erasing everything", $"{by} wants it, and somebody at the front panel vouches for it");
        try
        {
            await workers.RunAsync(() =>
            {
                FactoryReset.Begin(appliance.State, appliance.Options.StoreDirectory, new ResetOrder(by, appliance.Time.GetUtcNow()));
                return true;
            }).ConfigureAwait(false);
        }
        catch (IOException error)
        {
            throw new RpcException(new Status(StatusCode.Unavailable, $"It is not erased: {error.Message}"));
        }
        finally
        {
            if (FactoryReset.IsOrdered(appliance.State.Location))
            {
                // The next start does the rest before it opens anything.
                lifetime.StopApplication();
            }
        }

        return new EraseReply { What = "The keys are wiped. gatewayd restarts, removes everything else, and is as delivered then: claim it anew." };
    }
}
