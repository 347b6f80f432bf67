using System.Diagnostics.CodeAnalysis;
using Grpc.AspNetCore.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

// The namespaces are those in which callers of the real package find these.
#pragma warning disable IDE0130
namespace Microsoft.Extensions.DependencyInjection
{
    /// <summary>Adds gRPC to a server's services.</summary>
    public static class GrpcServicesExtensions
    {
        /// <summary>Adds gRPC.</summary>
        public static IGrpcServerBuilder AddGrpc(this IServiceCollection services) => services.AddGrpc(static _ => { });

        /// <summary>Adds gRPC with options for all services.</summary>
        public static IGrpcServerBuilder AddGrpc(this IServiceCollection services, Action<GrpcServiceOptions> configureOptions)
        {
            services.AddRouting();
            services.AddOptions();
            services.Configure(configureOptions);
            services.TryAddSingleton<Grpc.AspNetCore.Server.Internal.MappedServices>();
            return new Builder(services);
        }

        /// <summary>Adds options for one service.</summary>
        public static IGrpcServerBuilder AddServiceOptions<TService>(this IGrpcServerBuilder grpcBuilder, Action<GrpcServiceOptions<TService>> configure)
            where TService : class
        {
            grpcBuilder.Services.Configure(configure);
            return grpcBuilder;
        }

        private sealed class Builder(IServiceCollection services) : IGrpcServerBuilder
        {
            public IServiceCollection Services => services;
        }
    }

    /// <summary>Adds to gRPC.</summary>
    public interface IGrpcServerBuilder
    {
        /// <summary>The server's services.</summary>
        IServiceCollection Services { get; }
    }
}

namespace Microsoft.AspNetCore.Builder
{
    /// <summary>Maps gRPC services.</summary>
    public static class GrpcEndpointRouteBuilderExtensions
    {
        /// <summary>Maps the methods of a service; one instance is made for each call.</summary>
        /// <typeparam name="TService">The service: derives from a generated base.</typeparam>
        public static GrpcServiceEndpointConventionBuilder MapGrpcService<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors | DynamicallyAccessedMemberTypes.PublicMethods)] TService>(this IEndpointRouteBuilder builder)
            where TService : class
        {
            Grpc.AspNetCore.Server.Internal.MappedServices mapped = builder.ServiceProvider.GetService<Grpc.AspNetCore.Server.Internal.MappedServices>()
                ?? throw new InvalidOperationException("gRPC is not among the server's services: call AddGrpc first.");
            return new GrpcServiceEndpointConventionBuilder(new Grpc.AspNetCore.Server.Internal.ServiceMapper<TService>(builder, mapped).Map());
        }
    }

    /// <summary>Adds conventions to a service's endpoints.</summary>
    public sealed class GrpcServiceEndpointConventionBuilder : IEndpointConventionBuilder
    {
        private readonly IReadOnlyList<IEndpointConventionBuilder> _methods;

        internal GrpcServiceEndpointConventionBuilder(IReadOnlyList<IEndpointConventionBuilder> methods) => _methods = methods;

        /// <inheritdoc/>
        public void Add(Action<EndpointBuilder> convention)
        {
            foreach (IEndpointConventionBuilder method in _methods)
            {
                method.Add(convention);
            }
        }
    }
}
#pragma warning restore IDE0130
