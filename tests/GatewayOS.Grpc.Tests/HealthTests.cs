using Grpc.Core;
using Grpc.Health.V1;
using Grpc.HealthCheck;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using ServingStatus = Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace GatewayOS.Grpc.Tests;

/// <summary>The health service: what the host says is what clients are told, when they ask and when it changes.</summary>
public sealed class HealthTests : IAsyncLifetime
{
    private EchoHost? _host;
    private HealthServiceImpl? _health;
    private IHostApplicationLifetime? _lifetime;

    private EchoHost Host => _host!;

    private Health.HealthClient Client => new(Host.Channel());

    public async Task InitializeAsync() => _host = await EchoHost.StartAsync(services: static services => services.AddSingleton<HealthServiceImpl>(), map: app =>
    {
        app.MapGrpcService<HealthServiceImpl>();
        _health = app.Services.GetRequiredService<HealthServiceImpl>();
        _lifetime = app.Lifetime;
        _health.SetStatus("", ServingStatus.Serving);
        _health.SetStatus("store", ServingStatus.NotServing);
    });

    public async Task DisposeAsync() => await Host.DisposeAsync();

    [Theory]
    [InlineData("", ServingStatus.Serving)]
    [InlineData("store", ServingStatus.NotServing)]
    public async Task Check_tells_what_the_host_says(string service, ServingStatus status) =>
        Assert.Equal(status, (await Client.CheckAsync(new HealthCheckRequest { Service = service })).Status);

    [Fact]
    public async Task Check_of_an_unknown_or_forgotten_service_is_not_found()
    {
        Assert.Equal(StatusCode.NotFound, await CodeAsync("vault"));
        _health!.ClearStatus("store");
        Assert.Equal(StatusCode.NotFound, await CodeAsync("store"));
        _health.ClearAll();
        Assert.Equal(StatusCode.NotFound, await CodeAsync(""));
    }

    [Fact]
    public async Task Watch_tells_the_status_at_once_and_every_change_of_it()
    {
        using AsyncServerStreamingCall<HealthCheckResponse> watch = Client.Watch(new HealthCheckRequest { Service = "vault" });
        Assert.Equal(ServingStatus.ServiceUnknown, await NextAsync(watch));
        _health!.SetStatus("vault", ServingStatus.Serving);
        Assert.Equal(ServingStatus.Serving, await NextAsync(watch));

        // Neither of these is a change of this service.
        _health.SetStatus("vault", ServingStatus.Serving);
        _health.SetStatus("store", ServingStatus.Serving);
        _health.SetStatus("vault", ServingStatus.NotServing);
        Assert.Equal(ServingStatus.NotServing, await NextAsync(watch));
        _health.ClearStatus("vault");
        Assert.Equal(ServingStatus.ServiceUnknown, await NextAsync(watch));
    }

    [Fact]
    public async Task A_host_that_stops_says_so_and_is_not_held_up_by_watchers()
    {
        using AsyncServerStreamingCall<HealthCheckResponse> watch = Client.Watch(new HealthCheckRequest());
        Assert.Equal(ServingStatus.Serving, await NextAsync(watch));
        _lifetime!.StopApplication();
        Assert.Equal(ServingStatus.NotServing, await NextAsync(watch));
        Assert.Equal(StatusCode.Unavailable, (await Assert.ThrowsAsync<RpcException>(() => watch.ResponseStream.MoveNext().WaitAsync(EchoHost.Patience))).StatusCode);
    }

    private static async Task<ServingStatus> NextAsync(AsyncServerStreamingCall<HealthCheckResponse> watch)
    {
        Assert.True(await watch.ResponseStream.MoveNext().WaitAsync(EchoHost.Patience));
        return watch.ResponseStream.Current.Status;
    }

    private async Task<StatusCode> CodeAsync(string service) =>
        (await Assert.ThrowsAsync<RpcException>(async () => await Client.CheckAsync(new HealthCheckRequest { Service = service }))).StatusCode;
}
