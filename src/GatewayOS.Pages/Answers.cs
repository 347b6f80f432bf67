using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using GatewayOS.Store.Storage;
using Grpc.Core;

namespace GatewayOS.Pages;

/// <summary>An error as the page gets it.</summary>
/// <param name="Code">gRPC's name of it, or one of the page's own.</param>
/// <param name="Message">What is wrong, with the remedy.</param>
/// <param name="RetryAfterSeconds">After how long it may go well; null where waiting does not help.</param>
public sealed record ErrorDocument(string Code, string Message, double? RetryAfterSeconds = null);

/// <summary>An error with more to it than gRPC's statuses say.</summary>
public sealed class WebErrorException(int status, ErrorDocument document) : Exception(document.Message)
{
    /// <summary>The HTTP status.</summary>
    public int Status => status;

    /// <summary>What the page is told.</summary>
    public ErrorDocument Document => document;

    /// <summary>Something about the form of a request.</summary>
    public static WebErrorException BadForm(int status, string message) => new(status, new ErrorDocument("INVALID_ARGUMENT", message));
}

/// <summary>Writes answers.</summary>
public static class Answers
{
    /// <summary>The status of a request whose asker has gone away (nginx's number).</summary>
    public const int StatusGone = 499;

    private const string Json = "application/json";

    /// <summary>What an exception means to the page.</summary>
    public static (int Status, ErrorDocument Document) ErrorOf(Exception error) => error switch
    {
        WebErrorException own => (own.Status, own.Document),
        RpcException rpc => (StatusOf(rpc.StatusCode), new ErrorDocument(NameOf(rpc.StatusCode), rpc.Status.Detail)),
        BadHttpRequestException bad => (bad.StatusCode, new ErrorDocument("INVALID_ARGUMENT", bad.Message)),
        StoreUnusableException => ErrorOf(new RpcException(new Status(StatusCode.NotFound, error.Message))),
        StoreDamagedException => ErrorOf(new RpcException(new Status(StatusCode.DataLoss, error.Message))),
        StoreIoException => ErrorOf(new RpcException(new Status(StatusCode.Unavailable, error.Message))),
        OperationCanceledException => ErrorOf(new RpcException(new Status(StatusCode.Cancelled, "The request was given up, or its session has ended."))),
        _ => ErrorOf(new RpcException(new Status(StatusCode.Internal, "The server failed at this. Its log says more."))),
    };

    /// <summary>True for what is expected to go wrong: a message says it all, and no log has to.</summary>
    public static bool IsKnown(Exception error) =>
        error is RpcException or WebErrorException or BadHttpRequestException or OperationCanceledException or StoreUnusableException or StoreDamagedException or StoreIoException;

    /// <summary>Writes an error, if nothing was written yet; else breaks the answer off, so that it cannot be taken for whole.</summary>
    /// <param name="http">The request.</param>
    /// <param name="error">What went wrong.</param>
    /// <param name="isReplaced">True when the certificate is the owner's.</param>
    public static async Task WriteErrorAsync(HttpContext http, Exception error, bool isReplaced)
    {
        if (http.Response.HasStarted)
        {
            http.Abort();
            return;
        }

        (int status, ErrorDocument document) = ErrorOf(error);
        http.Response.Clear();
        PageHeaders.Add(http.Response.Headers, isReplaced);
        http.Response.StatusCode = status;
        if (document.RetryAfterSeconds is { } wait)
        {
            http.Response.Headers.RetryAfter = Math.Ceiling(wait).ToString(CultureInfo.InvariantCulture);
        }

        await WriteJsonAsync(http, ToJson(document)).ConfigureAwait(false);
    }

    /// <summary>Writes a document.</summary>
    public static Task WriteAsync<T>(HttpContext http, T document, JsonTypeInfo<T> type) => WriteJsonAsync(http, JsonSerializer.Serialize(document, type));

    /// <summary>Writes JSON.</summary>
    public static Task WriteJsonAsync(HttpContext http, string json)
    {
        http.Response.ContentType = Json;
        http.Response.Headers.CacheControl = "no-store";
        return http.Response.WriteAsync(json, http.RequestAborted);
    }

    /// <summary>An error as JSON.</summary>
    public static string ToJson(ErrorDocument document) => JsonSerializer.Serialize(document, PagesJson.Default.ErrorDocument);

    private static int StatusOf(StatusCode code) => code switch
    {
        StatusCode.InvalidArgument or StatusCode.OutOfRange => StatusCodes.Status400BadRequest,
        StatusCode.Unauthenticated => StatusCodes.Status401Unauthorized,
        StatusCode.PermissionDenied => StatusCodes.Status403Forbidden,
        StatusCode.NotFound => StatusCodes.Status404NotFound,
        StatusCode.AlreadyExists or StatusCode.Aborted or StatusCode.FailedPrecondition => StatusCodes.Status409Conflict,
        StatusCode.ResourceExhausted => StatusCodes.Status429TooManyRequests,
        StatusCode.Cancelled => StatusGone,
        StatusCode.Unimplemented => StatusCodes.Status501NotImplemented,
        StatusCode.Unavailable => StatusCodes.Status503ServiceUnavailable,
        StatusCode.DeadlineExceeded => StatusCodes.Status504GatewayTimeout,
        _ => StatusCodes.Status500InternalServerError,
    };

    // As gRPC's documents write them.
    private static string NameOf(StatusCode code) => code switch
    {
        StatusCode.InvalidArgument => "INVALID_ARGUMENT",
        StatusCode.OutOfRange => "OUT_OF_RANGE",
        StatusCode.PermissionDenied => "PERMISSION_DENIED",
        StatusCode.NotFound => "NOT_FOUND",
        StatusCode.AlreadyExists => "ALREADY_EXISTS",
        StatusCode.FailedPrecondition => "FAILED_PRECONDITION",
        StatusCode.ResourceExhausted => "RESOURCE_EXHAUSTED",
        StatusCode.DeadlineExceeded => "DEADLINE_EXCEEDED",
        StatusCode.DataLoss => "DATA_LOSS",
        _ => code.ToString().ToUpperInvariant(),
    };
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ErrorDocument))]
internal sealed partial class PagesJson : JsonSerializerContext;
