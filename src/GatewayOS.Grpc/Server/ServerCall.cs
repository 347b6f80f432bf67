using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Grpc.AspNetCore.Server.Internal;

/// <summary>Takes a request through: check it is gRPC, read, run interceptors and method, write, end with a status.</summary>
internal static partial class ServerCall
{
    // A method has so long after its deadline to end by itself, in response to its token; then the call ends without it.
    private static readonly TimeSpan s_deadlineGrace = TimeSpan.FromMilliseconds(200);

    private static readonly Status s_deadlinePassed = new(StatusCode.DeadlineExceeded, "The deadline has passed.");

    public static Task UnaryAsync<TRequest, TResponse>(HttpContext http, Method<TRequest, TResponse> method, GrpcServiceOptions options, UnaryServerMethod<TRequest, TResponse> handler)
        where TRequest : class
        where TResponse : class => RunAsync(http, method, options, async (context, requests, responses) =>
    {
        TRequest request = await requests.ReadSingleAsync().ConfigureAwait(false);
        await responses.WriteSingleAsync(await Intercept(http, options, handler)(request, context).ConfigureAwait(false)).ConfigureAwait(false);
    });

    public static Task ClientStreamingAsync<TRequest, TResponse>(HttpContext http, Method<TRequest, TResponse> method, GrpcServiceOptions options, ClientStreamingServerMethod<TRequest, TResponse> handler)
        where TRequest : class
        where TResponse : class => RunAsync(http, method, options, async (context, requests, responses) =>
    {
        UnlimitRate(http);
        await responses.WriteSingleAsync(await Intercept(http, options, handler)(requests, context).ConfigureAwait(false)).ConfigureAwait(false);
    });

    public static Task ServerStreamingAsync<TRequest, TResponse>(HttpContext http, Method<TRequest, TResponse> method, GrpcServiceOptions options, ServerStreamingServerMethod<TRequest, TResponse> handler)
        where TRequest : class
        where TResponse : class => RunAsync(http, method, options, async (context, requests, responses) =>
    {
        TRequest request = await requests.ReadSingleAsync().ConfigureAwait(false);
        await Intercept(http, options, handler)(request, responses, context).ConfigureAwait(false);
    });

    public static Task DuplexAsync<TRequest, TResponse>(HttpContext http, Method<TRequest, TResponse> method, GrpcServiceOptions options, DuplexStreamingServerMethod<TRequest, TResponse> handler)
        where TRequest : class
        where TResponse : class => RunAsync(http, method, options, (context, requests, responses) =>
    {
        UnlimitRate(http);
        return Intercept(http, options, handler)(requests, responses, context);
    });

    /// <summary>Answers a call with a status and nothing else.</summary>
    public static Task RefuseAsync(HttpContext http, Status status)
    {
        http.Response.ContentType = GrpcProtocol.ContentType;
        using var context = new HttpServerCallContext(http, new Method<string, string>(MethodType.Unary, "", "", Marshallers.StringMarshaller, Marshallers.StringMarshaller), new GrpcServiceOptions());
        context.WriteStatus(status, []);
        return Task.CompletedTask;
    }

    private static async Task RunAsync<TRequest, TResponse>(HttpContext http, Method<TRequest, TResponse> method, GrpcServiceOptions options, Func<ServerCallContext, RequestReader<TRequest>, ResponseWriter<TResponse>, Task> run)
        where TRequest : class
        where TResponse : class
    {
        if (!IsGrpcRequest(http))
        {
            return;
        }

        http.Response.ContentType = GrpcProtocol.ContentType;
        using var context = new HttpServerCallContext(http, method, options);
        http.Response.Headers[GrpcProtocol.AcceptEncodingHeader] = GrpcProtocol.AcceptedEncodings;
        if (context.Compresses)
        {
            http.Response.Headers[GrpcProtocol.EncodingHeader] = GrpcProtocol.Gzip;
        }

        UnlimitSize(http);
        var requests = new RequestReader<TRequest>(new FrameReader(http.Request.BodyReader, options.MaxReceiveMessageSize, context.RequestEncoding), method.RequestMarshaller, context);
        var responses = new ResponseWriter<TResponse>(method.ResponseMarshaller, options, context);
        Task<(Status Status, Metadata? Trailers)> outcome = OutcomeAsync(http, options, context, () => run(context, requests, responses));
        if (!await EndsInTimeAsync(outcome, context).ConfigureAwait(false))
        {
            await EndAtDeadlineAsync(http, context, responses).ConfigureAwait(false);

            // What the method works with lives as long as the request.
            await outcome.ConfigureAwait(false);
            return;
        }

        (Status status, Metadata? trailers) = await outcome.ConfigureAwait(false);
        if (responses.IsBroken)
        {
            // Half a message has gone out: a status behind it would be read as its rest.
            http.Abort();
            return;
        }

        context.WriteStatus(status, context.ResponseTrailers.Concat(trailers ?? Metadata.Empty));
    }

    private static async Task<(Status Status, Metadata? Trailers)> OutcomeAsync(HttpContext http, GrpcServiceOptions options, HttpServerCallContext context, Func<Task> run)
    {
        try
        {
            Refuse(context);
            await run().ConfigureAwait(false);
            return (context.DeadlinePassed ? s_deadlinePassed : context.Status, null);
        }
        catch (Exception error)
        {
            return StatusOf(error, context, options, http);
        }
    }

    // False when the method goes on though the deadline has passed and its token is cancelled.
    private static async Task<bool> EndsInTimeAsync(Task outcome, HttpServerCallContext context)
    {
        if (context.AtDeadline is not { } deadline || await Task.WhenAny(outcome, deadline).ConfigureAwait(false) == outcome)
        {
            return true;
        }

        return await Task.WhenAny(outcome, Task.Delay(s_deadlineGrace, TimeProvider.System)).ConfigureAwait(false) == outcome;
    }

    private static async Task EndAtDeadlineAsync<TResponse>(HttpContext http, HttpServerCallContext context, ResponseWriter<TResponse> responses)
        where TResponse : class
    {
        if (!responses.Close() || responses.IsBroken)
        {
            http.Abort();
            return;
        }

        context.WriteStatus(s_deadlinePassed, []);
        await http.Response.CompleteAsync().ConfigureAwait(false);
    }

    private static void Refuse(HttpServerCallContext context)
    {
        string? encoding = context.RequestEncoding;
        if (encoding is not (null or GrpcProtocol.Identity or GrpcProtocol.Gzip))
        {
            throw new RpcException(new Status(StatusCode.Unimplemented, $"Messages compressed with '{encoding}' are not supported; 'gzip' is."));
        }

        string? timeout = context.Http.Request.Headers[GrpcProtocol.TimeoutHeader];
        if (timeout is not null && !GrpcProtocol.TryParseTimeout(timeout, out _))
        {
            throw new RpcException(new Status(StatusCode.Internal, $"The timeout '{timeout}' is malformed."));
        }
    }

    private static bool IsGrpcRequest(HttpContext http)
    {
        if (!GrpcProtocol.IsGrpc(http.Request.ContentType))
        {
            http.Response.StatusCode = StatusCodes.Status415UnsupportedMediaType;
            return false;
        }

        if (!HttpProtocol.IsHttp2(http.Request.Protocol))
        {
            http.Response.StatusCode = StatusCodes.Status426UpgradeRequired;
            return false;
        }

        if (!HttpMethods.IsPost(http.Request.Method))
        {
            http.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            return false;
        }

        return true;
    }

    private static (Status Status, Metadata? Trailers) StatusOf(Exception error, HttpServerCallContext context, GrpcServiceOptions options, HttpContext http)
    {
        if (context.DeadlinePassed)
        {
            return (s_deadlinePassed, null);
        }

        if (error is RpcException rpc)
        {
            return (rpc.Status, rpc.Trailers);
        }

        if (http.RequestAborted.IsCancellationRequested)
        {
            return (Status.DefaultCancelled, null);
        }

        if (http.RequestServices.GetService<ILoggerFactory>() is { } loggers)
        {
            MethodFailed(loggers.CreateLogger("Grpc.AspNetCore.Server"), context.Method, error);
        }

        return (new Status(StatusCode.Unknown, options.EnableDetailedErrors == true ? $"The method threw {error.GetType().Name}: {error.Message}" : "The method threw an exception."), null);
    }

    // A stream may be silent for as long as it likes; how long is the method's business.
    private static void UnlimitRate(HttpContext http)
    {
        if (http.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } requestRate)
        {
            requestRate.MinDataRate = null;
        }
    }

    // Messages have their own limit, and no method reads more of them than it wants.
    private static void UnlimitSize(HttpContext http)
    {
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = null;
        }
    }

    private static UnaryServerMethod<TRequest, TResponse> Intercept<TRequest, TResponse>(HttpContext http, GrpcServiceOptions options, UnaryServerMethod<TRequest, TResponse> handler)
        where TRequest : class
        where TResponse : class
    {
        for (int i = options.Interceptors.Count - 1; i >= 0; i--)
        {
            (Interceptor interceptor, UnaryServerMethod<TRequest, TResponse> next) = (options.Interceptors[i].Make(http.RequestServices), handler);
            handler = (request, context) => interceptor.UnaryServerHandler(request, context, next);
        }

        return handler;
    }

    private static ClientStreamingServerMethod<TRequest, TResponse> Intercept<TRequest, TResponse>(HttpContext http, GrpcServiceOptions options, ClientStreamingServerMethod<TRequest, TResponse> handler)
        where TRequest : class
        where TResponse : class
    {
        for (int i = options.Interceptors.Count - 1; i >= 0; i--)
        {
            (Interceptor interceptor, ClientStreamingServerMethod<TRequest, TResponse> next) = (options.Interceptors[i].Make(http.RequestServices), handler);
            handler = (requests, context) => interceptor.ClientStreamingServerHandler(requests, context, next);
        }

        return handler;
    }

    private static ServerStreamingServerMethod<TRequest, TResponse> Intercept<TRequest, TResponse>(HttpContext http, GrpcServiceOptions options, ServerStreamingServerMethod<TRequest, TResponse> handler)
        where TRequest : class
        where TResponse : class
    {
        for (int i = options.Interceptors.Count - 1; i >= 0; i--)
        {
            (Interceptor interceptor, ServerStreamingServerMethod<TRequest, TResponse> next) = (options.Interceptors[i].Make(http.RequestServices), handler);
            handler = (request, responses, context) => interceptor.ServerStreamingServerHandler(request, responses, context, next);
        }

        return handler;
    }

    private static DuplexStreamingServerMethod<TRequest, TResponse> Intercept<TRequest, TResponse>(HttpContext http, GrpcServiceOptions options, DuplexStreamingServerMethod<TRequest, TResponse> handler)
        where TRequest : class
        where TResponse : class
    {
        for (int i = options.Interceptors.Count - 1; i >= 0; i--)
        {
            (Interceptor interceptor, DuplexStreamingServerMethod<TRequest, TResponse> next) = (options.Interceptors[i].Make(http.RequestServices), handler);
            handler = (requests, responses, context) => interceptor.DuplexStreamingServerHandler(requests, responses, context, next);
        }

        return handler;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The method {method} threw an exception.")]
    private static partial void MethodFailed(ILogger logger, string method, Exception error);
}

/// <summary>A call's requests.</summary>
internal sealed class RequestReader<T>(FrameReader frames, Marshaller<T> marshaller, HttpServerCallContext context) : IAsyncStreamReader<T>
    where T : class
{
    private T? _current;

    public T Current => _current ?? throw new InvalidOperationException("There is no current message: MoveNext gets one.");

    public async Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        using CancellationTokenSource? both = cancellationToken.CanBeCanceled && cancellationToken != context.CancellationToken
            ? CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, context.CancellationToken)
            : null;
        try
        {
            (bool found, _current) = await frames.ReadAsync(marshaller, both?.Token ?? context.CancellationToken).ConfigureAwait(false);
            return found;
        }
        catch (IOException error) when (context.Http.RequestAborted.IsCancellationRequested)
        {
            throw new OperationCanceledException("The client has cancelled the call.", error, context.CancellationToken);
        }
    }

    public async Task<T> ReadSingleAsync()
    {
        if (!await MoveNext(CancellationToken.None).ConfigureAwait(false))
        {
            throw new RpcException(new Status(StatusCode.Internal, "The request is missing."));
        }

        T request = Current;
        return await MoveNext(CancellationToken.None).ConfigureAwait(false)
            ? throw new RpcException(new Status(StatusCode.Internal, "There are several requests where one is expected."))
            : request;
    }
}

/// <summary>A call's responses.</summary>
internal sealed class ResponseWriter<T>(Marshaller<T> marshaller, GrpcServiceOptions options, HttpServerCallContext context) : IServerStreamWriter<T>
    where T : class
{
    private readonly FrameWriter _frames = new(options.MaxSendMessageSize);
    private int _writing;

    public WriteOptions? WriteOptions
    {
        get => context.WriteOptions;
        set => context.WriteOptions = value;
    }

    /// <summary>True when a message was written in part.</summary>
    public bool IsBroken => _frames.IsBroken;

    /// <summary>Takes no more messages.</summary>
    /// <returns>False when one is being written.</returns>
    public bool Close() => Interlocked.Exchange(ref _writing, 1) == 0;

    public Task WriteAsync(T message) => WriteAsync(message, CancellationToken.None);

    public Task WriteAsync(T message, CancellationToken cancellationToken) => WriteAsync(message, flush: true, cancellationToken);

    /// <summary>Writes the only response. It leaves with the status behind it, in one go.</summary>
    public Task WriteSingleAsync(T message) => WriteAsync(message, flush: false, CancellationToken.None);

    private async Task WriteAsync(T message, bool flush, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        cancellationToken.ThrowIfCancellationRequested();
        context.CancellationToken.ThrowIfCancellationRequested();
        if (Interlocked.Exchange(ref _writing, 1) == 1)
        {
            throw new InvalidOperationException("A write is in progress: await it before the next.");
        }

        try
        {
            HttpResponse response = context.Http.Response;
            if (!response.HasStarted)
            {
                // From here on the status belongs into the trailers, even if this message waits in the buffer until then.
                await response.StartAsync(context.CancellationToken).ConfigureAwait(false);
            }

            WriteFlags flags = context.WriteOptions?.Flags ?? WriteFlags.None;
            _frames.Write(response.BodyWriter, marshaller, message, context.Compresses && !flags.HasFlag(WriteFlags.NoCompress));
            if (flush && !flags.HasFlag(WriteFlags.BufferHint))
            {
                await response.BodyWriter.FlushAsync(context.CancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            Volatile.Write(ref _writing, 0);
        }
    }
}
