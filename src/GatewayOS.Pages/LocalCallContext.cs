using Grpc.Core;

namespace GatewayOS.Pages;

/// <summary>A call of a gRPC method that is made within this program, and goes through the gates that calls over gRPC go through.</summary>
/// <param name="method">The method, <c>service/name</c>.</param>
/// <param name="peer">Where it comes from, as gRPC names peers.</param>
/// <param name="cancellation">Gives up.</param>
/// <param name="headers">What goes with it, as gRPC's metadata; null for nothing.</param>
public abstract class LocalCallContext(string method, string peer, CancellationToken cancellation, Metadata? headers = null) : ServerCallContext
{
    private Dictionary<object, object>? _userState;

    /// <inheritdoc/>
    protected override string MethodCore { get; } = $"/{method}";

    /// <inheritdoc/>
    protected override string HostCore => "";

    /// <inheritdoc/>
    protected override string PeerCore { get; } = peer;

    /// <inheritdoc/>
    protected override DateTime DeadlineCore => DateTime.MaxValue;

    /// <inheritdoc/>
    protected override Metadata RequestHeadersCore { get; } = headers ?? [];

    /// <inheritdoc/>
    protected override CancellationToken CancellationTokenCore { get; } = cancellation;

    /// <inheritdoc/>
    protected override Metadata ResponseTrailersCore { get; } = [];

    /// <inheritdoc/>
    protected override Status StatusCore { get; set; } = Status.DefaultSuccess;

    /// <inheritdoc/>
    protected override WriteOptions? WriteOptionsCore { get; set; }

    /// <inheritdoc/>
    protected override AuthContext AuthContextCore { get; } = new(null, []);

    /// <inheritdoc/>
    protected override IDictionary<object, object> UserStateCore => _userState ??= [];

    /// <inheritdoc/>
    protected override Task WriteResponseHeadersAsyncCore(Metadata responseHeaders) => Task.CompletedTask;

    /// <inheritdoc/>
    protected override ContextPropagationToken CreatePropagationTokenCore(ContextPropagationOptions? options) =>
        throw new NotSupportedException("Pass the cancellation token of the call on instead.");
}
