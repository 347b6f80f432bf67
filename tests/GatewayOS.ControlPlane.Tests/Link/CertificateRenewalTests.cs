using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using GatewayOS.Appliance.Fleet;
using GatewayOS.Certificates;
using GatewayOS.Daemon.Fleet;

namespace GatewayOS.ControlPlane.Tests.Link;

/// <summary>When an appliance renews its certificate.</summary>
public sealed class CertificateRenewalTests
{
    private static readonly DateTimeOffset s_begin = new(2026, 11, 27, 6, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(90)]
    [InlineData(30 * 86_400)]
    public void It_is_due_when_a_third_of_its_life_is_left(int lifeSeconds)
    {
        var clock = new PassingClock { Now = s_begin };
        var renewal = new CertificateRenewal(clock);
        FleetMembership membership = MembershipOf(s_begin, TimeSpan.FromSeconds(lifeSeconds));
        Assert.False(renewal.IsDue(membership));
        clock.Pass(TimeSpan.FromSeconds((lifeSeconds * 2 / 3) - 2));
        Assert.False(renewal.IsDue(membership));
        clock.Pass(TimeSpan.FromSeconds(4));
        Assert.True(renewal.IsDue(membership));
    }

    [Fact]
    public void A_clock_that_is_far_ahead_does_not_have_it_renewed_again_and_again()
    {
        var clock = new PassingClock { Now = s_begin };
        var renewal = new CertificateRenewal(clock);
        FleetMembership membership = MembershipOf(s_begin - TimeSpan.FromDays(25), TimeSpan.FromDays(30));
        Assert.True(renewal.IsDue(membership));
        renewal.Renewed();
        Assert.False(renewal.IsDue(membership));
        clock.Pass(TimeSpan.FromDays(3));
        Assert.True(renewal.IsDue(membership));
    }

    private static FleetMembership MembershipOf(DateTimeOffset made, TimeSpan life)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 certificate = new CertificateRequest("CN=appliance", key, HashAlgorithmName.SHA256).CreateSelfSigned(made - CertificateAuthority.ClockSkewMax, made + life);
        return new FleetMembership { Address = "", ControlPlane = "", Tenant = "", ApplianceId = "", CaPem = "", KeyPem = "", CertificatePem = certificate.ExportCertificatePem(), ResumeToken = [] };
    }

    // What the clock says, and the time that passes by it.
    private sealed class PassingClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override DateTimeOffset GetUtcNow() => Now;

        public override long GetTimestamp() => Now.UtcTicks;

        public void Pass(TimeSpan time) => Now += time;
    }
}
