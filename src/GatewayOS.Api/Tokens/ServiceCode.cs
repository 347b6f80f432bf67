using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;

namespace GatewayOS.Api.Tokens;

/// <summary>
/// The code on the front panel while service access is open, and the SSH keys that follow from it: the technician's, and that of the appliance for this occasion. Both ends make both from
/// the code alone, so whoever has read it on the display is let in and knows that no other machine answers; nothing has to be carried but 20 digits. 100 random bits: a key that is public
/// gives nobody the code.
/// </summary>
/// <remarks>
/// A key is ECDSA on P-256 (RFC 5656). Its private number is HKDF-SHA256 of the digits with the key's purpose as info, 48 bytes, taken modulo the group's order less one, plus one (FIPS
/// 186-5, A.2.1: 128 bits more than the order has, so that no number is favoured).
/// </remarks>
public sealed class ServiceCode
{
    /// <summary>The account it lets in.</summary>
    public const string Account = "technician";

    /// <summary>The name under which the appliance's key stands in a known_hosts file.</summary>
    public const string HostAlias = "gateway-service";

    /// <summary>How many digits it has.</summary>
    public const int DigitsCount = 20;

    private const string KeyType = "ecdsa-sha2-nistp256";
    private const string CurveName = "nistp256";
    private const int SeedBytes = 48;
    private const int ScalarBytes = 32;

    private static readonly BigInteger s_order = new(Convert.FromHexString("FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551"), isUnsigned: true, isBigEndian: true);

    private readonly string _digits;

    private ServiceCode(string digits)
    {
        _digits = digits;
        (ClientKeyPem, ClientKey) = Derive("gatewayos service access: technician");
        (HostKeyPem, HostKey) = Derive("gatewayos service access: host");
    }

    /// <summary>The technician's private key, PEM (SEC 1), as OpenSSH reads it. Secret.</summary>
    public string ClientKeyPem { get; }

    /// <summary>The technician's public key, as in authorized_keys.</summary>
    public string ClientKey { get; }

    /// <summary>The appliance's private key, PEM (SEC 1). Secret.</summary>
    public string HostKeyPem { get; }

    /// <summary>The appliance's public key, as in known_hosts.</summary>
    public string HostKey { get; }

    /// <summary>SHA-256 of the digits, lower-case hexadecimal: to recognise the code by where it is typed.</summary>
    public string Digest => Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(_digits)));

    /// <summary>Makes one.</summary>
    public static ServiceCode Create() => new(Base32.NewCode(DigitsCount));

    /// <summary>Reads one as it was typed.</summary>
    /// <exception cref="FormatException">It is none; the message says what one looks like.</exception>
    public static ServiceCode Parse(string typed)
    {
        string digits = Base32.Normalise(typed);
        return digits.Length == DigitsCount && digits.All(digit => Base32.Digits.Contains(digit, StringComparison.Ordinal))
            ? new ServiceCode(digits)
            : throw new FormatException($"This is no service code: one has {DigitsCount} letters and digits. Read it again on the front panel, page 'Service code'.");
    }

    /// <summary>The code in groups of five. Secret.</summary>
    public override string ToString() => Base32.Grouped(_digits);

    private (string Pem, string Public) Derive(string purpose)
    {
        byte[] seed = HKDF.DeriveKey(HashAlgorithmName.SHA256, Encoding.ASCII.GetBytes(_digits), SeedBytes, info: Encoding.ASCII.GetBytes(purpose));
        byte[] scalar = (new BigInteger(seed, isUnsigned: true, isBigEndian: true) % (s_order - 1) + 1).ToByteArray(isUnsigned: true, isBigEndian: true);
        byte[] padded = new byte[ScalarBytes];
        scalar.CopyTo(padded, ScalarBytes - scalar.Length);
        using ECDsa key = ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, D = padded });
        ECPoint point = key.ExportParameters(includePrivateParameters: false).Q;
        byte[] blob = [.. Field(KeyType), .. Field(CurveName), .. Field([4, .. point.X!, .. point.Y!])];
        return (key.ExportECPrivateKeyPem() + "\n", $"{KeyType} {Convert.ToBase64String(blob)}");
    }

    private static byte[] Field(string text) => Field(Encoding.ASCII.GetBytes(text));

    // RFC 4251, 5: a string is its length and its bytes.
    private static byte[] Field(byte[] bytes)
    {
        byte[] field = new byte[sizeof(int) + bytes.Length];
        BinaryPrimitives.WriteInt32BigEndian(field, bytes.Length);
        bytes.CopyTo(field, sizeof(int));
        return field;
    }
}
