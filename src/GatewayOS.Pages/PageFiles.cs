using System.Reflection;

namespace GatewayOS.Pages;

/// <summary>The page's files, which are part of this program: there is no path from a request to a disk.</summary>
public sealed class PageFiles
{
    private const string ResourcePrefix = "ui/";
    private const string Index = "index.html";

    // The page's build puts a hash into the names of what is here, so they never change.
    private const string Hashed = "assets/";

    private readonly Dictionary<string, PageFile> _files;

    /// <summary>Takes files by their names.</summary>
    /// <param name="files">Names and contents.</param>
    /// <param name="missing">HTML that is served when there is no page among them: what to do.</param>
    public PageFiles(IEnumerable<KeyValuePair<string, byte[]>> files, ReadOnlySpan<byte> missing)
    {
        _files = files.ToDictionary(file => file.Key, file => new PageFile(file.Key, file.Value), StringComparer.Ordinal);
        if (!_files.ContainsKey(Index))
        {
            _files.Add(Index, new PageFile(Index, missing.ToArray()));
        }
    }

    /// <summary>Those that a program was built with: its resources below <c>ui/</c>.</summary>
    /// <param name="assembly">Which.</param>
    /// <param name="missing">HTML that is served where it was built without.</param>
    public static PageFiles Of(Assembly assembly, ReadOnlySpan<byte> missing) => new(
        assembly.GetManifestResourceNames().Where(name => name.StartsWith(ResourcePrefix, StringComparison.Ordinal)).Select(name =>
        {
            using Stream stream = assembly.GetManifestResourceStream(name)!;
            var bytes = new MemoryStream();
            stream.CopyTo(bytes);
            return KeyValuePair.Create(name[ResourcePrefix.Length..], bytes.ToArray());
        }),
        missing);

    /// <summary>Answers a request for a file. Paths that look like pages are the page's own business.</summary>
    public Task AnswerAsync(HttpContext http)
    {
        if (!HttpMethods.IsGet(http.Request.Method) && !HttpMethods.IsHead(http.Request.Method))
        {
            http.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            return Task.CompletedTask;
        }

        string name = (http.Request.Path.Value ?? "").TrimStart('/');
        if (!_files.TryGetValue(name, out PageFile? file))
        {
            bool isPage = !name[(name.LastIndexOf('/') + 1)..].Contains('.', StringComparison.Ordinal);
            if (!isPage)
            {
                http.Response.StatusCode = StatusCodes.Status404NotFound;
                return Task.CompletedTask;
            }

            file = _files[Index];
        }

        return WriteAsync(http, file, isHashed: name.StartsWith(Hashed, StringComparison.Ordinal));
    }

    private static Task WriteAsync(HttpContext http, PageFile file, bool isHashed)
    {
        IHeaderDictionary headers = http.Response.Headers;
        headers.CacheControl = isHashed ? "public, max-age=31536000, immutable" : "no-cache";
        headers.Vary = "Accept-Encoding";
        (byte[] content, string? encoding, string tag) = file.For(http.Request.Headers.AcceptEncoding);
        headers.ETag = tag;
        if (http.Request.Headers.IfNoneMatch.Any(known => known is not null && known.Split(',', StringSplitOptions.TrimEntries).Contains(tag)))
        {
            http.Response.StatusCode = StatusCodes.Status304NotModified;
            return Task.CompletedTask;
        }

        headers.ContentEncoding = encoding;
        http.Response.ContentType = file.MediaType;
        http.Response.ContentLength = content.Length;
        return HttpMethods.IsHead(http.Request.Method) ? Task.CompletedTask : http.Response.Body.WriteAsync(content, http.RequestAborted).AsTask();
    }
}
