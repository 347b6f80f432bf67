using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using GatewayOS.Api;
using GatewayOS.Api.Client;
using GatewayOS.Api.Tokens;
using GatewayOS.Appliance.Fleet;
using GatewayOS.Certificates;
using GatewayOS.Store.Storage;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;

namespace GatewayOS.Daemon.Fleet;

/// <summary>The appliance's identity in a fleet: how it comes by it, and how it is renewed.</summary>
internal static class FleetIdentity
{
    private const string ClaimKeyFile = "fleet-claim.key";
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(30);

    // Somebody waits for it, and may leave without.
    private static readonly TimeSpan s_leaveTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Joins a fleet. The key is kept before anybody hears of it: when the answer is lost, asking again with it is the same appliance.</summary>
    /// <exception cref="FormatException">Address or claim code make no sense.</exception>
    /// <exception cref="RpcException">The control plane cannot be reached, is another, or refuses.</exception>
    public static async Task<FleetMembership> JoinAsync(StateDirectory state, string address, string claim, LinkHello self, TimeProvider time, CancellationToken cancellation)
    {
        string complete = FleetChannel.Address(address);
        (ControlPlaneIdentity identity, X509Certificate2 ca) = await FleetChannel.IdentifyAsync(complete, EnrolmentToken.Parse(claim), cancellation).ConfigureAwait(false);
        using (ca)
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            if (state.Read(ClaimKeyFile) is { } kept)
            {
                key.ImportFromPem(Encoding.ASCII.GetString(kept));
            }
            else
            {
                state.Replace(ClaimKeyFile, Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem()));
            }

            using GrpcChannel channel = ApplianceChannel.Open(complete, ca, certificate: null);
            ClaimReply reply = await new FleetEnrolment.FleetEnrolmentClient(channel).ClaimAsync(
                new ClaimRequest { Code = claim, CertificateRequest = RequestOf(key), ApplianceName = self.Name, Model = self.Model, Version = self.Version },
                deadline: time.GetUtcNow().UtcDateTime + s_timeout, cancellationToken: cancellation).ResponseAsync.ConfigureAwait(false);
            return new FleetMembership
            {
                Address = complete,
                ControlPlane = identity.Name,
                Tenant = reply.Tenant,
                ApplianceId = reply.ApplianceId,
                CaPem = ca.ExportCertificatePem(),
                KeyPem = key.ExportPkcs8PrivateKeyPem(),
                CertificatePem = PemOf(reply.Certificate),
                ResumeToken = reply.ResumeToken.ToByteArray(),
            };
        }
    }

    /// <summary>Forgets the key of a claim that is over.</summary>
    public static void EndClaim(StateDirectory state) => File.Delete(state.PathOf(ClaimKeyFile));

    /// <summary>Opens a channel with the appliance's certificate.</summary>
    public static GrpcChannel Open(FleetMembership membership)
    {
        using var fromPem = X509Certificate2.CreateFromPem(membership.CertificatePem, membership.KeyPem);
        return ApplianceChannel.Open(membership.Address, X509Certificate2.CreateFromPem(membership.CaPem), X509CertificateLoader.LoadPkcs12(fromPem.Export(X509ContentType.Pkcs12), password: null));
    }

    /// <summary>When the certificate expires.</summary>
    public static DateTimeOffset Expiry(FleetMembership membership)
    {
        using var certificate = X509Certificate2.CreateFromPem(membership.CertificatePem);
        return CertificateAuthority.Expiry(certificate);
    }

    /// <summary>Gets a certificate for a new key. Key and certificate are kept in one step; the next connection uses them.</summary>
    public static async Task RenewAsync(FleetMembershipFile file, FleetMembership membership, GrpcChannel channel, TimeProvider time, CancellationToken cancellation)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        ClaimReply reply = await new FleetLink.FleetLinkClient(channel).RenewAsync(
            new RenewLinkRequest { CertificateRequest = RequestOf(key) }, deadline: time.GetUtcNow().UtcDateTime + s_timeout, cancellationToken: cancellation).ResponseAsync.ConfigureAwait(false);
        file.Update(membership.ApplianceId, present => present with { KeyPem = key.ExportPkcs8PrivateKeyPem(), CertificatePem = PemOf(reply.Certificate) });
    }

    /// <summary>Tells the control plane that the appliance leaves.</summary>
    /// <returns>Why it could not be told; empty when it knows, or hears this identity no more anyhow.</returns>
    public static async Task<string> TellLeavingAsync(FleetMembership membership, TimeProvider time, CancellationToken cancellation)
    {
        try
        {
            using GrpcChannel channel = Open(membership);
            await new FleetLink.FleetLinkClient(channel).LeaveAsync(
                new LeaveLinkRequest(), deadline: time.GetUtcNow().UtcDateTime + s_leaveTimeout, cancellationToken: cancellation).ResponseAsync.ConfigureAwait(false);
            return "";
        }
        catch (RpcException error)
        {
            return error.StatusCode == StatusCode.Unauthenticated ? "" : FleetChannel.Explain(error, membership.Address);
        }
        catch (CryptographicException error)
        {
            return $"The appliance's identity in the fleet cannot be used: {error.Message}";
        }
    }

    private static ByteString RequestOf(ECDsa key) => ByteString.CopyFrom(new CertificateRequest("CN=appliance", key, HashAlgorithmName.SHA256).CreateSigningRequest());

    private static string PemOf(ByteString der)
    {
        using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(der.Span);
        return certificate.ExportCertificatePem();
    }
}
