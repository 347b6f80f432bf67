using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace GatewayOS.Store.Keys;

/// <summary>
/// Key files. One made here is the line <c>GATEWAY-KEY-1 &lt;64 hex digits&gt;</c>: 256 random bits, whose line end may be missing or CR LF, because
/// editors and mail change it. Any other file counts byte by byte as it is, its trailing newline included.
/// </summary>
public static class KeyFile
{
    /// <summary>Longest key file, in bytes.</summary>
    public const int ContentBytesMax = 1 << 20;

    private const int KeyBytes = 32;

    private static ReadOnlySpan<byte> Prefix => "GATEWAY-KEY-1 "u8;

    /// <summary>Makes the content of a new key file. The caller zeroes it after writing.</summary>
    public static byte[] Generate()
    {
        Span<byte> key = stackalloc byte[KeyBytes];
        RandomNumberGenerator.Fill(key);
        byte[] content = new byte[Prefix.Length + (2 * KeyBytes) + 1];
        Prefix.CopyTo(content);
        Convert.TryToHexStringLower(key, content.AsSpan(Prefix.Length), out _);
        content[^1] = (byte)'\n';
        CryptographicOperations.ZeroMemory(key);
        return content;
    }

    /// <summary>Reads a key file.</summary>
    /// <param name="content">The whole file.</param>
    /// <param name="material">The key material, for the caller to zero; or null.</param>
    /// <param name="isRandomKey">True for a file made here: it needs no stretching.</param>
    /// <param name="error">Why the file cannot be used, or null.</param>
    internal static bool TryRead(
        ReadOnlySpan<byte> content, [NotNullWhen(true)] out byte[]? material, out bool isRandomKey, [NotNullWhen(false)] out string? error)
    {
        material = null;
        error = null;
        isRandomKey = content.StartsWith(Prefix);
        if (isRandomKey)
        {
            ReadOnlySpan<byte> digits = content[Prefix.Length..];
            digits = digits.EndsWith("\r\n"u8) ? digits[..^2] : digits.EndsWith("\n"u8) ? digits[..^1] : digits;
            byte[] key = new byte[KeyBytes];
            if (digits.Length == 2 * KeyBytes && Convert.FromHexString(digits, key, out _, out _) == System.Buffers.OperationStatus.Done)
            {
                material = key;
                return true;
            }

            // Taking it as foreign content would make a slot that the intact file cannot open.
            error = "The key file starts like one made by GatewayOS, but its 64 hex digits are damaged. Use another copy of it.";
            return false;
        }

        if (content.IsEmpty || content.Length > ContentBytesMax)
        {
            error = content.IsEmpty ? "The key file is empty." : $"The key file has {content.Length} bytes; at most {ContentBytesMax} are allowed.";
            return false;
        }

        material = content.ToArray();
        return true;
    }
}
