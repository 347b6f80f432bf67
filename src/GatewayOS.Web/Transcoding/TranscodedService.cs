using Google.Protobuf.Reflection;
using Grpc.Core;

namespace GatewayOS.Web.Transcoding;

/// <summary>A gRPC service that browsers may call as JSON.</summary>
/// <param name="Descriptor">Its description.</param>
/// <param name="Bind">Binds its methods: what was generated for it, with the instance that serves it.</param>
public sealed record TranscodedService(ServiceDescriptor Descriptor, Action<ServiceBinderBase> Bind);
