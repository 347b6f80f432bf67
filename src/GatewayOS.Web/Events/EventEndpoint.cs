using GatewayOS.Web.Endpoints;

namespace GatewayOS.Web.Events;

/// <summary>The stream of changes. Listening is no use of a session: it ends as if nobody were there.</summary>
internal sealed class EventEndpoint(WebAppliance appliance, ChangeFeed feed)
{
    /// <summary>After so much silence a comment is sent.</summary>
    public static readonly TimeSpan SilenceMax = TimeSpan.FromSeconds(15);

    /// <summary>Events are no closer together, however much changes.</summary>
    public static readonly TimeSpan EventInterval = TimeSpan.FromMilliseconds(250);

    /// <summary>Sends changes until the browser goes or the session ends.</summary>
    public async Task StreamAsync(HttpContext http, CallerSession caller)
    {
        using ChangeFeed.Listener listener = feed.Listen()
            ?? throw new WebErrorException(StatusCodes.Status429TooManyRequests, new ErrorDocument("RESOURCE_EXHAUSTED", $"{ChangeFeed.ListenersMax} pages are open already, which is the most."));
        using CancellationTokenSource end = caller.Link(http.RequestAborted);
        var stream = new EventStream(http, end.Token);
        try
        {
            await stream.WriteCommentAsync().ConfigureAwait(false);
            while (true)
            {
                Topics topics = await listener.NextAsync(SilenceMax, end.Token).ConfigureAwait(false);
                await (topics == Topics.None ? stream.WriteCommentAsync() : stream.WriteAsync("change", ChangeDocument.ToJson(topics))).ConfigureAwait(false);
                await Task.Delay(EventInterval, appliance.Time, end.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // Either there is nobody left to tell, or the page asks for its session and hears that it has ended.
        }
    }
}
