namespace Grpc.Core;

/// <summary>How many messages each side sends.</summary>
public enum MethodType
{
    /// <summary>One each.</summary>
    Unary,

    /// <summary>Many from the client, one answer.</summary>
    ClientStreaming,

    /// <summary>One request, many answers.</summary>
    ServerStreaming,

    /// <summary>Many from both, independently.</summary>
    DuplexStreaming,
}

/// <summary>A method of a service.</summary>
public interface IMethod
{
    /// <summary>How many messages each side sends.</summary>
    MethodType Type { get; }

    /// <summary>Full name of the service, without slashes.</summary>
    string ServiceName { get; }

    /// <summary>Its own name.</summary>
    string Name { get; }

    /// <summary>"/service/method": the path of the HTTP request.</summary>
    string FullName { get; }
}

/// <summary>A method with the marshallers of its messages.</summary>
public class Method<TRequest, TResponse> : IMethod
{
    /// <summary>Makes one.</summary>
    public Method(MethodType type, string serviceName, string name, Marshaller<TRequest> requestMarshaller, Marshaller<TResponse> responseMarshaller)
    {
        ArgumentNullException.ThrowIfNull(serviceName);
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(requestMarshaller);
        ArgumentNullException.ThrowIfNull(responseMarshaller);
        (Type, ServiceName, Name, RequestMarshaller, ResponseMarshaller) = (type, serviceName, name, requestMarshaller, responseMarshaller);
        FullName = $"/{serviceName}/{name}";
    }

    /// <inheritdoc/>
    public MethodType Type { get; }

    /// <inheritdoc/>
    public string ServiceName { get; }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public string FullName { get; }

    /// <summary>Writes and reads requests.</summary>
    public Marshaller<TRequest> RequestMarshaller { get; }

    /// <summary>Writes and reads responses.</summary>
    public Marshaller<TResponse> ResponseMarshaller { get; }
}
