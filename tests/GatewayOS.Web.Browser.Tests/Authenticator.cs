using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;

namespace GatewayOS.Web.Browser.Tests;

/// <summary>An authenticator app: what a person has in the pocket (RFC 6238, HMAC-SHA-1, six digits, 30 seconds).</summary>
/// <param name="secret">The secret as the page shows it: base32.</param>
/// <param name="time">Its clock, which is the appliance's.</param>
internal sealed class Authenticator(string secret, TimeProvider time)
{
    private const string Base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    private const int StepSeconds = 30;

    /// <summary>The code that is shown now, or was or will be some steps away.</summary>
    /// <param name="stepsAway">How many steps of 30 seconds.</param>
    public string Code(int stepsAway = 0)
    {
        byte[] counter = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(counter, (time.GetUtcNow().ToUnixTimeSeconds() / StepSeconds) + stepsAway);
#pragma warning disable CA5350 // What authenticators use.
        byte[] hash = HMACSHA1.HashData(Key(), counter);
#pragma warning restore CA5350
        uint number = BinaryPrimitives.ReadUInt32BigEndian(hash.AsSpan(hash[^1] & 0xf)) & 0x7fff_ffff;
        return (number % 1_000_000).ToString("000000", CultureInfo.InvariantCulture);
    }

    private byte[] Key()
    {
        string bits = string.Concat(secret.Select(letter => Convert.ToString(Base32.IndexOf(letter, StringComparison.Ordinal), 2).PadLeft(5, '0')));
        return [.. Enumerable.Range(0, bits.Length / 8).Select(i => Convert.ToByte(bits.Substring(i * 8, 8), 2))];
    }
}
