using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;

namespace GatewayOS.Pages;

/// <summary>Messages as browsers send them (protobuf.dev, "ProtoJSON format").</summary>
public static class MessageJson
{
    private static readonly JsonParser s_parser = new(JsonParser.Settings.Default);

    /// <summary>Reads a request's body as a message; an empty one is an empty message.</summary>
    /// <param name="http">The request.</param>
    /// <param name="type">What it is to be.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="WebErrorException">See <see cref="RequestBody.ReadTextAsync"/>.</exception>
    /// <exception cref="RpcException">It is no such message.</exception>
    public static async Task<IMessage> ReadAsync(HttpContext http, MessageDescriptor type, TimeProvider time)
    {
        string json = await RequestBody.ReadTextAsync(http, time).ConfigureAwait(false);
        try
        {
            return s_parser.Parse(json.Length == 0 ? "{}" : json, type);
        }
        catch (Exception error) when (error is InvalidProtocolBufferException or InvalidJsonException or FormatException or OverflowException)
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, $"The request is no JSON of a {type.Name}: {error.Message}"));
        }
    }
}
