using GatewayOS.Grpc.Tests.Protos;
using Google.Protobuf;
using Grpc.Core;

namespace GatewayOS.Grpc.Tests;

/// <summary>gzip on the wire: only when both sides take it, and only for the messages that are to be compressed.</summary>
public sealed class CompressionTests : IAsyncLifetime
{
    private const string Unary = "/gatewayos.grpc.tests.Echo/Unary";
    private static readonly Note s_note = new() { Data = ByteString.CopyFrom(new byte[10_000]) };

    private EchoHost? _host;

    private EchoHost Host => _host!;

    public async Task InitializeAsync() => _host = await EchoHost.StartAsync(options => options.ResponseCompressionAlgorithm = "gzip");

    public async Task DisposeAsync() => await Host.DisposeAsync();

    [Theory]
    [InlineData("gzip", true)]
    [InlineData("identity, gzip", true)]
    [InlineData("deflate,identity", false)]
    [InlineData(null, false)]
    public async Task A_response_is_compressed_for_who_takes_it(string? accepted, bool compressed)
    {
        byte[] frame = MalformedFrameTests.Frame(0, s_note.ToByteArray());
        RawAnswer answer = accepted is null ? await Host.SendRawAsync(Unary, frame) : await Host.SendRawAsync(Unary, frame, headers: ("grpc-accept-encoding", accepted));
        Assert.Equal((StatusCode.OK, compressed), (answer.Status!.Value, answer.Body[0] == 1));
        Assert.Equal(compressed, answer.Body.Length < 1000);
    }

    [Fact]
    public async Task A_message_can_go_uncompressed_in_a_compressed_call()
    {
        Host.Behaviour.Unary = (request, context) =>
        {
            context.WriteOptions = new WriteOptions(WriteFlags.NoCompress);
            return Task.FromResult(request);
        };
        RawAnswer answer = await Host.SendRawAsync(Unary, MalformedFrameTests.Frame(0, s_note.ToByteArray()), headers: ("grpc-accept-encoding", "gzip"));
        Assert.Equal((StatusCode.OK, (byte)0), (answer.Status!.Value, answer.Body[0]));
    }

    [Fact]
    public async Task A_compressed_request_is_read()
    {
        byte[] frame = MalformedFrameTests.Frame(1, MalformedFrameTests.Gzip(s_note.ToByteArray()));
        RawAnswer answer = await Host.SendRawAsync(Unary, frame, headers: ("grpc-encoding", "gzip"));
        Assert.Equal(StatusCode.OK, answer.Status);
        Assert.Equal(MalformedFrameTests.Frame(0, s_note.ToByteArray()), answer.Body);
    }

    [Fact]
    public async Task Our_client_compresses_when_asked_to_and_reads_compressed_responses()
    {
        long? requestBytes = null;
        string? encoding = null;
        Host.Behaviour.Chat = async (requests, responses, context) =>
        {
            encoding = context.GetHttpContext().Request.Headers["grpc-encoding"];
            Assert.Null(context.RequestHeaders.GetValue("grpc-internal-encoding-request"));
            await foreach (Note request in requests.ReadAllAsync())
            {
                requestBytes = request.Data.Length;
                await responses.WriteAsync(request);
            }
        };
        using AsyncDuplexStreamingCall<Note, Note> call = Host.Client().Chat(new Metadata { { "grpc-internal-encoding-request", "gzip" } });
        await call.RequestStream.WriteAsync(s_note);
        Assert.True(await call.ResponseStream.MoveNext());
        Assert.Equal(s_note, call.ResponseStream.Current);
        call.RequestStream.WriteOptions = new WriteOptions(WriteFlags.NoCompress);
        await call.RequestStream.WriteAsync(s_note);
        Assert.True(await call.ResponseStream.MoveNext());
        await call.RequestStream.CompleteAsync();
        Assert.False(await call.ResponseStream.MoveNext());
        Assert.Equal((10_000, "gzip"), (requestBytes, encoding));
    }
}
