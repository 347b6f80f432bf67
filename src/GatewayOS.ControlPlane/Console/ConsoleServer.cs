using System.Reflection;
using System.Text.Json.Serialization;
using GatewayOS.Api;
using GatewayOS.ControlPlane.Hosting;
using GatewayOS.ControlPlane.Operators;
using GatewayOS.Pages;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Http.Features;

namespace GatewayOS.ControlPlane.Console;

/// <summary>
/// Answers whatever comes in where the console is served, and all of that. Who is signed in is a token of the control plane, kept by the browser where no script reads it: instances share no sessions, and a token that is
/// revoked serves no more with the next request. Programs may present theirs as <c>Authorization: Bearer</c>.
/// </summary>
internal sealed class ConsoleServer(FleetService service, FleetGate gate, TimeProvider time, ILogger<ConsoleServer> logger)
{
    /// <summary>Most requests at once.</summary>
    public const int RequestsMax = 500;

    /// <summary>The name of the cookie; its beginning has browsers insist on Secure, on the path and on no domain.</summary>
    public const string Cookie = "__Host-fleet";

    private const string Prefix = "/api/v1/";
    private const string Session = Prefix + "session";
    private const string Authorization = "authorization";

    private readonly ConsoleMethods _methods = new(service, gate, time);
    private readonly PageFiles _files = PageFiles.Of(Assembly.GetExecutingAssembly(), Missing);
    private int _requests;

    private static ReadOnlySpan<byte> Missing =>
        """
        <!doctype html>
        <html lang="en">
        <head><meta charset="utf-8"><title>GatewayOS</title></head>
        <body>
        <h1>GatewayOS</h1>
        <p>This gateway-control was built without its console. <code>./build.sh build</code> builds both, where Node.js is installed. Everything the console does, <code>gatewayctl fleet</code> does too.</p>
        </body>
        </html>

        """u8;

    /// <summary>Answers a request.</summary>
    /// <returns>False when it did not come in where the console is served: it is left to others.</returns>
    public async Task<bool> TryAnswerAsync(HttpContext http)
    {
        if (http.Features.Get<ConsoleListener>() is not { } listener)
        {
            return false;
        }

        PageHeaders.Add(http.Response.Headers, listener.IsReplaced);
        try
        {
            if (Interlocked.Increment(ref _requests) > RequestsMax)
            {
                throw new RpcException(new Status(StatusCode.Unavailable, "The control plane answers too many browsers at once. Try again in a moment."));
            }

            await RouteAsync(http).ConfigureAwait(false);
        }
        catch (Exception error) when (!http.RequestAborted.IsCancellationRequested)
        {
            if (!Answers.IsKnown(error))
            {
                ControlLog.ConsoleFailed(logger, http.Request.Method, http.Request.Path, error);
            }

            await Answers.WriteErrorAsync(http, error, listener.IsReplaced).ConfigureAwait(false);
        }
        catch (Exception error) when (error is OperationCanceledException or IOException or RpcException)
        {
            // The browser has gone.
        }
        finally
        {
            Interlocked.Decrement(ref _requests);
        }

        return true;
    }

    private static string Credentials(HttpContext http) =>
        http.Request.Headers.Authorization is [{ } header] ? header : http.Request.Cookies[Cookie] is { } token ? Bearer(token) : "";

    private static string Bearer(string token) => $"Bearer {token}";

    private static Metadata HeadersOf(string credentials) => credentials.Length == 0 ? [] : new Metadata { { Authorization, credentials } };

    private static CookieOptions Options() => new() { HttpOnly = true, Secure = true, SameSite = SameSiteMode.Strict, Path = "/" };

    private static Task WriteAsync(HttpContext http, IMessage message) => Answers.WriteJsonAsync(http, JsonFormatter.Default.Format(message));

    private Task RouteAsync(HttpContext http)
    {
        // What is too long is not even read.
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = RequestBody.BytesMax;
        }

        string path = http.Request.Path.Value ?? "";
        if (!path.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return _files.AnswerAsync(http);
        }

        if (!HttpMethods.IsGet(http.Request.Method))
        {
            ForeignPages.Refuse(http);
        }

        string methods = $"{Prefix}{Fleet.Descriptor.FullName}/";
        return (http.Request.Method, path) switch
        {
            ("GET", Session) => ShowAsync(http),
            ("POST", Session) => SignInAsync(http),
            ("DELETE", Session) => SignOut(http),
            ("POST", _) when path.StartsWith(methods, StringComparison.Ordinal) => CallAsync(http, path[methods.Length..]),
            _ => throw new RpcException(new Status(StatusCode.NotFound, $"There is nothing at {http.Request.Method} {path}.")),
        };
    }

    private async Task CallAsync(HttpContext http, string method) => await WriteAsync(http, await _methods.CallAsync(method, http, HeadersOf(Credentials(http))).ConfigureAwait(false)).ConfigureAwait(false);

    private async Task ShowAsync(HttpContext http)
    {
        // Every first visit asks this: nothing that a log has to tell.
        string credentials = Credentials(http);
        if (credentials.Length == 0)
        {
            throw new RpcException(new Status(StatusCode.Unauthenticated, "You are not signed in."));
        }

        await WriteAsync(http, await _methods.WhoAsync(http, HeadersOf(credentials)).ConfigureAwait(false)).ConfigureAwait(false);
    }

    private async Task SignInAsync(HttpContext http)
    {
        SignInDocument document = await RequestBody.ReadAsync(http, ConsoleJson.Default.SignInDocument, time).ConfigureAwait(false);
        string token = document.Token.Trim();
        FleetTokenInfo who = await _methods.WhoAsync(http, HeadersOf(Bearer(token))).ConfigureAwait(false);
        http.Response.Cookies.Append(Cookie, token, Options());
        await WriteAsync(http, who).ConfigureAwait(false);
    }

    private static Task SignOut(HttpContext http)
    {
        http.Response.Cookies.Delete(Cookie, Options());
        http.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }
}

/// <summary>What signs somebody in.</summary>
/// <param name="Token">A token of the control plane.</param>
internal sealed record SignInDocument(string Token);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(SignInDocument))]
internal sealed partial class ConsoleJson : JsonSerializerContext;
