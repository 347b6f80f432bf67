using System.Security.Cryptography;

namespace GatewayOS.Api.Tokens;

/// <summary>Secrets as a person copies them from a display or a sheet: base32 after Crockford, in which nothing is taken for something else, in groups of five.</summary>
public static class Base32
{
    /// <summary>The 32 digits, by value.</summary>
    public const string Digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    private const int GroupDigits = 5;

    /// <summary>A random code.</summary>
    /// <param name="digits">How many digits of 5 bits.</param>
    /// <returns>The digits, without groups.</returns>
    public static string NewCode(int digits) => RandomNumberGenerator.GetString(Digits, digits);

    /// <summary>Digits in groups, for the eye.</summary>
    public static string Grouped(string digits) => string.Join('-', digits.Chunk(GroupDigits).Select(group => new string(group)));

    /// <summary>What was meant by what was typed: case, blanks and hyphens do not count, and letters that look like digits are those.</summary>
    public static string Normalise(string typed) => typed.Replace("-", "", StringComparison.Ordinal).Replace(" ", "", StringComparison.Ordinal).Trim().ToUpperInvariant().Replace('O', '0').Replace('I', '1').Replace('L', '1');
}
