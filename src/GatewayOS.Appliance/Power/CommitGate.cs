namespace GatewayOS.Appliance.Power;

/// <summary>
/// Stands before every acknowledgement of a snapshot. While it is closed none is given: a node hears that it has to ask again, and gets the same snapshot then.
/// Safety does not depend on it (what is acknowledged is durable); it keeps a machine whose power fails from promising more work than it will do. Closing is one
/// write to memory. Thread-safe.
/// </summary>
public sealed class CommitGate
{
    private volatile string? _reason;
    private long _lastPassed;

    /// <summary>Why it is closed; null while it is open.</summary>
    public string? Reason => _reason;

    /// <summary>When an acknowledgement passed last, as <see cref="System.Diagnostics.Stopwatch.GetTimestamp"/>; 0 for never.</summary>
    public long LastPassed => Interlocked.Read(ref _lastPassed);

    /// <summary>Closes it.</summary>
    public void Close(string reason) => _reason = reason;

    /// <summary>Opens it.</summary>
    public void Open() => _reason = null;

    /// <summary>Passes, or not.</summary>
    /// <param name="now">The present timestamp of the same clock as <see cref="LastPassed"/>.</param>
    /// <exception cref="CommitHeldException">It is closed.</exception>
    public void Pass(long now)
    {
        if (_reason is { } reason)
        {
            throw new CommitHeldException(reason);
        }

        Interlocked.Exchange(ref _lastPassed, now);
    }
}

/// <summary>Nothing is acknowledged now. The snapshot may be there; asking again tells.</summary>
public sealed class CommitHeldException : Exception
{
    /// <summary>Makes one.</summary>
    public CommitHeldException(string reason)
        : base($"No snapshot is acknowledged now: {reason}. Ask again; nothing that arrived is lost.")
    {
    }
}
