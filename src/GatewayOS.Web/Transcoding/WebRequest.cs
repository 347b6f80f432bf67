namespace GatewayOS.Web.Transcoding;

/// <summary>A request to one of the page's own endpoints, as the gates see it.</summary>
/// <param name="Target">What it is about, for the audit log.</param>
public sealed record WebRequest(string Target);

/// <summary>Says that such a request was answered; the answer itself is written already.</summary>
public sealed record WebReply
{
    /// <summary>The only one.</summary>
    public static WebReply Written { get; } = new();
}
