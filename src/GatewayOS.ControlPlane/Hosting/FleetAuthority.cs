using System.Security.Cryptography.X509Certificates;
using GatewayOS.Certificates;
using GatewayOS.ControlPlane.Storage;
using GatewayOS.Store.Storage;

namespace GatewayOS.ControlPlane.Hosting;

/// <summary>
/// The control plane's certificate authority. Its key is a file beside every instance, the same for all, and not in the database: whoever gets a copy of that
/// makes no certificates. Thread-safe.
/// </summary>
internal sealed class FleetAuthority : IDisposable
{
    private static readonly TimeSpan s_serverLifetime = TimeSpan.FromDays(90);

    private readonly CertificateAuthority _authority;
    private readonly FleetStore _store;
    private readonly ControlOptions _options;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private X509Certificate2? _server;

    /// <summary>Opens the authority, making it when there is none.</summary>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    public FleetAuthority(StateDirectory state, FleetStore store, ControlOptions options, TimeProvider time)
    {
        (_store, _options, _time) = (store, options, time);
        _authority = CertificateAuthority.OpenOrCreate(state, options.Name, time);
    }

    /// <summary>Its certificate, DER.</summary>
    public byte[] CaCertificate => _authority.Certificate.RawData;

    /// <summary>SHA-256 of its key, by which it is pinned.</summary>
    public byte[] KeyHash => _authority.KeyHash;

    /// <summary>The server's certificate, made anew well before it expires.</summary>
    public X509Certificate2 ServerCertificate()
    {
        lock (_gate)
        {
            if (_server is null || CertificateAuthority.Expiry(_server) - _time.GetUtcNow() < s_serverLifetime / 3)
            {
                _server = _authority.IssueServer([Environment.MachineName, "localhost", "127.0.0.1", "::1"], s_serverLifetime, PeerKind.ControlPlane);
            }

            return _server;
        }
    }

    /// <summary>Says whose a certificate is.</summary>
    public (PeerIdentity? Identity, PeerRefusal Refusal) Verify(X509Certificate2 certificate) => _authority.Verify(certificate);

    /// <summary>Certifies an appliance, and keeps that it did before anybody has the certificate.</summary>
    /// <returns>The certificate, DER.</returns>
    /// <exception cref="CertificateRequestException">The request is not accepted.</exception>
    public async Task<byte[]> IssueAsync(byte[] request, string applianceId, CancellationToken cancellation)
    {
        using X509Certificate2 certificate = _authority.IssuePeer(request, PeerKind.Appliance, applianceId, _options.CertificateLifetime);
        await _store.AddCertificateAsync(certificate.SerialNumber, applianceId, CertificateAuthority.Expiry(certificate), cancellation).ConfigureAwait(false);
        return certificate.RawData;
    }

    public void Dispose()
    {
        _authority.Dispose();
        _server?.Dispose();
    }
}
