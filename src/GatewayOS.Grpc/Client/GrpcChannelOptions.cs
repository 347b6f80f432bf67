using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Grpc.Net.Client;

/// <summary>Options of a channel.</summary>
public sealed class GrpcChannelOptions
{
    /// <summary>Sends the requests; the channel's own when null. Keep-alive, TLS and connection limits are its options (<see cref="SocketsHttpHandler"/>).</summary>
    public HttpMessageHandler? HttpHandler { get; set; }

    /// <summary>Sends the requests, instead of a handler.</summary>
    public HttpClient? HttpClient { get; set; }

    /// <summary>True to dispose of handler or client with the channel.</summary>
    public bool DisposeHttpClient { get; set; }

    /// <summary>Longest message received, in bytes; null for no limit. 4 MiB unless set.</summary>
    public int? MaxReceiveMessageSize { get; set; } = Wire.GrpcProtocol.ReceiveBytesMaxDefault;

    /// <summary>Longest message sent, in bytes; null for no limit.</summary>
    public int? MaxSendMessageSize { get; set; }

    /// <summary>Whether the channel is secured, and metadata for every call.</summary>
    public ChannelCredentials? Credentials { get; set; }

    /// <summary>Adds call credentials even where the channel is not secured.</summary>
    public bool UnsafeUseInsecureChannelCallCredentials { get; set; }

    /// <summary>Throws <see cref="OperationCanceledException"/> instead of <see cref="RpcException"/> when the caller cancels or the deadline passes.</summary>
    public bool ThrowOperationCanceledOnCancellation { get; set; }

    /// <summary>Not used: calls are not logged.</summary>
    public ILoggerFactory? LoggerFactory { get; set; }
}
