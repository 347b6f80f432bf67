using GatewayOS.Store.Storage;
using GatewayOS.Web.Endpoints;
using GatewayOS.Web.Files;
using GatewayOS.Web.Sessions;
using GatewayOS.Web.Setup;
using Grpc.Core;
using Microsoft.AspNetCore.Http.Features;

namespace GatewayOS.Web;

/// <summary>Answers whatever comes in where the page is served, and all of that.</summary>
public sealed class WebServer : IDisposable
{
    /// <summary>Most requests at once, streams and downloads among them.</summary>
    public const int RequestsMax = 500;

    private const string CsrfHeader = "X-CSRF-Token";
    private const string BackgroundHeader = "X-Background";

    private readonly WebAppliance _appliance;
    private readonly SessionBook _sessions;
    private readonly EndpointTable _endpoints;
    private readonly PageFiles _files = PageFiles.Of(typeof(WebServer).Assembly, MissingPage.Content);
    private int _requests;

    /// <summary>Makes a server for an appliance.</summary>
    /// <param name="appliance">The appliance.</param>
    /// <param name="first">Its first start.</param>
    public WebServer(WebAppliance appliance, FirstStart first)
    {
        _appliance = appliance;
        _sessions = new SessionBook(appliance.Accounts, appliance.Time);
        _endpoints = new EndpointTable(appliance, first, _sessions);
    }

    /// <summary>The endpoints.</summary>
    internal EndpointTable Endpoints => _endpoints;

    /// <summary>Does ahead of the first request what takes long.</summary>
    public async Task WarmAsync()
    {
        try
        {
            await _endpoints.WarmAsync().ConfigureAwait(false);
        }
        catch (ObjectDisposedException)
        {
            // The program ends before it was done.
        }
    }

    /// <summary>Answers a request.</summary>
    /// <param name="http">The request.</param>
    /// <returns>False when it did not come in where the page is served: it is left to others.</returns>
    public async Task<bool> TryAnswerAsync(HttpContext http)
    {
        if (http.Features.Get<WebListener>() is not { } listener)
        {
            return false;
        }

        PageHeaders.Add(http.Response.Headers, listener.Certificate.IsReplaced);
        try
        {
            if (Interlocked.Increment(ref _requests) > RequestsMax)
            {
                throw new RpcException(new Status(StatusCode.Unavailable, "The appliance answers too many browsers at once. Try again in a moment."));
            }

            await RouteAsync(http).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            await FailAsync(http, error, listener.Certificate.IsReplaced).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref _requests);
        }

        return true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _sessions.Dispose();
        _endpoints.Dispose();
    }

    private Task RouteAsync(HttpContext http)
    {
        // 1. What is too long is not even read.
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = RequestBody.BytesMax;
        }

        // 2. A file of the page, or an endpoint.
        string path = http.Request.Path.Value ?? "";
        if (!path.StartsWith(EndpointTable.Prefix, StringComparison.Ordinal))
        {
            return _files.AnswerAsync(http);
        }

        WebEndpoint endpoint = _endpoints.Find(http.Request.Method, path);

        // 3. Whose session it is, and that its own page asks. Whether that one may, the gates say.
        WebSession? session = SessionOf(http, endpoint);
        RefuseForeign(http, endpoint, session);
        return endpoint.AnswerAsync(http, new CallerSession(session));
    }

    private WebSession? SessionOf(HttpContext http, WebEndpoint endpoint)
    {
        bool isUse = endpoint.Access != EndpointTable.Events && !http.Request.Headers.ContainsKey(BackgroundHeader);
        return http.Request.Cookies[SessionEndpoints.Cookie] is { } secret ? _sessions.Find(secret, isUse) : null;
    }

    private static void RefuseForeign(HttpContext http, WebEndpoint endpoint, WebSession? session)
    {
        if (HttpMethods.IsGet(endpoint.Verb))
        {
            return;
        }

        ForeignPages.Refuse(http);
        if (session is not null && !EndpointTable.IsOpen(endpoint) && !session.IsShown(http.Request.Headers[CsrfHeader]))
        {
            throw new RpcException(new Status(StatusCode.PermissionDenied, $"The request does not show the session's token ({CsrfHeader}). Load the page anew."));
        }
    }

    private async Task FailAsync(HttpContext http, Exception error, bool isReplaced)
    {
        if (http.RequestAborted.IsCancellationRequested)
        {
            return;
        }

        if (!Answers.IsKnown(error))
        {
            _appliance.Warn($"The request {http.Request.Method} {http.Request.Path} failed: {error}");
        }

        await Answers.WriteErrorAsync(http, error, isReplaced).ConfigureAwait(false);
    }
}
