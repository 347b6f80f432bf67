using System.Security.Cryptography.X509Certificates;
using GatewayOS.Api;
using GatewayOS.Certificates;
using GatewayOS.ControlPlane.Hosting;
using GatewayOS.ControlPlane.Storage;
using Google.Protobuf;
using Grpc.Core;

namespace GatewayOS.ControlPlane.Link;

/// <summary>Streams of appliances, and their certificates' rotation.</summary>
internal sealed class FleetLinkService(FleetStore store, FleetAuthority authority, LinkDirectory links, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<FleetLinkService> logger) : FleetLink.FleetLinkBase
{
    // A stream that was displaced or revoked notices by a signal; by this when that was lost.
    private static readonly TimeSpan s_lookInterval = TimeSpan.FromSeconds(30);

    // From here on a silent appliance is gone: it says how it is far more often.
    private static readonly TimeSpan s_silenceMax = 4 * FleetStore.StatusInterval;

    public override async Task Attend(IAsyncStreamReader<ApplianceMessage> requestStream, IServerStreamWriter<ControlMessage> responseStream, ServerCallContext context)
    {
        PeerIdentity peer = await AdmitAsync(context).ConfigureAwait(false);
        var session = new LinkSession(store, peer.Id, peer.Serial, message => responseStream.WriteAsync(message));
        SemaphoreSlim wake = links.Enter(peer.Id, session.Name);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
        try
        {
            await ConverseAsync(session, requestStream, wake, stop.Token).ConfigureAwait(false);
        }
        catch (FleetDatabaseException error)
        {
            throw Unusable(error);
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            throw new RpcException(new Status(StatusCode.Unavailable, "it stops; another instance may be there."));
        }
        catch (RpcException error)
        {
            ControlLog.LinkEnded(logger, peer.Id, error.Status.Detail);
            throw;
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            links.Leave(peer.Id, session.Name);
            await LeaveAsync(session).ConfigureAwait(false);
        }
    }

    public override async Task<ClaimReply> Renew(RenewLinkRequest request, ServerCallContext context)
    {
        PeerIdentity peer = await AdmitAsync(context).ConfigureAwait(false);
        try
        {
            byte[] certificate = await authority.IssueAsync(request.CertificateRequest.ToByteArray(), peer.Id, context.CancellationToken).ConfigureAwait(false);
            return new ClaimReply { ApplianceId = peer.Id, Certificate = ByteString.CopyFrom(certificate) };
        }
        catch (FleetDatabaseException error)
        {
            throw Unusable(error);
        }
        catch (CertificateRequestException error)
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, error.Message));
        }
    }

    public override async Task<LeaveLinkReply> Leave(LeaveLinkRequest request, ServerCallContext context)
    {
        PeerIdentity peer = await AdmitAsync(context).ConfigureAwait(false);
        try
        {
            await store.DepartAsync(peer.Id, context.CancellationToken).ConfigureAwait(false);
        }
        catch (FleetDatabaseException error)
        {
            throw Unusable(error);
        }

        ControlLog.Left(logger, peer.Id);
        return new LeaveLinkReply();
    }

    // One thing at a time: messages as they come, and in between what waits to be sent.
    private async Task ConverseAsync(LinkSession session, IAsyncStreamReader<ApplianceMessage> messages, SemaphoreSlim wake, CancellationToken cancellation)
    {
        long heard = time.GetTimestamp();
        Task<bool> next = messages.MoveNext(cancellation);
        Task woken = wake.WaitAsync(s_lookInterval, cancellation);
        while (true)
        {
            await Task.WhenAny(next, woken).ConfigureAwait(false);
            if (next.IsCompleted)
            {
                if (!await next.ConfigureAwait(false))
                {
                    return;
                }

                heard = time.GetTimestamp();
                await session.ReceiveAsync(messages.Current, cancellation).ConfigureAwait(false);
                next = messages.MoveNext(cancellation);
            }

            if (woken.IsCompleted)
            {
                if (time.GetElapsedTime(heard) > s_silenceMax)
                {
                    throw new RpcException(new Status(StatusCode.DeadlineExceeded, "The appliance says nothing any more."));
                }

                woken = wake.WaitAsync(s_lookInterval, cancellation);
                await session.PumpAsync(cancellation).ConfigureAwait(false);
            }
        }
    }

    private async Task LeaveAsync(LinkSession session)
    {
        try
        {
            await session.LeaveAsync().ConfigureAwait(false);
        }
        catch (FleetDatabaseException error)
        {
            // It counts as gone by its silence, then.
            ControlLog.DatabaseFailed(logger, error.Message);
        }
    }

    private async Task<PeerIdentity> AdmitAsync(ServerCallContext context)
    {
        X509Certificate2 certificate = context.GetHttpContext().Connection.ClientCertificate ?? throw Refuse(context, "none", "A certificate of this control plane is needed. Join with a claim code.");
        (PeerIdentity? peer, PeerRefusal refusal) = authority.Verify(certificate);
        if (peer is not { Kind: PeerKind.Appliance })
        {
            throw Refuse(context, certificate.Subject, refusal switch
            {
                PeerRefusal.Expired => "The certificate has expired. Join with a new claim code.",
                PeerRefusal.NotYetValid => "The certificate's time has not begun: one of the clocks is wrong.",
                _ => "The certificate is none of an appliance of this control plane. Join with a claim code.",
            });
        }

        try
        {
            return await store.ProblemOfAsync(peer.Serial, peer.Id, context.CancellationToken).ConfigureAwait(false) is { } problem ? throw Refuse(context, peer.Id, problem) : peer;
        }
        catch (FleetDatabaseException error)
        {
            throw Unusable(error);
        }
    }

    private RpcException Unusable(FleetDatabaseException error)
    {
        ControlLog.DatabaseFailed(logger, error.Message);
        return new RpcException(new Status(StatusCode.Unavailable, "The control plane's database cannot be used now. Come again."));
    }

    private RpcException Refuse(ServerCallContext context, string who, string why)
    {
        ControlLog.Refused(logger, context.Peer, who, context.Method, why);
        return new RpcException(new Status(StatusCode.Unauthenticated, why));
    }
}
