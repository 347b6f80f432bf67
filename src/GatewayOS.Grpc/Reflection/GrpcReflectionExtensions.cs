using Grpc.AspNetCore.Server.Internal;
using Grpc.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection.Extensions;

// The namespaces are those in which callers of the real package find these.
#pragma warning disable IDE0130
namespace Microsoft.Extensions.DependencyInjection
{
    /// <summary>Adds server reflection to a server's services.</summary>
    public static class GrpcReflectionServiceExtensions
    {
        /// <summary>Adds reflection of all services that are mapped until the first call.</summary>
        public static IServiceCollection AddGrpcReflection(this IServiceCollection services)
        {
            services.AddGrpc();
            services.TryAddSingleton(static provider => new ReflectionV1ServiceImpl(provider.GetRequiredService<MappedServices>().Descriptors()));
            services.TryAddSingleton(static provider => new ReflectionServiceImpl(provider.GetRequiredService<ReflectionV1ServiceImpl>()));
            return services;
        }
    }
}

namespace Microsoft.AspNetCore.Builder
{
    /// <summary>Maps server reflection.</summary>
    public static class GrpcReflectionEndpointRouteBuilderExtensions
    {
        /// <summary>Maps versions 1 and 1alpha. What a server can do is everybody's to read then: put an authorization before it where that is not meant.</summary>
        public static IEndpointConventionBuilder MapGrpcReflectionService(this IEndpointRouteBuilder builder) =>
            new GrpcServiceEndpointConventionBuilder([builder.MapGrpcService<ReflectionV1ServiceImpl>(), builder.MapGrpcService<ReflectionServiceImpl>()]);
    }
}
#pragma warning restore IDE0130
