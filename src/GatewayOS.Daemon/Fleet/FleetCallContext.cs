using Grpc.Core;

namespace GatewayOS.Daemon.Fleet;

/// <summary>A call that the control plane has ordered: made here, through the gates that every call goes through.</summary>
internal sealed class FleetCallContext(string method, string who, CancellationToken cancellation) : ServerCallContext
{
    /// <summary>Who orders it, as the appliance's records name it.</summary>
    public string Who { get; } = who;

    protected override string MethodCore => $"/{method}";

    protected override string HostCore => "";

    protected override string PeerCore => "control plane";

    protected override DateTime DeadlineCore => DateTime.MaxValue;

    protected override Metadata RequestHeadersCore { get; } = [];

    protected override CancellationToken CancellationTokenCore => cancellation;

    protected override Metadata ResponseTrailersCore { get; } = [];

    protected override Status StatusCore { get; set; } = Status.DefaultSuccess;

    protected override WriteOptions? WriteOptionsCore { get; set; }

    protected override AuthContext AuthContextCore { get; } = new(null, []);

    protected override IDictionary<object, object> UserStateCore { get; } = new Dictionary<object, object>();

    protected override Task WriteResponseHeadersAsyncCore(Metadata responseHeaders) => Task.CompletedTask;

    protected override ContextPropagationToken CreatePropagationTokenCore(ContextPropagationOptions? options) =>
        throw new NotSupportedException("Pass the cancellation token of the call on instead.");
}
