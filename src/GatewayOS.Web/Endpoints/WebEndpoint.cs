using System.Text.Json.Serialization.Metadata;
using GatewayOS.Web.Sessions;
using Google.Protobuf.Reflection;

namespace GatewayOS.Web.Endpoints;

/// <summary>Somewhere a request can go.</summary>
/// <param name="Verb">The HTTP method.</param>
/// <param name="Path">The path, whole.</param>
/// <param name="Access">What the table of access calls it.</param>
/// <param name="AnswerAsync">Answers a request.</param>
internal sealed record WebEndpoint(string Verb, string Path, string Access, Func<HttpContext, CallerSession, Task> AnswerAsync)
{
    /// <summary>The gRPC method behind it; null for one of the page's own.</summary>
    public MethodDescriptor? Method { get; init; }

    /// <summary>What it does, in a sentence; for the contract.</summary>
    public string Summary { get; init; } = "";

    /// <summary>The document it takes; null for none.</summary>
    public JsonTypeInfo? Request { get; init; }

    /// <summary>The document it answers with; null for none.</summary>
    public JsonTypeInfo? Response { get; init; }

    /// <summary>Its query parameters; those with a '?' may be left out.</summary>
    public IReadOnlyList<string> Query { get; init; } = [];

    /// <summary>Media type of an answer that is no document.</summary>
    public string? MediaType { get; init; }
}

/// <summary>Whose session a request has, if any.</summary>
/// <param name="Session">The session; null for none.</param>
internal readonly record struct CallerSession(WebSession? Session)
{
    /// <summary>The account; null for none.</summary>
    public string? Account => Session?.Account;

    /// <summary>The session of a request that was admitted.</summary>
    public WebSession Required => Session ?? throw new InvalidOperationException("A request without a session was admitted.");

    /// <summary>A source that is cancelled when the browser goes away or the session ends; the caller's.</summary>
    public CancellationTokenSource Link(CancellationToken aborted) => CancellationTokenSource.CreateLinkedTokenSource(aborted, Session?.Ended ?? CancellationToken.None);
}
