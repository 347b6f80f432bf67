using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using GatewayOS.Api;
using GatewayOS.Api.Client;
using GatewayOS.Api.Tokens;
using GatewayOS.Cli.Errors;
using GatewayOS.Store.Storage;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;

namespace GatewayOS.Cli.Connection;

/// <summary>
/// An operator's login at an appliance: key, certificate and CA in a directory of the user's own, one for each appliance. The last one logged in
/// to is taken when no other is named.
/// </summary>
internal sealed class OperatorLogin
{
    public const string GatewayVariable = "GATEWAY_ADDRESS";
    public const string DirectoryVariable = "GATEWAY_LOGIN";
    private const string CurrentFile = "current";
    private const string KeyFile = "operator.key";
    private const string CertificateFile = "operator.crt";
    private const string CaFile = "ca.crt";

    private static string Root => Environment.GetEnvironmentVariable(DirectoryVariable)
        ?? Path.Join(Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData, Environment.SpecialFolderOption.DoNotVerify), "gatewayos");

    /// <summary>Logs in with a token and keeps what makes the next calls.</summary>
    /// <returns>What the appliance says of itself.</returns>
    public static async Task<ApplianceIdentity> LoginAsync(string gateway, string name, string tokenText, CancellationToken cancellation)
    {
        string address = Address(gateway);
        EnrolmentToken token = Parse(tokenText);
        (ApplianceIdentity identity, X509Certificate2 ca) = await ApplianceChannel.IdentifyAsync(address, token, cancellation).ConfigureAwait(false);
        using (ca)
        using (var key = ECDsa.Create(ECCurve.NamedCurves.nistP256))
        using (GrpcChannel channel = ApplianceChannel.Open(address, ca, certificate: null))
        {
            var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
            LoginReply reply = await new Enrolment.EnrolmentClient(channel).LoginAsync(
                new LoginRequest { OperatorName = name, CertificateRequest = ByteString.CopyFrom(request.CreateSigningRequest()), Token = tokenText }, cancellationToken: cancellation).ResponseAsync.ConfigureAwait(false);
            using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(reply.Certificate.Span);
            var files = new StateDirectory(Path.Join(Root, DirectoryOf(address)));
            files.Replace(KeyFile, Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem()));
            files.Replace(CaFile, Encoding.ASCII.GetBytes(ca.ExportCertificatePem()));
            files.Replace(CertificateFile, Encoding.ASCII.GetBytes(certificate.ExportCertificatePem()));
            new StateDirectory(Root).Replace(CurrentFile, Encoding.UTF8.GetBytes(address));
            return identity;
        }
    }

    /// <summary>Opens a channel to the appliance logged in to.</summary>
    /// <param name="gateway">Its address; null for the last one.</param>
    /// <returns>The channel, the caller's, and the address.</returns>
    public static (GrpcChannel Channel, string Gateway) Open(string? gateway)
    {
        gateway ??= Environment.GetEnvironmentVariable(GatewayVariable);
        string current = Path.Join(Root, CurrentFile);
        string address = gateway is not null ? Address(gateway)
            : File.Exists(current) ? File.ReadAllText(current).Trim()
            : throw new UsageException("You are not logged in to an appliance. Run 'gatewayctl login HOST --token TOKEN'; the first token stands on the appliance in its state directory, in 'first-login-token'.");
        var files = new StateDirectory(Path.Join(Root, DirectoryOf(address)));
        if (files.Read(CertificateFile) is not { } certificate || files.Read(KeyFile) is not { } key || files.Read(CaFile) is not { } ca)
        {
            throw new UsageException($"You are not logged in to {address}. Run 'gatewayctl login {address} --token TOKEN'.");
        }

        using var fromPem = X509Certificate2.CreateFromPem(Encoding.ASCII.GetString(certificate), Encoding.ASCII.GetString(key));
        return (ApplianceChannel.Open(address, X509Certificate2.CreateFromPem(Encoding.ASCII.GetString(ca)), X509CertificateLoader.LoadPkcs12(fromPem.Export(X509ContentType.Pkcs12), password: null)), address);
    }

    private static string DirectoryOf(string address) => string.Concat(address.Select(character => char.IsAsciiLetterOrDigit(character) || character is '.' or '-' ? character : '_'));

    private static string Address(string gateway)
    {
        try
        {
            return ApplianceChannel.Address(gateway);
        }
        catch (FormatException error)
        {
            throw new UsageException(error.Message);
        }
    }

    private static EnrolmentToken Parse(string text)
    {
        try
        {
            return EnrolmentToken.Parse(text);
        }
        catch (FormatException error)
        {
            throw new UsageException(error.Message);
        }
    }
}

/// <summary>A call to an appliance that failed, in words.</summary>
internal sealed class ApplianceException : Exception
{
    public ApplianceException(RpcException error, string gateway)
        : base(ApplianceChannel.Explain(error, gateway), error)
    {
    }
}
