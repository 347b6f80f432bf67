using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace GatewayOS.Web.Sessions;

/// <summary>Somebody who is logged in with a browser.</summary>
[SuppressMessage("Design", "CA1001", Justification = "Requests hold its token beyond its end; a source without a timer has nothing to give back.")]
internal sealed class WebSession
{
    private readonly CancellationTokenSource _end = new();

    /// <summary>The account.</summary>
    public required string Account { get; init; }

    /// <summary>When the account was made: another of the same name is another.</summary>
    public required DateTimeOffset AccountCreated { get; init; }

    /// <summary>When its password was set: with another one its sessions end.</summary>
    public required DateTimeOffset PasswordSet { get; init; }

    /// <summary>What requests that change something show, so that a foreign page cannot make them.</summary>
    public required string Csrf { get; init; }

    /// <summary>When it began, as a timestamp.</summary>
    public required long BegunAt { get; init; }

    /// <summary>When its user last did something, as a timestamp.</summary>
    public long UsedAt { get; set; }

    /// <summary>A second factor that is being set up; null for none.</summary>
    public byte[]? OfferedSecret { get; set; }

    /// <summary>Cancelled when the session ends.</summary>
    public CancellationToken Ended => _end.Token;

    /// <summary>Ends what goes on in it.</summary>
    public void End() => _end.Cancel();

    /// <summary>True when a request shows the session's token.</summary>
    public bool IsShown(string? token) => CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(token ?? ""), Encoding.UTF8.GetBytes(Csrf));
}
