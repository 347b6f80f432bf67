using GatewayOS.Grpc.Tests.Protos;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Status = Google.Rpc.Status;

namespace GatewayOS.Grpc.Tests;

/// <summary>Statuses with details that programs can read.</summary>
public sealed class RichStatusTests : IAsyncLifetime
{
    private EchoHost? _host;

    private EchoHost Host => _host!;

    public async Task InitializeAsync() => _host = await EchoHost.StartAsync();

    public async Task DisposeAsync() => await Host.DisposeAsync();

    [Fact]
    public async Task Details_reach_the_client_with_code_and_message()
    {
        Status sent = new Status { Code = (int)StatusCode.ResourceExhausted, Message = "The store is full." }
            .WithDetail(new RetryInfo { RetryDelay = Duration.FromTimeSpan(TimeSpan.FromMinutes(5)) })
            .WithDetail(new BadRequest { FieldViolations = { new BadRequest.Types.FieldViolation { Field = "policy.keep", Description = "holds more than fits" } } });
        Host.Behaviour.Unary = (_, _) => throw sent.ToRpcException();
        RpcException error = await Assert.ThrowsAsync<RpcException>(async () => await Host.Client().UnaryAsync(new Note()));
        Assert.Equal((StatusCode.ResourceExhausted, "The store is full."), (error.StatusCode, error.Status.Detail));
        Status received = error.GetRpcStatus()!;
        Assert.Equal(sent, received);
        Assert.Equal(TimeSpan.FromMinutes(5), received.GetDetail<RetryInfo>()!.RetryDelay.ToTimeSpan());
        Assert.Equal("policy.keep", received.GetDetail<BadRequest>()!.FieldViolations.Single().Field);
        Assert.Null(received.GetDetail<ErrorInfo>());
    }

    [Fact]
    public async Task A_plain_status_has_no_details()
    {
        Host.Behaviour.Unary = (_, _) => throw new RpcException(new global::Grpc.Core.Status(StatusCode.NotFound, "No such snapshot."));
        Assert.Null((await Assert.ThrowsAsync<RpcException>(async () => await Host.Client().UnaryAsync(new Note()))).GetRpcStatus());
    }

    [Fact]
    public void Details_that_cannot_be_read_are_told_or_passed_over()
    {
        var trailers = new Metadata { { "grpc-status-details-bin", [0xff, 0xff] } };
        Assert.Throws<InvalidProtocolBufferException>(() => trailers.GetRpcStatus());
        Assert.Null(trailers.GetRpcStatus(ignoreParseError: true));
    }

    [Fact]
    public void Setting_details_twice_keeps_the_last()
    {
        var trailers = new Metadata();
        trailers.SetRpcStatus(new Status { Code = 1 });
        trailers.SetRpcStatus(new Status { Code = 2 });
        Assert.Equal(2, trailers.GetRpcStatus()!.Code);
        Assert.Single(trailers);
    }
}
