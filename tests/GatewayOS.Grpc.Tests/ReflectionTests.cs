using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using V1 = Grpc.Reflection.V1;
using V1Alpha = Grpc.Reflection.V1Alpha;

namespace GatewayOS.Grpc.Tests;

/// <summary>Server reflection in both versions: enough to build a client of nothing but the answers.</summary>
public sealed class ReflectionTests : IAsyncLifetime
{
    private EchoHost? _host;

    private EchoHost Host => _host!;

    // The order of mapping does not matter: reflection is mapped behind the service here, and what comes later is told of too.
    public async Task InitializeAsync() => _host = await EchoHost.StartAsync(services: static services => services.AddGrpcReflection(), map: static app => app.MapGrpcReflectionService());

    public async Task DisposeAsync() => await Host.DisposeAsync();

    [Fact]
    public async Task All_services_are_listed_with_reflection_itself()
    {
        string[] expected = ["gatewayos.grpc.tests.Echo", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"];
        Assert.Equal(expected, (await AskAsync(new V1.ServerReflectionRequest { ListServices = "*" })).ListServicesResponse.Service.Select(service => service.Name));
        Assert.Equal(expected, (await AskAlphaAsync(new V1Alpha.ServerReflectionRequest { ListServices = "" })).ListServicesResponse.Service.Select(service => service.Name));
    }

    [Theory]
    [InlineData("gatewayos.grpc.tests.Echo")]
    [InlineData("gatewayos.grpc.tests.Echo.Collect")]
    [InlineData("gatewayos.grpc.tests.Note")]
    [InlineData("gatewayos.grpc.tests.Note.text")]
    public async Task A_symbol_is_found_in_its_file(string symbol)
    {
        V1.ServerReflectionResponse answer = await AskAsync(new V1.ServerReflectionRequest { Host = "gateway", FileContainingSymbol = symbol });
        Assert.Equal(("gateway", symbol), (answer.ValidHost, answer.OriginalRequest.FileContainingSymbol));
        Assert.Equal("echo.proto", Files(answer.FileDescriptorResponse.FileDescriptorProto).Single().Name);
        V1Alpha.ServerReflectionResponse alpha = await AskAlphaAsync(new V1Alpha.ServerReflectionRequest { FileContainingSymbol = symbol });
        Assert.Equal(answer.FileDescriptorResponse.FileDescriptorProto, alpha.FileDescriptorResponse.FileDescriptorProto);
    }

    [Fact]
    public async Task A_file_is_found_by_its_name() =>
        Assert.Contains(Files((await AskAsync(new V1.ServerReflectionRequest { FileByFilename = "echo.proto" })).FileDescriptorResponse.FileDescriptorProto)[0].Services, service => service.Name == "Echo");

    [Fact]
    public async Task What_is_not_known_is_an_answer_and_the_stream_goes_on()
    {
        using AsyncDuplexStreamingCall<V1.ServerReflectionRequest, V1.ServerReflectionResponse> call = new V1.ServerReflection.ServerReflectionClient(Host.Channel()).ServerReflectionInfo();
        foreach ((V1.ServerReflectionRequest request, StatusCode code) in new[]
        {
            (new V1.ServerReflectionRequest { FileByFilename = "none.proto" }, StatusCode.NotFound),
            (new V1.ServerReflectionRequest { FileContainingSymbol = "gatewayos.None" }, StatusCode.NotFound),
            (new V1.ServerReflectionRequest { AllExtensionNumbersOfType = "gatewayos.None" }, StatusCode.NotFound),
            (new V1.ServerReflectionRequest { FileContainingExtension = new V1.ExtensionRequest { ContainingType = "gatewayos.grpc.tests.Note", ExtensionNumber = 7 } }, StatusCode.NotFound),
            (new V1.ServerReflectionRequest(), StatusCode.InvalidArgument),
        })
        {
            await call.RequestStream.WriteAsync(request);
            Assert.True(await call.ResponseStream.MoveNext());
            Assert.Equal((int)code, call.ResponseStream.Current.ErrorResponse.ErrorCode);
        }

        await call.RequestStream.WriteAsync(new V1.ServerReflectionRequest { AllExtensionNumbersOfType = "gatewayos.grpc.tests.Note" });
        Assert.True(await call.ResponseStream.MoveNext());
        Assert.Empty(call.ResponseStream.Current.AllExtensionNumbersResponse.ExtensionNumber);
    }

    [Fact]
    public void A_file_brings_what_it_imports_so_that_the_answer_stands_alone()
    {
        var service = new global::Grpc.Reflection.ReflectionV1ServiceImpl(["x"], global::Grpc.Reflection.SymbolRegistry.FromFiles([Google.Rpc.StatusReflection.Descriptor]));
        V1.ServerReflectionResponse answer = service.Answer(new V1.ServerReflectionRequest { FileContainingSymbol = "google.rpc.Status" });
        Assert.Equal(["google/rpc/status.proto", "google/protobuf/any.proto"], answer.FileDescriptorResponse.FileDescriptorProto.Select(static bytes => FileDescriptorProto.Parser.ParseFrom(bytes).Name));
    }

    private static IReadOnlyList<FileDescriptor> Files(IEnumerable<ByteString> answer) => FileDescriptor.BuildFromByteStrings(answer.Reverse());

    private async Task<V1.ServerReflectionResponse> AskAsync(V1.ServerReflectionRequest request)
    {
        using AsyncDuplexStreamingCall<V1.ServerReflectionRequest, V1.ServerReflectionResponse> call = new V1.ServerReflection.ServerReflectionClient(Host.Channel()).ServerReflectionInfo();
        await call.RequestStream.WriteAsync(request);
        await call.RequestStream.CompleteAsync();
        return await call.ResponseStream.ReadAllAsync().SingleAsync();
    }

    private async Task<V1Alpha.ServerReflectionResponse> AskAlphaAsync(V1Alpha.ServerReflectionRequest request)
    {
        using AsyncDuplexStreamingCall<V1Alpha.ServerReflectionRequest, V1Alpha.ServerReflectionResponse> call = new V1Alpha.ServerReflection.ServerReflectionClient(Host.Channel()).ServerReflectionInfo();
        await call.RequestStream.WriteAsync(request);
        await call.RequestStream.CompleteAsync();
        return await call.ResponseStream.ReadAllAsync().SingleAsync();
    }
}
