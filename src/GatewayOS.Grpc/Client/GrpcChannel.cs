using Grpc.Core;

namespace Grpc.Net.Client;

/// <summary>A way to a server over HTTP/2. Thread-safe; calls share its connections.</summary>
public sealed class GrpcChannel : ChannelBase, IDisposable
{
    private readonly bool _ownsInvoker;

    private GrpcChannel(Uri address, GrpcChannelOptions options)
        : base(address.Authority)
    {
        Address = address;
        Options = options;
        if (options is { HttpClient: not null, HttpHandler: not null })
        {
            throw new ArgumentException("Give a handler or a client, not both.", nameof(options));
        }

        if (options.Credentials is { } credentials && credentials.IsSecure != (address.Scheme == Uri.UriSchemeHttps))
        {
            throw new ArgumentException($"The credentials do not fit the address '{address}': https is secured, http is not.", nameof(options));
        }

        _ownsInvoker = options.DisposeHttpClient || options is { HttpClient: null, HttpHandler: null };
        Invoker = options.HttpClient
            ?? (HttpMessageInvoker)new HttpMessageInvoker(options.HttpHandler ?? new SocketsHttpHandler { EnableMultipleHttp2Connections = true, AllowAutoRedirect = false, UseCookies = false }, disposeHandler: _ownsInvoker);
    }

    internal Uri Address { get; }

    internal GrpcChannelOptions Options { get; }

    internal HttpMessageInvoker Invoker { get; }

    internal bool IsDisposed { get; private set; }

    /// <summary>Makes a channel. Nothing is connected before the first call.</summary>
    /// <param name="address">http or https.</param>
    public static GrpcChannel ForAddress(string address) => ForAddress(new Uri(address));

    /// <summary>Makes a channel.</summary>
    public static GrpcChannel ForAddress(string address, GrpcChannelOptions channelOptions) => ForAddress(new Uri(address), channelOptions);

    /// <summary>Makes a channel.</summary>
    public static GrpcChannel ForAddress(Uri address) => ForAddress(address, new GrpcChannelOptions());

    /// <summary>Makes a channel.</summary>
    /// <exception cref="ArgumentException">The address is neither http nor https, or does not fit the options.</exception>
    public static GrpcChannel ForAddress(Uri address, GrpcChannelOptions channelOptions)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentNullException.ThrowIfNull(channelOptions);
        return address.Scheme == Uri.UriSchemeHttp || address.Scheme == Uri.UriSchemeHttps
            ? new GrpcChannel(address, channelOptions)
            : throw new ArgumentException($"'{address}' is no address of a gRPC server: it begins with http:// or https://.", nameof(address));
    }

    /// <inheritdoc/>
    public override CallInvoker CreateCallInvoker() => new HttpClientCallInvoker(this);

    /// <inheritdoc/>
    public void Dispose()
    {
        IsDisposed = true;
        if (_ownsInvoker)
        {
            Invoker.Dispose();
        }
    }

    /// <inheritdoc/>
    protected override Task ShutdownAsyncCore()
    {
        Dispose();
        return Task.CompletedTask;
    }
}
