namespace GatewayOS.Web.Certificates;

/// <summary>The certificate that the page comes with.</summary>
/// <param name="Fingerprint">SHA-256 of it, hexadecimal: as on the front panel.</param>
/// <param name="Subject">Whom it names.</param>
/// <param name="Issuer">Who signed it.</param>
/// <param name="Names">Names and addresses it is good for.</param>
/// <param name="BeginsUnixMs">From when it holds.</param>
/// <param name="EndsUnixMs">Until when.</param>
/// <param name="IsReplaced">True when it is the owner's; false for the one the appliance made.</param>
internal sealed record CertificateDocument(string Fingerprint, string Subject, string Issuer, IReadOnlyList<string> Names, long BeginsUnixMs, long EndsUnixMs, bool IsReplaced);

/// <summary>A certificate of the owner's.</summary>
/// <param name="CertificatePem">The certificate and then its chain.</param>
/// <param name="KeyPem">Its key, without a password.</param>
internal sealed record NewCertificateDocument(string CertificatePem, string KeyPem);
