using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace GatewayOS.Store.Chained;

/// <summary>
/// A line of a chained log:
/// <code>{"seq":17,"prev":"&lt;SHA-256 of the line before&gt;","body":{…},"mac":"&lt;HMAC-SHA-256 of all before this field&gt;"}</code>
/// The chain can be checked by anybody, the MAC by whoever has the log's key.
/// </summary>
/// <param name="Sequence">From 1, without gaps.</param>
/// <param name="Previous">SHA-256 of the line before, without its line break; zeros in the first.</param>
/// <param name="Body">A JSON object.</param>
public sealed record ChainedLine(long Sequence, string Previous, ReadOnlyMemory<byte> Body)
{
    /// <summary>Longest line, in bytes.</summary>
    public const int BytesMax = 64 * 1024;

    /// <summary>What the first line names as the one before.</summary>
    public static readonly string NoPrevious = new('0', SHA256.HashSizeInBytes * 2);

    private static readonly int s_macSuffixBytes = ",\"mac\":\"".Length + (SHA256.HashSizeInBytes * 2) + "\"}".Length;

    /// <summary>The hash by which the next line names this one.</summary>
    public static string HashOf(ReadOnlySpan<byte> line) => Convert.ToHexStringLower(SHA256.HashData(line));

    /// <summary>Writes the line, without a line break.</summary>
    public byte[] Encode(ReadOnlySpan<byte> key)
    {
        byte[] signed = [.. Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{{\"seq\":{Sequence},\"prev\":\"{Previous}\",\"body\":")), .. Body.Span];
        return [.. signed, .. Encoding.ASCII.GetBytes($",\"mac\":\"{Convert.ToHexStringLower(HMACSHA256.HashData(key, signed))}\"}}")];
    }

    /// <summary>Reads a line.</summary>
    /// <returns>Null when it is none.</returns>
    public static ChainedLine? Decode(ReadOnlyMemory<byte> line)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            JsonElement root = document.RootElement;
            string? previous = root.GetProperty("prev").GetString();
            return previous is { Length: 64 }
                ? new ChainedLine(root.GetProperty("seq").GetInt64(), previous, Encoding.UTF8.GetBytes(root.GetProperty("body").GetRawText()))
                : null;
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }

    /// <summary>True when a line carries the right MAC.</summary>
    public static bool IsSigned(ReadOnlySpan<byte> line, ReadOnlySpan<byte> key)
    {
        if (line.Length <= s_macSuffixBytes)
        {
            return false;
        }

        ReadOnlySpan<byte> signed = line[..^s_macSuffixBytes];
        byte[] expected = Encoding.ASCII.GetBytes($",\"mac\":\"{Convert.ToHexStringLower(HMACSHA256.HashData(key, signed))}\"}}");
        return CryptographicOperations.FixedTimeEquals(expected, line[^s_macSuffixBytes..]);
    }
}

/// <summary>
/// Where a chained log ends, kept beside it, so that cutting lines off its end shows: one line
/// <c>GATEWAY-LOG-HEAD-1 count hash mac</c>.
/// </summary>
/// <param name="Count">How many lines there are: the last one's sequence number.</param>
/// <param name="Last">The hash of the last one.</param>
public sealed record ChainedHead(long Count, string Last)
{
    /// <summary>Its file.</summary>
    public const string FileName = "head";

    private const string Magic = "GATEWAY-LOG-HEAD-1";

    /// <summary>Writes it.</summary>
    public byte[] Encode(ReadOnlySpan<byte> key) => Encoding.ASCII.GetBytes($"{Signed} {Mac(key)}\n");

    /// <summary>Reads it.</summary>
    /// <param name="file">The file's content.</param>
    /// <param name="key">The log's key; empty to take it unchecked.</param>
    /// <returns>Null when it is none, or of another key.</returns>
    public static ChainedHead? Decode(ReadOnlySpan<byte> file, ReadOnlySpan<byte> key)
    {
        string[] parts = Encoding.ASCII.GetString(file).TrimEnd('\n').Split(' ');
        if (parts.Length != 4 || parts[0] != Magic || !long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out long count))
        {
            return null;
        }

        var head = new ChainedHead(count, parts[2]);
        return key.IsEmpty || CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(head.Mac(key)), Encoding.ASCII.GetBytes(parts[3])) ? head : null;
    }

    private string Signed => string.Create(CultureInfo.InvariantCulture, $"{Magic} {Count} {Last}");

    private string Mac(ReadOnlySpan<byte> key) => Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.ASCII.GetBytes(Signed)));
}
