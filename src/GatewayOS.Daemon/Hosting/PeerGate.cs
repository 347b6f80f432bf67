using System.Security.Cryptography.X509Certificates;
using GatewayOS.Api.Tokens;
using GatewayOS.Appliance.Accounts;
using GatewayOS.Appliance.Audit;
using GatewayOS.Appliance.Nodes;
using GatewayOS.Certificates;
using GatewayOS.Daemon.Fleet;
using GatewayOS.Pages;
using GatewayOS.Web.Transcoding;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.AspNetCore.Http;

namespace GatewayOS.Daemon.Hosting;

/// <summary>
/// Stands before every method: who calls is whom the client certificate, API token or browser's session says, and that is checked anew with every
/// call, so that a revocation bites at once. Who may call what stands in <see cref="AccessTable"/>.
/// </summary>
internal sealed class PeerGate(ApplianceHost appliance, ILogger<PeerGate> logger) : Interceptor
{
    private const string Bearer = "Bearer ";

    public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        Admit(context);
        return continuation(request, context);
    }

    public override Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(IAsyncStreamReader<TRequest> requestStream, ServerCallContext context, ClientStreamingServerMethod<TRequest, TResponse> continuation)
    {
        Admit(context);
        return continuation(requestStream, context);
    }

    public override Task ServerStreamingServerHandler<TRequest, TResponse>(TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        Admit(context);
        return continuation(request, responseStream, context);
    }

    public override Task DuplexStreamingServerHandler<TRequest, TResponse>(IAsyncStreamReader<TRequest> requestStream, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        Admit(context);
        return continuation(requestStream, responseStream, context);
    }

    /// <summary>Who makes a call that was admitted with a certificate.</summary>
    public static PeerIdentity CallerOf(ServerCallContext context) => (PeerIdentity)context.UserState[typeof(PeerIdentity)];

    private void Admit(ServerCallContext context)
    {
        MethodAccess access = AccessTable.Of(context.Method);
        if ((access.Callers & Callers.Anyone) != Callers.None)
        {
            return;
        }

        Caller caller = context is FleetCallContext fleet ? new Caller(fleet.Who, Account: null, Callers.ControlPlane)
            : context is WebCallContext web ? BySession(web)
            : context.GetHttpContext().Connection.ClientCertificate is { } certificate ? ByCertificate(context, certificate)
            : ByToken(context);
        if ((access.Callers & caller.Role) == Callers.None)
        {
            throw Forbid(context, access, caller);
        }

        context.UserState[typeof(Caller)] = caller;
    }

    private Caller ByCertificate(ServerCallContext context, X509Certificate2 certificate)
    {
        (PeerIdentity? identity, PeerRefusal refusal) = appliance.Authority.Verify(certificate);
        if (identity is null)
        {
            throw Refuse(context, certificate.Subject, refusal switch
            {
                PeerRefusal.Expired => "The certificate has expired. Enrol the node again, or log in again.",
                PeerRefusal.NotYetValid => "The certificate's time has not begun: one of the clocks is wrong.",
                PeerRefusal.Foreign => "The certificate is not of this appliance. Enrol the node here, or log in here.",
                _ => "The certificate does not say who it is of.",
            });
        }

        if (!appliance.Registry.MayAct(identity))
        {
            throw Refuse(context, identity.Id, "The certificate was revoked.");
        }

        context.UserState[typeof(PeerIdentity)] = identity;
        if (identity.Kind == PeerKind.Node)
        {
            return new Caller($"node:{identity.Id}", Account: null, Callers.Node);
        }

        if (appliance.Registry.OperatorOf(identity) is not { IsAccount: true } known)
        {
            return new Caller($"operator:{identity.Id}", Account: null, Callers.Administrator);
        }

        return ByAccount(context, known.Name);
    }

    // Whether the session still is one, the web server has asked just now.
    private Caller BySession(WebCallContext context) => ByAccount(context, context.Account ?? throw Refuse(context, "none", "You are not logged in, or not any more. Log in."));

    private Caller ByAccount(ServerCallContext context, string name)
    {
        AccountRecord account = appliance.Accounts.Find(name) ?? throw Refuse(context, name, "The account was removed.");
        return new Caller($"user:{account.Name}", account.Name, account.Role.AsCaller());
    }

    private Caller ByToken(ServerCallContext context)
    {
        string? header = context.RequestHeaders.GetValue("authorization");
        if (header is null || !header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
        {
            throw Refuse(context, "none", "A certificate of this appliance is needed, or an API token. Enrol the node, or log in.");
        }

        try
        {
            EnrolmentToken presented = EnrolmentToken.Parse(header[Bearer.Length..]);
            ApiTokenRecord token = appliance.Accounts.CheckToken(presented.Id, presented.Secret) ?? throw Refuse(context, "token", "The API token is not valid here, or has expired. Make a new one with 'gatewayctl token create'.");
            return new Caller($"token:{token.Id}", Account: null, token.Role.AsCaller());
        }
        catch (FormatException error)
        {
            throw Refuse(context, "token", error.Message);
        }
    }

    private RpcException Forbid(ServerCallContext context, MethodAccess access, Caller caller)
    {
        DaemonLog.PeerRefused(logger, context.Peer, caller.Who, context.Method, "it may not");
        if (caller.IsNode || access.Callers == Callers.Node)
        {
            return new RpcException(new Status(StatusCode.PermissionDenied, $"This is for {(caller.IsNode ? "operators" : "nodes")} only."));
        }

        if (access.IsAudited)
        {
            NoteRefusal(context, caller);
        }

        return new RpcException(new Status(StatusCode.PermissionDenied, $"Your role does not allow this. It is for: {string.Join(", ", RoleNames.All.Where(role => RoleNames.TryParse(role, out Role parsed) && (access.Callers & parsed.AsCaller()) != Callers.None))}."));
    }

    // It is refused whether that can be put on record or not.
    private void NoteRefusal(ServerCallContext context, Caller caller)
    {
        try
        {
            appliance.Audit.Note(caller.Who, context.Method.TrimStart('/'), "", AuditOutcome.Failed, "not allowed to this role");
        }
        catch (IOException error)
        {
            DaemonLog.AuditFailed(logger, error.Message);
        }
    }

    private RpcException Refuse(ServerCallContext context, string who, string why)
    {
        DaemonLog.PeerRefused(logger, context.Peer, who, context.Method, why);
        return new RpcException(new Status(StatusCode.Unauthenticated, why));
    }
}
