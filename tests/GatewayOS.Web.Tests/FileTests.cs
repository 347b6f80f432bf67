using System.IO.Compression;
using System.Text;
using GatewayOS.Pages;
using GatewayOS.Web.Files;
using Microsoft.AspNetCore.Http;

namespace GatewayOS.Web.Tests;

/// <summary>The page's files.</summary>
public sealed class FileTests
{
    private static readonly byte[] s_script = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("console.log('a page');\n", 100)));

    private readonly PageFiles _files = new(new Dictionary<string, byte[]>
    {
        ["index.html"] = "<!doctype html><title>page</title>"u8.ToArray(),
        ["assets/page-1a2b.js"] = s_script,
        ["icon.png"] = [1, 2, 3],
    }, MissingPage.Content);

    [Theory]
    [InlineData("br, gzip", "br")]
    [InlineData("gzip;q=0.5", "gzip")]
    [InlineData("br;q=0, gzip", "gzip")]
    [InlineData("identity", null)]
    [InlineData("", null)]
    public async Task A_file_comes_compressed_as_the_browser_takes_it(string accepted, string? encoding)
    {
        HttpContext http = await AskAsync("/assets/page-1a2b.js", accepted);
        Assert.Equal(encoding, (string?)http.Response.Headers.ContentEncoding);
        Assert.Equal(s_script, Decompress(Body(http), encoding));
        Assert.Equal(("text/javascript; charset=utf-8", "Accept-Encoding"), (http.Response.ContentType, (string?)http.Response.Headers.Vary));
        Assert.Contains("immutable", (string?)http.Response.Headers.CacheControl, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_browser_has_is_not_sent_again()
    {
        string tag = (await AskAsync("/", "br")).Response.Headers.ETag!;
        HttpContext again = await AskAsync("/", "br", tag);
        Assert.Equal((304, 0), (again.Response.StatusCode, Body(again).Length));
        Assert.Equal("no-cache", (string?)again.Response.Headers.CacheControl);
        Assert.Equal(200, (await AskAsync("/", "br", "\"another\"")).Response.StatusCode);
    }

    [Theory]
    [InlineData("/nodes/fileserver", 200)]
    [InlineData("/index.html", 200)]
    [InlineData("/assets/none.js", 404)]
    [InlineData("/../icon.png", 404)]
    public async Task Pages_are_the_pages_business_and_files_are_there_or_not(string path, int status) => Assert.Equal(status, (await AskAsync(path, "")).Response.StatusCode);

    [Fact]
    public async Task A_build_without_the_page_says_how_to_make_it()
    {
        var http = new DefaultHttpContext();
        (http.Request.Method, http.Request.Path, http.Response.Body) = ("GET", "/", new MemoryStream());
        await new PageFiles([], MissingPage.Content).AnswerAsync(http);
        Assert.Contains("./build.sh build", Encoding.UTF8.GetString(Body(http)), StringComparison.Ordinal);
    }

    private static byte[] Body(HttpContext http) => ((MemoryStream)http.Response.Body).ToArray();

    private static byte[] Decompress(byte[] content, string? encoding)
    {
        using Stream stream = encoding switch
        {
            "br" => new BrotliStream(new MemoryStream(content), CompressionMode.Decompress),
            "gzip" => new GZipStream(new MemoryStream(content), CompressionMode.Decompress),
            _ => new MemoryStream(content),
        };
        var plain = new MemoryStream();
        stream.CopyTo(plain);
        return plain.ToArray();
    }

    private async Task<HttpContext> AskAsync(string path, string accepted, string? tag = null)
    {
        var http = new DefaultHttpContext();
        (http.Request.Method, http.Request.Path, http.Response.Body) = ("GET", path, new MemoryStream());
        http.Request.Headers.AcceptEncoding = accepted;
        http.Request.Headers.IfNoneMatch = tag;
        await _files.AnswerAsync(http);
        return http;
    }
}
