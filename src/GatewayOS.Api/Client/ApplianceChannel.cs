using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using GatewayOS.Api.Chunks;
using GatewayOS.Api.Tokens;
using Grpc.Core;
using Grpc.Net.Client;

namespace GatewayOS.Api.Client;

/// <summary>
/// Ways to an appliance: HTTP/2 over TLS, both sides certified by the appliance's CA. Its name is not checked, its CA is: an appliance may
/// change its address, and nobody else has a certificate of that CA.
/// </summary>
public static class ApplianceChannel
{
    /// <summary>Port of an appliance unless another is given.</summary>
    public const int PortDefault = 8441;

    private const int StreamWindowBytes = 2 * 1024 * 1024;
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private static readonly TimeSpan s_connectTimeout = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan s_pingAfter = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan s_pingTimeout = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan s_identifyTimeout = TimeSpan.FromSeconds(30);

    /// <summary>Makes a channel; nothing is connected before the first call.</summary>
    /// <param name="gateway">Address of the appliance, <c>host:port</c>.</param>
    /// <param name="ca">Its CA; null to take whatever comes, for the first contact, which compares by other means.</param>
    /// <param name="certificate">The caller's certificate with key; null when it has none yet.</param>
    public static GrpcChannel Open(string gateway, X509Certificate2? ca, X509Certificate2? certificate)
    {
        var handler = new SocketsHttpHandler
        {
            EnableMultipleHttp2Connections = true,
            InitialHttp2StreamWindowSize = StreamWindowBytes,
            ConnectTimeout = s_connectTimeout,
            KeepAlivePingDelay = s_pingAfter,
            KeepAlivePingTimeout = s_pingTimeout,
            UseProxy = false,
            SslOptions = new SslClientAuthenticationOptions
            {
                ClientCertificates = certificate is null ? null : [certificate],
                LocalCertificateSelectionCallback = (_, _, _, _, _) => certificate!,
                RemoteCertificateValidationCallback = (_, presented, _, _) => ca is null || (presented is not null && IsOf(ca, presented)),
            },
        };
        return GrpcChannel.ForAddress($"https://{gateway}", new GrpcChannelOptions { HttpHandler = handler, DisposeHttpClient = true, MaxReceiveMessageSize = DataFrame.BytesMax });
    }

    /// <summary>Completes an address with the port.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static string Address(string gateway)
    {
        string address = gateway.Contains(':', StringComparison.Ordinal) && !gateway.EndsWith(']') ? gateway : $"{gateway}:{PortDefault}";
        return Uri.TryCreate($"https://{address}/", UriKind.Absolute, out Uri? uri) && uri.Port > 0 && uri.AbsolutePath == "/"
            ? address
            : throw new FormatException($"'{gateway}' is no address of an appliance. Write HOST or HOST:PORT.");
    }

    /// <summary>Asks an appliance who it is, before it is trusted.</summary>
    /// <param name="gateway">Its address.</param>
    /// <param name="token">A token of the appliance, whose pin has to fit; or null when a person compares.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>What it says of itself, and its CA: the caller's.</returns>
    /// <exception cref="RpcException">It cannot be asked, or is another than the token's (<see cref="StatusCode.Unauthenticated"/>).</exception>
    public static async Task<(ApplianceIdentity Identity, X509Certificate2 Ca)> IdentifyAsync(string gateway, EnrolmentToken? token, CancellationToken cancellation)
    {
        using GrpcChannel channel = Open(gateway, ca: null, certificate: null);
        ApplianceIdentity identity = await new Enrolment.EnrolmentClient(channel).IdentifyAsync(
            new IdentifyRequest(), deadline: TimeProvider.System.GetUtcNow().UtcDateTime + s_identifyTimeout, cancellationToken: cancellation).ResponseAsync.ConfigureAwait(false);
        X509Certificate2 ca = X509CertificateLoader.LoadCertificate(identity.CaCertificate.Span);
        return token is null || token.IsOf(KeyHash(ca))
            ? (identity, ca)
            : throw new RpcException(new Status(StatusCode.Unauthenticated, $"What answers at {gateway} is not the appliance that made the token. Check the address; if it is right, somebody stands in between."));
    }

    /// <summary>SHA-256 of a CA's SubjectPublicKeyInfo, by which it is pinned.</summary>
    public static byte[] KeyHash(X509Certificate2 ca) => SHA256.HashData(ca.PublicKey.ExportSubjectPublicKeyInfo());

    /// <summary>A call's error in words.</summary>
    public static string Explain(RpcException error, string gateway) => error.StatusCode switch
    {
        StatusCode.Unavailable => $"The appliance at {gateway} cannot be reached: {error.Status.Detail}",
        StatusCode.DeadlineExceeded => $"The appliance at {gateway} does not answer in time.",
        StatusCode.Unimplemented => $"What answers at {gateway} is no appliance of a version this program knows: {error.Status.Detail}",
        _ => error.Status.Detail,
    };

    private static bool IsOf(X509Certificate2 ca, X509Certificate presented)
    {
        using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(presented.GetRawCertData());
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(ca);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(ServerAuthentication));
        return chain.Build(certificate);
    }
}
