using System.CommandLine;
using GatewayOS.Api;
using GatewayOS.Cli.Errors;
using GatewayOS.Cli.Json;
using GatewayOS.Terminal;

namespace GatewayOS.Cli.Commands.Appliance;

/// <summary><c>status</c>: the appliance at a glance.</summary>
internal static class StatusCommand
{
    public static Command Build() => Verb.Make("status", "Show the appliance's state", [ApplianceVerb.GatewayOption, ApplianceVerb.WatchOption, Verb.JsonOption], context => ApplianceVerb.Show(context, () => Show(context)));

    private static int Show(VerbContext context)
    {
        ApplianceStatus status = ApplianceVerb.Call(context, (client, options) => client.GetStatus(new GetStatusRequest(), options));
        DateTimeOffset started = DateTimeOffset.FromUnixTimeMilliseconds(status.StartedUnixMs);
        TextWriter output = context.Out;
        output.WriteLine($"Appliance  {status.Name} ({status.Model}, version {status.Version}), up since {ApplianceVerb.LocalTime(started)}");
        output.WriteLine($"Nodes      {status.NodesActive} of {status.NodesMax} enrolled, {status.NodesConnected} connected{(status.NodesPending > 0 ? $", {status.NodesPending} waiting for approval" : "")}");
        output.WriteLine($"Backups    {status.Runs} in progress, {status.Snapshots} snapshots");
        output.WriteLine($"Store      {Sizes.Bytes(status.StoreBytes)} in {status.StorePath}; {Sizes.Bytes(status.DiskFreeBytes)} of {Sizes.Bytes(status.DiskTotalBytes)} free");
        if (status.StoreKey.Length > 0)
        {
            output.WriteLine($"Key        {status.StoreKey}");
        }

        foreach (string warning in status.Warnings)
        {
            context.Warn(warning);
        }

        context.WriteJson(
            new StatusJson
            {
                Name = status.Name,
                Model = status.Model,
                Version = status.Version,
                Started = started,
                NodesActive = status.NodesActive,
                NodesMax = status.NodesMax,
                NodesConnected = status.NodesConnected,
                NodesPending = status.NodesPending,
                Runs = status.Runs,
                StoreId = status.StoreId,
                StorePath = status.StorePath,
                Snapshots = status.Snapshots,
                StoreBytes = status.StoreBytes,
                DiskFreeBytes = status.DiskFreeBytes,
                DiskTotalBytes = status.DiskTotalBytes,
                StoreKey = status.StoreKey,
                Warnings = status.Warnings,
            },
            ApplianceJson.Default.StatusJson);
        return ExitCode.Good;
    }
}
