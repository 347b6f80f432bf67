using Google.Protobuf;
using Grpc.Core;
using Grpc.Testing;
using Microsoft.AspNetCore.Http;

namespace GatewayOS.Interop.Tests;

/// <summary>Our server's side of the interop description.</summary>
public sealed class TestServiceImpl : TestService.TestServiceBase
{
    public override Task<Empty> EmptyCall(Empty request, ServerCallContext context) => Task.FromResult(new Empty());

    public override async Task<SimpleResponse> UnaryCall(SimpleRequest request, ServerCallContext context)
    {
        await EchoMetadataAsync(context);
        EchoStatus(request.ResponseStatus);
        CheckCompressed(request.ExpectCompressed, context);
        context.WriteOptions = Compressed(request.ResponseCompressed);
        return new SimpleResponse { Payload = Zeros(request.ResponseSize) };
    }

    public override async Task StreamingOutputCall(StreamingOutputCallRequest request, IServerStreamWriter<StreamingOutputCallResponse> responseStream, ServerCallContext context) =>
        await AnswerAsync(request, responseStream, context);

    public override async Task<StreamingInputCallResponse> StreamingInputCall(IAsyncStreamReader<StreamingInputCallRequest> requestStream, ServerCallContext context)
    {
        int sum = 0;
        await foreach (StreamingInputCallRequest request in requestStream.ReadAllAsync())
        {
            CheckCompressed(request.ExpectCompressed, context);
            sum += request.Payload.Body.Length;
        }

        return new StreamingInputCallResponse { AggregatedPayloadSize = sum };
    }

    public override async Task FullDuplexCall(IAsyncStreamReader<StreamingOutputCallRequest> requestStream, IServerStreamWriter<StreamingOutputCallResponse> responseStream, ServerCallContext context)
    {
        await EchoMetadataAsync(context);
        await foreach (StreamingOutputCallRequest request in requestStream.ReadAllAsync())
        {
            EchoStatus(request.ResponseStatus);
            await AnswerAsync(request, responseStream, context);
        }
    }

    private static async Task AnswerAsync(StreamingOutputCallRequest request, IServerStreamWriter<StreamingOutputCallResponse> responses, ServerCallContext context)
    {
        foreach (ResponseParameters parameters in request.ResponseParameters)
        {
            await Task.Delay(TimeSpan.FromMicroseconds(parameters.IntervalUs), TimeProvider.System, context.CancellationToken);
            responses.WriteOptions = Compressed(parameters.Compressed);
            await responses.WriteAsync(new StreamingOutputCallResponse { Payload = Zeros(parameters.Size) });
        }
    }

    private static Payload Zeros(int size) => new() { Body = ByteString.CopyFrom(new byte[size]) };

    private static WriteOptions Compressed(BoolValue? wish) => wish is { Value: false } ? new WriteOptions(WriteFlags.NoCompress) : WriteOptions.Default;

    private static void CheckCompressed(BoolValue? said, ServerCallContext context)
    {
        bool compressed = context.GetHttpContext().Request.Headers["grpc-encoding"] == "gzip";
        if (said is not null && said.Value != compressed)
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, "The request's compression is not what it says."));
        }
    }

    private static void EchoStatus(EchoStatus? status)
    {
        if (status is { Code: (int)StatusCode.FailedPrecondition })
        {
            throw new Google.Rpc.Status { Code = status.Code, Message = status.Message }.WithDetail(new Google.Rpc.ErrorInfo { Reason = "ECHOED", Domain = "interop" }).ToRpcException();
        }

        if (status is { Code: not 0 })
        {
            throw new RpcException(new Status((StatusCode)status.Code, status.Message));
        }
    }

    private static async Task EchoMetadataAsync(ServerCallContext context)
    {
        if (context.RequestHeaders.Get("x-grpc-test-echo-initial") is { } initial)
        {
            await context.WriteResponseHeadersAsync([initial]);
        }

        if (context.RequestHeaders.Get("x-grpc-test-echo-trailing-bin") is { } trailing)
        {
            context.ResponseTrailers.Add(trailing);
        }
    }
}
