namespace GatewayOS.ControlPlane.Hosting;

/// <summary>What gateway-control logs.</summary>
internal static partial class ControlLog
{
    [LoggerMessage(1, LogLevel.Information, "Control plane '{name}' {version} serves on {address}, with {database}.")]
    public static partial void Serving(ILogger logger, string name, string version, string address, string database);

    [LoggerMessage(2, LogLevel.Information, "Stopping.")]
    public static partial void Stopping(ILogger logger);

    [LoggerMessage(3, LogLevel.Warning, "Refused {peer} ({who}) at {method}: {why}")]
    public static partial void Refused(ILogger logger, string peer, string who, string method, string why);

    [LoggerMessage(4, LogLevel.Information, "Appliance '{name}' ({id}) has joined, of tenant {tenant}.")]
    public static partial void Joined(ILogger logger, string name, string id, string tenant);

    [LoggerMessage(5, LogLevel.Information, "The stream of appliance {id} has ended: {why}")]
    public static partial void LinkEnded(ILogger logger, string id, string why);

    [LoggerMessage(6, LogLevel.Error, "{what}")]
    public static partial void DatabaseFailed(ILogger logger, string what);

    [LoggerMessage(7, LogLevel.Information, "{who} {what}.")]
    public static partial void Acted(ILogger logger, string who, string what);

    [LoggerMessage(8, LogLevel.Warning, "The first administrator's token is in {path}.")]
    public static partial void FirstToken(ILogger logger, string path);

    [LoggerMessage(9, LogLevel.Information, "Appliance {id} has left the fleet.")]
    public static partial void Left(ILogger logger, string id);

    [LoggerMessage(10, LogLevel.Error, "The request {method} {path} failed.")]
    public static partial void ConsoleFailed(ILogger logger, string method, string? path, Exception error);

    [LoggerMessage(11, LogLevel.Information, "The console is at https://{address}/; its certificate has the SHA-256 {fingerprint}.")]
    public static partial void ConsoleServing(ILogger logger, string address, string fingerprint);

    [LoggerMessage(12, LogLevel.Information, "Forgot {rows} alerts, ended commands, records, codes and certificates that were older than {days} days.")]
    public static partial void Forgot(ILogger logger, int rows, double days);
}
