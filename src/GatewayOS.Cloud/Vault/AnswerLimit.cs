namespace GatewayOS.Cloud.Vault;

/// <summary>
/// How long a service may be silent in the middle of a request: a link that is slow moves all the same, one that hangs does not. When the time is over the request is cancelled.
/// </summary>
internal sealed class AnswerLimit : IDisposable
{
    private readonly TimeSpan _silentMax;
    private readonly CancellationTokenSource _silence;
    private readonly CancellationTokenSource _either;

    /// <summary>Begins to wait.</summary>
    /// <param name="silentMax">How long at most.</param>
    /// <param name="cancellation">Cancels the request for another reason.</param>
    public AnswerLimit(TimeSpan silentMax, CancellationToken cancellation)
    {
        _silentMax = silentMax;
        _silence = new CancellationTokenSource(silentMax);
        _either = CancellationTokenSource.CreateLinkedTokenSource(_silence.Token, cancellation);
    }

    /// <summary>For the request.</summary>
    public CancellationToken Token => _either.Token;

    /// <summary>True when it was silent for too long.</summary>
    public bool IsOver => _silence.IsCancellationRequested;

    /// <summary>Something moved: the time begins anew.</summary>
    public void Moved() => _silence.CancelAfter(_silentMax);

    /// <summary>The next wait is ours and not the service's, until something moves.</summary>
    public void Suspend() => _silence.CancelAfter(Timeout.InfiniteTimeSpan);

    /// <inheritdoc/>
    public void Dispose()
    {
        _either.Dispose();
        _silence.Dispose();
    }
}
