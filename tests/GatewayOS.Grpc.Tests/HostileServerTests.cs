using System.Net;
using System.Net.Sockets;
using GatewayOS.Grpc.Tests.Protos;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;

namespace GatewayOS.Grpc.Tests;

/// <summary>Servers that break the protocol: the client's call ends with a status that says so, at once, and never looks well.</summary>
public sealed class HostileServerTests : IDisposable
{
    private static readonly byte[] s_message = MalformedFrameTests.Frame(0, new Note { Text = "abc" }.ToByteArray());
    private static readonly byte[] s_head = Http2Peer.Headers((":status", "200"), ("content-type", "application/grpc"));
    private static readonly byte[] s_ok = Http2Peer.Headers(("grpc-status", "0"));

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    public HostileServerTests() => _listener.Start();

    public void Dispose() => _listener.Dispose();

    [Fact]
    public async Task A_well_formed_answer_is_taken() => Assert.Equal("abc", (await AnswerAsync(async peer =>
    {
        await HeadAsync(peer);
        await peer.SendAsync(Http2Peer.Data, 0, 1, s_message);
        await EndAsync(peer, s_ok);
    })).Text);

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(6)]
    public async Task A_message_that_is_cut_short_is_an_error_though_the_status_is_ok(int bytes) => await EndsWithAsync(StatusCode.Internal, async peer =>
    {
        await HeadAsync(peer);
        await peer.SendAsync(Http2Peer.Data, 0, 1, s_message[..bytes]);
        await EndAsync(peer, s_ok);
    });

    [Fact]
    public async Task An_answer_without_a_status_is_an_error() => await EndsWithAsync(StatusCode.Internal, async peer =>
    {
        await HeadAsync(peer);
        await peer.SendAsync(Http2Peer.Data, Http2Peer.EndStream, 1, s_message);
    });

    [Theory]
    [InlineData("abc")]
    [InlineData("-1")]
    [InlineData("99")]
    public async Task A_status_that_is_none_is_unknown(string status) => await EndsWithAsync(StatusCode.Unknown, async peer =>
    {
        await HeadAsync(peer);
        await EndAsync(peer, Http2Peer.Headers(("grpc-status", status)));
    });

    [Fact]
    public async Task Ok_without_the_response_is_an_error() => await EndsWithAsync(StatusCode.Internal, async peer =>
    {
        await HeadAsync(peer);
        await EndAsync(peer, s_ok);
    });

    [Fact]
    public async Task Two_responses_where_one_is_expected_are_an_error() => await EndsWithAsync(StatusCode.Internal, async peer =>
    {
        await HeadAsync(peer);
        await peer.SendAsync(Http2Peer.Data, 0, 1, [.. s_message, .. s_message]);
        await EndAsync(peer, s_ok);
    });

    [Theory]
    [InlineData(2, StatusCode.Internal)]
    [InlineData(255, StatusCode.Internal)]
    [InlineData(1, StatusCode.Internal)]
    public async Task A_wrong_compressed_flag_is_an_error(byte flag, StatusCode expected) => await EndsWithAsync(expected, async peer =>
    {
        await HeadAsync(peer);
        await peer.SendAsync(Http2Peer.Data, 0, 1, MalformedFrameTests.Frame(flag, [1, 2, 3]));
        await EndAsync(peer, s_ok);
    });

    [Fact]
    public async Task A_length_beyond_the_limit_is_refused_on_the_prefix_alone() => await EndsWithAsync(StatusCode.ResourceExhausted, async peer =>
    {
        await HeadAsync(peer);
        await peer.SendAsync(Http2Peer.Data, 0, 1, [0, 0x7f, 0xff, 0xff, 0xff]);
    });

    [Theory]
    [InlineData("200", "text/html", StatusCode.Unknown)]
    [InlineData("503", "text/html", StatusCode.Unavailable)]
    [InlineData("404", "text/plain", StatusCode.Unimplemented)]
    [InlineData("401", "application/grpc", StatusCode.Unauthenticated)]
    [InlineData("302", "text/plain", StatusCode.Unknown)]
    public async Task An_answer_that_is_not_grpc_is_told_by_its_http_status(string http, string contentType, StatusCode expected) => await EndsWithAsync(expected, peer =>
        peer.SendAsync(Http2Peer.HeadersType, Http2Peer.EndHeaders | Http2Peer.EndStream, 1, Http2Peer.Headers((":status", http), ("content-type", contentType), ("location", "http://127.0.0.1:1/"))));

    [Theory]
    [InlineData(2, StatusCode.Internal)]
    [InlineData(7, StatusCode.Unavailable)]
    [InlineData(8, StatusCode.Cancelled)]
    [InlineData(11, StatusCode.ResourceExhausted)]
    [InlineData(12, StatusCode.PermissionDenied)]
    public async Task A_stream_reset_within_a_message_ends_as_its_code_says(byte code, StatusCode expected) => await EndsWithAsync(expected, async peer =>
    {
        await HeadAsync(peer);
        await peer.SendAsync(Http2Peer.Data, 0, 1, s_message[..7]);
        await peer.SendAsync(Http2Peer.Reset, 0, 1, [0, 0, 0, code]);
    });

    [Fact]
    public async Task A_connection_that_breaks_within_a_message_is_unavailable() => await EndsWithAsync(StatusCode.Unavailable, async peer =>
    {
        await HeadAsync(peer);
        await peer.SendAsync(Http2Peer.Data, 0, 1, s_message[..7]);
        peer.Break();
    });

    [Fact]
    public async Task Garbage_instead_of_frames_ends_the_call()
    {
        RpcException error = await Assert.ThrowsAsync<RpcException>(() => AnswerAsync(peer => peer.SendRawAsync([.. Enumerable.Range(0, 64).Select(static i => (byte)(0xa5 ^ i))])));
        Assert.True(error.StatusCode is StatusCode.Internal or StatusCode.Unavailable, error.ToString());
    }

    [Fact]
    public async Task A_server_that_falls_silent_is_noticed_by_keep_alive()
    {
        using var handler = new SocketsHttpHandler { KeepAlivePingDelay = TimeSpan.FromSeconds(1), KeepAlivePingTimeout = TimeSpan.FromSeconds(1) };
        RpcException error = await Assert.ThrowsAsync<RpcException>(() => AnswerAsync(
            async peer =>
            {
                peer.IsSilent = true;
                await HeadAsync(peer);
                Assert.Null(await peer.ReadAsync());
            },
            handler));
        Assert.Equal(StatusCode.Unavailable, error.StatusCode);
    }

    private static Task HeadAsync(Http2Peer peer) => peer.SendAsync(Http2Peer.HeadersType, Http2Peer.EndHeaders, 1, s_head);

    private static Task EndAsync(Http2Peer peer, byte[] trailers) => peer.SendAsync(Http2Peer.HeadersType, Http2Peer.EndHeaders | Http2Peer.EndStream, 1, trailers);

    private async Task EndsWithAsync(StatusCode expected, Func<Http2Peer, Task> answer)
    {
        RpcException error = await Assert.ThrowsAsync<RpcException>(() => AnswerAsync(answer));
        Assert.True(expected == error.StatusCode, error.ToString());
    }

    private async Task<Note> AnswerAsync(Func<Http2Peer, Task> answer, SocketsHttpHandler? handler = null)
    {
        using var channel = GrpcChannel.ForAddress($"http://{_listener.LocalEndpoint}", new GrpcChannelOptions { HttpHandler = handler });
        Task<Note> call = new Echo.EchoClient(channel).UnaryAsync(new Note()).ResponseAsync;
        using Http2Peer peer = await Http2Peer.AcceptAsync(_listener);

        // The answer comes when the request is there.
        while (await peer.ReadAsync(Http2Peer.Data) is { } data && (data.Flags & Http2Peer.EndStream) == 0)
        {
        }

        Task answered = answer(peer);
        Note note = await call.WaitAsync(EchoHost.Patience);
        await answered;
        return note;
    }
}
