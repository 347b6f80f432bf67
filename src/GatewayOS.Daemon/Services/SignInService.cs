using System.Security.Cryptography.X509Certificates;
using GatewayOS.Api;
using GatewayOS.Appliance.Accounts;
using GatewayOS.Certificates;
using GatewayOS.Daemon.Hosting;
using Google.Protobuf;
using Grpc.Core;

namespace GatewayOS.Daemon.Services;

/// <summary>Logs the holders of accounts in.</summary>
internal sealed class SignInService(ApplianceHost appliance, PasswordLogin logins) : SignIn.SignInBase
{
    private const string Method = "gatewayos.v1.SignIn/WithPassword";

    public override async Task<LoginReply> WithPassword(PasswordLoginRequest request, ServerCallContext context)
    {
        AccountResult<AccountRecord> result = await logins.CheckAsync(request.User, request.Password, request.Code, Method, context.Peer).ConfigureAwait(false);
        if (result.Value is not { } account)
        {
            throw new RpcException(new Status(StatusCode.Unauthenticated, result.Message));
        }

        try
        {
            using X509Certificate2 certificate = appliance.Registry.LoginAccount(account.Name, request.CertificateRequest.Span);
            logins.Note(account, Method, context.Peer);
            return new LoginReply { Certificate = ByteString.CopyFrom(certificate.RawData), CaCertificate = ByteString.CopyFrom(appliance.Authority.Certificate.RawData) };
        }
        catch (CertificateRequestException error)
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, error.Message));
        }
    }
}
