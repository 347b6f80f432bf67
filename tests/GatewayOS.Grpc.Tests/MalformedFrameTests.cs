using System.Buffers.Binary;
using System.IO.Compression;
using System.Net;
using GatewayOS.Grpc.Tests.Protos;
using Google.Protobuf;
using Grpc.Core;

namespace GatewayOS.Grpc.Tests;

/// <summary>A client that breaks the protocol gets a status that says so, and the server goes on.</summary>
[Collection(AloneCollection.Name)]
public sealed class MalformedFrameTests : IAsyncLifetime
{
    private const string Unary = "/gatewayos.grpc.tests.Echo/Unary";
    private const string Collect = "/gatewayos.grpc.tests.Echo/Collect";
    private const int LimitBytes = 64 * 1024;

    private EchoHost? _host;

    private EchoHost Host => _host!;

    public async Task InitializeAsync() => _host = await EchoHost.StartAsync(options => options.MaxReceiveMessageSize = LimitBytes);

    public async Task DisposeAsync()
    {
        // Whatever a test did: the next client is served.
        Assert.Equal("still here", (await Host.Client().UnaryAsync(new Note { Text = "still here" })).Text);
        await Host.DisposeAsync();
    }

    [Fact]
    public async Task A_whole_message_is_answered()
    {
        RawAnswer answer = await Host.SendRawAsync(Unary, Frame(0, new Note { Text = "a" }.ToByteArray()));
        Assert.Equal((HttpStatusCode.OK, StatusCode.OK), (answer.Http, answer.Status));
        Assert.Equal(Frame(0, new Note { Text = "a" }.ToByteArray()), answer.Body);
    }

    [Fact]
    public async Task An_unknown_flag_is_refused() => await ExpectAsync(StatusCode.Internal, Unary, Frame(2, [1, 2, 3]));

    [Fact]
    public async Task A_length_beyond_the_limit_is_refused_on_the_prefix_alone()
    {
        // Only the head is sent, and the stream stays open: an answer shows that nothing more was waited for.
        using var client = new HttpClient();
        var body = new OpenContent(Head(0, LimitBytes + 1));
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(Host.Address, Collect)) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = body };
        using HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).WaitAsync(EchoHost.Patience);
        Assert.Equal("8", response.Headers.GetValues("grpc-status").First());
        body.End();
    }

    [Theory]
    [InlineData(0xFFFF_FFFFu)]
    [InlineData(0x8000_0000u)]
    [InlineData(0x7FFF_FFFFu)]
    public async Task Lengths_at_the_edges_of_integers_are_refused(uint length) => await ExpectAsync(StatusCode.ResourceExhausted, Unary, Head(0, length));

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(7)]
    public async Task A_stream_that_ends_within_a_message_is_an_error(int bytes) => await ExpectAsync(StatusCode.Internal, Collect, Frame(0, new Note { Text = "abc" }.ToByteArray())[..bytes]);

    [Fact]
    public async Task A_stream_cut_behind_a_whole_message_is_an_error_too() =>
        await ExpectAsync(StatusCode.Internal, Collect, [.. Frame(0, new Note { Text = "abc" }.ToByteArray()), 0, 0]);

    [Fact]
    public async Task A_missing_request_is_an_error() => await ExpectAsync(StatusCode.Internal, Unary, []);

    [Fact]
    public async Task Two_requests_where_one_is_expected_are_an_error() => await ExpectAsync(StatusCode.Internal, Unary, [.. Frame(0, []), .. Frame(0, [])]);

    [Fact]
    public async Task A_message_that_is_none_is_an_error() => await ExpectAsync(StatusCode.Internal, Unary, Frame(0, [0xff, 0xff, 0xff]));

    [Fact]
    public async Task A_compressed_message_in_a_call_without_compression_is_an_error() => await ExpectAsync(StatusCode.Internal, Unary, Frame(1, Gzip([])));

    [Fact]
    public async Task A_compression_that_is_not_known_is_refused() => await ExpectAsync(StatusCode.Unimplemented, Unary, Frame(1, [1, 2, 3]), ("grpc-encoding", "snappy"));

    [Fact]
    public async Task Garbage_as_gzip_is_an_error() => await ExpectAsync(StatusCode.Internal, Unary, Frame(1, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]), ("grpc-encoding", "gzip"));

    [Fact]
    public async Task Gzip_that_ends_early_is_an_error()
    {
        var random = new Random(1);
        byte[] data = new byte[2000];
        random.NextBytes(data);
        byte[] whole = Gzip(new Note { Data = ByteString.CopyFrom(data) }.ToByteArray());
        await ExpectAsync(StatusCode.Internal, Unary, Frame(1, whole[..(whole.Length / 2)]), ("grpc-encoding", "gzip"));
    }

    [Fact]
    public async Task Nothing_compressed_is_nothing() => await ExpectAsync(StatusCode.OK, Unary, Frame(1, []), ("grpc-encoding", "gzip"));

    [Fact]
    public async Task A_gzip_bomb_is_refused_at_the_limit()
    {
        byte[] bomb = Gzip(new byte[32 * 1024 * 1024]);
        Assert.True(bomb.Length < LimitBytes);
        long before = GC.GetTotalAllocatedBytes(precise: true);
        await ExpectAsync(StatusCode.ResourceExhausted, Unary, Frame(1, bomb), ("grpc-encoding", "gzip"));
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, 16 * 1024 * 1024);
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/grpcx")]
    [InlineData("application/json")]
    public async Task Another_content_type_is_no_call(string contentType)
    {
        RawAnswer answer = await Host.SendRawAsync(Unary, Frame(0, []), contentType);
        Assert.Equal((HttpStatusCode.UnsupportedMediaType, null), (answer.Http, answer.Status));
    }

    [Theory]
    [InlineData("application/grpc+proto")]
    [InlineData("application/grpc;charset=utf-8")]
    public async Task Content_types_with_more_behind_are_calls(string contentType) => Assert.Equal(StatusCode.OK, (await Host.SendRawAsync(Unary, Frame(0, []), contentType)).Status);

    [Theory]
    [InlineData("1")]
    [InlineData("1x")]
    [InlineData("-1S")]
    [InlineData("123456789S")]
    public async Task A_malformed_timeout_is_an_error(string timeout) => await ExpectAsync(StatusCode.Internal, Unary, Frame(0, []), ("grpc-timeout", timeout));

    internal static byte[] Frame(byte flag, byte[] payload) => [.. Head(flag, (uint)payload.Length), .. payload];

    internal static byte[] Gzip(byte[] bytes)
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal))
        {
            gzip.Write(bytes);
        }

        return packed.ToArray();
    }

    private static byte[] Head(byte flag, uint length)
    {
        byte[] head = new byte[5];
        head[0] = flag;
        BinaryPrimitives.WriteUInt32BigEndian(head.AsSpan(1), length);
        return head;
    }

    private async Task ExpectAsync(StatusCode expected, string method, byte[] body, params (string Name, string Value)[] headers)
    {
        RawAnswer answer = await Host.SendRawAsync(method, body, headers: headers);
        Assert.Equal((HttpStatusCode.OK, expected), (answer.Http, answer.Status));
    }

    /// <summary>A body that begins with some bytes and stays open.</summary>
    private sealed class OpenContent : HttpContent
    {
        private readonly byte[] _bytes;
        private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public OpenContent(byte[] bytes)
        {
            _bytes = bytes;
            Headers.TryAddWithoutValidation("content-type", "application/grpc");
        }

        public void End() => _end.TrySetResult();

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(_bytes);
            await stream.FlushAsync();
            await _end.Task;
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
