using GatewayOS.Api;
using GatewayOS.Daemon.Hosting;
using GatewayOS.Daemon.Support;
using GatewayOS.Store.Keys;
using GatewayOS.Store.Storage;
using Google.Protobuf;
using Grpc.Core;

namespace GatewayOS.Daemon.Services;

/// <summary>Support bundles: what one would hold, and one.</summary>
internal sealed class SupportService(ApplianceHost appliance, SupportParts parts, DataWorkers workers, ILogger<SupportService> logger) : Api.Support.SupportBase
{
    private const int ReplyBytesMax = 64 * 1024;

    // A bundle takes tens of MiB of memory while it is made.
    private static readonly SemaphoreSlim s_making = new(1);

    public override async Task<PreviewSupportReply> Preview(PreviewSupportRequest request, ServerCallContext context)
    {
        IReadOnlyList<SupportPart> files = await OneAtATimeAsync(() => parts.MakeAsync(context), context.CancellationToken).ConfigureAwait(false);
        return new PreviewSupportReply { Files = { files.Select(file => new SupportFile { Name = file.Name, What = file.What, Bytes = file.Content.Length, IsCut = file.IsCut }) } };
    }

    public override async Task Make(MakeSupportRequest request, IServerStreamWriter<SupportBytes> responseStream, ServerCallContext context)
    {
        if (PassphraseBox.Problem(request.Passphrase) is { } problem)
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, problem));
        }

        byte[] bundle = await OneAtATimeAsync(async () => await SealAsync(await parts.MakeAsync(context).ConfigureAwait(false), request.Passphrase).ConfigureAwait(false), context.CancellationToken).ConfigureAwait(false);
        DaemonLog.OperatorActed(logger, Caller.Of(context).Who, $"made a support bundle of {bundle.Length} bytes");
        for (int at = 0; at < bundle.Length; at += ReplyBytesMax)
        {
            await responseStream.WriteAsync(new SupportBytes { Content = ByteString.CopyFrom(bundle.AsSpan(at, Math.Min(ReplyBytesMax, bundle.Length - at))) }, context.CancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task<T> OneAtATimeAsync<T>(Func<Task<T>> make, CancellationToken cancellation)
    {
        await s_making.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            return await make().ConfigureAwait(false);
        }
        catch (IOException error)
        {
            throw new RpcException(new Status(StatusCode.FailedPrecondition, error.Message));
        }
        finally
        {
            s_making.Release();
        }
    }

    private async Task<byte[]> SealAsync(IReadOnlyList<SupportPart> files, string passphrase)
    {
        try
        {
            return await workers.RunAsync(() => SupportBundle.Pack(files, passphrase, appliance.Time.GetUtcNow())).ConfigureAwait(false);
        }
        catch (StoreUnusableException error)
        {
            throw new RpcException(new Status(StatusCode.Unavailable, error.Message));
        }
        catch (ArgumentException error)
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, error.Message));
        }
    }
}
