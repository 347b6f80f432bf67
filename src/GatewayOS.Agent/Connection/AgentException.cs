namespace GatewayOS.Agent.Connection;

/// <summary>Something the user has to know, in words, with the remedy.</summary>
internal sealed class AgentException : Exception
{
    public AgentException(string message, bool isRetryable = false, Exception? inner = null)
        : base(message, inner) => IsRetryable = isRetryable;

    /// <summary>True when the same may succeed later by itself.</summary>
    public bool IsRetryable { get; }
}
