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

    // What RFC 7541, section 4.1, counts for a header besides its text.
    private const int HeaderOverheadBytes = 32;

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

        Add(request, await MetadataAsync(channel, method, options, cancellation).ConfigureAwait(false));
        return request;
    }

    private static void Add(HttpRequestMessage request, IEnumerable<Metadata.Entry> metadata)
    {
        int bytes = 0;
        foreach (Metadata.Entry entry in metadata)
        {
            if (entry.Key == CompressionRequest || GrpcProtocol.IsReserved(entry.Key))
            {
                continue;
            }

            string value = GrpcProtocol.HeaderValue(entry);
            bytes += entry.Key.Length + value.Length + HeaderOverheadBytes;
            if (bytes > GrpcProtocol.MetadataBytesMax)
            {
                throw new RpcException(new Status(StatusCode.ResourceExhausted, $"The call's metadata is beyond the limit of {GrpcProtocol.MetadataBytesMax} bytes (MetadataBytesMax)."));
            }

            request.Headers.TryAddWithoutValidation(entry.Key, value);
        }
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
