using System.CommandLine;
using System.Net;
using GatewayOS.Daemon.Hosting;

namespace GatewayOS.Daemon;

/// <summary>gatewayd: the appliance's service.</summary>
internal static class Program
{
    private const int ExitFailed = 1;

    private static readonly Option<string> s_state = new("--state") { Description = "Directory of keys, certificates and who is enrolled", HelpName = "DIR", DefaultValueFactory = _ => "/var/lib/gatewayos/state" };
    private static readonly Option<string> s_store = new("--store") { Description = "Directory of the store; made when there is none", HelpName = "DIR", DefaultValueFactory = _ => "/var/lib/gatewayos/store" };
    private static readonly Option<string> s_listen = new("--listen") { Description = "Address and port to serve on", HelpName = "ADDRESS:PORT", DefaultValueFactory = _ => $"0.0.0.0:{DaemonOptions.PortDefault}" };
    private static readonly Option<string> s_metrics = new("--metrics") { Description = "Address and port of metrics and health, in the clear: keep it on the loopback or a network of your own; 'off' for none", HelpName = "ADDRESS:PORT", DefaultValueFactory = _ => "127.0.0.1:9441" };
    private static readonly Option<string> s_web = new("--web") { Description = "Address and port of the web page, over HTTPS; 'off' for none", HelpName = "ADDRESS:PORT", DefaultValueFactory = _ => "0.0.0.0:8443" };
    private static readonly Option<string> s_profile = new("--profile") { Description = "Hardware profile: a name, or a .json file; 'auto' for the one of this machine, which is 'dev' on a virtual machine that is none of the models", HelpName = "NAME", DefaultValueFactory = _ => Hardware.Profiles.DmiStrings.Auto };
    private static readonly Option<bool> s_virtualArray = new("--virtual-array") { Description = "Pretend an array of disks that are files in the state directory, to try what is done about disks; only with a virtual profile" };
    private static readonly Option<string> s_tpm = new("--tpm") { Description = "TPM 2.0 that seals the store's key, as tpm2-tss names it, for instance device:/dev/tpmrm0; 'auto' for that one where there is one, 'off' for none: the key is a file then", HelpName = "WHERE", DefaultValueFactory = _ => Hardware.Tpm.TpmSealer.Auto };
    private static readonly Option<string?> s_service = new("--service-access") { Description = "Directory over which the system is asked to let a technician in when that is wanted at the front panel (the image's units do); none: it is not offered", HelpName = "DIR" };
    private static readonly Option<string> s_name = new("--name") { Description = "The appliance's name for people", HelpName = "NAME", DefaultValueFactory = _ => Environment.MachineName };
    private static readonly Option<double?> s_lifetime = new("--certificate-hours") { Description = "Lifetime of certificates, in hours [default: 720]", HelpName = "HOURS" };

    public static int Main(string[] arguments)
    {
        var root = new RootCommand("The GatewayOS appliance: takes backups of nodes over gRPC into a store.") { s_state, s_store, s_listen, s_web, s_metrics, s_profile, s_virtualArray, s_tpm, s_service, s_name, s_lifetime, ArrayCommand.Make(), UnlockCommand.Make() };
        root.SetAction((parsed, cancellation) => RunAsync(parsed, cancellation));
        return root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null }).Invoke();
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        if (!IPEndPoint.TryParse(parsed.GetValue(s_listen)!, out IPEndPoint? listen))
        {
            return await RefuseAddressAsync(parsed.GetValue(s_listen)!, $"as 0.0.0.0:{DaemonOptions.PortDefault} is. Correct --listen.").ConfigureAwait(false);
        }

        if (!TryReadOptional(parsed.GetValue(s_metrics)!, out IPEndPoint? metrics))
        {
            return await RefuseAddressAsync(parsed.GetValue(s_metrics)!, "as 127.0.0.1:9441 is. Correct --metrics, or write 'off'.").ConfigureAwait(false);
        }

        if (!TryReadOptional(parsed.GetValue(s_web)!, out IPEndPoint? web))
        {
            return await RefuseAddressAsync(parsed.GetValue(s_web)!, "as 0.0.0.0:8443 is. Correct --web, or write 'off'.").ConfigureAwait(false);
        }

        var options = new DaemonOptions
        {
            StateDirectory = parsed.GetValue(s_state)!,
            StoreDirectory = parsed.GetValue(s_store)!,
            Listen = listen,
            Metrics = metrics,
            Web = web,
            Profile = parsed.GetValue(s_profile)!,
            VirtualArray = parsed.GetValue(s_virtualArray),
            Tpm = parsed.GetValue(s_tpm)!,
            ServiceDirectory = parsed.GetValue(s_service),
            Name = parsed.GetValue(s_name)!,
            CertificateLifetime = parsed.GetValue(s_lifetime) is { } hours ? TimeSpan.FromHours(hours) : null,
        };
        try
        {
            await ApplianceServer.RunAsync(options, TimeProvider.System, cancellation).ConfigureAwait(false);
            return 0;
        }
        catch (Exception error) when (error is InvalidDataException or IOException or UnauthorizedAccessException or Store.Storage.StoreUnusableException or Store.Storage.StoreIoException or DllNotFoundException)
        {
            await Console.Error.WriteLineAsync($"gatewayd: {error.Message}").ConfigureAwait(false);
            return ExitFailed;
        }
    }

    private static bool TryReadOptional(string address, out IPEndPoint? endpoint)
    {
        endpoint = null;
        return address == "off" || IPEndPoint.TryParse(address, out endpoint);
    }

    private static async Task<int> RefuseAddressAsync(string address, string remedy)
    {
        await Console.Error.WriteLineAsync($"gatewayd: '{address}' is no address with a port, {remedy}").ConfigureAwait(false);
        return ExitFailed;
    }
}
