using System.IO.Pipelines;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using GatewayOS.Appliance.Accounts;
using GatewayOS.Pages;
using GatewayOS.TestKit.Programs;
using GatewayOS.Web.Endpoints;

namespace GatewayOS.Web.Tests;

/// <summary>Coming in, going out, and what foreign pages, forged cookies and endless bodies get, at the running program.</summary>
[Collection(ServedGroup.Name)]
public sealed class SessionTests(ServedAppliance served)
{
    [Fact]
    public async Task A_session_is_made_anew_at_each_login_whatever_the_browser_brought()
    {
        using Browser browser = served.NewBrowser();
        browser.Session = "planted-by-somebody-else";
        (await browser.GetAsync("/api/v1/session")).Expect(HttpStatusCode.Unauthorized);
        Answer first = (await browser.LogInAsync("viewer")).Expect(HttpStatusCode.OK);
        string set = first.Headers["Set-Cookie"];
        Assert.All((string[])["; path=/", "; secure", "; samesite=strict", "; httponly"], part => Assert.Contains(part, set, StringComparison.OrdinalIgnoreCase));
        Assert.DoesNotContain("domain", set, StringComparison.OrdinalIgnoreCase);
        string one = browser.Session!;
        Assert.NotEqual("planted-by-somebody-else", one);
        await browser.LogInAsync("viewer");
        Assert.NotEqual(one, browser.Session);

        // The session that this browser had before has ended.
        using Browser other = served.NewBrowser();
        other.Session = one;
        (await other.GetAsync("/api/v1/session")).Expect(HttpStatusCode.Unauthorized);
        JsonElement session = (await browser.GetAsync("/api/v1/session")).Expect(HttpStatusCode.OK).Json;
        Assert.Equal(("viewer", "viewer", 900, false), (session.GetProperty("account").GetString(), session.GetProperty("role").GetString(), session.GetProperty("idleSeconds").GetInt32(), session.GetProperty("hasSecondFactor").GetBoolean()));
    }

    [Fact]
    public async Task Logging_out_ends_the_session_on_the_server()
    {
        using Browser browser = await served.BrowserOfAsync(Role.Viewer);
        string session = browser.Session!;
        (await browser.SendAsync(HttpMethod.Delete, "/api/v1/session")).Expect(HttpStatusCode.NoContent);
        Assert.Null(browser.Session);
        browser.Session = session;
        (await browser.CallAsync("Management/GetStatus")).Expect(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task What_changes_something_shows_the_sessions_token()
    {
        using Browser browser = await served.BrowserOfAsync(Role.Operator);
        string token = browser.Csrf!;
        foreach (string? wrong in (string?[])[null, "", token[..^1], token + "x"])
        {
            browser.Csrf = wrong;
            Assert.Equal("PERMISSION_DENIED", (await browser.CallAsync("Alerts/Test")).Expect(HttpStatusCode.Forbidden).Code);
            (await browser.SendAsync(HttpMethod.Delete, "/api/v1/session")).Expect(HttpStatusCode.Forbidden);
        }

        // Another session's token is none.
        using Browser other = await served.BrowserOfAsync(Role.Operator);
        browser.Csrf = other.Csrf;
        (await browser.CallAsync("Alerts/Test")).Expect(HttpStatusCode.Forbidden);
        browser.Csrf = token;
        (await browser.CallAsync("Alerts/Test")).Expect(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Foreign_pages_cannot_log_anybody_in()
    {
        using Browser browser = served.NewBrowser();
        var login = new { account = "viewer", password = Browser.Password };
        (await browser.PostAsync("/api/v1/session", login, request => request.Headers.Add("Sec-Fetch-Site", "cross-site"))).Expect(HttpStatusCode.Forbidden);
        (await browser.PostAsync("/api/v1/session", login, request => request.Content!.Headers.ContentType = new MediaTypeHeaderValue("text/plain"))).Expect(HttpStatusCode.UnsupportedMediaType);
        (await browser.PostAsync("/api/v1/session", login, request => request.Headers.Add("Sec-Fetch-Site", "same-origin"))).Expect(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_body_without_end_is_refused_whether_it_says_its_length_or_not()
    {
        using Browser browser = served.NewBrowser();
        byte[] tooLong = [.. Enumerable.Repeat((byte)' ', RequestBody.BytesMax + 1)];
        (await browser.SendAsync(HttpMethod.Post, "/api/v1/session", "{}", request => request.Content = Json(new ByteArrayContent(tooLong)))).Expect(HttpStatusCode.RequestEntityTooLarge);
        (await browser.SendAsync(HttpMethod.Post, "/api/v1/session", "{}", request => request.Content = Json(new StreamContent(PipeReader.Create(new MemoryStream(tooLong)).AsStream())))).Expect(HttpStatusCode.RequestEntityTooLarge);
        (await browser.SendAsync(HttpMethod.Post, "/api/v1/session", "{}", request => request.Content = Json(new ByteArrayContent([0xff, 0xfe])))).Expect(HttpStatusCode.BadRequest);
        foreach (string bad in (string[])["", "[]", "null", "{\"account\":1}", "{\"account\":\"viewer\"}", "{\"account\":null,\"password\":null}", new string('[', 10_000)])
        {
            Assert.Equal("INVALID_ARGUMENT", (await browser.SendAsync(HttpMethod.Post, "/api/v1/session", bad)).Expect(HttpStatusCode.BadRequest).Code);
        }

        using Browser viewer = await served.BrowserOfAsync(Role.Viewer);
        foreach (string bad in (string[])["[]", "{\"most\":\"many\"}", "{\"nosuch\":1}", $"{{\"node\":{new string('[', 10_000)}"])
        {
            Assert.Equal("INVALID_ARGUMENT", (await viewer.SendAsync(HttpMethod.Post, "/api/v1/gatewayos.v1.Jobs/ListJobs", bad)).Expect(HttpStatusCode.BadRequest).Code);
        }

        (await viewer.GetAsync("/api/v1/gatewayos.v1.Jobs/ListJobs")).Expect(HttpStatusCode.MethodNotAllowed);
        (await viewer.GetAsync("/api/v1/nosuch")).Expect(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Another_password_ends_sessions_and_what_streams_in_them()
    {
        served.AddUser("olga", Role.Operator);
        using Browser browser = served.NewBrowser();
        (await browser.LogInAsync("olga")).Expect(HttpStatusCode.OK);
        string last = await browser.ReadLineAsync(HttpMethod.Get, "/api/v1/events", null, _ => false, () =>
        {
            served.Program.Operator("user", "passwd", "olga", "--quiet").Expect(0);
            return Task.CompletedTask;
        });
        Assert.Equal("", last);
        (await browser.GetAsync("/api/v1/overview")).Expect(HttpStatusCode.Unauthorized);
        (await browser.LogInAsync("olga")).Expect(HttpStatusCode.OK);
        (await browser.CallAsync("Accounts/ChangeOwnPassword", new { oldPassword = Browser.Password, newPassword = "another horse battery" })).Expect(HttpStatusCode.OK);
        (await browser.GetAsync("/api/v1/session")).Expect(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task A_role_that_is_taken_away_is_gone_with_the_next_request()
    {
        served.AddUser("paul", Role.Administrator);
        using Browser browser = served.NewBrowser();
        await browser.LogInAsync("paul");
        (await browser.CallAsync("Accounts/ListUsers")).Expect(HttpStatusCode.OK);
        served.Program.Operator("user", "role", "paul", "viewer").Expect(0);
        (await browser.CallAsync("Accounts/ListUsers")).Expect(HttpStatusCode.Forbidden);
        served.Program.Operator("user", "remove", "paul").Expect(0);
        (await browser.CallAsync("Management/GetStatus")).Expect(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task Guessing_locks_the_account_and_names_tell_nothing()
    {
        served.AddUser("lara", Role.Viewer);
        using Browser browser = served.NewBrowser();
        string message = (await browser.LogInAsync("nobody-of-that-name", "a wrong password")).Expect(HttpStatusCode.Unauthorized).Text;
        for (int i = 0; i < AccountRegistry.FailuresMax; i++)
        {
            Assert.Equal(message, (await browser.LogInAsync("lara", "a wrong password")).Expect(HttpStatusCode.Unauthorized).Text);
        }

        Assert.Equal(message, (await browser.LogInAsync("lara")).Expect(HttpStatusCode.Unauthorized).Text);
        served.Program.Operator("user", "unlock", "lara").Expect(0);
        (await browser.LogInAsync("lara")).Expect(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_second_factor_is_asked_for_wherever_one_comes_in()
    {
        served.AddUser("toni", Role.Viewer);
        using Browser browser = served.NewBrowser();
        await browser.LogInAsync("toni");
        JsonElement offer = (await browser.PostAsync("/api/v1/session/second-factor", new { })).Expect(HttpStatusCode.OK).Json;
        byte[] secret = FromBase32(offer.GetProperty("secret").GetString()!);
        Assert.StartsWith("otpauth://totp/", offer.GetProperty("uri").GetString(), StringComparison.Ordinal);
        (await browser.PostAsync("/api/v1/session/second-factor", new { code = "12345" })).Expect(HttpStatusCode.BadRequest);
        string first = Code(secret, 0);
        (await browser.PostAsync("/api/v1/session/second-factor", new { code = first })).Expect(HttpStatusCode.NoContent);
        Assert.True((await browser.GetAsync("/api/v1/session")).Json.GetProperty("hasSecondFactor").GetBoolean());

        using Browser again = served.NewBrowser();
        Assert.Equal("SECOND_FACTOR_REQUIRED", (await again.LogInAsync("toni")).Expect(HttpStatusCode.Unauthorized).Code);

        // A code is taken once: that of the setup is used.
        Assert.Equal("UNAUTHENTICATED", (await again.LogInAsync("toni", code: first)).Expect(HttpStatusCode.Unauthorized).Code);
        string next = Code(secret, 1);
        (await again.LogInAsync("toni", code: next)).Expect(HttpStatusCode.OK);
        (await again.LogInAsync("toni", code: next)).Expect(HttpStatusCode.Unauthorized);

        // Nor does the other way in go past it.
        string fingerprint = served.Program.Daemon.Log.Split("first login with a password: ")[1][..64];
        var environment = new Dictionary<string, string> { ["GATEWAY_PASSWORD"] = Browser.Password, ["GATEWAY_LOGIN"] = served["toni"] };
        using (var program = new BuiltProgram("gatewayctl", ["login", served.Program.Address, "--user", "toni", "--fingerprint", fingerprint], environment))
        {
            Assert.Contains("second factor", program.Wait().Expect(1).Errors, StringComparison.Ordinal);
        }

        using Browser administrator = await served.BrowserOfAsync(Role.Administrator);
        Assert.True((await administrator.CallAsync("Accounts/RemoveSecondFactor", new { user = "toni" })).Expect(HttpStatusCode.OK).Json.GetProperty("name").GetString() == "toni");
        (await again.LogInAsync("toni")).Expect(HttpStatusCode.OK);
    }

    [Fact]
    public async Task What_a_browser_changes_is_on_record_under_its_account()
    {
        using Browser browser = await served.BrowserOfAsync(Role.Administrator);
        (await browser.CallAsync("Management/RevokeNode", new { node = "no-such-node" })).Expect(HttpStatusCode.NotFound);
        using Browser auditor = await served.BrowserOfAsync(Role.Auditor);
        string[] entries = [.. (await auditor.CallAsync("AuditLog/List", new { count = 1000 })).Expect(HttpStatusCode.OK).Json.GetProperty("entries").EnumerateArray()
            .Where(entry => entry.TryGetProperty("target", out JsonElement target) && target.GetString() == "node:no-such-node")
            .Select(entry => $"{entry.GetProperty("who")} {entry.GetProperty("method")} {entry.GetProperty("outcome")}")];
        Assert.Equal(["user:administrator gatewayos.v1.Management/RevokeNode asked", "user:administrator gatewayos.v1.Management/RevokeNode failed"], entries);
    }

    [Fact]
    public async Task Every_answer_says_how_strict_the_browser_has_to_be()
    {
        using Browser browser = served.NewBrowser();
        foreach (string path in (string[])["/", "/no-such.js", "/api/v1/session", "/api/v1/nosuch"])
        {
            Answer answer = await browser.GetAsync(path);

            // Whole: each part that is let go of lets something in.
            Assert.Equal(
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
                answer.Headers["Content-Security-Policy"]);
            Assert.Equal(("nosniff", "no-referrer", "same-origin"), (answer.Headers["X-Content-Type-Options"], answer.Headers["Referrer-Policy"], answer.Headers["Cross-Origin-Opener-Policy"]));

            // Not for a certificate that browsers have to be told to trust.
            Assert.DoesNotContain("Strict-Transport-Security", answer.Headers.Keys);
            Assert.DoesNotContain("Server", answer.Headers.Keys);
        }
    }

    private static HttpContent Json(HttpContent content)
    {
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return content;
    }

    private static string Code(byte[] secret, int stepsAhead) => TimeCode.Of(secret, TimeCode.StepOf(TimeProvider.System.GetUtcNow()) + stepsAhead);

    private static byte[] FromBase32(string text)
    {
        string bits = string.Concat(text.Select(digit => Convert.ToString("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".IndexOf(digit, StringComparison.Ordinal), 2).PadLeft(5, '0')));
        return [.. bits.Chunk(8).Where(chunk => chunk.Length == 8).Select(chunk => Convert.ToByte(new string(chunk), 2))];
    }
}
