using System.Security.Cryptography.X509Certificates;
using GatewayOS.TestKit.Programs;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Reflection.V1;

namespace GatewayOS.Daemon.Tests;

/// <summary>The standard services of a running appliance: how it is, is told to who belongs to it; what it can do, to operators.</summary>
public sealed class HealthTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new("health");
    private readonly Appliance _appliance;

    public HealthTests() => _appliance = new Appliance(_scratch);

    public void Dispose()
    {
        _appliance.Dispose();
        _scratch.Dispose();
    }

    [Fact]
    public async Task Nodes_and_operators_are_told_how_the_appliance_is()
    {
        using HostileNode node = await HostileNode.EnrolAsync(_appliance, "node1");
        using HostileNode person = Operator();
        foreach (Health.HealthClient client in new[] { node.Health, person.Health })
        {
            foreach (string service in (string[])["", "gatewayos.v1.DataPath", "gatewayos.v1.Management"])
            {
                Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, (await client.CheckAsync(new HealthCheckRequest { Service = service })).Status);
            }

            using AsyncServerStreamingCall<HealthCheckResponse> watch = client.Watch(new HealthCheckRequest { Service = "nothing" });
            Assert.True(await watch.ResponseStream.MoveNext());
            Assert.Equal(HealthCheckResponse.Types.ServingStatus.ServiceUnknown, watch.ResponseStream.Current.Status);
        }
    }

    [Fact]
    public async Task Strangers_are_told_nothing()
    {
        using var stranger = new HostileNode(_appliance.Address, certificate: null);
        Assert.Equal(StatusCode.Unauthenticated, (await Assert.ThrowsAsync<RpcException>(async () => await stranger.Health.CheckAsync(new HealthCheckRequest()))).StatusCode);
        Assert.Equal(StatusCode.Unauthenticated, (await Assert.ThrowsAsync<RpcException>(() => ServicesAsync(stranger))).StatusCode);
    }

    [Fact]
    public async Task What_the_appliance_can_do_is_told_to_operators_only()
    {
        using HostileNode person = Operator();
        string[] services = await ServicesAsync(person);
        Assert.Superset(["gatewayos.v1.Enrolment", "gatewayos.v1.BackupRuns", "gatewayos.v1.DataPath", "gatewayos.v1.Agents", "gatewayos.v1.Management", "grpc.health.v1.Health"], services.ToHashSet());
        using HostileNode node = await HostileNode.EnrolAsync(_appliance, "node1");
        Assert.Equal(StatusCode.PermissionDenied, (await Assert.ThrowsAsync<RpcException>(() => ServicesAsync(node))).StatusCode);
    }

    private static async Task<string[]> ServicesAsync(HostileNode caller)
    {
        using AsyncDuplexStreamingCall<ServerReflectionRequest, ServerReflectionResponse> call = caller.Reflection.ServerReflectionInfo();
        await call.RequestStream.WriteAsync(new ServerReflectionRequest { ListServices = "*" });
        Assert.True(await call.ResponseStream.MoveNext());
        return [.. call.ResponseStream.Current.ListServicesResponse.Service.Select(static service => service.Name)];
    }

    // Calls as gatewayctl does after its login.
    private HostileNode Operator()
    {
        string directory = Directory.GetDirectories(_scratch["operator"]).Single();
        using var pem = X509Certificate2.CreateFromPemFile(Path.Join(directory, "operator.crt"), Path.Join(directory, "operator.key"));
        return new HostileNode(_appliance.Address, X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null));
    }
}
