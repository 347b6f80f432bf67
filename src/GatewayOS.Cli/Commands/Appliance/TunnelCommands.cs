using System.CommandLine;
using System.Globalization;
using System.Text;
using GatewayOS.Api;
using GatewayOS.Cli.Errors;
using GatewayOS.Cli.Json;
using GatewayOS.Cloud.Tunnel;
using GatewayOS.Terminal;
using Grpc.Core;

namespace GatewayOS.Cli.Commands.Appliance;

/// <summary><c>tunnel</c>: the appliance's way to the cloud.</summary>
internal static class TunnelCommands
{
    private static readonly Option<string?> s_config = new("--config") { Description = "File in the syntax of wg-quick(8), as providers hand it out; - for standard input. Preshared keys are taken from a file alone", HelpName = "FILE" };
    private static readonly Option<string[]> s_address = new("--address") { Description = "This end's address inside; may be repeated", HelpName = "ADDRESS/LENGTH" };
    private static readonly Option<string?> s_peer = new("--peer") { Description = "The other end's public key", HelpName = "KEY" };
    private static readonly Option<string[]> s_endpoint = new("--endpoint") { Description = "Where the other end is reached, best first; may be repeated", HelpName = "HOST:PORT" };
    private static readonly Option<string[]> s_allowed = new("--allowed-ips") { Description = "What is reached through it; may be repeated", HelpName = "ADDRESS/LENGTH" };
    private static readonly Option<string[]> s_dns = new("--dns") { Description = "Name server inside; may be repeated", HelpName = "ADDRESS" };
    private static readonly Option<string?> s_probe = new("--probe") { Description = "Address inside that answers pings: by it a loss is seen within seconds, and the MTU found", HelpName = "ADDRESS" };
    private static readonly Option<string?> s_mtu = new("--mtu") { Description = $"Largest packet inside, in bytes [default: {TunnelConfig.MtuBytesDefault}, and less where less passes]", HelpName = "BYTES" };
    private static readonly Option<string?> s_device = new("--device") { Description = $"Name of the network device [default: {TunnelConfig.DeviceDefault}]", HelpName = "NAME" };
    private static readonly Option<bool> s_new = new("--new") { Description = "Make a new pair of keys; the other end must be told" };
    private static readonly Option<string?> s_target = new("--target") { Description = "Address inside to ping, if not the one that is configured", HelpName = "ADDRESS" };
    private static readonly Option<int> s_count = new("--count") { Description = "How many pings, 1 to 20", HelpName = "N", DefaultValueFactory = _ => 5 };

    public static Command Build() => ApplianceVerb.Group(
        "tunnel",
        "The WireGuard tunnel to the cloud",
        Verb.Make("status", "Show how the tunnel is, and why", [ApplianceVerb.WatchOption], context => ApplianceVerb.Show(context, () => Write(context, Call(context, (client, options) => client.GetStatus(new GetTunnelStatusRequest(), options)), null))),
        Verb.Make("set", "Configure it: from a file, or by options. What stays the same goes on", [s_config, s_address, s_peer, s_endpoint, s_allowed, s_dns, s_probe, s_mtu, s_device], Set),
        Verb.Make("key", "Show this end's public key, for the other end to know; the private one is made on the appliance and stays there", [s_new], Key),
        Verb.Make("up", "Switch it on", [], context => Switch(context, SwitchTunnelRequest.Types.To.On)),
        Verb.Make("down", "Switch it off: what is pinned to it stands still", [], context => Switch(context, SwitchTunnelRequest.Types.To.Off)),
        Verb.Make("probe", "Ping through it", [s_target, s_count], Probe),
        TunnelRunCommand.Build());

    /// <summary>Prints how a tunnel is.</summary>
    /// <returns>0 when traffic can pass or it is off, 1 otherwise.</returns>
    public static int Write(VerbContext context, TunnelStatusMessage status, IReadOnlyList<string>? notes)
    {
        foreach (string note in notes ?? [])
        {
            context.Warn(note);
        }

        context.Out.WriteLine($"Tunnel    {status.State.ToString().ToLowerInvariant()} since {ApplianceVerb.LocalTime(ApplianceVerb.Time(status.SinceUnixMs))}: {status.Reason}");
        context.Out.WriteLine($"Device    {status.Device}{(status.Engine.Length > 0 ? $" ({status.Engine})" : ", not there")}, addresses {Words(status.Addresses)}, name servers {Words(status.Dns)}");
        if (status.PublicKey.Length > 0)
        {
            context.Out.WriteLine($"Key       {status.PublicKey}");
        }

        foreach (TunnelWayMessage way in status.Ways)
        {
            context.Out.WriteLine($"Endpoint  {(way.InUse ? "* " : "  ")}{way.Endpoint}{(way.Address.Length > 0 && way.Address != way.Endpoint ? $" = {way.Address}" : "")}{(way.Problem.Length > 0 ? $": {way.Problem}" : "")}");
        }

        if (status.Engine.Length > 0)
        {
            context.Out.WriteLine($"Traffic   {Sizes.Bytes(status.ReceivedBytes)} received, {Sizes.Bytes(status.SentBytes)} sent; last handshake {ApplianceVerb.LocalTime(ApplianceVerb.Time(status.HandshakeUnixMs))}");
            context.Out.WriteLine($"Packets   up to {status.MtuBytes} bytes{(status.MtuFound ? ", as was found" : "")}; probe {(status.Probe.Length == 0 ? "none: add 'Probe = …', or a loss shows only after minutes" : status.Probe)}{(status.HasProbeUs ? $", {Milliseconds(status.ProbeUs)}" : "")}{(status.HasLossPercent ? $", {status.LossPercent} % lost" : "")}");
        }

        context.WriteJson(Row(status, notes), TunnelContractJson.Default.TunnelJson);
        return status.State is TunnelStatusMessage.Types.State.Down ? ExitCode.Failed : ExitCode.Good;
    }

    private static T Call<T>(VerbContext context, Func<Tunnel.TunnelClient, CallOptions, T> call) => ApplianceVerb.Call(context, channel => new Tunnel.TunnelClient(channel), call);

    private static int Set(VerbContext context)
    {
        string text = Compose(context.Arguments);
        SetTunnelReply reply = Call(context, (client, options) => client.Set(new SetTunnelRequest { Config = text }, options));
        if (reply.Problems.Count == 0)
        {
            return Write(context, reply.Status, reply.Notes);
        }

        foreach (string problem in reply.Problems)
        {
            Console.Error.WriteLine($"gatewayctl: {problem}");
        }

        context.WriteJson(new TunnelRefusalJson(false, ExitCode.Failed, reply.Problems), TunnelContractJson.Default.TunnelRefusalJson);
        return ExitCode.Failed;
    }

    private static int Key(VerbContext context)
    {
        TunnelKeyReply reply = Call(context, (client, options) => client.GetKey(new GetTunnelKeyRequest { Anew = context.Arguments.GetValue(s_new) }, options));
        context.Out.WriteLine(reply.PublicKey);
        context.WriteJson(new TunnelKeyJson(true, reply.PublicKey), TunnelContractJson.Default.TunnelKeyJson);
        return ExitCode.Good;
    }

    private static int Switch(VerbContext context, SwitchTunnelRequest.Types.To to)
    {
        TunnelStatusMessage status = Call(context, (client, options) => client.Switch(new SwitchTunnelRequest { To = to }, options));
        context.Out.WriteLine(to == SwitchTunnelRequest.Types.To.On ? "The tunnel is switched on; 'gatewayctl tunnel status --watch' shows how it comes up." : "The tunnel is switched off. What is pinned to it stands still.");
        context.WriteJson(Row(status, null), TunnelContractJson.Default.TunnelJson);
        return ExitCode.Good;
    }

    private static int Probe(VerbContext context)
    {
        var request = new ProbeTunnelRequest { Target = context.Arguments.GetValue(s_target) ?? "", Count = context.Arguments.GetValue(s_count) };
        ProbeTunnelReply reply = Call(context, (client, options) => client.Probe(request, options));
        context.Out.WriteLine(reply.RoundTripUs.Count == 0
            ? $"{reply.Target} answered none of {reply.Lost} pings."
            : $"{reply.Target} answered {reply.RoundTripUs.Count} of {reply.RoundTripUs.Count + reply.Lost} pings, the fastest in {Milliseconds(reply.RoundTripUs.Min())}, the slowest in {Milliseconds(reply.RoundTripUs.Max())}.");
        int code = reply.RoundTripUs.Count > 0 ? ExitCode.Good : ExitCode.Failed;
        context.WriteJson(new TunnelProbeJson(code == ExitCode.Good, code, reply.Target, reply.RoundTripUs, reply.Lost), TunnelContractJson.Default.TunnelProbeJson);
        return code;
    }

    private static string Compose(ParseResult arguments)
    {
        Option[] given = [.. ((Option[])[s_address, s_peer, s_endpoint, s_allowed, s_dns, s_probe, s_mtu, s_device]).Where(option => arguments.GetResult(option) is { Implicit: false })];
        if (arguments.GetValue(s_config) is { } file)
        {
            return given.Length == 0
                ? TunnelRunCommand.ReadConfig(file)
                : throw new UsageException($"{string.Join(", ", given.Select(option => option.Name))} stands in for a file: write it into {file}, or leave --config out.");
        }

        if (given.Length == 0)
        {
            throw new UsageException("Say how: --config FILE, or --address, --peer, --endpoint and --allowed-ips.");
        }

        var text = new StringBuilder("[Interface]\n");
        Add("Address", arguments.GetValue(s_address));
        Add("DNS", arguments.GetValue(s_dns));
        Add("Probe", One(s_probe));
        Add("MTU", One(s_mtu));
        Add("Device", One(s_device));
        text.Append("[Peer]\n");
        Add("PublicKey", One(s_peer));
        Add("Endpoint", arguments.GetValue(s_endpoint));
        Add("AllowedIPs", arguments.GetValue(s_allowed));
        return text.ToString();

        string[] One(Option<string?> option) => arguments.GetValue(option) is { } value ? [value] : [];

        void Add(string name, string[]? values) => Array.ForEach(values ?? [], value => text.Append(CultureInfo.InvariantCulture, $"{name} = {value.ReplaceLineEndings(" ")}\n"));
    }

    private static TunnelJson Row(TunnelStatusMessage status, IReadOnlyList<string>? notes) => new()
    {
        State = status.State.ToString().ToLowerInvariant(),
        Reason = status.Reason,
        Since = DateTimeOffset.FromUnixTimeMilliseconds(status.SinceUnixMs),
        Device = status.Device,
        Engine = Known(status.Engine),
        PublicKey = Known(status.PublicKey),
        Addresses = status.Addresses,
        Dns = status.Dns,
        Endpoints = [.. status.Ways.Select(way => new TunnelWayJson(way.Endpoint, Known(way.Address), way.InUse, Known(way.Problem)))],
        Handshake = ApplianceVerb.Time(status.HandshakeUnixMs),
        ReceivedBytes = status.ReceivedBytes,
        SentBytes = status.SentBytes,
        MtuBytes = status.MtuBytes,
        MtuFound = status.MtuFound,
        Probe = Known(status.Probe),
        ProbeUs = status.HasProbeUs ? status.ProbeUs : null,
        LossPercent = status.HasLossPercent ? status.LossPercent : null,
        Config = Known(status.Config),
        Notes = notes,
    };

    private static string? Known(string text) => text.Length > 0 ? text : null;

    private static string Words(IReadOnlyCollection<string> words) => words.Count == 0 ? "none" : string.Join(", ", words);

    private static string Milliseconds(long us) => string.Create(CultureInfo.InvariantCulture, $"{us / 1000.0:0.0} ms");
}
