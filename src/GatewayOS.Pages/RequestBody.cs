using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace GatewayOS.Pages;

/// <summary>Reads what a request carries, as far as it may be.</summary>
public static class RequestBody
{
    /// <summary>Longest body, in bytes.</summary>
    public const int BytesMax = 1024 * 1024;

    /// <summary>How long a body may take to arrive.</summary>
    public static readonly TimeSpan ArrivalMax = TimeSpan.FromSeconds(30);

    private static readonly UTF8Encoding s_utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads a body whole.</summary>
    /// <exception cref="WebErrorException">It is no JSON by its type (which a foreign page could not set unasked), too long, too slow or no UTF-8.</exception>
    public static async Task<string> ReadTextAsync(HttpContext http, TimeProvider time)
    {
        if (!http.Request.HasJsonContentType())
        {
            throw WebErrorException.BadForm(StatusCodes.Status415UnsupportedMediaType, "Send JSON, as 'Content-Type: application/json'.");
        }

        if (http.Request.ContentLength > BytesMax)
        {
            throw TooLong();
        }

        using var late = new CancellationTokenSource(ArrivalMax, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, http.RequestAborted);
        try
        {
            PipeReader reader = http.Request.BodyReader;
            while (true)
            {
                ReadResult read = await reader.ReadAsync(either.Token).ConfigureAwait(false);
                if (read.Buffer.Length > BytesMax)
                {
                    throw TooLong();
                }

                if (read.IsCompleted)
                {
                    string text = s_utf8.GetString(read.Buffer.ToArray());
                    reader.AdvanceTo(read.Buffer.End);
                    return text;
                }

                reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            }
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested)
        {
            throw WebErrorException.BadForm(StatusCodes.Status408RequestTimeout, $"The request did not arrive within {ArrivalMax.TotalSeconds:0} seconds.");
        }
        catch (ArgumentException)
        {
            throw WebErrorException.BadForm(StatusCodes.Status400BadRequest, "The request is no UTF-8.");
        }
    }

    /// <summary>Reads a document.</summary>
    /// <exception cref="WebErrorException">See <see cref="ReadTextAsync"/>; or it is not such a document.</exception>
    public static async Task<T> ReadAsync<T>(HttpContext http, JsonTypeInfo<T> type, TimeProvider time)
        where T : class
    {
        string json = await ReadTextAsync(http, time).ConfigureAwait(false);
        try
        {
            return JsonSerializer.Deserialize(json, type) ?? throw new JsonException("It is null.");
        }
        catch (JsonException error)
        {
            throw WebErrorException.BadForm(StatusCodes.Status400BadRequest, $"The request is not as it should be: {error.Message}");
        }
    }

    private static WebErrorException TooLong() => WebErrorException.BadForm(StatusCodes.Status413PayloadTooLarge, $"The request is too long: {BytesMax} bytes are the most.");
}
