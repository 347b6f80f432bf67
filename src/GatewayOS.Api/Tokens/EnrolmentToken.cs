using System.Security.Cryptography;

namespace GatewayOS.Api.Tokens;

/// <summary>
/// A one-time token as a person copies it: which appliance it is of, so that the first connection cannot go to another, and a secret. Text of
/// base32 (Crockford) in groups of five behind "GW1-": 16 bytes of the SHA-256 of the appliance's CA key, 6 bytes of ID, 20 of secret, 3 of
/// checksum, so that a typing error is told from a token that is wrong.
/// </summary>
/// <param name="CaPin">First 16 bytes of the SHA-256 of the CA's SubjectPublicKeyInfo.</param>
/// <param name="Id">Which token it is; not secret.</param>
/// <param name="Secret">160 random bits.</param>
public sealed record EnrolmentToken(byte[] CaPin, string Id, byte[] Secret)
{
    /// <summary>Length of the pin, in bytes.</summary>
    public const int PinBytes = 16;

    /// <summary>Length of the secret, in bytes.</summary>
    public const int SecretBytes = 20;

    private const string Prefix = "GW1-";
    private const int IdBytes = 6;
    private const int ChecksumBytes = 3;

    /// <summary>A new token.</summary>
    public static EnrolmentToken Create(ReadOnlySpan<byte> caKeyHash) =>
        new(caKeyHash[..PinBytes].ToArray(), Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(IdBytes)), RandomNumberGenerator.GetBytes(SecretBytes));

    /// <summary>Reads a token.</summary>
    /// <exception cref="FormatException">It is none; the message says whether it looks mistyped.</exception>
    public static EnrolmentToken Parse(string text)
    {
        string trimmed = text.Trim().ToUpperInvariant();
        if (!trimmed.StartsWith(Prefix, StringComparison.Ordinal))
        {
            throw new FormatException($"This is no token or claim code: one begins with '{Prefix}'. Copy it again, whole.");
        }

        string digits = Base32.Normalise(trimmed[Prefix.Length..]);
        const int Bytes = PinBytes + IdBytes + SecretBytes + ChecksumBytes;
        if (digits.Length != Bytes * 8 / 5 || !TryDecode(digits, out byte[] bytes) || !Checksum(bytes.AsSpan(0, Bytes - ChecksumBytes)).SequenceEqual(bytes.AsSpan(Bytes - ChecksumBytes)))
        {
            throw new FormatException("The token is mistyped or cut off: its checksum is wrong. Copy it again, whole.");
        }

        return new EnrolmentToken(bytes[..PinBytes], Convert.ToHexStringLower(bytes.AsSpan(PinBytes, IdBytes)), bytes[(PinBytes + IdBytes)..^ChecksumBytes]);
    }

    /// <summary>True when a CA's key has the token's pin.</summary>
    public bool IsOf(ReadOnlySpan<byte> caKeyHash) => CryptographicOperations.FixedTimeEquals(CaPin, caKeyHash[..PinBytes]);

    /// <summary>The text. Secret.</summary>
    public string ToText()
    {
        byte[] body = [.. CaPin, .. Convert.FromHexString(Id), .. Secret];
        return Prefix + Base32.Grouped(Encode([.. body, .. Checksum(body)]));
    }

    private static byte[] Checksum(ReadOnlySpan<byte> body) => SHA256.HashData(body)[..ChecksumBytes];

    private static string Encode(byte[] bytes)
    {
        var digits = new System.Text.StringBuilder();
        int bits = 0;
        int held = 0;
        foreach (byte value in bytes)
        {
            held = (held << 8) | value;
            for (bits += 8; bits >= 5; bits -= 5)
            {
                digits.Append(Base32.Digits[(held >> (bits - 5)) & 31]);
            }

            held &= (1 << bits) - 1;
        }

        return digits.ToString();
    }

    private static bool TryDecode(string digits, out byte[] bytes)
    {
        bytes = new byte[digits.Length * 5 / 8];
        int at = 0;
        int bits = 0;
        int held = 0;
        foreach (char digit in digits)
        {
            int value = Base32.Digits.IndexOf(digit, StringComparison.Ordinal);
            if (value < 0)
            {
                return false;
            }

            held = (held << 5) | value;
            bits += 5;
            if (bits >= 8)
            {
                bytes[at++] = (byte)(held >> (bits - 8));
                bits -= 8;
                held &= (1 << bits) - 1;
            }
        }

        return true;
    }
}
