using System.Security.Cryptography.X509Certificates;
using GatewayOS.Appliance.Certificates;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.AspNetCore.Http;

namespace GatewayOS.Daemon.Hosting;

/// <summary>
/// Stands before every method: who calls is whom the client certificate says, and that is checked anew with every call, so that a revocation
/// bites at once. Only the methods that give certificates out are open to callers without one.
/// </summary>
internal sealed class PeerGate(ApplianceHost appliance, ILogger<PeerGate> logger) : Interceptor
{
    private const string Package = "/gatewayos.v1.";

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

    /// <summary>Who makes a call that was admitted.</summary>
    public static PeerIdentity CallerOf(ServerCallContext context) => (PeerIdentity)context.UserState[typeof(PeerIdentity)];

    private static bool IsOpen(string method) => method is Package + "Enrolment/Identify" or Package + "Enrolment/Enrol" or Package + "Enrolment/Login";

    // What a server can do and how it is made is the operators' to read; how it is, everybody's who belongs to the appliance.
    private static bool MayCall(PeerKind kind, string method) => method switch
    {
        _ when method.StartsWith(Package + "Management/", StringComparison.Ordinal) || method.StartsWith("/grpc.reflection.", StringComparison.Ordinal) => kind is PeerKind.Operator,
        _ when method.StartsWith("/grpc.health.v1.Health/", StringComparison.Ordinal) => kind is PeerKind.Node or PeerKind.Operator,
        _ => kind is PeerKind.Node,
    };

    private void Admit(ServerCallContext context)
    {
        if (IsOpen(context.Method))
        {
            return;
        }

        X509Certificate2? certificate = context.GetHttpContext().Connection.ClientCertificate;
        if (certificate is null)
        {
            throw Refuse(context, "none", "A certificate of this appliance is needed. Enrol the node, or log in.");
        }

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

        if (!MayCall(identity.Kind, context.Method))
        {
            DaemonLog.PeerRefused(logger, context.Peer, identity.Id, context.Method, "wrong kind of caller");
            throw new RpcException(new Status(StatusCode.PermissionDenied, $"This is for {(MayCall(PeerKind.Operator, context.Method) ? "operators" : "nodes")} only."));
        }

        context.UserState[typeof(PeerIdentity)] = identity;
    }

    private RpcException Refuse(ServerCallContext context, string who, string why)
    {
        DaemonLog.PeerRefused(logger, context.Peer, who, context.Method, why);
        return new RpcException(new Status(StatusCode.Unauthenticated, why));
    }
}
