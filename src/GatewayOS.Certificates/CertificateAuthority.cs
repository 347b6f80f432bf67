using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using GatewayOS.Store.Storage;

namespace GatewayOS.Certificates;

/// <summary>
/// A certificate authority of one's own (X.509, RFC 5280; ECDSA on P-256). An appliance's certifies the appliance, its nodes and its operators, a control
/// plane's itself and its appliances, and nothing else is trusted there. Of a request only the key is used: who the holder is, is the appliance's word. Thread-safe.
/// </summary>
public sealed class CertificateAuthority : IDisposable
{
    /// <summary>Lifetime of the CA's certificate.</summary>
    public static readonly TimeSpan CaLifetime = TimeSpan.FromDays(20 * 365);

    /// <summary>The file with key and certificate, in the state directory. Secret.</summary>
    public const string FileName = "ca.pem";

    /// <summary>How far a peer's clock may be behind this one's.</summary>
    public static readonly TimeSpan ClockSkewMax = TimeSpan.FromMinutes(5);

    private const string UriPrefix = "gateway:";
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";
    private const string SubjectAlternativeName = "2.5.29.17";
    private const int SerialBytes = 16;
    private const int RequestBytesMax = 16 * 1024;
    private const int RsaBitsMin = 3072;
    private const int RsaBitsMax = 8192;

    private readonly ECDsa _key;
    private readonly TimeProvider _time;

    private CertificateAuthority(ECDsa key, X509Certificate2 certificate, TimeProvider time)
    {
        (_key, Certificate, _time) = (key, certificate, time);
        KeyHash = SHA256.HashData(certificate.PublicKey.ExportSubjectPublicKeyInfo());
    }

    /// <summary>The CA's own certificate, without its key.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>SHA-256 of the CA's SubjectPublicKeyInfo, for pinning.</summary>
    public byte[] KeyHash { get; }

    /// <summary>True when there is one already.</summary>
    public static bool Exists(StateDirectory state) => File.Exists(state.PathOf(FileName));

    /// <summary>Opens the CA, making it when there is none.</summary>
    /// <param name="state">Where it is kept.</param>
    /// <param name="name">Whose it is, for the certificate's subject.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="InvalidDataException">Key or certificate are damaged, or one of them is missing.</exception>
    public static CertificateAuthority OpenOrCreate(StateDirectory state, string name, TimeProvider time)
    {
        if (state.Read(FileName) is not { } pem)
        {
            return Create(state, name, time);
        }

        try
        {
            // Key and certificate in one file: neither can be there without the other.
            string text = Encoding.ASCII.GetString(pem);
            var key = ECDsa.Create();
            key.ImportFromPem(text);
            var certificate = X509Certificate2.CreateFromPem(text);
            return certificate.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(key.ExportSubjectPublicKeyInfo())
                ? new CertificateAuthority(key, certificate, time)
                : throw new CryptographicException("key and certificate do not belong together");
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            throw new InvalidDataException(
                $"The certificate authority in {state.Location} cannot be used: {error.Message}. Restore {FileName} from a backup of the state; without it everything that it certified has to be enrolled anew.", error);
        }
    }

    /// <summary>Certifies the authority's own server.</summary>
    /// <param name="names">DNS names and addresses it is reached by.</param>
    /// <param name="lifetime">How long.</param>
    /// <param name="kind">What it is.</param>
    /// <returns>The certificate with its key; the caller's.</returns>
    public X509Certificate2 IssueServer(IReadOnlyCollection<string> names, TimeSpan lifetime, PeerKind kind = PeerKind.Appliance)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 certificate = Issue(new CertificateRequest($"CN={kind.ToString().ToLowerInvariant()}", key, HashAlgorithmName.SHA256), kind, "self", ServerAuthentication, lifetime, names);
        using X509Certificate2 withKey = certificate.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pkcs12), password: null);
    }

    /// <summary>Certifies one who belongs to the authority.</summary>
    /// <param name="request">PKCS#10, DER: only its key counts, and its signature by that key.</param>
    /// <param name="kind">Node or operator; of a control plane, appliance.</param>
    /// <param name="id">The ID of node or appliance, or the operator's name.</param>
    /// <param name="lifetime">How long.</param>
    /// <exception cref="CertificateRequestException">The request is malformed or its key too weak.</exception>
    public X509Certificate2 IssuePeer(ReadOnlySpan<byte> request, PeerKind kind, string id, TimeSpan lifetime)
    {
        PublicKey key = ReadKey(request);
        var wanted = new CertificateRequest(new X500DistinguishedName($"CN={kind.ToString().ToLowerInvariant()} {id}"), key, HashAlgorithmName.SHA256);
        return Issue(wanted, kind, id, ClientAuthentication, lifetime, []);
    }

    /// <summary>Checks a request and gives the hash of its key, by which the same asker is known again.</summary>
    /// <exception cref="CertificateRequestException">The request is malformed or its key too weak.</exception>
    public static byte[] KeyHashOf(ReadOnlySpan<byte> request) => SHA256.HashData(ReadKey(request).ExportSubjectPublicKeyInfo());

    /// <summary>When a certificate expires.</summary>
    public static DateTimeOffset Expiry(X509Certificate2 certificate) => Utc(certificate.NotAfter);

    /// <summary>Says who a certificate is of. Whether it is revoked, the registries know.</summary>
    /// <returns>The identity, or why there is none.</returns>
    public (PeerIdentity? Identity, PeerRefusal Refusal) Verify(X509Certificate2 certificate)
    {
        DateTimeOffset now = _time.GetUtcNow();
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(Certificate);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationFlags = X509VerificationFlags.IgnoreNotTimeValid;
        if (!chain.Build(certificate) || chain.ChainElements.Count != 2 || !chain.ChainElements[1].Certificate.RawDataMemory.Span.SequenceEqual(Certificate.RawDataMemory.Span))
        {
            return (null, PeerRefusal.Foreign);
        }

        if (now > Expiry(certificate))
        {
            return (null, PeerRefusal.Expired);
        }

        if (now + ClockSkewMax < Utc(certificate.NotBefore))
        {
            return (null, PeerRefusal.NotYetValid);
        }

        bool isClient = certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>().Any(usage => usage.EnhancedKeyUsages[ClientAuthentication] is not null);
        return isClient && ReadIdentity(certificate) is { } identity ? (identity, PeerRefusal.None) : (null, PeerRefusal.Malformed);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _key.Dispose();
        Certificate.Dispose();
    }

    private static DateTimeOffset Utc(DateTime local) => new(local.ToUniversalTime(), TimeSpan.Zero);

    private static CertificateAuthority Create(StateDirectory state, string name, TimeProvider time)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN=GatewayOS {name.Replace(',', ' ')}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: true, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        DateTimeOffset now = time.GetUtcNow();
        using X509Certificate2 own = request.CreateSelfSigned(now - ClockSkewMax, now + CaLifetime);
        X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(own.RawData);
        state.Replace(FileName, Encoding.ASCII.GetBytes($"{key.ExportPkcs8PrivateKeyPem()}\n{certificate.ExportCertificatePem()}\n"));
        return new CertificateAuthority(key, certificate, time);
    }

    private X509Certificate2 Issue(CertificateRequest request, PeerKind kind, string id, string usage, TimeSpan lifetime, IReadOnlyCollection<string> names)
    {
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], critical: true));
        var alternatives = new SubjectAlternativeNameBuilder();
        alternatives.AddUri(new Uri($"{UriPrefix}{kind.ToString().ToLowerInvariant()}:{id}"));
        foreach (string name in names)
        {
            if (System.Net.IPAddress.TryParse(name, out System.Net.IPAddress? address))
            {
                alternatives.AddIpAddress(address);
            }
            else
            {
                alternatives.AddDnsName(name);
            }
        }

        request.CertificateExtensions.Add(alternatives.Build());
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(Certificate, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        byte[] serial = RandomNumberGenerator.GetBytes(SerialBytes);
        serial[0] &= 0x7f;
        serial[0] |= 0x40;
        DateTimeOffset now = _time.GetUtcNow();
        DateTimeOffset end = now + lifetime < Expiry(Certificate) ? now + lifetime : Expiry(Certificate);
        return request.Create(Certificate.SubjectName, X509SignatureGenerator.CreateForECDsa(_key), now - ClockSkewMax, end, serial);
    }

    private static PublicKey ReadKey(ReadOnlySpan<byte> request)
    {
        if (request.IsEmpty || request.Length > RequestBytesMax)
        {
            throw new CertificateRequestException($"The certificate request has {request.Length} bytes; 1 to {RequestBytesMax} are accepted.");
        }

        CertificateRequest parsed;
        try
        {
            parsed = CertificateRequest.LoadSigningRequest(request.ToArray(), HashAlgorithmName.SHA256);
        }
        catch (Exception error) when (error is CryptographicException or NotSupportedException or ArgumentException or System.Formats.Asn1.AsnContentException)
        {
            throw new CertificateRequestException("The certificate request cannot be read, or was not signed by its own key.", error);
        }

        return IsStrong(parsed.PublicKey) ? parsed.PublicKey : throw new CertificateRequestException($"The key of the certificate request is not accepted: ECDSA on P-256, P-384 or P-521, or RSA of at least {RsaBitsMin} bits.");
    }

    private static bool IsStrong(PublicKey key)
    {
        try
        {
            using ECDsa? curve = key.GetECDsaPublicKey();
            using RSA? rsa = curve is null ? key.GetRSAPublicKey() : null;
            return curve is { KeySize: 256 or 384 or 521 } || rsa is { KeySize: >= RsaBitsMin and <= RsaBitsMax };
        }
        catch (Exception error) when (error is CryptographicException or NotSupportedException)
        {
            return false;
        }
    }

    private static PeerIdentity? ReadIdentity(X509Certificate2 certificate)
    {
        string? uri = certificate.Extensions.FirstOrDefault(extension => extension.Oid?.Value == SubjectAlternativeName) is { } extension ? ReadUri(extension.RawData) : null;
        string[] parts = uri is not null && uri.StartsWith(UriPrefix, StringComparison.Ordinal) ? uri[UriPrefix.Length..].Split(':', 2) : [];
        return parts.Length == 2 && Enum.TryParse(parts[0], ignoreCase: true, out PeerKind kind)
            ? new PeerIdentity(kind, parts[1], certificate.SerialNumber, Expiry(certificate))
            : null;
    }

    // GeneralNames (RFC 5280, 4.2.1.6): a sequence in which context tag 6 is a URI.
    private static string? ReadUri(byte[] extension)
    {
        var names = new System.Formats.Asn1.AsnReader(extension, System.Formats.Asn1.AsnEncodingRules.DER);
        System.Formats.Asn1.AsnReader sequence = names.ReadSequence();
        var uriTag = new System.Formats.Asn1.Asn1Tag(System.Formats.Asn1.TagClass.ContextSpecific, 6);
        while (sequence.HasData)
        {
            if (sequence.PeekTag() == uriTag)
            {
                return sequence.ReadCharacterString(System.Formats.Asn1.UniversalTagNumber.IA5String, uriTag);
            }

            sequence.ReadEncodedValue();
        }

        return null;
    }
}

/// <summary>A certificate request that is not accepted. The message says why.</summary>
public sealed class CertificateRequestException : Exception
{
    /// <summary>Makes one.</summary>
    public CertificateRequestException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
