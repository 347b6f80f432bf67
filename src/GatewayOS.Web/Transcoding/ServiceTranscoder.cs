using GatewayOS.Web.Endpoints;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;

namespace GatewayOS.Web.Transcoding;

/// <summary>
/// Makes an endpoint of each of a service's methods that has one request: <c>POST /api/v1/package.Service/Method</c> with the request in proto3 JSON.
/// The same instance serves it behind the same gates as over gRPC.
/// </summary>
internal sealed class ServiceTranscoder(ServiceDescriptor service, WebCalls calls, TimeProvider time, Action<WebEndpoint> add) : ServiceBinderBase
{
    /// <summary>How long a call may take that gives one answer.</summary>
    public static readonly TimeSpan CallTimeMax = TimeSpan.FromSeconds(60);

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse>? handler) => Add(method, async (http, session) =>
    {
        TRequest request = await ReadAsync<TRequest>(http, method.Name).ConfigureAwait(false);
        using CancellationTokenSource cancel = session.Link(http.RequestAborted);
        WebCallContext context = Context(http, method, session, cancel.Token);
        TResponse response;
        try
        {
            response = await calls.UnaryAsync(request, context, handler!).WaitAsync(CallTimeMax, time, CancellationToken.None).ConfigureAwait(false);
        }
        catch (TimeoutException error)
        {
            await cancel.CancelAsync().ConfigureAwait(false);
            throw new RpcException(new Status(StatusCode.DeadlineExceeded, $"This took longer than {CallTimeMax.TotalSeconds:0} seconds and is no longer waited for.", error));
        }

        await Answers.WriteJsonAsync(http, JsonFormatter.Default.Format((IMessage)response)).ConfigureAwait(false);
    });

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, ServerStreamingServerMethod<TRequest, TResponse>? handler) => Add(method, async (http, session) =>
    {
        TRequest request = await ReadAsync<TRequest>(http, method.Name).ConfigureAwait(false);
        using CancellationTokenSource cancel = session.Link(http.RequestAborted);
        var stream = new EventStream(http, cancel.Token);
        WebCallContext context = Context(http, method, session, cancel.Token);
        try
        {
            await calls.StreamAsync(request, new MessageWriter<TResponse>(stream), context, handler!).ConfigureAwait(false);
            await stream.WriteAsync("end", "{}").ConfigureAwait(false);
        }
        catch (Exception error) when (stream.HasBegun && !http.RequestAborted.IsCancellationRequested)
        {
            (_, ErrorDocument body) = Answers.ErrorOf(error);
            await stream.WriteLastAsync("error", Answers.ToJson(body)).ConfigureAwait(false);
        }
    });

    // What takes many requests is nothing for a browser.
    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, ClientStreamingServerMethod<TRequest, TResponse>? handler)
    {
    }

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, DuplexStreamingServerMethod<TRequest, TResponse>? handler)
    {
    }

    private static WebCallContext Context(HttpContext http, IMethod method, CallerSession session, CancellationToken cancellation) => new(http, NameOf(method), session.Account, cancellation);

    private static string NameOf(IMethod method) => $"{method.ServiceName}/{method.Name}";

    private void Add(IMethod method, Func<HttpContext, CallerSession, Task> answer) =>
        add(new WebEndpoint(HttpMethods.Post, $"{EndpointTable.Prefix}{NameOf(method)}", NameOf(method), answer) { Method = service.FindMethodByName(method.Name) });

    private async Task<TRequest> ReadAsync<TRequest>(HttpContext http, string method)
        where TRequest : class
        => (TRequest)await MessageJson.ReadAsync(http, service.FindMethodByName(method).InputType, time).ConfigureAwait(false);

    private sealed class MessageWriter<T>(EventStream stream) : IServerStreamWriter<T>
        where T : class
    {
        public WriteOptions? WriteOptions { get; set; }

        public Task WriteAsync(T message, CancellationToken cancellationToken) => WriteAsync(message);

        public Task WriteAsync(T message) => stream.WriteAsync(null, JsonFormatter.Default.Format((IMessage)message));
    }
}
