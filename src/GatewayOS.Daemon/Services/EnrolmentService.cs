using GatewayOS.Api;
using GatewayOS.Api.Tokens;
using GatewayOS.Appliance.Audit;
using GatewayOS.Appliance.Nodes;
using GatewayOS.Daemon.Hosting;
using Google.Protobuf;
using Grpc.Core;

namespace GatewayOS.Daemon.Services;

/// <summary>Gives certificates out.</summary>
internal sealed class EnrolmentService(ApplianceHost appliance, ILogger<EnrolmentService> logger) : Enrolment.EnrolmentBase
{
    public override Task<ApplianceIdentity> Identify(IdentifyRequest request, ServerCallContext context) => Task.FromResult(new ApplianceIdentity
    {
        Name = appliance.Name,
        Model = appliance.Profile.Title,
        Version = ProgramVersion.Text,
        CaCertificate = CaCertificate(),
    });

    public override Task<EnrolReply> Enrol(EnrolRequest request, ServerCallContext context)
    {
        EnrolmentToken? token = request.Token.Length > 0 ? ParseToken(request.Token, request.NodeName, context) : null;
        EnrolmentResult result = appliance.Registry.Enrol(request.NodeName, request.CertificateRequest.Span, token?.Id, token?.Secret, request.Platform, request.AgentVersion);
        if (result.Node is not { } node)
        {
            DaemonLog.EnrolmentRefused(logger, request.NodeName, context.Peer, result.Message);
            throw new RpcException(new Status(StatusOf(result.Refusal!.Value), result.Message));
        }

        if (token is not null)
        {
            appliance.Audit.Note($"token:{token.Id}", context.Method.TrimStart('/'), $"node:{node.Name}", AuditOutcome.Done, "enrolled");
        }

        DaemonLog.NodeChanged(logger, node.Name, node.Id, node.State == NodeState.Active ? "is enrolled" : "waits for approval");
        return Task.FromResult(new EnrolReply
        {
            NodeId = node.Id,
            Pending = node.State == NodeState.Pending,
            Code = node.Code,
            Certificate = node.Certificate is { } certificate ? UnsafeByteOperations.UnsafeWrap(certificate) : ByteString.Empty,
            CaCertificate = CaCertificate(),
        });
    }

    public override Task<LoginReply> Login(LoginRequest request, ServerCallContext context)
    {
        EnrolmentToken token = ParseToken(request.Token, request.OperatorName, context);
        (System.Security.Cryptography.X509Certificates.X509Certificate2? certificate, string message) =
            appliance.Registry.Login(request.OperatorName, request.CertificateRequest.Span, token.Id, token.Secret);
        if (certificate is null)
        {
            DaemonLog.EnrolmentRefused(logger, request.OperatorName, context.Peer, message);
            throw new RpcException(new Status(StatusCode.PermissionDenied, message));
        }

        using (certificate)
        {
            appliance.Audit.Note($"operator:{request.OperatorName}", context.Method.TrimStart('/'), $"token:{token.Id}", AuditOutcome.Done, "");
            DaemonLog.OperatorActed(logger, request.OperatorName, "has logged in");
            return Task.FromResult(new LoginReply { Certificate = ByteString.CopyFrom(certificate.RawData), CaCertificate = CaCertificate() });
        }
    }

    public override Task<RenewReply> Renew(RenewRequest request, ServerCallContext context)
    {
        EnrolmentResult result = appliance.Registry.Renew(PeerGate.CallerOf(context).Id, request.CertificateRequest.Span);
        if (result.Node is not { } node)
        {
            throw new RpcException(new Status(StatusOf(result.Refusal!.Value), result.Message));
        }

        DaemonLog.NodeChanged(logger, node.Name, node.Id, "has a new certificate");
        return Task.FromResult(new RenewReply { Certificate = UnsafeByteOperations.UnsafeWrap(node.Certificate), CaCertificate = CaCertificate() });
    }

    internal static StatusCode StatusOf(EnrolmentRefusal refusal) => refusal switch
    {
        EnrolmentRefusal.BadName or EnrolmentRefusal.BadRequest => StatusCode.InvalidArgument,
        EnrolmentRefusal.NameTaken => StatusCode.AlreadyExists,
        EnrolmentRefusal.LimitReached or EnrolmentRefusal.TooManyPending => StatusCode.ResourceExhausted,
        EnrolmentRefusal.UnknownNode => StatusCode.NotFound,
        _ => StatusCode.PermissionDenied,
    };

    private ByteString CaCertificate() => UnsafeByteOperations.UnsafeWrap(appliance.Authority.Certificate.RawData);

    private EnrolmentToken ParseToken(string text, string name, ServerCallContext context)
    {
        try
        {
            return EnrolmentToken.Parse(text);
        }
        catch (FormatException error)
        {
            DaemonLog.EnrolmentRefused(logger, name, context.Peer, error.Message);
            throw new RpcException(new Status(StatusCode.InvalidArgument, error.Message));
        }
    }
}
