namespace Grpc.Core;

/// <summary>What metadata for credentials is asked for.</summary>
public class AuthInterceptorContext
{
    /// <summary>Makes one.</summary>
    public AuthInterceptorContext(string serviceUrl, string methodName)
        : this(serviceUrl, methodName, CancellationToken.None)
    {
    }

    /// <summary>Makes one.</summary>
    public AuthInterceptorContext(string serviceUrl, string methodName, CancellationToken cancellationToken)
    {
        (ServiceUrl, MethodName, CancellationToken) = (serviceUrl, methodName, cancellationToken);
    }

    /// <summary>The service's address.</summary>
    public string ServiceUrl { get; }

    /// <summary>The method's name.</summary>
    public string MethodName { get; }

    /// <summary>The call's token.</summary>
    public CancellationToken CancellationToken { get; }
}

/// <summary>Adds metadata that proves who calls.</summary>
public delegate Task AsyncAuthInterceptor(AuthInterceptorContext context, Metadata metadata);

/// <summary>Proves who makes a call, by metadata.</summary>
public abstract class CallCredentials
{
    /// <summary>Credentials from a delegate.</summary>
    public static CallCredentials FromInterceptor(AsyncAuthInterceptor interceptor) => new Delegated(interceptor);

    /// <summary>Several credentials, one after the other.</summary>
    public static CallCredentials Compose(params CallCredentials[] credentials) => new Delegated(async (context, metadata) =>
    {
        foreach (CallCredentials each in credentials)
        {
            await each.AddAsync(context, metadata).ConfigureAwait(false);
        }
    });

    internal abstract Task AddAsync(AuthInterceptorContext context, Metadata metadata);

    private sealed class Delegated(AsyncAuthInterceptor interceptor) : CallCredentials
    {
        internal override Task AddAsync(AuthInterceptorContext context, Metadata metadata) => interceptor(context, metadata);
    }
}

/// <summary>Says whether a channel is secured. What secures it is the handler's configuration (<c>SslOptions</c>).</summary>
public abstract class ChannelCredentials
{
    /// <summary>Plain HTTP/2.</summary>
    public static ChannelCredentials Insecure { get; } = new Simple(isSecure: false, null);

    /// <summary>TLS.</summary>
    public static ChannelCredentials SecureSsl { get; } = new Simple(isSecure: true, null);

    internal abstract bool IsSecure { get; }

    internal abstract CallCredentials? Call { get; }

    /// <summary>A channel's credentials with credentials that each of its calls gets.</summary>
    public static ChannelCredentials Create(ChannelCredentials channelCredentials, CallCredentials callCredentials) => new Simple(channelCredentials.IsSecure, callCredentials);

    private sealed class Simple(bool isSecure, CallCredentials? call) : ChannelCredentials
    {
        internal override bool IsSecure => isSecure;

        internal override CallCredentials? Call => call;
    }
}

/// <summary>A property of an authenticated peer.</summary>
public class AuthProperty
{
    private readonly byte[] _value;

    private AuthProperty(string name, byte[] value) => (Name, _value) = (name, value);

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>Its value as text.</summary>
    public string Value => System.Text.Encoding.UTF8.GetString(_value);

    /// <summary>Its value.</summary>
    public byte[] ValueBytes => [.. _value];

    /// <summary>Makes one.</summary>
    public static AuthProperty Create(string name, byte[] valueBytes) => new(name, [.. valueBytes]);
}

/// <summary>What is known of an authenticated peer.</summary>
public class AuthContext
{
    private readonly Dictionary<string, List<AuthProperty>> _properties;

    /// <summary>Makes one.</summary>
    public AuthContext(string? peerIdentityPropertyName, Dictionary<string, List<AuthProperty>> properties)
    {
        (PeerIdentityPropertyName, _properties) = (peerIdentityPropertyName, properties);
    }

    /// <summary>True when the peer proved who it is.</summary>
    public bool IsPeerAuthenticated => PeerIdentityPropertyName is not null;

    /// <summary>Name of the property that identifies it.</summary>
    public string? PeerIdentityPropertyName { get; }

    /// <summary>The properties that identify it.</summary>
    public IEnumerable<AuthProperty> PeerIdentity => PeerIdentityPropertyName is null ? [] : FindPropertiesByName(PeerIdentityPropertyName);

    /// <summary>All properties.</summary>
    public IEnumerable<AuthProperty> Properties => _properties.Values.SelectMany(properties => properties);

    /// <summary>Properties of a name.</summary>
    public IEnumerable<AuthProperty> FindPropertiesByName(string propertyName) => _properties.TryGetValue(propertyName, out List<AuthProperty>? found) ? found : [];
}
