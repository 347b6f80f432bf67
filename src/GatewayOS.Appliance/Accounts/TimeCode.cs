using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace GatewayOS.Appliance.Accounts;

/// <summary>
/// Codes of a second factor as authenticators make them: time-based one-time passwords (RFC 6238) on HMAC-SHA-1 with six digits and steps of 30
/// seconds, which is what every authenticator knows.
/// </summary>
public static class TimeCode
{
    /// <summary>Length of a secret, in bytes: that of the hash, as RFC 4226 recommends.</summary>
    public const int SecretBytes = 20;

    /// <summary>Digits of a code.</summary>
    public const int Digits = 6;

    /// <summary>How many steps an authenticator's clock may be off, either way.</summary>
    public const int StepsOffMax = 1;

    private const int StepSeconds = 30;
    private const string Base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    /// <summary>A new secret.</summary>
    public static byte[] NewSecret() => RandomNumberGenerator.GetBytes(SecretBytes);

    /// <summary>The step that an instant is in.</summary>
    public static long StepOf(DateTimeOffset time) => time.ToUnixTimeSeconds() / StepSeconds;

    /// <summary>The code of a step.</summary>
    /// <param name="secret">The secret.</param>
    /// <param name="step">The step.</param>
    /// <param name="digits">Digits, 6 to 8.</param>
    public static string Of(ReadOnlySpan<byte> secret, long step, int digits = Digits)
    {
        Span<byte> counter = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(counter, step);
        Span<byte> hash = stackalloc byte[HMACSHA1.HashSizeInBytes];
#pragma warning disable CA5350 // Authenticators know no other hash, and an HMAC does not rest on the collision resistance that SHA-1 has lost.
        HMACSHA1.HashData(secret, counter, hash);
#pragma warning restore CA5350
        uint truncated = BinaryPrimitives.ReadUInt32BigEndian(hash[(hash[^1] & 0xf)..]) & 0x7fff_ffff;
        return (truncated % (uint)Math.Pow(10, digits)).ToString(CultureInfo.InvariantCulture).PadLeft(digits, '0');
    }

    /// <summary>Finds the step whose code this is, among those that an authenticator may be at.</summary>
    /// <param name="secret">The secret.</param>
    /// <param name="code">What was typed; spaces do not count.</param>
    /// <param name="now">The present instant.</param>
    /// <param name="lastStep">The step of the last code that was taken: neither it nor an earlier one is taken again.</param>
    /// <returns>Null when the code is wrong or used.</returns>
    public static long? Match(ReadOnlySpan<byte> secret, string code, DateTimeOffset now, long lastStep)
    {
        byte[] typed = Encoding.UTF8.GetBytes(code.Replace(" ", "", StringComparison.Ordinal));
        long? found = null;
        for (long step = StepOf(now) - StepsOffMax; step <= StepOf(now) + StepsOffMax; step++)
        {
            if (CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(Of(secret, step)), typed) && step > lastStep)
            {
                found = step;
            }
        }

        return found;
    }

    /// <summary>A secret as people type it: base32 (RFC 4648) without padding.</summary>
    public static string ToText(ReadOnlySpan<byte> secret)
    {
        var text = new StringBuilder(((secret.Length * 8) + 4) / 5);
        int held = 0, bits = 0;
        foreach (byte value in secret)
        {
            held = (held << 8) | value;
            for (bits += 8; bits >= 5; bits -= 5)
            {
                text.Append(Base32[(held >> (bits - 5)) & 31]);
            }

            held &= (1 << bits) - 1;
        }

        if (bits > 0)
        {
            text.Append(Base32[(held << (5 - bits)) & 31]);
        }

        return text.ToString();
    }

    /// <summary>What an authenticator reads from a QR code.</summary>
    public static string ToUri(ReadOnlySpan<byte> secret, string appliance, string account)
    {
        string issuer = Uri.EscapeDataString(appliance);
        return $"otpauth://totp/{issuer}:{Uri.EscapeDataString(account)}?secret={ToText(secret)}&issuer={issuer}&algorithm=SHA1&digits={Digits}&period={StepSeconds}";
    }
}
