using System.CommandLine;
using System.Net;
using GatewayOS.Api.Client;
using GatewayOS.ControlPlane.Hosting;
using GatewayOS.ControlPlane.Storage;

namespace GatewayOS.ControlPlane;

/// <summary>gateway-control: the vendor's side of a fleet.</summary>
internal static class Program
{
    private const int ExitFailed = 1;
    private const int ConsolePortDefault = 8452;
    private const string Off = "off";
    private const string DatabaseVariable = "GATEWAY_CONTROL_DATABASE";

    private static readonly Option<string> s_state = new("--state") { Description = "Directory of the authority's key, the first token and, without PostgreSQL, the database", HelpName = "DIR", DefaultValueFactory = _ => "/var/lib/gateway-control" };
    private static readonly Option<string> s_listen = new("--listen") { Description = "Address and port to serve on", HelpName = "ADDRESS:PORT", DefaultValueFactory = _ => $"0.0.0.0:{FleetChannel.PortDefault}" };
    private static readonly Option<string> s_console = new("--console") { Description = "Address and port of the console for browsers, or 'off'", HelpName = "ADDRESS:PORT", DefaultValueFactory = _ => $"0.0.0.0:{ConsolePortDefault}" };
    private static readonly Option<string> s_name = new("--name") { Description = "The control plane's name for people", HelpName = "NAME", DefaultValueFactory = _ => Environment.MachineName };
    private static readonly Option<double?> s_lifetime = new("--certificate-hours") { Description = "Lifetime of appliances' certificates, in hours [default: 720]", HelpName = "HOURS" };
    private static readonly Option<double?> s_keep = new("--keep-days") { Description = "How long alerts, ended commands and records are kept, in days; at least 100 [default: 400]", HelpName = "DAYS" };

    public static int Main(string[] arguments)
    {
        var root = new RootCommand($"The GatewayOS control plane: a fleet of appliances, managed from afar. Its database is PostgreSQL when {DatabaseVariable} has a connection string (Host=…;Database=…;Username=…), else a file in the state directory.") { s_state, s_listen, s_console, s_name, s_lifetime, s_keep };
        root.SetAction((parsed, cancellation) => RunAsync(parsed, cancellation));
        return root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null }).Invoke();
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        if (!IPEndPoint.TryParse(parsed.GetValue(s_listen)!, out IPEndPoint? listen))
        {
            return await FailAsync($"'{parsed.GetValue(s_listen)}' is no address with a port, as 0.0.0.0:{FleetChannel.PortDefault} is. Correct --listen.").ConfigureAwait(false);
        }

        IPEndPoint? console = null;
        if (parsed.GetValue(s_console) != Off && !IPEndPoint.TryParse(parsed.GetValue(s_console)!, out console))
        {
            return await FailAsync($"'{parsed.GetValue(s_console)}' is neither an address with a port, as 0.0.0.0:{ConsolePortDefault} is, nor '{Off}'. Correct --console.").ConfigureAwait(false);
        }

        // A password does not stand on a command line, which every process of the machine can read.
        string? database = Environment.GetEnvironmentVariable(DatabaseVariable);
        var options = new ControlOptions { StateDirectory = parsed.GetValue(s_state)!, Listen = listen, Console = console, Name = parsed.GetValue(s_name)!, Database = string.IsNullOrEmpty(database) ? null : database };
        if (parsed.GetValue(s_lifetime) is { } hours)
        {
            options = options with { CertificateLifetime = TimeSpan.FromHours(hours) };
        }

        if (parsed.GetValue(s_keep) is { } days)
        {
            if (!(days >= ControlOptions.KeepMin.TotalDays && days <= TimeSpan.MaxValue.TotalDays))
            {
                return await FailAsync($"--keep-days {days}: it is at least {ControlOptions.KeepMin.TotalDays} days, because appliances report on ended commands for 90.").ConfigureAwait(false);
            }

            options = options with { Keep = TimeSpan.FromDays(days) };
        }

        try
        {
            await ControlServer.RunAsync(options, TimeProvider.System, cancellation).ConfigureAwait(false);
            return 0;
        }
        catch (Exception error) when (error is InvalidDataException or IOException or UnauthorizedAccessException or FleetDatabaseException or DllNotFoundException or Store.Storage.StoreIoException)
        {
            return await FailAsync(error.Message).ConfigureAwait(false);
        }
    }

    private static async Task<int> FailAsync(string message)
    {
        await System.Console.Error.WriteLineAsync($"gateway-control: {message}").ConfigureAwait(false);
        return ExitFailed;
    }
}
