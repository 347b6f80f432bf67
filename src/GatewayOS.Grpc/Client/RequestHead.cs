using System.Net;
using System.Net.Http.Headers;
using Grpc.Core;
using Grpc.Wire;

namespace Grpc.Net.Client;

/// <summary>Makes the HTTP request of a call: names, timeout, metadata and credentials.</summary>
internal static class RequestHead
{
    // Metadata key by which a caller asks for its messages to be compressed; it does not travel.
    private const string CompressionRequest = "grpc-internal-encoding-request";

    public static bool Compresses(in CallOptions options) => options.Headers?.Get(CompressionRequest) is { } wish && wish.Value == GrpcProtocol.Gzip;

    public static async ValueTask<HttpRequestMessage> MakeAsync(GrpcChannel channel, IMethod method, CallOptions options, HttpContent content, CancellationToken cancellation)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(channel.Address, method.FullName))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = content,
        };
        request.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        request.Headers.TryAddWithoutValidation("user-agent", "gatewayos-grpc");
        request.Headers.TryAddWithoutValidation(GrpcProtocol.AcceptEncodingHeader, GrpcProtocol.AcceptedEncodings);
        if (Compresses(options))
        {
            request.Headers.TryAddWithoutValidation(GrpcProtocol.EncodingHeader, GrpcProtocol.Gzip);
        }

        if (options.Deadline is { } deadline)
        {
            TimeSpan left = deadline.ToUniversalTime() - TimeProvider.System.GetUtcNow().UtcDateTime;
            request.Headers.TryAddWithoutValidation(GrpcProtocol.TimeoutHeader, GrpcProtocol.FormatTimeout(left));
        }

        foreach (Metadata.Entry entry in await MetadataAsync(channel, method, options, cancellation).ConfigureAwait(false))
        {
            if (entry.Key != CompressionRequest && !GrpcProtocol.IsReserved(entry.Key))
            {
                request.Headers.TryAddWithoutValidation(entry.Key, GrpcProtocol.HeaderValue(entry));
            }
        }

        return request;
    }

    private static async ValueTask<IEnumerable<Metadata.Entry>> MetadataAsync(GrpcChannel channel, IMethod method, CallOptions options, CancellationToken cancellation)
    {
        bool secure = channel.Address.Scheme == Uri.UriSchemeHttps || channel.Options.UnsafeUseInsecureChannelCallCredentials;
        if (!secure || (channel.Options.Credentials?.Call is null && options.Credentials is null))
        {
            return (IEnumerable<Metadata.Entry>?)options.Headers ?? [];
        }

        var metadata = new Metadata();
        foreach (Metadata.Entry entry in (IEnumerable<Metadata.Entry>?)options.Headers ?? [])
        {
            metadata.Add(entry);
        }

        var context = new AuthInterceptorContext(new Uri(channel.Address, method.ServiceName).ToString(), method.Name, cancellation);
        foreach (CallCredentials? credentials in new[] { channel.Options.Credentials?.Call, options.Credentials })
        {
            if (credentials is not null)
            {
                await credentials.AddAsync(context, metadata).ConfigureAwait(false);
            }
        }

        return metadata;
    }
}
