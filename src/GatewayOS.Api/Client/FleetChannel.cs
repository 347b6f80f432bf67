using System.Security.Cryptography.X509Certificates;
using GatewayOS.Api.Tokens;
using Grpc.Core;
using Grpc.Net.Client;

namespace GatewayOS.Api.Client;

/// <summary>Ways to a control plane. Like an appliance it is known by its certificate authority, not by its name.</summary>
public static class FleetChannel
{
    /// <summary>Port of a control plane unless another is given.</summary>
    public const int PortDefault = 8451;

    private static readonly TimeSpan s_identifyTimeout = TimeSpan.FromSeconds(30);

    /// <summary>Completes an address with the port.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static string Address(string address)
    {
        string trimmed = address.StartsWith("https://", StringComparison.OrdinalIgnoreCase) ? address["https://".Length..].TrimEnd('/') : address;
        string complete = trimmed.Contains(':', StringComparison.Ordinal) && !trimmed.EndsWith(']') ? trimmed : $"{trimmed}:{PortDefault}";
        return Uri.TryCreate($"https://{complete}/", UriKind.Absolute, out Uri? uri) && uri.Port > 0 && uri.AbsolutePath == "/"
            ? complete
            : throw new FormatException($"'{address}' is no address of a control plane. Write HOST or HOST:PORT.");
    }

    /// <summary>Asks a control plane who it is, before it is trusted: it has to be the one that made the token or claim code.</summary>
    /// <param name="address">Its address.</param>
    /// <param name="token">A token or claim code of it, whose pin has to fit.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>What it says of itself, and its CA: the caller's.</returns>
    /// <exception cref="RpcException">It cannot be asked, or is another than the token's (<see cref="StatusCode.Unauthenticated"/>).</exception>
    public static async Task<(ControlPlaneIdentity Identity, X509Certificate2 Ca)> IdentifyAsync(string address, EnrolmentToken token, CancellationToken cancellation)
    {
        using GrpcChannel channel = ApplianceChannel.Open(address, ca: null, certificate: null);
        ControlPlaneIdentity identity = await new FleetEnrolment.FleetEnrolmentClient(channel).IdentifyAsync(
            new IdentifyControlPlaneRequest(), deadline: TimeProvider.System.GetUtcNow().UtcDateTime + s_identifyTimeout, cancellationToken: cancellation).ResponseAsync.ConfigureAwait(false);
        X509Certificate2 ca = X509CertificateLoader.LoadCertificate(identity.CaCertificate.Span);
        return token.IsOf(ApplianceChannel.KeyHash(ca))
            ? (identity, ca)
            : throw new RpcException(new Status(StatusCode.Unauthenticated, $"What answers at {address} is not the control plane that made the code. Check the address; if it is right, somebody stands in between."));
    }

    /// <summary>A call's error in words.</summary>
    public static string Explain(RpcException error, string address) => error.StatusCode switch
    {
        StatusCode.Unavailable => $"The control plane at {address} cannot be reached: {error.Status.Detail}",
        StatusCode.DeadlineExceeded => $"The control plane at {address} does not answer in time.",
        StatusCode.Unimplemented => $"What answers at {address} is no control plane of a version this program knows: {error.Status.Detail}",
        _ => error.Status.Detail,
    };
}
