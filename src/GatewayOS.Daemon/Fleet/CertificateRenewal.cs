using System.Security.Cryptography.X509Certificates;
using GatewayOS.Appliance.Fleet;
using GatewayOS.Certificates;

namespace GatewayOS.Daemon.Fleet;

/// <summary>
/// When the appliance's certificate in the fleet is renewed: when a third of its life is left. To a clock that is far ahead every certificate looks old, so between two renewals lies a tenth of a life at least, by the time that
/// has passed. For one thread.
/// </summary>
internal sealed class CertificateRenewal(TimeProvider time)
{
    private const int LeftDivisor = 3;
    private const int ApartDivisor = 10;

    private long? _renewed;

    /// <summary>True when it is to be renewed now.</summary>
    public bool IsDue(FleetMembership membership)
    {
        using var certificate = X509Certificate2.CreateFromPem(membership.CertificatePem);
        DateTimeOffset end = CertificateAuthority.Expiry(certificate);

        // It is made to begin earlier than it was made, for clocks that are behind.
        TimeSpan life = end - new DateTimeOffset(certificate.NotBefore.ToUniversalTime()) - CertificateAuthority.ClockSkewMax;
        return end - time.GetUtcNow() < life / LeftDivisor && (_renewed is not { } at || time.GetElapsedTime(at) >= life / ApartDivisor);
    }

    /// <summary>Notes that it was renewed.</summary>
    public void Renewed() => _renewed = time.GetTimestamp();
}
