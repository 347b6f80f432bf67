using Google.Protobuf;
using Grpc.Core;
using Grpc.Testing;

namespace GatewayOS.Interop.Tests;

/// <summary>Our client calls Debian's python3-grpcio: the cases of the gRPC project's interop description.</summary>
public sealed class ForeignServerTests(ForeignServer server) : IClassFixture<ForeignServer>
{
    private TestService.TestServiceClient Client => server.Client;

    [Fact]
    public async Task Empty_unary() => Assert.Equal(new Empty(), await Client.EmptyCallAsync(new Empty()));

    [Fact]
    public async Task Large_unary() => Assert.Equal(314159, (await Client.UnaryCallAsync(Large())).Payload.Body.Length);

    [Fact]
    public void Blocking_unary() => Assert.Equal(314159, Client.UnaryCall(Large()).Payload.Body.Length);

    [Fact]
    public async Task Client_streaming()
    {
        using AsyncClientStreamingCall<StreamingInputCallRequest, StreamingInputCallResponse> call = Client.StreamingInputCall();
        foreach (int size in new[] { 27182, 8, 1828, 45904 })
        {
            await call.RequestStream.WriteAsync(new StreamingInputCallRequest { Payload = Zeros(size) });
        }

        await call.RequestStream.CompleteAsync();
        Assert.Equal(74922, (await call).AggregatedPayloadSize);
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
    }

    [Fact]
    public async Task Server_streaming()
    {
        int[] sizes = [31415, 9, 2653, 58979];
        using AsyncServerStreamingCall<StreamingOutputCallResponse> call = Client.StreamingOutputCall(new StreamingOutputCallRequest { ResponseParameters = { sizes.Select(size => new ResponseParameters { Size = size }) } });
        var received = new List<int>();
        await foreach (StreamingOutputCallResponse response in call.ResponseStream.ReadAllAsync())
        {
            received.Add(response.Payload.Body.Length);
        }

        Assert.Equal(sizes, received);
    }

    [Fact]
    public async Task Ping_pong()
    {
        using AsyncDuplexStreamingCall<StreamingOutputCallRequest, StreamingOutputCallResponse> call = Client.FullDuplexCall();
        foreach ((int request, int response) in new[] { (27182, 31415), (8, 9), (1828, 2653), (45904, 58979) })
        {
            await call.RequestStream.WriteAsync(Request(request, response));
            Assert.True(await call.ResponseStream.MoveNext());
            Assert.Equal(response, call.ResponseStream.Current.Payload.Body.Length);
        }

        await call.RequestStream.CompleteAsync();
        Assert.False(await call.ResponseStream.MoveNext());
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
    }

    [Fact]
    public async Task Empty_stream()
    {
        using AsyncDuplexStreamingCall<StreamingOutputCallRequest, StreamingOutputCallResponse> call = Client.FullDuplexCall();
        await call.RequestStream.CompleteAsync();
        Assert.False(await call.ResponseStream.MoveNext());
    }

    [Fact]
    public async Task Cancel_after_begin()
    {
        using var cancel = new CancellationTokenSource();
        using AsyncClientStreamingCall<StreamingInputCallRequest, StreamingInputCallResponse> call = Client.StreamingInputCall(cancellationToken: cancel.Token);
        await cancel.CancelAsync();
        RpcException error = await Assert.ThrowsAsync<RpcException>(async () => await call);
        Assert.Equal(StatusCode.Cancelled, error.StatusCode);
        Assert.Equal(StatusCode.Cancelled, call.GetStatus().StatusCode);
    }

    [Fact]
    public async Task Cancel_after_first_response()
    {
        using var cancel = new CancellationTokenSource();
        using AsyncDuplexStreamingCall<StreamingOutputCallRequest, StreamingOutputCallResponse> call = Client.FullDuplexCall(cancellationToken: cancel.Token);
        await call.RequestStream.WriteAsync(Request(27182, 31415));
        Assert.True(await call.ResponseStream.MoveNext());
        await cancel.CancelAsync();
        Assert.Equal(StatusCode.Cancelled, (await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext())).StatusCode);
    }

    [Fact]
    public async Task Timeout_on_sleeping_server()
    {
        using AsyncDuplexStreamingCall<StreamingOutputCallRequest, StreamingOutputCallResponse> call = Client.FullDuplexCall(deadline: DateTime.UnixEpoch + (TimeProvider.System.GetUtcNow() - DateTimeOffset.UnixEpoch) + TimeSpan.FromMilliseconds(100));
        StreamingOutputCallRequest request = Request(27182, 1);
        request.ResponseParameters[0].IntervalUs = 5_000_000;
        RpcException error = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            await call.RequestStream.WriteAsync(request);
            await call.ResponseStream.MoveNext();
        });
        Assert.Equal(StatusCode.DeadlineExceeded, error.StatusCode);
    }

    [Fact]
    public async Task Status_code_and_message()
    {
        var status = new EchoStatus { Code = 2, Message = "test status message" };
        RpcException unary = await Assert.ThrowsAsync<RpcException>(async () => await Client.UnaryCallAsync(new SimpleRequest { ResponseStatus = status }));
        Assert.Equal((StatusCode.Unknown, status.Message), (unary.StatusCode, unary.Status.Detail));
        using AsyncDuplexStreamingCall<StreamingOutputCallRequest, StreamingOutputCallResponse> call = Client.FullDuplexCall();
        RpcException duplex = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            // The server may end the call before the write has returned: then the write carries the status.
            await call.RequestStream.WriteAsync(new StreamingOutputCallRequest { ResponseStatus = status });
            await call.ResponseStream.MoveNext();
        });
        Assert.Equal((StatusCode.Unknown, status.Message), (duplex.StatusCode, duplex.Status.Detail));
    }

    [Fact]
    public async Task Special_status_message()
    {
        const string Message = "\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \ud83d\ude08\t\n";
        RpcException error = await Assert.ThrowsAsync<RpcException>(async () => await Client.UnaryCallAsync(new SimpleRequest { ResponseStatus = new EchoStatus { Code = 2, Message = Message } }));
        Assert.Equal((StatusCode.Unknown, Message), (error.StatusCode, error.Status.Detail));
    }

    [Fact]
    public async Task Unimplemented_method() =>
        Assert.Equal(StatusCode.Unimplemented, (await Assert.ThrowsAsync<RpcException>(async () => await Client.UnimplementedCallAsync(new Empty()))).StatusCode);

    [Fact]
    public async Task Unimplemented_service() =>
        Assert.Equal(StatusCode.Unimplemented, (await Assert.ThrowsAsync<RpcException>(async () => await server.NoService.UnimplementedCallAsync(new Empty()))).StatusCode);

    [Fact]
    public async Task Custom_metadata()
    {
        var headers = new Metadata { { "x-grpc-test-echo-initial", "test_initial_metadata_value" }, { "x-grpc-test-echo-trailing-bin", [0xab, 0xab, 0xab] } };
        using AsyncUnaryCall<SimpleResponse> call = Client.UnaryCallAsync(new SimpleRequest { ResponseSize = 1 }, headers);
        await call;
        Check(await call.ResponseHeadersAsync, call.GetTrailers());
        using AsyncDuplexStreamingCall<StreamingOutputCallRequest, StreamingOutputCallResponse> duplex = Client.FullDuplexCall(headers);
        await duplex.RequestStream.WriteAsync(Request(1, 1));
        await duplex.RequestStream.CompleteAsync();
        Assert.True(await duplex.ResponseStream.MoveNext());
        Assert.False(await duplex.ResponseStream.MoveNext());
        Check(await duplex.ResponseHeadersAsync, duplex.GetTrailers());

        static void Check(Metadata initial, Metadata trailing)
        {
            Assert.Equal("test_initial_metadata_value", initial.GetValue("x-grpc-test-echo-initial"));
            Assert.Equal([0xab, 0xab, 0xab], trailing.GetValueBytes("x-grpc-test-echo-trailing-bin"));
        }
    }

    [Fact]
    public async Task Client_compressed_unary() =>
        Assert.Equal(314159, (await Client.UnaryCallAsync(Large(), new Metadata { { "grpc-internal-encoding-request", "gzip" } })).Payload.Body.Length);

    [Fact]
    public async Task Server_compressed_unary() =>
        Assert.Equal(314159, (await Client.UnaryCallAsync(new SimpleRequest { ResponseSize = 314159, ResponseCompressed = new BoolValue { Value = true } })).Payload.Body.Length);

    [Fact]
    public async Task Oversize_message() =>
        Assert.Equal(StatusCode.ResourceExhausted, (await Assert.ThrowsAsync<RpcException>(async () => await Client.UnaryCallAsync(new SimpleRequest { ResponseSize = 5 * 1024 * 1024 }))).StatusCode);

    [Fact]
    public async Task Client_compressed_streaming()
    {
        using AsyncClientStreamingCall<StreamingInputCallRequest, StreamingInputCallResponse> call = Client.StreamingInputCall(new Metadata { { "grpc-internal-encoding-request", "gzip" } });
        await call.RequestStream.WriteAsync(new StreamingInputCallRequest { Payload = Zeros(27182) });
        call.RequestStream.WriteOptions = new WriteOptions(WriteFlags.NoCompress);
        await call.RequestStream.WriteAsync(new StreamingInputCallRequest { Payload = Zeros(45904) });
        await call.RequestStream.CompleteAsync();
        Assert.Equal(73086, (await call).AggregatedPayloadSize);
    }

    [Fact]
    public async Task Server_compressed_streaming()
    {
        var request = new StreamingOutputCallRequest
        {
            ResponseParameters =
            {
                new ResponseParameters { Size = 31415, Compressed = new BoolValue { Value = true } },
                new ResponseParameters { Size = 92653, Compressed = new BoolValue { Value = false } },
            },
        };
        using AsyncServerStreamingCall<StreamingOutputCallResponse> call = Client.StreamingOutputCall(request);
        Assert.Equal([31415, 92653], await call.ResponseStream.ReadAllAsync().Select(static response => response.Payload.Body.Length).ToListAsync());
    }

    [Fact]
    public async Task Rich_status()
    {
        RpcException error = await Assert.ThrowsAsync<RpcException>(async () => await Client.UnaryCallAsync(new SimpleRequest { ResponseStatus = new EchoStatus { Code = 9, Message = "with details" } }));
        Assert.Equal(StatusCode.FailedPrecondition, error.StatusCode);
        Assert.Equal("ECHOED", error.GetRpcStatus()!.GetDetail<Google.Rpc.ErrorInfo>()!.Reason);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(16)]
    [InlineData(64)]
    public async Task Very_large_unary(int mebibytes)
    {
        int bytes = mebibytes * 1024 * 1024;
        Assert.Equal(bytes, (await server.Unlimited.UnaryCallAsync(new SimpleRequest { ResponseSize = bytes, Payload = Zeros(bytes) })).Payload.Body.Length);
    }

    [Fact]
    public async Task Very_large_streaming()
    {
        const int bytes = 16 * 1024 * 1024;
        using (AsyncClientStreamingCall<StreamingInputCallRequest, StreamingInputCallResponse> input = server.Unlimited.StreamingInputCall())
        {
            await input.RequestStream.WriteAsync(new StreamingInputCallRequest { Payload = Zeros(bytes) });
            await input.RequestStream.CompleteAsync();
            Assert.Equal(bytes, (await input).AggregatedPayloadSize);
        }

        using AsyncDuplexStreamingCall<StreamingOutputCallRequest, StreamingOutputCallResponse> duplex = server.Unlimited.FullDuplexCall();
        await duplex.RequestStream.WriteAsync(Request(bytes, bytes));
        Assert.True(await duplex.ResponseStream.MoveNext());
        Assert.Equal(bytes, duplex.ResponseStream.Current.Payload.Body.Length);
        await duplex.RequestStream.CompleteAsync();
        Assert.False(await duplex.ResponseStream.MoveNext());
    }

    private static Payload Zeros(int size) => new() { Body = ByteString.CopyFrom(new byte[size]) };

    private static SimpleRequest Large() => new() { ResponseSize = 314159, Payload = Zeros(271828) };

    private static StreamingOutputCallRequest Request(int requestBytes, int responseBytes) => new() { ResponseParameters = { new ResponseParameters { Size = responseBytes } }, Payload = Zeros(requestBytes) };
}
