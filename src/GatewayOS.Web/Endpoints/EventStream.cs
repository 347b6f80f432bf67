using System.Text;

namespace GatewayOS.Web.Endpoints;

/// <summary>An answer of server-sent events (WHATWG HTML, 9.2). One writer at a time.</summary>
internal sealed class EventStream(HttpContext http, CancellationToken cancellation)
{
    /// <summary>True when something was written: an error then goes into the stream.</summary>
    public bool HasBegun { get; private set; }

    /// <summary>Writes an event.</summary>
    /// <param name="name">Its name; null for a plain message.</param>
    /// <param name="data">Its data: a line.</param>
    public Task WriteAsync(string? name, string data) => WriteAsync(Text(name, data), cancellation);

    /// <summary>Writes the last event, whatever was cancelled, as long as there is somebody to read it.</summary>
    public Task WriteLastAsync(string name, string data) => WriteAsync(Text(name, data), http.RequestAborted);

    /// <summary>Writes a comment, which keeps the connection from being taken for dead.</summary>
    public Task WriteCommentAsync() => WriteAsync(":\n\n", cancellation);

    private static string Text(string? name, string data) => $"{(name is null ? "" : $"event: {name}\n")}data: {data}\n\n";

    private async Task WriteAsync(string text, CancellationToken until)
    {
        until.ThrowIfCancellationRequested();
        if (!HasBegun)
        {
            HasBegun = true;
            http.Response.ContentType = "text/event-stream";
            http.Response.Headers.CacheControl = "no-store";
        }

        await http.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(text), until).ConfigureAwait(false);
        await http.Response.Body.FlushAsync(until).ConfigureAwait(false);
    }
}
