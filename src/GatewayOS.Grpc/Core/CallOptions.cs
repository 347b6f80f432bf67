namespace Grpc.Core;

/// <summary>How a message is written.</summary>
[Flags]
public enum WriteFlags
{
    /// <summary>As usual: at once, compressed if the call is.</summary>
    None = 0,

    /// <summary>More follows soon: it need not leave at once.</summary>
    BufferHint = 1,

    /// <summary>Not compressed, though the call is.</summary>
    NoCompress = 2,
}

/// <summary>How messages are written.</summary>
public class WriteOptions
{
    /// <summary>As usual.</summary>
    public static readonly WriteOptions Default = new();

    /// <summary>Makes options.</summary>
    public WriteOptions(WriteFlags flags = WriteFlags.None) => Flags = flags;

    /// <summary>The flags.</summary>
    public WriteFlags Flags { get; }
}

/// <summary>Options of a call.</summary>
public struct CallOptions
{
    /// <summary>Makes options.</summary>
    /// <param name="headers">Metadata to send.</param>
    /// <param name="deadline">When the call is to be over, in UTC.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <param name="writeOptions">How messages are written at first.</param>
    /// <param name="propagationToken">Not used: kept for compatibility.</param>
    /// <param name="credentials">Adds metadata that proves who calls.</param>
    public CallOptions(Metadata? headers = null, DateTime? deadline = null, CancellationToken cancellationToken = default, WriteOptions? writeOptions = null, ContextPropagationToken? propagationToken = null, CallCredentials? credentials = null)
    {
        (Headers, Deadline, CancellationToken, WriteOptions, PropagationToken, Credentials) = (headers, deadline, cancellationToken, writeOptions, propagationToken, credentials);
    }

    /// <summary>Metadata to send.</summary>
    public Metadata? Headers { get; private set; }

    /// <summary>When the call is to be over, in UTC.</summary>
    public DateTime? Deadline { get; private set; }

    /// <summary>Cancels the call.</summary>
    public CancellationToken CancellationToken { get; private set; }

    /// <summary>How messages are written at first.</summary>
    public WriteOptions? WriteOptions { get; private set; }

    /// <summary>Not used.</summary>
    public ContextPropagationToken? PropagationToken { get; private set; }

    /// <summary>Adds metadata that proves who calls.</summary>
    public CallCredentials? Credentials { get; private set; }

    /// <summary>True when the call waits for a connection instead of failing. Connections are made on demand here, so it changes nothing.</summary>
    public bool IsWaitForReady { get; private set; }

    /// <summary>The same with other headers.</summary>
    public CallOptions WithHeaders(Metadata headers) => this with { Headers = headers };

    /// <summary>The same with another deadline.</summary>
    public CallOptions WithDeadline(DateTime deadline) => this with { Deadline = deadline };

    /// <summary>The same with another token.</summary>
    public CallOptions WithCancellationToken(CancellationToken cancellationToken) => this with { CancellationToken = cancellationToken };

    /// <summary>The same with other write options.</summary>
    public CallOptions WithWriteOptions(WriteOptions writeOptions) => this with { WriteOptions = writeOptions };

    /// <summary>The same with another propagation token.</summary>
    public CallOptions WithPropagationToken(ContextPropagationToken propagationToken) => this with { PropagationToken = propagationToken };

    /// <summary>The same with other credentials.</summary>
    public CallOptions WithCredentials(CallCredentials credentials) => this with { Credentials = credentials };

    /// <summary>The same, waiting for a connection or not.</summary>
    public CallOptions WithWaitForReady(bool waitForReady = true) => this with { IsWaitForReady = waitForReady };
}

/// <summary>Passes deadline and cancellation of a call on to calls it makes.</summary>
public abstract class ContextPropagationToken
{
    private protected ContextPropagationToken()
    {
    }
}

/// <summary>Which of these a propagation token passes on.</summary>
public class ContextPropagationOptions
{
    /// <summary>Both.</summary>
    public static readonly ContextPropagationOptions Default = new();

    /// <summary>Makes options.</summary>
    public ContextPropagationOptions(bool propagateDeadline = true, bool propagateCancellation = true)
    {
        (IsPropagateDeadline, IsPropagateCancellation) = (propagateDeadline, propagateCancellation);
    }

    /// <summary>Passes the deadline on.</summary>
    public bool IsPropagateDeadline { get; }

    /// <summary>Passes the cancellation on.</summary>
    public bool IsPropagateCancellation { get; }
}
