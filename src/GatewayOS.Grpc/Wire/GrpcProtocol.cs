using System.Globalization;
using System.Text;
using Grpc.Core;

namespace Grpc.Wire;

/// <summary>Names and encodings of gRPC over HTTP/2 (the protocol's description "PROTOCOL-HTTP2").</summary>
internal static class GrpcProtocol
{
    public const string ContentType = "application/grpc";
    public const string StatusHeader = "grpc-status";
    public const string MessageHeader = "grpc-message";
    public const string TimeoutHeader = "grpc-timeout";
    public const string EncodingHeader = "grpc-encoding";
    public const string AcceptEncodingHeader = "grpc-accept-encoding";
    public const string Identity = "identity";
    public const string Gzip = "gzip";
    public const string AcceptedEncodings = "identity,gzip";

    /// <summary>Compressed flag and length.</summary>
    public const int FrameHeadBytes = 5;

    /// <summary>Longest message received unless told otherwise, as in other implementations.</summary>
    public const int ReceiveBytesMaxDefault = 4 * 1024 * 1024;

    /// <summary>
    /// Most metadata of a request: what Kestrel takes unless told otherwise (32 KiB), less what the call itself needs. Beyond it a server breaks off
    /// the whole connection, with every other call on it, so such a call is not sent.
    /// </summary>
    public const int MetadataBytesMax = 31 * 1024;

    // The description allows eight digits.
    private const long TimeoutValueMax = 99_999_999;

    private static readonly HashSet<string> s_reserved = new(StringComparer.OrdinalIgnoreCase)
    {
        "content-type", "te", "host", "accept-encoding", "user-agent", "content-encoding", "connection", "transfer-encoding", "date", "server", "trailer", "content-length",
        StatusHeader, MessageHeader, TimeoutHeader, EncodingHeader, AcceptEncodingHeader,
    };

    /// <summary>True for "application/grpc", with or without a sub-format or parameters.</summary>
    public static bool IsGrpc(string? contentType) =>
        contentType is not null
        && contentType.StartsWith(ContentType, StringComparison.OrdinalIgnoreCase)
        && (contentType.Length == ContentType.Length || contentType[ContentType.Length] is '+' or ';');

    /// <summary>True for headers that belong to HTTP or gRPC and not to the application.</summary>
    public static bool IsReserved(string name) => name.StartsWith(':') || s_reserved.Contains(name);

    public static string FormatTimeout(TimeSpan timeout)
    {
        (long ticks, char unit)[] units = [(1, '0'), (TimeSpan.TicksPerMillisecond, 'm'), (TimeSpan.TicksPerSecond, 'S'), (TimeSpan.TicksPerMinute, 'M'), (TimeSpan.TicksPerHour, 'H')];
        long ticksLeft = Math.Max(1, timeout.Ticks);
        if (ticksLeft * 100 <= TimeoutValueMax && ticksLeft <= long.MaxValue / 100)
        {
            return string.Create(CultureInfo.InvariantCulture, $"{ticksLeft * 100}n");
        }

        foreach ((long ticks, char unit) in units[1..])
        {
            long value = (ticksLeft / ticks) + (ticksLeft % ticks > 0 ? 1 : 0);
            if (value <= TimeoutValueMax)
            {
                return string.Create(CultureInfo.InvariantCulture, $"{value}{unit}");
            }
        }

        return string.Create(CultureInfo.InvariantCulture, $"{TimeoutValueMax}H");
    }

    /// <summary>Reads a timeout.</summary>
    /// <returns>False when it is malformed.</returns>
    public static bool TryParseTimeout(string text, out TimeSpan timeout)
    {
        timeout = default;
        if (text.Length is < 2 or > 9 || !long.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out long value))
        {
            return false;
        }

        long ticks = text[^1] switch
        {
            'H' => TimeSpan.TicksPerHour,
            'M' => TimeSpan.TicksPerMinute,
            'S' => TimeSpan.TicksPerSecond,
            'm' => TimeSpan.TicksPerMillisecond,
            'u' => TimeSpan.TicksPerMicrosecond,
            'n' => 0,
            _ => -1,
        };
        if (ticks < 0)
        {
            return false;
        }

        timeout = ticks == 0 ? TimeSpan.FromTicks(value / 100) : TimeSpan.FromTicks(value * ticks);
        return true;
    }

    /// <summary>Encodes a status message: bytes outside printable ASCII, and '%', as %XX of their UTF-8.</summary>
    public static string EncodeMessage(string message)
    {
        if (message.All(static character => character is >= ' ' and <= '~' and not '%'))
        {
            return message;
        }

        var encoded = new StringBuilder();
        foreach (byte value in Encoding.UTF8.GetBytes(message))
        {
            if (value is >= 0x20 and <= 0x7e and not (byte)'%')
            {
                encoded.Append((char)value);
            }
            else
            {
                encoded.Append(CultureInfo.InvariantCulture, $"%{value:X2}");
            }
        }

        return encoded.ToString();
    }

    /// <summary>Decodes a status message; what is no valid escape stays as it is.</summary>
    public static string DecodeMessage(string encoded)
    {
        if (!encoded.Contains('%'))
        {
            return encoded;
        }

        var bytes = new List<byte>(encoded.Length);
        for (int i = 0; i < encoded.Length; i++)
        {
            if (encoded[i] == '%' && i + 2 < encoded.Length && byte.TryParse(encoded.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte value))
            {
                bytes.Add(value);
                i += 2;
            }
            else
            {
                bytes.AddRange(Encoding.UTF8.GetBytes(encoded[i].ToString()));
            }
        }

        return Encoding.UTF8.GetString([.. bytes]);
    }

    /// <summary>A metadata value as an HTTP header: bytes in base64.</summary>
    /// <exception cref="RpcException">It is text that HTTP cannot carry.</exception>
    public static string HeaderValue(Metadata.Entry entry)
    {
        if (entry.IsBinary)
        {
            return Convert.ToBase64String(entry.ValueBytes);
        }

        return entry.Value.All(static character => character is >= ' ' and <= '~')
            ? entry.Value
            : throw new RpcException(new Status(StatusCode.Internal, $"The metadata '{entry.Key}' is not printable ASCII: give it as bytes, by a key that ends in '-bin'."));
    }

    /// <summary>Adds a header to metadata. Values of bytes may come joined by commas, and without padding.</summary>
    public static void AddTo(Metadata metadata, string name, string value)
    {
        if (IsReserved(name))
        {
            return;
        }

        try
        {
            if (!name.EndsWith(Metadata.BinaryHeaderSuffix, StringComparison.OrdinalIgnoreCase))
            {
                metadata.Add(name, value);
                return;
            }

            foreach (string part in value.Split(',', StringSplitOptions.TrimEntries))
            {
                metadata.Add(name, Convert.FromBase64String(part.PadRight((part.Length + 3) / 4 * 4, '=')));
            }
        }
        catch (Exception error) when (error is ArgumentException or FormatException)
        {
            // A header that is no metadata is none of the application's business.
        }
    }

    /// <summary>The status that an HTTP status stands for when there is no gRPC status.</summary>
    public static StatusCode FromHttp(int httpStatus) => httpStatus switch
    {
        400 => StatusCode.Internal,
        401 => StatusCode.Unauthenticated,
        403 => StatusCode.PermissionDenied,
        404 => StatusCode.Unimplemented,
        429 or 502 or 503 or 504 => StatusCode.Unavailable,
        _ => StatusCode.Unknown,
    };
}
