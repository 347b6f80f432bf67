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
        Call(context, channel => new Management.ManagementClient(channel), call, isLong);

    /// <summary>Runs calls on a service of the appliance.</summary>
    /// <param name="context">The verb.</param>
    /// <param name="connect">Makes the service's client.</param>
    /// <param name="call">The calls.</param>
    /// <param name="isLong">True when they may take as long as they like.</param>
    public static T Call<TClient, T>(VerbContext context, Func<ChannelBase, TClient> connect, Func<TClient, CallOptions, T> call, bool isLong = false)
    {
        (GrpcChannel channel, string gateway, Metadata headers) = OperatorLogin.Open(context.Arguments.GetValue(GatewayOption), context.Cancellation);
        using (channel)
        {
            try
            {
                DateTime? deadline = isLong ? null : TimeProvider.System.GetUtcNow().UtcDateTime + s_timeout;
                return call(connect(channel), new CallOptions(headers, deadline, context.Cancellation));
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
        Command group = Nest(name, description, verbs);
        Array.ForEach((Option[])[GatewayOption, Verb.JsonOption, Verb.QuietOption], group.Options.Add);
        return group;
    }

    /// <summary>Makes a group of verbs within another, which has the common options.</summary>
    public static Command Nest(string name, string description, params Command[] verbs)
    {
        var group = new Command(name, description);
        Array.ForEach(verbs, group.Subcommands.Add);
        return group;
    }

    public static string LocalTime(DateTimeOffset? time) => time?.ToLocalTime().ToString("yyyy-MM-dd HH:mm", System.Globalization.CultureInfo.InvariantCulture) ?? "never";
}
