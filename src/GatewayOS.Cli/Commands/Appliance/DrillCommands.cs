using System.CommandLine;
using GatewayOS.Api;
using GatewayOS.Cli.Errors;
using GatewayOS.Cli.Json;
using GatewayOS.Terminal;

namespace GatewayOS.Cli.Commands.Appliance;

/// <summary><c>drill</c>: rehearsed restores, and what they and the restore points say of each node's protection.</summary>
internal static class DrillCommands
{
    private static readonly Argument<string> s_node = new("NODE") { Description = "Name or ID of the node" };
    private static readonly Option<string?> s_policy = new("--policy") { Description = "Only restore points of this policy, with its number of files", HelpName = "POLICY" };

    public static Command Build() => ApplianceVerb.Group(
        "drill",
        "Rehearse restores, and see how each node is protected",
        Verb.Make("run", "Rehearse a restore of a node's newest restore point now, and follow it", [s_node, s_policy], Run),
        Verb.Make("vaults", "Rehearse a restore from each vault now, with nothing but what is in it, and follow it", [], context => JobCommands.Watch(context, JobCommands.Call(context, (client, options) => client.OrderJob(new OrderJobRequest { Kind = "drill" }, options)).Id)),
        Verb.Make("list", "Show each node's protection: measured RPO and RTO, with their source and age", [ApplianceVerb.WatchOption], context => ApplianceVerb.Show(context, () => List(context))));

    private static int Run(VerbContext context)
    {
        var request = new OrderJobRequest { Kind = "drill", Node = context.Arguments.GetValue(s_node), Policy = context.Arguments.GetValue(s_policy) ?? "" };
        return JobCommands.Watch(context, JobCommands.Call(context, (client, options) => client.OrderJob(request, options)).Id);
    }

    private static int List(VerbContext context)
    {
        ListProtectionReply reply = JobCommands.Call(context, (client, options) => client.ListProtection(new ListProtectionRequest(), options));
        var table = new TextTable("node", "verdict", ">RPO", "from", ">RTO", "from", "why");
        foreach (ProtectionMessage node in reply.Nodes)
        {
            table.Add(
                node.NodeName,
                node.Verdict,
                node.LastSnapshotId.Length == 0 ? "unknown" : Sizes.Time(TimeSpan.FromSeconds(node.RpoSeconds)),
                node.LastSnapshotId.Length == 0 ? "no whole restore point" : $"snapshot {node.LastSnapshotId[..12]} of {ApplianceVerb.LocalTime(ApplianceVerb.Time(node.LastSnapshotUnixMs))}",
                node.DrillJobId.Length == 0 ? "unknown" : Sizes.Time(TimeSpan.FromSeconds(node.RtoSeconds)),
                node.DrillJobId.Length == 0 ? "no rehearsal" : $"rehearsal of {ApplianceVerb.LocalTime(ApplianceVerb.Time(node.DrilledUnixMs))}, read on the appliance",
                node.Reason);
        }

        table.Write(context.Out);
        context.WriteJson(new ProtectionsJson(true, [.. reply.Nodes.Select(Row)]), JobContractJson.Default.ProtectionsJson);
        return ExitCode.Good;
    }

    private static ProtectionJson Row(ProtectionMessage node)
    {
        bool hasSnapshot = node.LastSnapshotId.Length > 0;
        bool hasDrill = node.DrillJobId.Length > 0;
        return new ProtectionJson(
            node.NodeId,
            node.NodeName,
            node.Verdict,
            node.Reason,
            node.Policies,
            hasSnapshot ? node.LastSnapshotId : null,
            ApplianceVerb.Time(node.LastSnapshotUnixMs),
            hasSnapshot ? node.RpoSeconds : null,
            hasDrill ? node.DrillJobId : null,
            ApplianceVerb.Time(node.DrilledUnixMs),
            hasDrill ? node.RtoSeconds : null);
    }
}
