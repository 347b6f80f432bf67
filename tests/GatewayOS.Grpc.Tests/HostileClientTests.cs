using GatewayOS.Grpc.Tests.Protos;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace GatewayOS.Grpc.Tests;

/// <summary>Clients that break the protocol below the level of messages: a method never takes half of a stream for the whole, and the next client is served.</summary>
public sealed class HostileClientTests : IAsyncLifetime
{
    private const string Unary = "/gatewayos.grpc.tests.Echo/Unary";
    private const string Collect = "/gatewayos.grpc.tests.Echo/Collect";
    private static readonly byte[] s_message = MalformedFrameTests.Frame(0, new Note { Text = "abc" }.ToByteArray());

    private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<string> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private EchoHost? _host;

    private EchoHost Host => _host!;

    public async Task InitializeAsync()
    {
        _host = await EchoHost.StartAsync();
        Host.Behaviour.Collect = async (requests, _) =>
        {
            try
            {
                while (await requests.MoveNext())
                {
                    _begun.TrySetResult();
                }

                _end.TrySetResult("complete");
            }
            catch (Exception error)
            {
                _end.TrySetResult(error is OperationCanceledException ? "cancelled" : $"failed: {error.Message}");
                throw;
            }

            return new Note();
        };
    }

    public async Task DisposeAsync()
    {
        Assert.Equal("still here", (await Host.Client().UnaryAsync(new Note { Text = "still here" })).Text);
        await Host.DisposeAsync();
    }

    [Fact]
    public async Task A_call_without_te_is_served()
    {
        // The header shows proxies that drop trailers; such a client finds out by itself that the status is missing.
        using Http2Peer peer = await BeginAsync(Unary);
        await peer.SendAsync(Http2Peer.Data, Http2Peer.EndStream, 1, s_message);
        Assert.Equal("0", await StatusAsync(peer));
    }

    [Fact]
    public async Task Half_a_stream_that_ends_well_is_complete()
    {
        using Http2Peer peer = await BeginAsync(Collect);
        await peer.SendAsync(Http2Peer.Data, Http2Peer.EndStream, 1, s_message);
        Assert.Equal("0", await StatusAsync(peer));
        Assert.Equal("complete", await EndAsync());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(8)]
    public async Task A_stream_reset_within_a_message_is_not_complete(byte code)
    {
        using Http2Peer peer = await BeginCollectAsync([.. s_message, .. s_message[..6]]);
        await peer.SendAsync(Http2Peer.Reset, 0, 1, [0, 0, 0, code]);
        Assert.Equal("cancelled", await EndAsync());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(8)]
    public async Task A_stream_reset_between_messages_is_not_complete(byte code)
    {
        using Http2Peer peer = await BeginCollectAsync(s_message);
        await peer.SendAsync(Http2Peer.Reset, 0, 1, [0, 0, 0, code]);
        Assert.Equal("cancelled", await EndAsync());
    }

    [Fact]
    public async Task A_connection_that_breaks_between_messages_is_not_complete()
    {
        using Http2Peer peer = await BeginCollectAsync(s_message);
        peer.Break();
        Assert.Equal("cancelled", await EndAsync());
    }

    [Fact]
    public async Task A_stream_shorter_than_its_content_length_is_not_complete()
    {
        using Http2Peer peer = await BeginAsync(Collect, ("content-length", "1000"));
        await peer.SendAsync(Http2Peer.Data, Http2Peer.EndStream, 1, s_message);
        Assert.NotEqual("complete", await EndAsync());
    }

    [Fact]
    public async Task Garbage_instead_of_frames_closes_the_connection()
    {
        using Http2Peer peer = await BeginCollectAsync(s_message);
        await peer.SendRawAsync([.. Enumerable.Range(0, 64).Select(static i => (byte)(0xa5 ^ i))]);
        Assert.Equal("cancelled", await EndAsync());
        Assert.NotNull(await peer.ReadAsync(Http2Peer.GoAway));
    }

    [Fact]
    public async Task A_client_that_falls_silent_is_noticed_by_keep_alive()
    {
        await using EchoHost host = await EchoHost.StartAsync(services: static services => services.Configure<KestrelServerOptions>(static kestrel =>
            (kestrel.Limits.Http2.KeepAlivePingDelay, kestrel.Limits.Http2.KeepAlivePingTimeout) = (TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1))));
        host.Behaviour.Collect = Host.Behaviour.Collect;
        using Http2Peer peer = await Http2Peer.ConnectAsync(host.Address);
        peer.IsSilent = true;
        await peer.SendAsync(Http2Peer.HeadersType, Http2Peer.EndHeaders, 1, Http2Peer.CallHeaders(Collect));
        await peer.SendAsync(Http2Peer.Data, 0, 1, s_message);
        Assert.NotNull(await peer.ReadAsync(Http2Peer.GoAway));
        Assert.Equal("cancelled", await EndAsync());
    }

    [Fact]
    public async Task A_method_that_is_not_a_post_is_no_call()
    {
        using Http2Peer peer = await Http2Peer.ConnectAsync(Host.Address);
        await peer.SendAsync(Http2Peer.HeadersType, Http2Peer.EndHeaders | Http2Peer.EndStream, 1, Http2Peer.Headers((":method", "GET"), (":scheme", "http"), (":path", Unary), (":authority", "localhost"), ("content-type", "application/grpc")));
        (byte _, byte[] head) = (await peer.ReadAsync(Http2Peer.HeadersType))!.Value;
        Assert.Null(Http2Peer.Find(head, "grpc-status"));
    }

    private async Task<Http2Peer> BeginAsync(string method, params (string Name, string Value)[] headers)
    {
        Http2Peer peer = await Http2Peer.ConnectAsync(Host.Address);
        await peer.SendAsync(Http2Peer.HeadersType, Http2Peer.EndHeaders, 1, Http2Peer.CallHeaders(method, headers));
        return peer;
    }

    // The method has the first message when this returns.
    private async Task<Http2Peer> BeginCollectAsync(byte[] data)
    {
        Http2Peer peer = await BeginAsync(Collect);
        await peer.SendAsync(Http2Peer.Data, 0, 1, data);
        await _begun.Task.WaitAsync(EchoHost.Patience);
        return peer;
    }

    private static async Task<string?> StatusAsync(Http2Peer peer)
    {
        while (await peer.ReadAsync(Http2Peer.HeadersType) is { } headers)
        {
            if (Http2Peer.Find(headers.Payload, "grpc-status") is { } status)
            {
                return status;
            }
        }

        return null;
    }

    private Task<string> EndAsync() => _end.Task.WaitAsync(EchoHost.Patience);
}
