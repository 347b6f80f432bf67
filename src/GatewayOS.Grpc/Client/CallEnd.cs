using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Grpc.Core;
using Grpc.Wire;

namespace Grpc.Net.Client;

/// <summary>How a call ended. One object, so that whoever sees that a call has ended sees all of how.</summary>
/// <param name="Status">The status.</param>
/// <param name="Trailers">Metadata behind the messages.</param>
/// <param name="FromServer">True when the server said so, which ends the call on both sides; else the stream has to be reset.</param>
internal sealed record CallEnd(Status Status, Metadata Trailers, bool FromServer)
{
    /// <summary>An end that this side found.</summary>
    public static CallEnd Here(StatusCode code, string detail, Exception? error = null) => Here(new Status(code, detail, error));

    /// <summary>An end that this side found.</summary>
    public static CallEnd Here(Status status) => new(status, Metadata.Empty, FromServer: false);

    /// <summary>An error without any message has its status in the headers; what is no gRPC answer at all ends here too.</summary>
    /// <returns>Null when messages and trailers follow.</returns>
    public static CallEnd? OfHead(HttpResponseMessage response)
    {
        if (response.StatusCode != HttpStatusCode.OK)
        {
            return Here(GrpcProtocol.FromHttp((int)response.StatusCode), $"The server answers with HTTP status {(int)response.StatusCode}.");
        }

        if (!GrpcProtocol.IsGrpc(response.Content.Headers.ContentType?.ToString()))
        {
            return Here(StatusCode.Unknown, $"The server's answer is '{response.Content.Headers.ContentType}', not gRPC.");
        }

        return response.Headers.Contains(GrpcProtocol.StatusHeader) ? OfTrailers(response.Headers) : null;
    }

    /// <summary>The end that the trailers tell.</summary>
    public static CallEnd OfTrailers(HttpHeaders trailers)
    {
        Metadata metadata = ToMetadata(trailers).Freeze();
        if (!trailers.TryGetValues(GrpcProtocol.StatusHeader, out IEnumerable<string>? values))
        {
            return new CallEnd(new Status(StatusCode.Internal, "The stream ended without a status."), metadata, FromServer: false);
        }

        string message = trailers.TryGetValues(GrpcProtocol.MessageHeader, out IEnumerable<string>? messages) ? GrpcProtocol.DecodeMessage(messages.First()) : "";
        bool known = int.TryParse(values.First(), NumberStyles.None, CultureInfo.InvariantCulture, out int code) && Enum.IsDefined((StatusCode)code);
        return new CallEnd(known ? new Status((StatusCode)code, message) : new Status(StatusCode.Unknown, $"The server's status is '{values.First()}'. {message}"), metadata, FromServer: true);
    }

    /// <summary>The end of a call whose connection or stream broke: HTTP/2 error codes (RFC 9113, section 7) as the protocol's description maps them.</summary>
    public static CallEnd OfBreak(Exception error, string target)
    {
        if (Chain(error).Any(static each => each is HttpRequestException { HttpRequestError: HttpRequestError.ConfigurationLimitExceeded } or HttpIOException { HttpRequestError: HttpRequestError.ConfigurationLimitExceeded }))
        {
            return Here(StatusCode.ResourceExhausted, $"The metadata is beyond a limit: {Innermost(error).Message}", error);
        }

        HttpProtocolException? broken = Chain(error).OfType<HttpProtocolException>().FirstOrDefault();
        return broken?.ErrorCode switch
        {
            1 when IsPingTimeout(broken) => Here(StatusCode.Unavailable, $"{target} has fallen silent: {broken.Message}", error),
            0 => Here(StatusCode.Unavailable, $"{target} closes the connection: {error.Message}", error),
            8 => Here(StatusCode.Cancelled, "The server cancelled the call.", error),
            7 => Here(StatusCode.Unavailable, "The server refused the call before it began; it may be tried again.", error),
            11 => Here(StatusCode.ResourceExhausted, "The server asks for less.", error),
            12 => Here(StatusCode.PermissionDenied, "The connection is not secure enough for the server.", error),
            not null => Here(StatusCode.Internal, $"The server broke the call off: {error.Message}", error),
            _ => Here(StatusCode.Unavailable, $"{target} cannot be reached: {Innermost(error).Message}", error),
        };
    }

    /// <summary>Headers as metadata, without those of HTTP and gRPC.</summary>
    public static Metadata ToMetadata(HttpHeaders headers)
    {
        var metadata = new Metadata();
        foreach ((string name, IEnumerable<string> values) in headers)
        {
            foreach (string value in values)
            {
                GrpcProtocol.AddTo(metadata, name.ToLowerInvariant(), value);
            }
        }

        return metadata;
    }

    // The handler gives a ping that was not answered the code of a server's error; its text, or the text's key in a trimmed program, tells them apart.
    private static bool IsPingTimeout(HttpProtocolException error) =>
        error.Message.Contains("KeepAlivePingTimeout", StringComparison.Ordinal) || error.Message.Contains("net_ping_request_timed_out", StringComparison.Ordinal);

    private static IEnumerable<Exception> Chain(Exception? error)
    {
        for (; error is not null; error = error.InnerException)
        {
            yield return error;
        }
    }

    private static Exception Innermost(Exception error) => Chain(error).Last();
}
