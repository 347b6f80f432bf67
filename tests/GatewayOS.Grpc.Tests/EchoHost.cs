using System.Globalization;
using System.Net;
using GatewayOS.Grpc.Tests.Protos;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace GatewayOS.Grpc.Tests;

/// <summary>The service in this process on a free port of the loopback, and ways to call it.</summary>
public sealed class EchoHost : IAsyncDisposable
{
    // No test waits longer for something that has to happen.
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly WebApplication _app;
    private readonly List<IDisposable> _opened = [];

    private EchoHost(WebApplication app, EchoBehaviour behaviour, string scheme)
    {
        (_app, Behaviour) = (app, behaviour);
        Address = new Uri($"{scheme}://127.0.0.1:{new Uri(app.Urls.First()).Port.ToString(CultureInfo.InvariantCulture)}");
    }

    public EchoBehaviour Behaviour { get; }

    public Uri Address { get; }

    public static async Task<EchoHost> StartAsync(Action<GrpcServiceOptions>? options = null, Action<ListenOptions>? listen = null, Action<IServiceCollection>? services = null, Action<WebApplication>? map = null)
    {
        var behaviour = new EchoBehaviour();
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, endpoint =>
        {
            endpoint.Protocols = HttpProtocols.Http2;
            listen?.Invoke(endpoint);
        }));
        builder.Services.AddSingleton(behaviour);
        builder.Services.AddGrpc(options ?? (static _ => { }));
        services?.Invoke(builder.Services);
        WebApplication app = builder.Build();
        app.MapGrpcService<EchoService>();
        map?.Invoke(app);
        await app.StartAsync();
        return new EchoHost(app, behaviour, listen is null ? "http" : "https");
    }

    public GrpcChannel Channel(Action<GrpcChannelOptions>? change = null)
    {
        var options = new GrpcChannelOptions();
        change?.Invoke(options);
        var channel = GrpcChannel.ForAddress(Address, options);
        _opened.Add(channel);
        return channel;
    }

    public Echo.EchoClient Client(Action<GrpcChannelOptions>? change = null) => new(Channel(change));

    /// <summary>Sends bytes as a call's request, whatever they are, and reads what comes back.</summary>
    public async Task<RawAnswer> SendRawAsync(string method, byte[] body, string contentType = "application/grpc", params (string Name, string Value)[] headers)
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(Address, method)) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Content = new ByteArrayContent(body);
        request.Content.Headers.TryAddWithoutValidation("content-type", contentType);
        request.Headers.TryAddWithoutValidation("te", "trailers");
        foreach ((string name, string value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using HttpResponseMessage response = await client.SendAsync(request).WaitAsync(Patience);
        byte[] received = await response.Content.ReadAsByteArrayAsync().WaitAsync(Patience);
        string? status = (response.Headers.TryGetValues("grpc-status", out IEnumerable<string>? values) || response.TrailingHeaders.TryGetValues("grpc-status", out values)) ? values.First() : null;
        return new RawAnswer(response.StatusCode, status is null ? null : (StatusCode)int.Parse(status, CultureInfo.InvariantCulture), received);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (IDisposable opened in _opened)
        {
            opened.Dispose();
        }

        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}

/// <summary>What came back on raw bytes.</summary>
public sealed record RawAnswer(HttpStatusCode Http, StatusCode? Status, byte[] Body);
