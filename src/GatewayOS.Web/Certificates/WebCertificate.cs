using System.Globalization;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using GatewayOS.Store.Storage;

namespace GatewayOS.Web.Certificates;

/// <summary>
/// The certificate that browsers see. The owner's, when <c>web.crt</c> and <c>web.key</c> (PEM, the certificate first and then its chain) are in the state
/// directory; they are looked for again every few seconds. Else one that signs itself, made when it is first needed and anew before it expires.
/// Thread-safe.
/// </summary>
public sealed class WebCertificate : IDisposable
{
    /// <summary>The owner's certificate and chain.</summary>
    public const string CertificateFile = "web.crt";

    /// <summary>The owner's key.</summary>
    public const string KeyFile = "web.key";

    /// <summary>How long the certificate made here holds: what browsers take at most from one that was installed by hand.</summary>
    public static readonly TimeSpan SelfSignedLifetime = TimeSpan.FromDays(825);

    /// <summary>How often the owner's files are looked at.</summary>
    public static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(5);

    private const string SelfSignedFile = "web-self-signed.pem";
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    private static readonly TimeSpan s_renewBefore = TimeSpan.FromDays(30);

    private readonly StateDirectory _state;
    private readonly Func<string> _name;
    private readonly Action<string> _warn;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private Loaded? _loaded;
    private long _lookedAt;

    /// <summary>Prepares it; it is loaded or made when it is first needed.</summary>
    /// <param name="state">Where the files are.</param>
    /// <param name="applianceName">Tells the subject of one that is made. One of another name is made anew when it is loaded: at the next start.</param>
    /// <param name="warn">Told why the owner's files cannot be used.</param>
    /// <param name="time">The clock.</param>
    public WebCertificate(StateDirectory state, Func<string> applianceName, Action<string> warn, TimeProvider time)
    {
        (_state, _name, _warn, _time) = (state, applianceName, warn, time);
    }

    /// <summary>SHA-256 of the certificate, hexadecimal in lower case.</summary>
    public string Fingerprint => Current.Fingerprint;

    /// <summary>True when it is the owner's.</summary>
    public bool IsReplaced => Current.IsReplaced;

    /// <summary>The certificate itself, without its key; borrowed, and good for as long as the appliance serves it.</summary>
    public X509Certificate2 Shown => Current.Certificate;

    /// <summary>Takes the owner's certificate; the next connection gets it. Durable when it returns.</summary>
    /// <param name="certificates">The certificate and then its chain, as PEM.</param>
    /// <param name="key">Its key, as PEM.</param>
    /// <returns>Why it is not taken, with a remedy; null when it is.</returns>
    /// <exception cref="StoreIoException">It cannot be kept.</exception>
    public string? Replace(string certificates, string key)
    {
        lock (_gate)
        {
            Loaded taken;
            try
            {
                taken = Loaded.From(certificates, key, isReplaced: true, "");
            }
            catch (Exception error) when (error is CryptographicException or ArgumentException)
            {
                return $"This certificate cannot be used with this key: {error.Message} Give a certificate, its chain and its key without a password, all as PEM.";
            }

            if (taken.Certificate.NotAfter.ToUniversalTime() <= _time.GetUtcNow().UtcDateTime)
            {
                return string.Create(CultureInfo.InvariantCulture, $"This certificate expired on {taken.Certificate.NotAfter.ToUniversalTime():yyyy-MM-dd}. Give one that holds.");
            }

            // A power cut between the two leaves a pair that does not fit: then the page comes with the certificate made here, which is told.
            _state.Replace(KeyFile, Encoding.UTF8.GetBytes(key));
            _state.Replace(CertificateFile, Encoding.UTF8.GetBytes(certificates));
            _loaded = taken with { Stamp = Stamp() };
            return null;
        }
    }

    /// <summary>Gives the owner's certificate up for one that signs itself.</summary>
    public void GiveUpReplaced()
    {
        lock (_gate)
        {
            File.Delete(_state.PathOf(CertificateFile));
            File.Delete(_state.PathOf(KeyFile));
            _loaded = LoadSelfSigned(Stamp());
        }
    }

    private Loaded Current
    {
        get
        {
            lock (_gate)
            {
                if (_loaded is null || _time.GetElapsedTime(_lookedAt) >= LookInterval)
                {
                    _lookedAt = _time.GetTimestamp();
                    _loaded = Load(_loaded);
                }

                return _loaded;
            }
        }
    }

    /// <summary>How a connection is encrypted.</summary>
    public SslServerAuthenticationOptions Options() => new()
    {
        ServerCertificateContext = Current.Context,
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        ClientCertificateRequired = false,
    };

    /// <inheritdoc/>
    public void Dispose() => _loaded?.Certificate.Dispose();

    // Connections of before hold the old certificate, so it is left to the garbage collector.
    private Loaded Load(Loaded? before)
    {
        string stamp = Stamp();
        if (before is not null && before.Stamp == stamp && (before.IsReplaced || !IsOld(before.Certificate)))
        {
            return before;
        }

        if (_state.Read(CertificateFile) is { } certificate && _state.Read(KeyFile) is { } key)
        {
            try
            {
                return Loaded.From(Encoding.UTF8.GetString(certificate), Encoding.UTF8.GetString(key), isReplaced: true, stamp);
            }
            catch (Exception error) when (error is CryptographicException or ArgumentException)
            {
                _warn($"{_state.PathOf(CertificateFile)} and {KeyFile} cannot be used for the web page: {error.Message} Write a certificate and its key, both as PEM. Until then the page keeps the certificate it has.");
                if (before is not null)
                {
                    return before with { Stamp = stamp };
                }
            }
        }

        return LoadSelfSigned(stamp);
    }

    private Loaded LoadSelfSigned(string stamp)
    {
        if (_state.Read(SelfSignedFile) is { } pem)
        {
            try
            {
                string text = Encoding.UTF8.GetString(pem);
                var kept = Loaded.From(text, text, isReplaced: false, stamp);
                if (!IsOld(kept.Certificate) && kept.Certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false) == _name())
                {
                    return kept;
                }
            }
            catch (Exception error) when (error is CryptographicException or ArgumentException)
            {
                _warn($"{_state.PathOf(SelfSignedFile)} is damaged ({error.Message}): the web page gets a new certificate, and browsers will ask again.");
            }
        }

        string made = MakeSelfSigned();
        try
        {
            _state.Replace(SelfSignedFile, Encoding.ASCII.GetBytes(made));
        }
        catch (StoreIoException error)
        {
            _warn($"The certificate of the web page cannot be kept ({error.Message}): after a restart browsers will ask again.");
        }

        return Loaded.From(made, made, isReplaced: false, stamp);
    }

    private string MakeSelfSigned()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var subject = new X500DistinguishedNameBuilder();
        string own = _name();
        subject.AddCommonName(own);
        var request = new CertificateRequest(subject.Build(), key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        foreach (string name in ((string[])[Environment.MachineName, own, "localhost"]).Where(name => Uri.CheckHostName(name) == UriHostNameType.Dns).Distinct(StringComparer.OrdinalIgnoreCase))
        {
            names.AddDnsName(name);
        }

        names.AddIpAddress(System.Net.IPAddress.Loopback);
        names.AddIpAddress(System.Net.IPAddress.IPv6Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(ServerAuthentication)], critical: false));
        DateTimeOffset now = _time.GetUtcNow();

        // A browser's clock may be behind.
        using X509Certificate2 certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(-1) + SelfSignedLifetime);
        return $"{certificate.ExportCertificatePem()}\n{key.ExportPkcs8PrivateKeyPem()}\n";
    }

    private bool IsOld(X509Certificate2 certificate) => new DateTimeOffset(certificate.NotAfter.ToUniversalTime()) - _time.GetUtcNow() < s_renewBefore;

    private string Stamp() => string.Join('/', ((string[])[CertificateFile, KeyFile]).Select(_state.PathOf).Select(path => File.Exists(path) ? $"{File.GetLastWriteTimeUtc(path).Ticks}" : "none"));

    private sealed record Loaded(X509Certificate2 Certificate, SslStreamCertificateContext Context, string Fingerprint, bool IsReplaced, string Stamp)
    {
        public static Loaded From(string certificates, string key, bool isReplaced, string stamp)
        {
            var certificate = X509Certificate2.CreateFromPem(certificates, key);
            var chain = new X509Certificate2Collection();
            chain.ImportFromPem(certificates);
            return new Loaded(certificate, SslStreamCertificateContext.Create(certificate, chain, offline: true), Convert.ToHexStringLower(SHA256.HashData(certificate.RawData)), isReplaced, stamp);
        }
    }
}
