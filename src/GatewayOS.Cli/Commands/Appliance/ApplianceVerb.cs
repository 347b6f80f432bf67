using System.CommandLine;
using GatewayOS.Api;
using GatewayOS.Cli.Connection;
using Grpc.Core;
using Grpc.Net.Client;

namespace GatewayOS.Cli.Commands.Appliance;

/// <summary>What verbs against a gatewayd share: the connection, <c>--watch</c>, errors in words.</summary>
internal static class ApplianceVerb
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_watchInterval = TimeSpan.FromSeconds(2);

    public static readonly Option<string?> GatewayOption = new("--gateway", "-g") { Description = $"The appliance, if not the last one logged in to (or {OperatorLogin.GatewayVariable})", HelpName = "HOST[:PORT]", Recursive = true };

    public static readonly Option<bool> WatchOption = new("--watch", "-w") { Description = "Show it again every two seconds, until Ctrl-C" };

    /// <summary>Runs calls on the appliance's management service.</summary>
    public static T Call<T>(VerbContext context, Func<Management.ManagementClient, CallOptions, T> call, bool isLong = false) =>
        CallOn(context, static channel => new Management.ManagementClient(channel), call, isLong);

    /// <summary>Runs calls on one of the appliance's services.</summary>
    public static T CallOn<TClient, T>(VerbContext context, Func<ChannelBase, TClient> connect, Func<TClient, CallOptions, T> call, bool isLong = false)
    {
        (GrpcChannel channel, string gateway) = OperatorLogin.Open(context.Arguments.GetValue(GatewayOption));
        using (channel)
        {
            try
            {
                DateTime? deadline = isLong ? null : TimeProvider.System.GetUtcNow().UtcDateTime + s_timeout;
                return call(connect(channel), new CallOptions(deadline: deadline, cancellationToken: context.Cancellation));
            }
            catch (RpcException error)
            {
                context.Cancellation.ThrowIfCancellationRequested();
                throw new ApplianceException(error, gateway);
            }
        }
    }

    /// <summary>Runs a verb once, or again and again with <see cref="WatchOption"/>.</summary>
    public static int Show(VerbContext context, Func<int> show)
    {
        if (!context.Arguments.GetValue(WatchOption))
        {
            return show();
        }

        while (true)
        {
            if (!Console.IsOutputRedirected && !context.Json)
            {
                // Cursor home, clear to the end (ECMA-48).
                Console.Out.Write("\u001b[H\u001b[2J");
            }

            int code = show();
            if (context.Cancellation.WaitHandle.WaitOne(s_watchInterval))
            {
                return code;
            }
        }
    }

    public static DateTimeOffset? Time(long unixMs) => unixMs == 0 ? null : DateTimeOffset.FromUnixTimeMilliseconds(unixMs);

    /// <summary>Makes a group of verbs against an appliance.</summary>
    public static Command Group(string name, string description, params Command[] verbs)
    {
        var group = new Command(name, description) { GatewayOption, Verb.JsonOption, Verb.QuietOption };
        Array.ForEach(verbs, group.Subcommands.Add);
        return group;
    }

    public static string LocalTime(DateTimeOffset? time) => time?.ToLocalTime().ToString("yyyy-MM-dd HH:mm", System.Globalization.CultureInfo.InvariantCulture) ?? "never";
}
