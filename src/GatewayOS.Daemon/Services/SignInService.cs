using System.Security.Cryptography.X509Certificates;
using GatewayOS.Api;
using GatewayOS.Appliance.Accounts;
using GatewayOS.Appliance.Audit;
using GatewayOS.Appliance.Certificates;
using GatewayOS.Daemon.Hosting;
using Google.Protobuf;
using Grpc.Core;

namespace GatewayOS.Daemon.Services;

/// <summary>Logs the holders of accounts in.</summary>
internal sealed class SignInService(ApplianceHost appliance, PasswordQueue passwords, ILogger<SignInService> logger) : SignIn.SignInBase
{
    private const string Method = "gatewayos.v1.SignIn/WithPassword";

    public override async Task<LoginReply> WithPassword(PasswordLoginRequest request, ServerCallContext context)
    {
        AccountResult<AccountRecord> result = await passwords.RunAsync(() => appliance.Accounts.CheckPassword(request.User, request.Password)).ConfigureAwait(false);
        if (result.Value is not { } account)
        {
            // Names that nobody has are not put on record: anybody could fill the log with them.
            if (appliance.Accounts.Find(request.User) is { } known)
            {
                appliance.Audit.Note($"user:{known.Name}", Method, context.Peer, AuditOutcome.Failed, known.LockedUntil is null ? "wrong password" : "wrong password or locked");
            }

            DaemonLog.PeerRefused(logger, context.Peer, "password login", Method, "wrong name or password, or locked");
            throw new RpcException(new Status(StatusCode.Unauthenticated, result.Message));
        }

        try
        {
            using X509Certificate2 certificate = appliance.Registry.LoginAccount(account.Name, request.CertificateRequest.Span);
            appliance.Audit.Note($"user:{account.Name}", Method, context.Peer, AuditOutcome.Done, "");
            DaemonLog.OperatorActed(logger, account.Name, "has logged in");
            return new LoginReply { Certificate = ByteString.CopyFrom(certificate.RawData), CaCertificate = ByteString.CopyFrom(appliance.Authority.Certificate.RawData) };
        }
        catch (CertificateRequestException error)
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, error.Message));
        }
    }
}
