using System.CommandLine;
using GatewayOS.Cli.Errors;
using GatewayOS.Cloud.Tunnel;
using GatewayOS.Store.Storage;
using GatewayOS.Terminal;

namespace GatewayOS.Cli.Commands.Appliance;

/// <summary><c>tunnel run</c>: the tunnel without an appliance, for a machine that restores from a vault behind it.</summary>
internal static class TunnelRunCommand
{
    private static readonly Option<string> s_config = new("--config") { Description = "File in the syntax of wg-quick(8); - for standard input. Without a private key in it this machine's own is used, and made when there is none", HelpName = "FILE", Required = true };
    private static readonly Option<string> s_state = new("--state") { Description = "Directory that the key is kept in", HelpName = "DIR", DefaultValueFactory = _ => StateDirectory.PathOfMachine("tunnel", "GATEWAY_TUNNEL_STATE") };

    public static Command Build() => Verb.Make("run", "Keep a tunnel without an appliance until Ctrl-C, as on a machine that restores from a vault behind it", [s_config, s_state], Run);

    /// <summary>Reads a configuration's text.</summary>
    /// <param name="file">The file; - for standard input.</param>
    /// <exception cref="UsageException">It is too long to be one.</exception>
    public static string ReadConfig(string file)
    {
        using TextReader reader = file == "-" ? Console.In : File.OpenText(file);
        char[] text = new char[WgQuickText.CharsMax + 1];
        int length = reader.ReadBlock(text);
        return length <= WgQuickText.CharsMax ? new string(text, 0, length) : throw new UsageException($"{file} is longer than {Sizes.Count(WgQuickText.CharsMax)} characters: that is no tunnel's configuration.");
    }

    private static int Run(VerbContext context)
    {
        TunnelReadResult read = WgQuickText.Read(ReadConfig(context.Arguments.GetValue(s_config)!));
        foreach (string note in read.Notes)
        {
            context.Warn(note);
        }

        if (read.Config is not { } config)
        {
            throw new TunnelException(string.Join('\n', read.Errors));
        }

        var file = new TunnelFile(new StateDirectory(context.Arguments.GetValue(s_state)!));
        file.Keep(config, read.PrivateKey);
        using var tunnel = new WireGuardTunnel(new TunnelSurroundings { File = file, Time = TimeProvider.System, Log = what => Console.Error.WriteLine($"gatewayctl: {what}") });
        tunnel.Start();
        context.Cancellation.WaitHandle.WaitOne();
        return ExitCode.Good;
    }
}
