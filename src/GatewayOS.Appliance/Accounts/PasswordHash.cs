using System.Security.Cryptography;
using System.Text;
using GatewayOS.Store.Keys;

namespace GatewayOS.Appliance.Accounts;

/// <summary>A password stretched with Argon2id (RFC 9106). The cost is kept with it, so that a later default does not lock anybody out.</summary>
/// <param name="Salt">16 random bytes.</param>
/// <param name="Hash">32 bytes.</param>
/// <param name="Cost">What a guess costs.</param>
public sealed record PasswordHash(byte[] Salt, byte[] Hash, KdfCost Cost)
{
    /// <summary>Fewest characters of a password. NIST SP 800-63B asks for eight at least; accounts here open backups of everything.</summary>
    public const int CharactersMin = 12;

    /// <summary>Most bytes of a password.</summary>
    public const int BytesMax = 1024;

    private const int SaltBytes = 16;
    private const int HashBytes = 32;

    /// <summary>Says what keeps a text from being a password.</summary>
    /// <returns>Null when it may be one.</returns>
    public static string? Problem(string password) =>
        password.Length < CharactersMin ? $"The password is too short: {CharactersMin} characters are the least. Several words make a good one."
        : Encoding.UTF8.GetByteCount(password) > BytesMax ? $"The password is too long: {BytesMax} bytes are the most."
        : null;

    /// <summary>Stretches a password. Takes the cost's memory and some hundred milliseconds of CPU.</summary>
    public static PasswordHash Of(string password, KdfCost cost)
    {
        byte[] salt = RandomNumberGenerator.GetBytes(SaltBytes);
        return new PasswordHash(salt, Derive(password, salt, cost), cost);
    }

    /// <summary>True when the password is this one. Costs as much as making it.</summary>
    public bool Matches(string password) => CryptographicOperations.FixedTimeEquals(Derive(password, Salt, Cost), Hash);

    private static byte[] Derive(string password, byte[] salt, KdfCost cost)
    {
        byte[] secret = Encoding.UTF8.GetBytes(password);
        byte[] hash = new byte[HashBytes];
        try
        {
            Argon2.Derive(secret, salt, cost, hash);
            return hash;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }
}
