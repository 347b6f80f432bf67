using System.Collections.ObjectModel;
using System.Diagnostics.CodeAnalysis;
using System.IO.Compression;
using Grpc.Core.Interceptors;
using Microsoft.Extensions.DependencyInjection;

namespace Grpc.AspNetCore.Server;

/// <summary>Options of a server's services.</summary>
public class GrpcServiceOptions
{
    /// <summary>Longest message received, in bytes; null for no limit. 4 MiB unless set.</summary>
    public int? MaxReceiveMessageSize { get; set; } = Wire.GrpcProtocol.ReceiveBytesMaxDefault;

    /// <summary>Longest message sent, in bytes; null for no limit.</summary>
    public int? MaxSendMessageSize { get; set; }

    /// <summary>Tells clients what an exception says. For development: it may hold secrets.</summary>
    public bool? EnableDetailedErrors { get; set; }

    /// <summary><c>gzip</c> to compress responses for clients that take it.</summary>
    public string? ResponseCompressionAlgorithm { get; set; }

    /// <summary>Not used: the fastest level is.</summary>
    public CompressionLevel? ResponseCompressionLevel { get; set; }

    /// <summary>Answers unknown services with UNIMPLEMENTED.</summary>
    public bool? IgnoreUnknownServices { get; set; }

    /// <summary>Stand before all methods, the first one outermost.</summary>
    public InterceptorCollection Interceptors { get; } = [];
}

/// <summary>Options of one service; they begin as the server's.</summary>
public class GrpcServiceOptions<TService> : GrpcServiceOptions
    where TService : class;

/// <summary>Interceptors to be made for each call.</summary>
public class InterceptorCollection : Collection<InterceptorRegistration>
{
    /// <summary>Adds one, made with the call's services or taken from them.</summary>
    public void Add<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TInterceptor>(params object[] args)
        where TInterceptor : Interceptor => Add(new InterceptorRegistration(typeof(TInterceptor), args));
}

/// <summary>An interceptor to be made for each call.</summary>
public class InterceptorRegistration
{
    internal InterceptorRegistration([DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] Type type, object[] arguments)
    {
        (Type, Arguments) = (type, arguments);
    }

    /// <summary>Its type.</summary>
    [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)]
    public Type Type { get; }

    /// <summary>Arguments for its constructor.</summary>
    public IReadOnlyList<object> Arguments { get; }

    internal Interceptor Make(IServiceProvider services) =>
        (Arguments.Count == 0 ? (Interceptor?)services.GetService(Type) : null) ?? (Interceptor)ActivatorUtilities.CreateInstance(services, Type, [.. Arguments]);
}
