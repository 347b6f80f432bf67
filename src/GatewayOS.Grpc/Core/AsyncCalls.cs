using System.Runtime.CompilerServices;

namespace Grpc.Core;

/// <summary>A call of one request and one response.</summary>
public sealed class AsyncUnaryCall<TResponse> : IDisposable
{
    private readonly CallEnds _ends;

    /// <summary>Makes one from its parts.</summary>
    public AsyncUnaryCall(Task<TResponse> responseAsync, Task<Metadata> responseHeadersAsync, Func<Status> getStatusFunc, Func<Metadata> getTrailersFunc, Action disposeAction)
    {
        ResponseAsync = responseAsync;
        _ends = new CallEnds(responseHeadersAsync, getStatusFunc, getTrailersFunc, disposeAction);
    }

    /// <summary>The response.</summary>
    public Task<TResponse> ResponseAsync { get; }

    /// <summary>Metadata before the response.</summary>
    public Task<Metadata> ResponseHeadersAsync => _ends.Headers;

    /// <summary>Awaits the response.</summary>
    public TaskAwaiter<TResponse> GetAwaiter() => ResponseAsync.GetAwaiter();

    /// <summary>Awaits the response.</summary>
    public ConfiguredTaskAwaitable<TResponse> ConfigureAwait(bool continueOnCapturedContext) => ResponseAsync.ConfigureAwait(continueOnCapturedContext);

    /// <summary>The status of an ended call.</summary>
    public Status GetStatus() => _ends.Status();

    /// <summary>Metadata behind the response of an ended call.</summary>
    public Metadata GetTrailers() => _ends.Trailers();

    /// <summary>Cancels the call if it has not ended.</summary>
    public void Dispose() => _ends.Dispose();
}

/// <summary>A call of many requests and one response.</summary>
public sealed class AsyncClientStreamingCall<TRequest, TResponse> : IDisposable
{
    private readonly CallEnds _ends;

    /// <summary>Makes one from its parts.</summary>
    public AsyncClientStreamingCall(IClientStreamWriter<TRequest> requestStream, Task<TResponse> responseAsync, Task<Metadata> responseHeadersAsync, Func<Status> getStatusFunc, Func<Metadata> getTrailersFunc, Action disposeAction)
    {
        (RequestStream, ResponseAsync) = (requestStream, responseAsync);
        _ends = new CallEnds(responseHeadersAsync, getStatusFunc, getTrailersFunc, disposeAction);
    }

    /// <summary>Where requests are written.</summary>
    public IClientStreamWriter<TRequest> RequestStream { get; }

    /// <summary>The response.</summary>
    public Task<TResponse> ResponseAsync { get; }

    /// <summary>Metadata before the response.</summary>
    public Task<Metadata> ResponseHeadersAsync => _ends.Headers;

    /// <summary>Awaits the response.</summary>
    public TaskAwaiter<TResponse> GetAwaiter() => ResponseAsync.GetAwaiter();

    /// <summary>Awaits the response.</summary>
    public ConfiguredTaskAwaitable<TResponse> ConfigureAwait(bool continueOnCapturedContext) => ResponseAsync.ConfigureAwait(continueOnCapturedContext);

    /// <summary>The status of an ended call.</summary>
    public Status GetStatus() => _ends.Status();

    /// <summary>Metadata behind the response of an ended call.</summary>
    public Metadata GetTrailers() => _ends.Trailers();

    /// <summary>Cancels the call if it has not ended.</summary>
    public void Dispose() => _ends.Dispose();
}

/// <summary>A call of one request and many responses.</summary>
public sealed class AsyncServerStreamingCall<TResponse> : IDisposable
{
    private readonly CallEnds _ends;

    /// <summary>Makes one from its parts.</summary>
    public AsyncServerStreamingCall(IAsyncStreamReader<TResponse> responseStream, Task<Metadata> responseHeadersAsync, Func<Status> getStatusFunc, Func<Metadata> getTrailersFunc, Action disposeAction)
    {
        ResponseStream = responseStream;
        _ends = new CallEnds(responseHeadersAsync, getStatusFunc, getTrailersFunc, disposeAction);
    }

    /// <summary>The responses.</summary>
    public IAsyncStreamReader<TResponse> ResponseStream { get; }

    /// <summary>Metadata before the responses.</summary>
    public Task<Metadata> ResponseHeadersAsync => _ends.Headers;

    /// <summary>The status of an ended call.</summary>
    public Status GetStatus() => _ends.Status();

    /// <summary>Metadata behind the responses of an ended call.</summary>
    public Metadata GetTrailers() => _ends.Trailers();

    /// <summary>Cancels the call if it has not ended.</summary>
    public void Dispose() => _ends.Dispose();
}

/// <summary>A call of many requests and many responses.</summary>
public sealed class AsyncDuplexStreamingCall<TRequest, TResponse> : IDisposable
{
    private readonly CallEnds _ends;

    /// <summary>Makes one from its parts.</summary>
    public AsyncDuplexStreamingCall(IClientStreamWriter<TRequest> requestStream, IAsyncStreamReader<TResponse> responseStream, Task<Metadata> responseHeadersAsync, Func<Status> getStatusFunc, Func<Metadata> getTrailersFunc, Action disposeAction)
    {
        (RequestStream, ResponseStream) = (requestStream, responseStream);
        _ends = new CallEnds(responseHeadersAsync, getStatusFunc, getTrailersFunc, disposeAction);
    }

    /// <summary>Where requests are written.</summary>
    public IClientStreamWriter<TRequest> RequestStream { get; }

    /// <summary>The responses.</summary>
    public IAsyncStreamReader<TResponse> ResponseStream { get; }

    /// <summary>Metadata before the responses.</summary>
    public Task<Metadata> ResponseHeadersAsync => _ends.Headers;

    /// <summary>The status of an ended call.</summary>
    public Status GetStatus() => _ends.Status();

    /// <summary>Metadata behind the responses of an ended call.</summary>
    public Metadata GetTrailers() => _ends.Trailers();

    /// <summary>Cancels the call if it has not ended.</summary>
    public void Dispose() => _ends.Dispose();
}

/// <summary>What all four kinds of call have.</summary>
internal sealed record CallEnds(Task<Metadata> Headers, Func<Status> Status, Func<Metadata> Trailers, Action Dispose);
