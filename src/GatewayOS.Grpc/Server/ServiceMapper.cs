using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using Grpc.Core;
using Grpc.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using ServiceDescriptor = Google.Protobuf.Reflection.ServiceDescriptor;

namespace Grpc.AspNetCore.Server.Internal;

/// <summary>What is mapped: for reflection, and so that the fallback for unknown methods is mapped once.</summary>
internal sealed class MappedServices
{
    private readonly List<PropertyInfo> _descriptors = [];

    public bool HasFallback { get; set; }

    /// <summary>Adds a service by the type that was generated for it. Its descriptor is not made before it is asked for.</summary>
    public void Add([DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicProperties)] Type bindType)
    {
        if (bindType.GetProperty("Descriptor", BindingFlags.Public | BindingFlags.Static) is { } property && property.PropertyType == typeof(ServiceDescriptor))
        {
            _descriptors.Add(property);
        }
    }

    /// <summary>The descriptors of all mapped services that have one.</summary>
    public IEnumerable<ServiceDescriptor> Descriptors() => [.. _descriptors.Select(static property => (ServiceDescriptor)property.GetValue(null)!)];
}

/// <summary>Finds a service's methods through its generated base and maps an endpoint for each.</summary>
internal sealed class ServiceMapper<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors | DynamicallyAccessedMemberTypes.PublicMethods)] TService>(IEndpointRouteBuilder endpoints, MappedServices mapped)
    : ServiceBinderBase
    where TService : class
{
    private readonly List<IEndpointConventionBuilder> _methods = [];
    private readonly GrpcServiceOptions _options = OptionsOf(endpoints.ServiceProvider);

    public IReadOnlyList<IEndpointConventionBuilder> Map()
    {
        BindServiceMethodAttribute binding = FindBinding();
        MethodInfo bind = binding.BindType.GetMethods(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static)
            .First(method => method.Name == binding.BindMethodName && method.GetParameters() is { Length: 2 } parameters && parameters[0].ParameterType == typeof(ServiceBinderBase));
        bind.Invoke(null, [this, null]);
        mapped.Add(binding.BindType);
        MapFallback();
        return _methods;
    }

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse>? handler)
    {
        var call = Bind<Func<TService, TRequest, ServerCallContext, Task<TResponse>>>(method, typeof(TRequest), typeof(ServerCallContext));
        Map(method, context => ServerCall.UnaryAsync(context, method, _options, (request, server) => call(Make(context), request, server)));
    }

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, ClientStreamingServerMethod<TRequest, TResponse>? handler)
    {
        var call = Bind<Func<TService, IAsyncStreamReader<TRequest>, ServerCallContext, Task<TResponse>>>(method, typeof(IAsyncStreamReader<TRequest>), typeof(ServerCallContext));
        Map(method, context => ServerCall.ClientStreamingAsync(context, method, _options, (requests, server) => call(Make(context), requests, server)));
    }

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, ServerStreamingServerMethod<TRequest, TResponse>? handler)
    {
        var call = Bind<Func<TService, TRequest, IServerStreamWriter<TResponse>, ServerCallContext, Task>>(method, typeof(TRequest), typeof(IServerStreamWriter<TResponse>), typeof(ServerCallContext));
        Map(method, context => ServerCall.ServerStreamingAsync(context, method, _options, (request, responses, server) => call(Make(context), request, responses, server)));
    }

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, DuplexStreamingServerMethod<TRequest, TResponse>? handler)
    {
        var call = Bind<Func<TService, IAsyncStreamReader<TRequest>, IServerStreamWriter<TResponse>, ServerCallContext, Task>>(method, typeof(IAsyncStreamReader<TRequest>), typeof(IServerStreamWriter<TResponse>), typeof(ServerCallContext));
        Map(method, context => ServerCall.DuplexAsync(context, method, _options, (requests, responses, server) => call(Make(context), requests, responses, server)));
    }

    private static TService Make(HttpContext context)
    {
        if (context.RequestServices.GetService<TService>() is { } registered)
        {
            return registered;
        }

        TService service = ActivatorUtilities.CreateInstance<TService>(context.RequestServices);
        switch (service)
        {
            case IAsyncDisposable disposable:
                context.Response.RegisterForDisposeAsync(disposable);
                break;
            case IDisposable disposable:
                context.Response.RegisterForDispose(disposable);
                break;
        }

        return service;
    }

    private static TDelegate Bind<TDelegate>(IMethod method, params Type[] parameters)
        where TDelegate : Delegate =>
        typeof(TService).GetMethod(method.Name, BindingFlags.Public | BindingFlags.Instance, parameters)?.CreateDelegate<TDelegate>()
        ?? throw new InvalidOperationException($"{typeof(TService)} has no method {method.Name} as its service defines it.");

    private static BindServiceMethodAttribute FindBinding()
    {
        for (Type? type = typeof(TService); type is not null; type = type.BaseType)
        {
            if (type.GetCustomAttribute<BindServiceMethodAttribute>(inherit: false) is { } found)
            {
                return found;
            }
        }

        throw new InvalidOperationException($"{typeof(TService)} is no gRPC service: it has to derive from a generated base.");
    }

    private static GrpcServiceOptions OptionsOf(IServiceProvider services)
    {
        GrpcServiceOptions all = services.GetRequiredService<IOptions<GrpcServiceOptions>>().Value;
        GrpcServiceOptions<TService> own = new()
        {
            MaxReceiveMessageSize = all.MaxReceiveMessageSize,
            MaxSendMessageSize = all.MaxSendMessageSize,
            EnableDetailedErrors = all.EnableDetailedErrors,
            ResponseCompressionAlgorithm = all.ResponseCompressionAlgorithm,
            IgnoreUnknownServices = all.IgnoreUnknownServices,
        };
        foreach (InterceptorRegistration interceptor in all.Interceptors)
        {
            own.Interceptors.Add(interceptor);
        }

        foreach (IConfigureOptions<GrpcServiceOptions<TService>> configure in services.GetServices<IConfigureOptions<GrpcServiceOptions<TService>>>())
        {
            configure.Configure(own);
        }

        return own;
    }

    private void Map(IMethod method, RequestDelegate handler) =>
        _methods.Add(endpoints.Map(RoutePatternFactory.Parse(method.FullName), handler).WithDisplayName($"gRPC {method.FullName}"));

    private void MapFallback()
    {
        if (mapped.HasFallback || _options.IgnoreUnknownServices == true)
        {
            return;
        }

        mapped.HasFallback = true;
        RoutePattern pattern = RoutePatternFactory.Parse("{service}/{method}", defaults: null, parameterPolicies: new RouteValueDictionary { ["method"] = new GrpcRequestsOnly() });
        endpoints.Map(pattern, static context =>
            ServerCall.RefuseAsync(context, new Status(StatusCode.Unimplemented, $"This server has no method {context.Request.Path.Value}."))).WithDisplayName("gRPC unknown method").WithOrder(int.MaxValue);
    }

    // Other requests go on to whatever else the server has at such paths.
    private sealed class GrpcRequestsOnly : IRouteConstraint
    {
        public bool Match(HttpContext? httpContext, IRouter? route, string routeKey, RouteValueDictionary values, RouteDirection routeDirection) =>
            httpContext is not null && GrpcProtocol.IsGrpc(httpContext.Request.ContentType);
    }
}
