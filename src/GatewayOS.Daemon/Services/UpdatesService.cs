using GatewayOS.Api;
using GatewayOS.Appliance.Accounts;
using GatewayOS.Appliance.Updates;
using GatewayOS.Daemon.Hosting;
using GatewayOS.Store.Storage;
using Grpc.Core;

namespace GatewayOS.Daemon.Services;

/// <summary>Updates of the system: slots, bundles that come in, and the ledger.</summary>
internal sealed class UpdatesService(ApplianceUpdates updates, BundleShelf shelf, BundleFetch fetch, DataWorkers workers, ILogger<UpdatesService> logger) : Updates.UpdatesBase
{
    public override Task<UpdateStatusReply> GetStatus(GetUpdateStatusRequest request, ServerCallContext context) => DoAsync(() => UpdateMessages.Of(updates.Engine.Status, shelf.Sticks()));

    public override Task<UploadReply> BeginUpload(BeginUploadRequest request, ServerCallContext context) => DoAsync(() => new UploadReply { Upload = shelf.Begin(request.Name, request.Bytes) });

    public override Task<UploadReply> PutPiece(PutPieceRequest request, ServerCallContext context) =>
        DoAsync(() => new UploadReply { Upload = request.Upload, Received = shelf.Put(request.Upload, request.Offset, request.Content.Span) });

    public override Task<BundleReply> CheckBundle(BundleRequest request, ServerCallContext context) => DoAsync(() =>
    {
        (BundleFacts bundle, string? refusal) = updates.Engine.Inspect(shelf.Locate(request.Upload, request.Stick).Path, request.AllowDowngrade);
        return new BundleReply { Compatible = bundle.Compatible, Version = bundle.Version, Refusal = refusal ?? "" };
    });

    public override async Task<UpdateAttemptInfo> Fetch(FetchUpdateRequest request, ServerCallContext context)
    {
        if (request.AllowDowngrade && Caller.Of(context).Role == Callers.ControlPlane)
        {
            // Whoever took a control plane over would bring back what was mended.
            throw new RpcException(new Status(StatusCode.PermissionDenied, "An earlier version is taken only of the appliance's own administrators: gatewayctl update install FILE --allow-downgrade."));
        }

        string upload;
        try
        {
            upload = await fetch.RunAsync(request.Url, request.Sha256, context.CancellationToken).ConfigureAwait(false);
        }
        catch (BundleException error)
        {
            throw new RpcException(new Status(StatusCode.FailedPrecondition, error.Message));
        }
        catch (IOException error)
        {
            throw new RpcException(new Status(StatusCode.Unavailable, $"The bundle cannot be kept: {error.Message}"));
        }

        return await Install(new InstallUpdateRequest { Upload = upload, AllowDowngrade = request.AllowDowngrade, Restart = request.Restart }, context).ConfigureAwait(false);
    }

    public override async Task<UpdateAttemptInfo> Install(InstallUpdateRequest request, ServerCallContext context)
    {
        string by = Caller.Of(context).Who;
        UpdateAttempt attempt = await DoAsync(() =>
        {
            (string path, string origin) = shelf.Locate(request.Upload, request.Stick);
            return updates.Engine.Install(new UpdateWish(path, origin, by, request.AllowDowngrade, request.Restart) { Release = shelf.Take(request.Upload) });
        }).ConfigureAwait(false);
        if (attempt.State == UpdateState.Refused)
        {
            shelf.GiveBack(request.Upload);
            throw new RpcException(new Status(StatusCode.FailedPrecondition, attempt.Reason));
        }

        DaemonLog.OperatorActed(logger, by, $"installs version {attempt.Version} from {attempt.Origin}");
        return UpdateMessages.Of(attempt);
    }

    private async Task<T> DoAsync<T>(Func<T> what)
    {
        try
        {
            return await workers.RunAsync(what).ConfigureAwait(false);
        }
        catch (BundleException error)
        {
            throw new RpcException(new Status(StatusCode.FailedPrecondition, error.Message));
        }
        catch (Exception error) when (error is StoreIoException or IOException or UnauthorizedAccessException)
        {
            throw new RpcException(new Status(StatusCode.Unavailable, $"The disk of the appliance's state cannot be written: {error.Message}"));
        }
    }
}
