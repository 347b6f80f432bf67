using Grpc.Core;
using Grpc.Core.Interceptors;

namespace GatewayOS.Web.Transcoding;

/// <summary>Takes calls through the gates that calls over gRPC go through.</summary>
internal sealed class WebCalls(IReadOnlyList<Interceptor> gates)
{
    public Task<TResponse> UnaryAsync<TRequest, TResponse>(TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> method)
        where TRequest : class
        where TResponse : class
    {
        for (int i = gates.Count - 1; i >= 0; i--)
        {
            (Interceptor gate, UnaryServerMethod<TRequest, TResponse> next) = (gates[i], method);
            method = (asked, call) => gate.UnaryServerHandler(asked, call, next);
        }

        return method(request, context);
    }

    public Task StreamAsync<TRequest, TResponse>(TRequest request, IServerStreamWriter<TResponse> responses, ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> method)
        where TRequest : class
        where TResponse : class
    {
        for (int i = gates.Count - 1; i >= 0; i--)
        {
            (Interceptor gate, ServerStreamingServerMethod<TRequest, TResponse> next) = (gates[i], method);
            method = (asked, writer, call) => gate.ServerStreamingServerHandler(asked, writer, call, next);
        }

        return method(request, responses, context);
    }
}
