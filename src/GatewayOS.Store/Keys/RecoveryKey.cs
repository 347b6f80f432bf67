using System.Diagnostics.CodeAnalysis;

namespace GatewayOS.Store.Keys;

/// <summary>
/// A key on paper: 256 bits as 13 groups of four Crockford base32 digits, and two check groups that find any wrong group and name it when it
/// is the only one.
/// </summary>
/// <remarks>
/// A group is an element of GF(2^20) with the modulus x^20 + x^3 + 1, in which x is primitive. Check group 14 is the sum of the data groups
/// d0 … d12, group 15 the sum of x^i · di. One wrong group i with error e changes them by e and x^i · e, and the quotient tells i.
/// Two or more wrong groups pass for one with a chance of 13 in 2^20.
/// </remarks>
internal static class RecoveryKey
{
    /// <summary>Length of the key, in bytes.</summary>
    public const int KeyBytes = 32;

    private const string Digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    private const int GroupDigits = 4;
    private const int DigitBits = 5;
    private const int GroupBits = GroupDigits * DigitBits;
    private const int DataGroups = 13;
    private const int Groups = DataGroups + 2;

    /// <summary>Bits of the last data group beyond the key's 256; zero.</summary>
    private const int PaddingBits = (DataGroups * GroupBits) - (8 * KeyBytes);

    private const uint GroupMask = (1 << GroupBits) - 1;
    private const uint Modulus = 0b1001;

    /// <summary>Writes a key as text: upper case, groups joined by dashes.</summary>
    /// <param name="key">32 bytes.</param>
    /// <exception cref="ArgumentException">The key has another length.</exception>
    public static string Format(ReadOnlySpan<byte> key)
    {
        if (key.Length != KeyBytes)
        {
            throw new ArgumentException($"A recovery key is {KeyBytes} bytes long.", nameof(key));
        }

        Span<uint> groups = stackalloc uint[Groups];
        ulong held = 0;
        int heldBits = 0, group = 0;
        foreach (byte value in key)
        {
            held = (held << 8) | value;
            heldBits += 8;
            if (heldBits >= GroupBits)
            {
                heldBits -= GroupBits;
                groups[group++] = (uint)(held >> heldBits) & GroupMask;
            }
        }

        groups[group] = (uint)(held << PaddingBits) & GroupMask;
        (groups[DataGroups], groups[DataGroups + 1]) = Checks(groups);
        char[] text = new char[(Groups * (GroupDigits + 1)) - 1];
        Array.Fill(text, '-');
        for (int digit = 0; digit < Groups * GroupDigits; digit++)
        {
            int shift = GroupBits - DigitBits - (digit % GroupDigits * DigitBits);
            text[digit + (digit / GroupDigits)] = Digits[(int)(groups[digit / GroupDigits] >> shift) & 31];
        }

        return new string(text);
    }

    /// <summary>Reads a key as typed: case, spaces and dashes do not count; O is 0, I and L are 1.</summary>
    /// <param name="text">What was typed.</param>
    /// <param name="key">The key, or null.</param>
    /// <param name="error">What is wrong and where, or null.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out byte[]? key, [NotNullWhen(false)] out string? error)
    {
        key = null;
        Span<uint> groups = stackalloc uint[Groups];
        error = ReadGroups(text, groups) ?? FindWrongGroup(groups);
        if (error is not null)
        {
            return false;
        }

        key = new byte[KeyBytes];
        ulong held = 0;
        int heldBits = 0, at = 0;
        for (int group = 0; group < DataGroups; group++)
        {
            held = (held << GroupBits) | groups[group];
            for (heldBits += GroupBits; heldBits >= 8 && at < KeyBytes; heldBits -= 8)
            {
                key[at++] = (byte)(held >> (heldBits - 8));
            }
        }

        return true;
    }

    private static string? ReadGroups(string text, Span<uint> groups)
    {
        int count = 0;
        foreach (char typed in text)
        {
            if (char.IsWhiteSpace(typed) || typed is '-' or '\u2010' or '\u2011' or '\u2012' or '\u2013' or '\u2014' or '\u2212')
            {
                continue;
            }

            char digit = char.ToUpperInvariant(typed) switch { 'O' => '0', 'I' or 'L' => '1', char other => other };
            int value = Digits.IndexOf(digit, StringComparison.Ordinal);
            if (value < 0)
            {
                return $"Group {(count / GroupDigits) + 1} of the recovery key has '{typed}', which no recovery key contains.";
            }

            if (count < Groups * GroupDigits)
            {
                groups[count / GroupDigits] = (groups[count / GroupDigits] << DigitBits) | (uint)value;
            }

            count++;
        }

        return count == Groups * GroupDigits ? null : $"A recovery key has {Groups * GroupDigits} letters and digits; this one has {count}.";
    }

    private static string? FindWrongGroup(ReadOnlySpan<uint> groups)
    {
        (uint sum, uint weighted) = Checks(groups);
        sum ^= groups[DataGroups];
        weighted ^= groups[DataGroups + 1];
        if (sum == 0 && weighted == 0)
        {
            return (groups[DataGroups - 1] & ((1 << PaddingBits) - 1)) == 0 ? null : $"Group {DataGroups} of the recovery key is wrong.";
        }

        if (weighted == 0)
        {
            return $"Group {DataGroups + 1} of the recovery key is wrong.";
        }

        uint candidate = sum;
        for (int group = 0; group < DataGroups && sum != 0; group++)
        {
            if (candidate == weighted)
            {
                return $"Group {group + 1} of the recovery key is wrong.";
            }

            candidate = TimesX(candidate);
        }

        // Only the last check disagrees: it is wrong itself, or data groups changed places.
        return sum == 0
            ? $"Group {Groups} of the recovery key is wrong, or two groups have changed places."
            : "More than one group of the recovery key is wrong.";
    }

    private static (uint Sum, uint Weighted) Checks(ReadOnlySpan<uint> groups)
    {
        uint sum = 0, weighted = 0;
        for (int group = DataGroups - 1; group >= 0; group--)
        {
            sum ^= groups[group];
            weighted = TimesX(weighted) ^ groups[group];
        }

        return (sum, weighted);
    }

    private static uint TimesX(uint element) => ((element << 1) & GroupMask) ^ (element >> (GroupBits - 1) == 0 ? 0 : Modulus);
}
