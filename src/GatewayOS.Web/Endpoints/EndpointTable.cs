using System.Text.Json.Serialization.Metadata;
using GatewayOS.Appliance.Accounts;
using GatewayOS.Web.Certificates;
using GatewayOS.Web.Contract;
using GatewayOS.Web.Events;
using GatewayOS.Web.Logs;
using GatewayOS.Web.Overview;
using GatewayOS.Web.Panel;
using GatewayOS.Web.Sessions;
using GatewayOS.Web.Setup;
using GatewayOS.Web.Snapshots;
using GatewayOS.Web.Transcoding;
using Grpc.Core;

namespace GatewayOS.Web.Endpoints;

/// <summary>Every endpoint there is: the page's own, and one for each method of the services that browsers may call. All go through the gates.</summary>
internal sealed class EndpointTable : IDisposable
{
    /// <summary>What the paths of all endpoints begin with.</summary>
    public const string Prefix = "/api/v1/";

    /// <summary>What the table of access calls the stream of changes.</summary>
    public const string Events = AccessTable.Web + "Events";

    private readonly WebCalls _calls;
    private readonly OverviewMaker _overview;
    private readonly ChangeFeed _feed;
    private readonly SnapshotDownload _download;
    private readonly SessionEndpoints _session;
    private readonly SetupEndpoints _setup;
    private readonly List<WebEndpoint> _all = [];
    private readonly ILookup<string, WebEndpoint> _byPath;
    private readonly Lazy<string> _contract;

    public EndpointTable(WebAppliance appliance, FirstStart first, SessionBook sessions)
    {
        _calls = new WebCalls(appliance.Gates);
        (_overview, _feed, _download) = (new OverviewMaker(appliance), new ChangeFeed(appliance), new SnapshotDownload(appliance));
        _session = new SessionEndpoints(appliance, sessions);
        _setup = new SetupEndpoints(appliance, first, _session);
        AddSessions();
        AddPages(appliance);
        AddSnapshots(appliance);
        foreach (TranscodedService service in appliance.Services)
        {
            service.Bind(new ServiceTranscoder(service.Descriptor, _calls, appliance.Time, _all.Add));
        }

        _byPath = _all.ToLookup(endpoint => endpoint.Path, StringComparer.Ordinal);
        _contract = new Lazy<string>(() => OpenApi.Of(_all).ToJsonString());
    }

    /// <summary>All endpoints.</summary>
    public IReadOnlyList<WebEndpoint> All => _all;

    /// <summary>True for what whoever can connect may ask for: it knows no session that could be used by others.</summary>
    public static bool IsOpen(WebEndpoint endpoint) => (AccessTable.Of(endpoint.Access).Callers & Callers.Anyone) != Callers.None;

    /// <summary>Does ahead of the first request what takes long.</summary>
    public Task WarmAsync() => _overview.WarmAsync();

    /// <summary>Finds the endpoint of a request.</summary>
    /// <exception cref="RpcException">There is none at this path.</exception>
    /// <exception cref="WebErrorException">There is, for another HTTP method.</exception>
    public WebEndpoint Find(string verb, string path)
    {
        WebEndpoint[] here = [.. _byPath[path]];
        if (here.Length == 0)
        {
            throw new RpcException(new Status(StatusCode.NotFound, "There is no such endpoint."));
        }

        return here.FirstOrDefault(endpoint => endpoint.Verb == verb)
            ?? throw WebErrorException.BadForm(StatusCodes.Status405MethodNotAllowed, $"Here one asks with {string.Join(" or ", here.Select(endpoint => endpoint.Verb))}.");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _setup.Dispose();
        _download.Dispose();
        _feed.Dispose();
        _overview.Dispose();
    }

    private void AddSessions()
    {
        Add(HttpMethods.Get, "session", "Session", "Tells who is logged in.", _session.ShowAsync, response: WebJson.Default.SessionDocument);
        Add(HttpMethods.Post, "session", "LogIn", "Logs in.", _session.LogInAsync, WebJson.Default.LoginDocument, WebJson.Default.SessionDocument);
        Add(HttpMethods.Delete, "session", "LogOut", "Logs out.", _session.LogOutAsync);
        Add(HttpMethods.Post, "session/second-factor", "SecondFactor", "Begins to set a second factor up, or confirms it.", _session.OfferSecondFactorAsync, WebJson.Default.SecondFactorDocument, WebJson.Default.SecondFactorOffer);
        Add(HttpMethods.Delete, "session/second-factor", "SecondFactor", "Takes the second factor off.", _session.RemoveSecondFactorAsync, WebJson.Default.SecondFactorDocument);
        Add(HttpMethods.Get, "setup", "Setup", "Tells whether the appliance is nobody's yet.", _setup.ShowAsync, response: WebJson.Default.SetupStateDocument);
        Add(HttpMethods.Post, "setup/claim", "Setup", "Takes a claim code.", _setup.ClaimAsync, WebJson.Default.ClaimDocument, WebJson.Default.ClaimedDocument);
        Add(HttpMethods.Post, "setup", "Setup", "Makes the first administrator.", _setup.FinishAsync, WebJson.Default.SetupDocument, WebJson.Default.SessionDocument);
    }

    private void AddPages(WebAppliance appliance)
    {
        var events = new EventEndpoint(appliance, _feed);
        Add(HttpMethods.Get, "openapi.json", "Contract", "This document.", (http, _) => Answers.WriteJsonAsync(http, _contract.Value), mediaType: "application/json");
        Add(
            HttpMethods.Get, "overview", "Overview", "How the appliance is.",
            async (http, _) => await Answers.WriteAsync(http, await _overview.MakeAsync(http.RequestAborted).ConfigureAwait(false), WebJson.Default.OverviewDocument).ConfigureAwait(false), response: WebJson.Default.OverviewDocument);
        Add(HttpMethods.Get, "events", "Events", "Tells what changes, as it changes: events 'change'.", events.StreamAsync, response: WebJson.Default.ChangeDocument, mediaType: "text/event-stream");
        var certificate = new CertificateEndpoints(appliance);
        Add(HttpMethods.Get, "certificate", "Certificate", "Tells of the certificate that this comes with.", certificate.ShowAsync, response: WebJson.Default.CertificateDocument);
        Add(HttpMethods.Post, "certificate", "ReplaceCertificate", "Takes a certificate of the owner's.", certificate.ReplaceAsync, WebJson.Default.NewCertificateDocument, WebJson.Default.CertificateDocument);
        Add(HttpMethods.Delete, "certificate", "ReplaceCertificate", "Goes back to the certificate that the appliance makes.", certificate.GiveUpAsync);
        Add(HttpMethods.Get, "logs", "Logs", "Shows the newest lines of the log.", new LogEndpoint(appliance).ShowAsync, response: WebJson.Default.LogDocument, query: ["least?", "text?"]);
        Add(HttpMethods.Get, "panel", "Panel", "The front panel as it is now.", (http, _) => Answers.WriteAsync(http, PanelDocument.Of(appliance), WebJson.Default.PanelDocument), response: WebJson.Default.PanelDocument);
    }

    private void AddSnapshots(WebAppliance appliance)
    {
        var browser = new SnapshotBrowser(appliance);
        Add(HttpMethods.Get, "browse", "Browse", "Lists a directory of a restore point.", browser.BrowseAsync, response: WebJson.Default.BrowseDocument, query: ["snapshot", "path64?", "after64?"]);
        Add(HttpMethods.Get, "compare", "Compare", "Compares a directory of two restore points.", browser.CompareAsync, response: WebJson.Default.CompareDocument, query: ["left", "right", "path64?"]);
        Add(HttpMethods.Get, "download", "Download", "Gives a file, or a folder as an archive.", _download.SendAsync, query: ["snapshot", "path64?", "as"], mediaType: "application/octet-stream", target: SnapshotBrowser.TargetOf);
    }

    private void Add(
        string verb, string path, string access, string summary, Func<HttpContext, CallerSession, Task> answer, JsonTypeInfo? request = null, JsonTypeInfo? response = null,
        IReadOnlyList<string>? query = null, string? mediaType = null, Func<HttpContext, string>? target = null) =>
        _all.Add(new WebEndpoint(verb, Prefix + path, AccessTable.Web + access, (http, session) => ThroughGatesAsync(http, session, AccessTable.Web + access, target, answer))
        {
            Summary = summary,
            Request = request,
            Response = response,
            Query = query ?? [],
            MediaType = mediaType,
        });

    private Task ThroughGatesAsync(HttpContext http, CallerSession session, string access, Func<HttpContext, string>? target, Func<HttpContext, CallerSession, Task> answer) => _calls.UnaryAsync(
        new WebRequest(target?.Invoke(http) ?? ""),
        new WebCallContext(http, access, session.Account, http.RequestAborted),
        async (_, _) =>
        {
            await answer(http, session).ConfigureAwait(false);
            return WebReply.Written;
        });
}
