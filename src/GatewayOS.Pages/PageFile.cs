using System.IO.Compression;
using System.Security.Cryptography;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace GatewayOS.Pages;

/// <summary>A file of the page, compressed when it is first asked for. Thread-safe.</summary>
public sealed class PageFile
{
    private const string Brotli = "br";
    private const string Gzip = "gzip";

    // Characters of a tag: 64 bits tell the versions of a file apart.
    private const int TagDigits = 16;

    private readonly byte[] _content;
    private readonly string _tag;
    private readonly Lazy<byte[]> _brotli;
    private readonly Lazy<byte[]> _gzip;

    /// <summary>Makes one.</summary>
    /// <param name="name">Its name, whose ending tells what it is.</param>
    /// <param name="content">Its content.</param>
    public PageFile(string name, byte[] content)
    {
        (MediaType, bool isText) = Path.GetExtension(name) switch
        {
            ".html" => ("text/html; charset=utf-8", true),
            ".js" => ("text/javascript; charset=utf-8", true),
            ".css" => ("text/css; charset=utf-8", true),
            ".json" or ".map" => ("application/json", true),
            ".webmanifest" => ("application/manifest+json", true),
            ".svg" => ("image/svg+xml", true),
            ".txt" => ("text/plain; charset=utf-8", true),
            ".png" => ("image/png", false),
            ".ico" => ("image/x-icon", false),
            ".woff2" => ("font/woff2", false),
            _ => ("application/octet-stream", false),
        };
        _content = content;
        _tag = Convert.ToHexStringLower(SHA256.HashData(content))[..TagDigits];
        _brotli = new Lazy<byte[]>(() => isText ? Compressed(to => new BrotliStream(to, CompressionLevel.SmallestSize)) : content);
        _gzip = new Lazy<byte[]>(() => isText ? Compressed(to => new GZipStream(to, CompressionLevel.SmallestSize)) : content);
    }

    /// <summary>Its media type.</summary>
    public string MediaType { get; }

    /// <summary>The form of it that an asker takes.</summary>
    /// <param name="accepted">What the asker says it takes.</param>
    /// <returns>Content, how it is compressed (null for not at all), and the tag of this form.</returns>
    public (byte[] Content, string? Encoding, string Tag) For(StringValues accepted)
    {
        foreach ((string encoding, Lazy<byte[]> form) in ((string, Lazy<byte[]>)[])[(Brotli, _brotli), (Gzip, _gzip)])
        {
            if (Takes(accepted, encoding) && form.Value.Length < _content.Length)
            {
                return (form.Value, encoding, $"\"{_tag}-{encoding}\"");
            }
        }

        return (_content, null, $"\"{_tag}\"");
    }

    private static bool Takes(StringValues accepted, string encoding) =>
        StringWithQualityHeaderValue.TryParseList([.. accepted.OfType<string>()], out IList<StringWithQualityHeaderValue>? known)
        && known.Any(one => one.Quality is not 0 && one.Value.Equals(encoding, StringComparison.OrdinalIgnoreCase));

    private byte[] Compressed(Func<Stream, Stream> compressor)
    {
        var compressed = new MemoryStream();
        using (Stream stream = compressor(compressed))
        {
            stream.Write(_content);
        }

        return compressed.ToArray();
    }
}
