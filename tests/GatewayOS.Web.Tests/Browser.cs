using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Web.Tests;

/// <summary>An answer.</summary>
/// <param name="Status">Its status.</param>
/// <param name="Headers">Its headers, those of the content too.</param>
/// <param name="Bytes">Its content.</param>
internal sealed record Answer(HttpStatusCode Status, IReadOnlyDictionary<string, string> Headers, byte[] Bytes)
{
    public string Text => Encoding.UTF8.GetString(Bytes);

    public JsonElement Json => JsonDocument.Parse(Bytes).RootElement;

    /// <summary>The code of an error.</summary>
    public string Code => Json.GetProperty("code").GetString()!;

    public Answer Expect(HttpStatusCode status) => Status == status ? this : throw new InvalidOperationException($"It answered {Status} instead of {status}: {Text}");
}

/// <summary>A browser, as far as it concerns an appliance: one cookie, one token, and a certificate that is known by its fingerprint.</summary>
internal sealed partial class Browser : IDisposable
{
    public const string Password = "correct horse battery";

    private const string Cookie = "__Host-gateway";

    private readonly HttpClient _http;

    public Browser(BuiltProgram daemon)
    {
        daemon.WaitFor("The web page is at");
        Match served = Served().Match(daemon.Log);
        (Address, Fingerprint) = (new Uri(served.Groups[1].Value), served.Groups[2].Value);
        _http = new HttpClient(new SocketsHttpHandler
        {
            UseCookies = false,
            AllowAutoRedirect = false,
            SslOptions = new() { RemoteCertificateValidationCallback = (_, certificate, _, _) => Convert.ToHexStringLower(SHA256.HashData(certificate!.GetRawCertData())) == Fingerprint },
        })
        { BaseAddress = Address };
    }

    public Uri Address { get; }

    public string Fingerprint { get; }

    /// <summary>The session's secret, as the cookie has it; null without one.</summary>
    public string? Session { get; set; }

    /// <summary>The session's token.</summary>
    public string? Csrf { get; set; }

    public void Dispose() => _http.Dispose();

    /// <summary>Sends a request and takes its head, and its content when that is not a stream that goes on.</summary>
    public async Task<Answer> SendAsync(HttpMethod verb, string path, string? json = null, Action<HttpRequestMessage>? change = null)
    {
        using var request = new HttpRequestMessage(verb, path) { Version = HttpVersion.Version20 };
        if (json is not null)
        {
            request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        }

        if (Session is not null)
        {
            request.Headers.Add("Cookie", $"{Cookie}={Session}");
        }

        if (Csrf is not null)
        {
            request.Headers.Add("X-CSRF-Token", Csrf);
        }

        change?.Invoke(request);
        using HttpResponseMessage response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        var headers = response.Headers.Concat(response.Content.Headers).ToDictionary(header => header.Key, header => string.Join(", ", header.Value), StringComparer.OrdinalIgnoreCase);
        bool goesOn = response.Content.Headers.ContentType?.MediaType == "text/event-stream";
        TakeCookie(headers);
        return new Answer(response.StatusCode, headers, goesOn ? [] : await response.Content.ReadAsByteArrayAsync());
    }

    public Task<Answer> GetAsync(string path, Action<HttpRequestMessage>? change = null) => SendAsync(HttpMethod.Get, path, change: change);

    public Task<Answer> PostAsync(string path, object body, Action<HttpRequestMessage>? change = null) => SendAsync(HttpMethod.Post, path, JsonSerializer.Serialize(body), change);

    /// <summary>Calls a method of a service.</summary>
    public Task<Answer> CallAsync(string method, object? request = null) => PostAsync($"/api/v1/gatewayos.v1.{method}", request ?? new { });

    /// <summary>Opens a stream and reads its lines until one fits.</summary>
    public async Task<string> ReadLineAsync(HttpMethod verb, string path, string? json, Func<string, bool> fits, Func<Task>? meanwhile = null)
    {
        using var request = new HttpRequestMessage(verb, path) { Version = HttpVersion.Version20 };
        request.Headers.Add("Cookie", $"{Cookie}={Session}");
        if (json is not null)
        {
            request.Headers.Add("X-CSRF-Token", Csrf);
            request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        }

        using HttpResponseMessage response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync());
        await lines.ReadLineAsync();
        await (meanwhile?.Invoke() ?? Task.CompletedTask);
        while (await lines.ReadLineAsync() is { } line)
        {
            if (fits(line))
            {
                return line;
            }
        }

        return "";
    }

    /// <summary>Logs in.</summary>
    public async Task<Answer> LogInAsync(string account, string password = Password, string? code = null)
    {
        Answer answer = await PostAsync("/api/v1/session", new { account, password, code });
        if (answer.Status == HttpStatusCode.OK)
        {
            Csrf = answer.Json.GetProperty("csrf").GetString();
        }

        return answer;
    }

    [GeneratedRegex("The web page is at (https://[^;]+); SHA-256 of its certificate: ([0-9a-f]{64})")]
    private static partial Regex Served();

    private void TakeCookie(Dictionary<string, string> headers)
    {
        if (headers.TryGetValue("Set-Cookie", out string? set))
        {
            Assert.StartsWith($"{Cookie}=", set, StringComparison.Ordinal);
            string value = set[(Cookie.Length + 1)..set.IndexOf(';', StringComparison.Ordinal)];
            Session = value.Length > 0 ? value : null;
        }
    }
}
