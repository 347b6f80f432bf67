namespace Grpc.Core;

/// <summary>Result of a call, as gRPC numbers it (gRPC, "Status codes and their use in gRPC").</summary>
public enum StatusCode
{
    /// <summary>Success.</summary>
    OK = 0,

    /// <summary>The caller cancelled it.</summary>
    Cancelled = 1,

    /// <summary>An error of unknown kind: also what an exception of a service becomes.</summary>
    Unknown = 2,

    /// <summary>The argument is wrong whatever the state of the system.</summary>
    InvalidArgument = 3,

    /// <summary>The deadline passed first.</summary>
    DeadlineExceeded = 4,

    /// <summary>There is no such thing.</summary>
    NotFound = 5,

    /// <summary>There is such a thing already.</summary>
    AlreadyExists = 6,

    /// <summary>The caller is known and may not.</summary>
    PermissionDenied = 7,

    /// <summary>A quota, a size limit or a disk is full.</summary>
    ResourceExhausted = 8,

    /// <summary>The system is not in the state that it takes; the caller has to change that first.</summary>
    FailedPrecondition = 9,

    /// <summary>A conflict: the caller may try the larger operation again.</summary>
    Aborted = 10,

    /// <summary>Beyond the valid range.</summary>
    OutOfRange = 11,

    /// <summary>The service or method is not there, or does not support this.</summary>
    Unimplemented = 12,

    /// <summary>An invariant is broken, or the protocol.</summary>
    Internal = 13,

    /// <summary>Not reachable now; the same call may succeed later.</summary>
    Unavailable = 14,

    /// <summary>Data is lost or damaged.</summary>
    DataLoss = 15,

    /// <summary>The caller is not known.</summary>
    Unauthenticated = 16,
}

/// <summary>Result of a call: code and detail.</summary>
public readonly struct Status : IEquatable<Status>
{
    /// <summary>Success.</summary>
    public static readonly Status DefaultSuccess = new(StatusCode.OK, "");

    /// <summary>Cancelled by the caller.</summary>
    public static readonly Status DefaultCancelled = new(StatusCode.Cancelled, "");

    /// <summary>Makes a status.</summary>
    public Status(StatusCode statusCode, string detail)
        : this(statusCode, detail, null)
    {
    }

    /// <summary>Makes a status with what caused it on this side.</summary>
    /// <param name="statusCode">The code.</param>
    /// <param name="detail">For people; travels.</param>
    /// <param name="debugException">What caused it; never travels.</param>
    public Status(StatusCode statusCode, string detail, Exception? debugException)
    {
        (StatusCode, Detail, DebugException) = (statusCode, detail ?? "", debugException);
    }

    /// <summary>The code.</summary>
    public StatusCode StatusCode { get; }

    /// <summary>For people.</summary>
    public string Detail { get; }

    /// <summary>What caused it on this side, if that is known.</summary>
    public Exception? DebugException { get; }

    /// <inheritdoc/>
    public bool Equals(Status other) => StatusCode == other.StatusCode && Detail == other.Detail;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Status other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(StatusCode, Detail);

    /// <inheritdoc/>
    public override string ToString() => DebugException is null
        ? $"Status(StatusCode=\"{StatusCode}\", Detail=\"{Detail}\")"
        : $"Status(StatusCode=\"{StatusCode}\", Detail=\"{Detail}\", DebugException=\"{DebugException.GetType()}: {DebugException.Message}\")";

    /// <summary>Equality of code and detail.</summary>
    public static bool operator ==(Status left, Status right) => left.Equals(right);

    /// <summary>Inequality.</summary>
    public static bool operator !=(Status left, Status right) => !left.Equals(right);
}

/// <summary>A call that did not end with <see cref="StatusCode.OK"/>; thrown by clients, and by services to choose the status.</summary>
public class RpcException : Exception
{
    /// <summary>Makes one with a status.</summary>
    public RpcException(Status status)
        : this(status, Metadata.Empty, status.ToString())
    {
    }

    /// <summary>Makes one with a status and a message of its own.</summary>
    public RpcException(Status status, string message)
        : this(status, Metadata.Empty, message)
    {
    }

    /// <summary>Makes one with a status and trailers.</summary>
    public RpcException(Status status, Metadata trailers)
        : this(status, trailers, status.ToString())
    {
    }

    /// <summary>Makes one.</summary>
    public RpcException(Status status, Metadata trailers, string message)
        : base(message, status.DebugException)
    {
        ArgumentNullException.ThrowIfNull(trailers);
        (Status, Trailers) = (status, trailers);
    }

    /// <summary>The status.</summary>
    public Status Status { get; }

    /// <summary>The status's code.</summary>
    public StatusCode StatusCode => Status.StatusCode;

    /// <summary>Metadata that came behind the messages.</summary>
    public Metadata Trailers { get; }
}
