using Grpc.Core;

namespace GatewayOS.Api.Chunks;

/// <summary>The service <c>gatewayos.v1.DataPath</c> over <see cref="DataFrame"/> instead of generated messages; written as generated code is.</summary>
public static class DataPathService
{
    /// <summary>Metadata key of the run a stream belongs to.</summary>
    public const string SessionKey = "session-bin";

    /// <summary>Metadata key of the restore job that a stream reads for.</summary>
    public const string RestoreJobKey = "restore-job";

    private const string Name = "gatewayos.v1.DataPath";

    private static readonly Method<DataFrame, DataFrame> s_transfer = new(MethodType.DuplexStreaming, Name, "Transfer", DataFrame.Marshaller, DataFrame.Marshaller);
    private static readonly Method<DataFrame, DataFrame> s_read = new(MethodType.DuplexStreaming, Name, "Read", DataFrame.Marshaller, DataFrame.Marshaller);

    /// <summary>What the service is, for reflection.</summary>
    public static Google.Protobuf.Reflection.ServiceDescriptor Descriptor => DataPath.Descriptor;

    /// <summary>Binds a service's methods.</summary>
    public static void BindService(ServiceBinderBase serviceBinder, Base? service)
    {
        serviceBinder.AddMethod(s_transfer, service is null ? null : new DuplexStreamingServerMethod<DataFrame, DataFrame>(service.Transfer));
        serviceBinder.AddMethod(s_read, service is null ? null : new DuplexStreamingServerMethod<DataFrame, DataFrame>(service.Read));
    }

    /// <summary>What a server implements.</summary>
    [BindServiceMethod(typeof(DataPathService), nameof(BindService))]
    public abstract class Base
    {
        /// <summary>Backup.</summary>
        public abstract Task Transfer(IAsyncStreamReader<DataFrame> requestStream, IServerStreamWriter<DataFrame> responseStream, ServerCallContext context);

        /// <summary>Restore.</summary>
        public abstract Task Read(IAsyncStreamReader<DataFrame> requestStream, IServerStreamWriter<DataFrame> responseStream, ServerCallContext context);
    }

    /// <summary>What a client calls.</summary>
    public sealed class Client : ClientBase<Client>
    {
        /// <summary>Makes one on a channel.</summary>
        public Client(ChannelBase channel)
            : base(channel)
        {
        }

        private Client(ClientBaseConfiguration configuration)
            : base(configuration)
        {
        }

        /// <summary>Backup.</summary>
        public AsyncDuplexStreamingCall<DataFrame, DataFrame> Transfer(CallOptions options) => CallInvoker.AsyncDuplexStreamingCall(s_transfer, null, options);

        /// <summary>Restore.</summary>
        public AsyncDuplexStreamingCall<DataFrame, DataFrame> Read(CallOptions options) => CallInvoker.AsyncDuplexStreamingCall(s_read, null, options);

        /// <inheritdoc/>
        protected override Client NewInstance(ClientBaseConfiguration configuration) => new(configuration);
    }
}
