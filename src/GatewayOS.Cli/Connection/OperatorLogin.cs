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
    public const string TokenVariable = "GATEWAY_API_TOKEN";
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
        {
            await TakeCertificateAsync(address, ca, name, (channel, request) => new Enrolment.EnrolmentClient(channel).LoginAsync(
                new LoginRequest { OperatorName = name, CertificateRequest = request, Token = tokenText }, cancellationToken: cancellation).ResponseAsync).ConfigureAwait(false);
            return identity;
        }
    }

    /// <summary>Logs in with an account's password. The appliance is recognised before the password leaves this machine.</summary>
    /// <param name="gateway">Its address.</param>
    /// <param name="user">The account.</param>
    /// <param name="isRight">Asked, when this address is new, whether the appliance with a fingerprint is the right one.</param>
    /// <param name="password">Asked for the password, once the appliance is recognised.</param>
    /// <param name="code">The second factor's code; empty for none.</param>
    /// <param name="cancellation">Gives up.</param>
    public static async Task<ApplianceIdentity> LoginWithPasswordAsync(string gateway, string user, Func<ApplianceIdentity, string, bool> isRight, Func<string> password, string code, CancellationToken cancellation)
    {
        string address = Address(gateway);
        (ApplianceIdentity identity, X509Certificate2 ca) = await ApplianceChannel.IdentifyAsync(address, token: null, cancellation).ConfigureAwait(false);
        using (ca)
        {
            Recognise(address, identity, ca, isRight);
            await TakeCertificateAsync(address, ca, user, (channel, request) => new SignIn.SignInClient(channel).WithPasswordAsync(
                new PasswordLoginRequest { User = user, Password = password(), CertificateRequest = request, Code = code }, cancellationToken: cancellation).ResponseAsync).ConfigureAwait(false);
            return identity;
        }
    }

    /// <summary>Fingerprint of the appliance logged in to, for others' first login.</summary>
    /// <returns>Null when nobody is logged in: an API token is used.</returns>
    public static string? CurrentFingerprint(string? gateway)
    {
        string current = Path.Join(Root, CurrentFile);
        gateway ??= Environment.GetEnvironmentVariable(GatewayVariable) ?? (File.Exists(current) ? File.ReadAllText(current).Trim() : null);
        if (gateway is null || FilesOf(Address(gateway)).Read(CaFile) is not { } pem)
        {
            return null;
        }

        using var ca = X509Certificate2.CreateFromPem(Encoding.ASCII.GetString(pem));
        return Fingerprint(ca);
    }

    /// <summary>Opens a channel to an appliance: with the API token of the environment, or as logged in.</summary>
    /// <param name="gateway">Its address; null for the last one.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>The channel, the caller's; the address; and what goes with every call.</returns>
    public static (GrpcChannel Channel, string Gateway, Metadata Headers) Open(string? gateway, CancellationToken cancellation)
    {
        gateway ??= Environment.GetEnvironmentVariable(GatewayVariable);
        if (Environment.GetEnvironmentVariable(TokenVariable) is { Length: > 0 } token)
        {
            return OpenWithToken(gateway ?? throw new UsageException($"With {TokenVariable} the appliance has to be named: --gateway HOST, or {GatewayVariable}."), token, cancellation);
        }

        string current = Path.Join(Root, CurrentFile);
        string address = gateway is not null ? Address(gateway)
            : File.Exists(current) ? File.ReadAllText(current).Trim()
            : throw new UsageException("You are not logged in to an appliance. Run 'gatewayctl login HOST --user NAME', or '--token TOKEN'; the first token stands on the appliance in its state directory, in 'first-login-token'.");
        StateDirectory files = FilesOf(address);
        if (files.Read(CertificateFile) is not { } certificate || files.Read(KeyFile) is not { } key || files.Read(CaFile) is not { } ca)
        {
            throw new UsageException($"You are not logged in to {address}. Run 'gatewayctl login {address} --user NAME', or '--token TOKEN'.");
        }

        using var fromPem = X509Certificate2.CreateFromPem(Encoding.ASCII.GetString(certificate), Encoding.ASCII.GetString(key));
        GrpcChannel channel = ApplianceChannel.Open(address, X509Certificate2.CreateFromPem(Encoding.ASCII.GetString(ca)), X509CertificateLoader.LoadPkcs12(fromPem.Export(X509ContentType.Pkcs12), password: null));
        return (channel, address, []);
    }

    private static (GrpcChannel Channel, string Gateway, Metadata Headers) OpenWithToken(string gateway, string token, CancellationToken cancellation)
    {
        string address = Address(gateway);
        try
        {
            (_, X509Certificate2 ca) = ApplianceChannel.IdentifyAsync(address, Parse(token), cancellation).GetAwaiter().GetResult();
            return (ApplianceChannel.Open(address, ca, certificate: null), address, new Metadata { { "authorization", $"Bearer {token.Trim()}" } });
        }
        catch (RpcException error)
        {
            throw new ApplianceException(error, address);
        }
    }

    private static void Recognise(string address, ApplianceIdentity identity, X509Certificate2 ca, Func<ApplianceIdentity, string, bool> isRight)
    {
        if (FilesOf(address).Read(CaFile) is { } pem)
        {
            using var known = X509Certificate2.CreateFromPem(Encoding.ASCII.GetString(pem));
            if (Fingerprint(known) == Fingerprint(ca))
            {
                return;
            }

            throw new UsageException($"What answers at {address} is not the appliance you logged in to before. If it was made anew, remove {FilesOf(address).Location} and log in again; if not, somebody stands in between. The password was not sent.");
        }

        if (!isRight(identity, Fingerprint(ca)))
        {
            throw new UsageException($"The appliance at {address} has the fingerprint {Fingerprint(ca)}, which is not the right one. The password was not sent.");
        }
    }

    private static async Task TakeCertificateAsync(string address, X509Certificate2 ca, string name, Func<GrpcChannel, ByteString, Task<LoginReply>> ask)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using GrpcChannel channel = ApplianceChannel.Open(address, ca, certificate: null);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        LoginReply reply = await ask(channel, ByteString.CopyFrom(request.CreateSigningRequest())).ConfigureAwait(false);
        using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(reply.Certificate.Span);
        StateDirectory files = FilesOf(address);
        files.Replace(KeyFile, Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem()));
        files.Replace(CaFile, Encoding.ASCII.GetBytes(ca.ExportCertificatePem()));
        files.Replace(CertificateFile, Encoding.ASCII.GetBytes(certificate.ExportCertificatePem()));
        new StateDirectory(Root).Replace(CurrentFile, Encoding.UTF8.GetBytes(address));
    }

    private static string Fingerprint(X509Certificate2 ca) => Convert.ToHexStringLower(ApplianceChannel.KeyHash(ca));

    private static StateDirectory FilesOf(string address) => new(Path.Join(Root, DirectoryOf(address)));

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

/// <summary>A call to an appliance or a control plane that failed, in words.</summary>
internal sealed class ApplianceException : Exception
{
    public ApplianceException(RpcException error, string gateway)
        : this(error, gateway, ApplianceChannel.Explain)
    {
    }

    public ApplianceException(RpcException error, string address, Func<RpcException, string, string> explain)
        : base(explain(error, address), error)
    {
    }
}
