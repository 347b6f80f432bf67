using GatewayOS.Web.Endpoints;
using GatewayOS.Web.Transcoding;

namespace GatewayOS.Web.Logs;

/// <summary>Shows the newest lines of the appliance's log.</summary>
internal sealed class LogEndpoint(WebAppliance appliance)
{
    /// <summary>Most lines in an answer.</summary>
    public const int LinesMax = 500;

    private static readonly string[] s_levels = ["information", "warning", "error", "critical"];

    /// <summary>Shows them: those of a level and worse, that hold a text.</summary>
    public Task ShowAsync(HttpContext http, CallerSession caller)
    {
        string least = http.Request.Query["least"] is [{ Length: > 0 } only] ? only : s_levels[0];
        int from = Array.IndexOf(s_levels, least);
        if (from < 0)
        {
            throw WebErrorException.BadForm(StatusCodes.Status400BadRequest, $"'{least}' is no level; it is {string.Join(", ", s_levels)}.");
        }

        string text = http.Request.Query["text"] is [{ } part] ? part : "";
        LogLine[] lines = [.. appliance.Log().Reverse().Where(line => Array.IndexOf(s_levels, line.Level) >= from && line.Text.Contains(text, StringComparison.OrdinalIgnoreCase)).Take(LinesMax)];
        return Answers.WriteAsync(http, new LogDocument(lines, appliance.LogLinesKept), WebJson.Default.LogDocument);
    }
}
