using System.CommandLine;
using GatewayOS.Api;
using GatewayOS.Cli.Errors;
using GatewayOS.Cli.Json;
using GatewayOS.Terminal;
using Grpc.Core;

namespace GatewayOS.Cli.Commands.Appliance;

/// <summary><c>node</c>: who is enrolled, and what they do.</summary>
internal static class NodeCommands
{
    private const int LifetimeHoursDefault = 24;

    private static readonly Argument<string> s_node = new("NODE") { Description = "Name or ID of the node" };
    private static readonly Argument<string[]> s_paths = new("PATH") { Description = "What to back up; none: what the node's configuration says", Arity = ArgumentArity.ZeroOrMore };
    private static readonly Option<double> s_hours = new("--hours") { Description = "How long the token is valid", HelpName = "HOURS", DefaultValueFactory = _ => LifetimeHoursDefault };
    private static readonly Option<string> s_note = new("--note") { Description = "What it is for", HelpName = "TEXT", DefaultValueFactory = _ => "" };
    private static readonly Option<bool> s_operator = new("--operator") { Description = "For logging an operator in, not for a node" };

    public static Command Build()
    {
        var node = new Command("node", "Enrol, list and revoke nodes, and have them back up") { ApplianceVerb.GatewayOption, Verb.JsonOption, Verb.QuietOption };
        foreach (Command command in (Command[])
        [
            Verb.Make("list", "List the nodes", [ApplianceVerb.WatchOption], context => ApplianceVerb.Show(context, () => List(context))),
            Verb.Make("token", "Make a one-time token that enrols a node", [s_hours, s_note, s_operator], Token),
            Verb.Make("approve", "Enrol a node that waits for approval; compare its code first", [s_node], context => Change(context, "is enrolled", (client, options, node) => client.ApproveNode(node, options))),
            Verb.Make("revoke", "End a node's rights at once; its snapshots stay", [s_node], context => Change(context, "is revoked", (client, options, node) => client.RevokeNode(node, options))),
            Verb.Make("remove", "Forget a revoked node, so that its name is free; its snapshots stay", [s_node], context => Change(context, "is removed", (client, options, node) => client.RemoveNode(node, options))),
            Verb.Make("snapshots", "List a node's snapshots", [s_node], Snapshots),
            Verb.Make("backup", "Have a connected node back up now, and follow it", [s_node, s_paths], BackUp),
        ])
        {
            node.Subcommands.Add(command);
        }

        return node;
    }

    private static int List(VerbContext context)
    {
        ListNodesReply reply = ApplianceVerb.Call(context, (client, options) => client.ListNodes(new ListNodesRequest(), options));
        if (reply.Nodes.Count == 0)
        {
            context.Out.WriteLine($"No nodes yet; {reply.NodesMax} are possible. 'gatewayctl node token' makes a token, 'gateway-agent enroll' on the node uses it.");
        }
        else
        {
            var table = new TextTable("node", "state", "connected", "last backup", ">snapshots", "job", "code", "ID");
            foreach (NodeInfo node in reply.Nodes)
            {
                table.Add(node.Name, StateOf(node), node.Connected ? "yes" : "no", ApplianceVerb.LocalTime(ApplianceVerb.Time(node.LastBackupUnixMs)), Sizes.Count(node.Snapshots), JobOf(node) ?? "", node.Code, node.Id);
            }

            table.Write(context.Out);
        }

        context.WriteJson(new NodesJson(true, reply.NodesMax, [.. reply.Nodes.Select(Row)]), ApplianceJson.Default.NodesJson);
        return ExitCode.Good;
    }

    private static int Token(VerbContext context)
    {
        CreateTokenReply reply = ApplianceVerb.Call(context, (client, options) => client.CreateToken(
            new CreateTokenRequest
            {
                LifetimeSeconds = (long)(context.Arguments.GetValue(s_hours) * 3600),
                Note = context.Arguments.GetValue(s_note),
                ForOperator = context.Arguments.GetValue(s_operator),
            },
            options));
        DateTimeOffset expires = DateTimeOffset.FromUnixTimeMilliseconds(reply.ExpiresUnixMs);
        context.Out.WriteLine(reply.Token);
        if (!context.Quiet)
        {
            Console.Error.WriteLine($"Valid once, until {ApplianceVerb.LocalTime(expires)}. {(context.Arguments.GetValue(s_operator) ? "Use it with 'gatewayctl login HOST --token TOKEN'." : "On the node: 'gateway-agent enroll --gateway HOST --token TOKEN'.")}");
        }

        context.WriteJson(new TokenJson(true, reply.Token, expires), ApplianceJson.Default.TokenJson);
        return ExitCode.Good;
    }

    private static int Change(VerbContext context, string what, Func<Management.ManagementClient, CallOptions, NodeRequest, NodeInfo> change)
    {
        NodeInfo node = ApplianceVerb.Call(context, (client, options) => change(client, options, new NodeRequest { Node = context.Arguments.GetValue(s_node) }));
        context.Out.WriteLine($"Node '{node.Name}' ({node.Id}) {what}.");
        context.WriteJson(new NodeChangeJson(true, Row(node)), ApplianceJson.Default.NodeChangeJson);
        return ExitCode.Good;
    }

    private static int Snapshots(VerbContext context)
    {
        ListNodeSnapshotsReply reply = ApplianceVerb.Call(context, (client, options) => client.ListNodeSnapshots(new NodeRequest { Node = context.Arguments.GetValue(s_node) }, options));
        var table = new TextTable("ID", "time", ">files", ">size", "problems", "sources");
        foreach (SnapshotSummary snapshot in reply.Snapshots)
        {
            table.Add(
                snapshot.Id[..12],
                ApplianceVerb.LocalTime(ApplianceVerb.Time(snapshot.StartedUnixMs)),
                Sizes.Count(snapshot.Files),
                Sizes.Bytes(snapshot.Bytes),
                snapshot.Problems == 0 ? "" : Sizes.Count(snapshot.Problems),
                string.Join(", ", snapshot.Sources));
        }

        table.Write(context.Out);
        context.WriteJson(
            new NodeSnapshotsJson(true, [.. reply.Snapshots.Select(snapshot => new NodeSnapshotJson(
                snapshot.Id, DateTimeOffset.FromUnixTimeMilliseconds(snapshot.StartedUnixMs), DateTimeOffset.FromUnixTimeMilliseconds(snapshot.FinishedUnixMs), snapshot.Sources, snapshot.Files, snapshot.Bytes, snapshot.Problems))]),
            ApplianceJson.Default.NodeSnapshotsJson);
        return ExitCode.Good;
    }

    private static int BackUp(VerbContext context)
    {
        JobReport last = new() { State = JobReport.Types.State.Failed, Message = "The appliance ended the job without a report." };
        using (new ProgressLine(() => new ProgressState("backup", last.Bytes, last.ExpectedBytes > last.Bytes ? last.ExpectedBytes : 0, IsBytes: true, $"{Sizes.Count(last.Files)} files"), context.Quiet))
        {
            ApplianceVerb.Call(
                context,
                (client, options) =>
                {
                    using AsyncServerStreamingCall<JobReport> call = client.BackUpNode(new BackUpNodeRequest { Node = context.Arguments.GetValue(s_node), Paths = { context.Arguments.GetValue(s_paths) } }, options);
                    while (call.ResponseStream.MoveNext(CancellationToken.None).GetAwaiter().GetResult())
                    {
                        last = call.ResponseStream.Current;
                    }

                    return last;
                },
                isLong: true);
        }

        bool done = last.State == JobReport.Types.State.Done;
        int code = !done ? ExitCode.Failed : last.Message.Length > 0 ? ExitCode.Incomplete : ExitCode.Good;
        context.Out.WriteLine(done
            ? $"Snapshot {last.SnapshotId[..12]}: {Sizes.Count(last.Files)} files, {Sizes.Bytes(last.Bytes)}; {Sizes.Bytes(last.SentBytes)} were sent."
            : "The backup failed.");
        if (last.Message.Length > 0)
        {
            Console.Error.WriteLine($"gatewayctl: {(done ? "warning: " : "")}{last.Message}");
        }

        context.WriteJson(
            new NodeBackupJson(done, code, last.State.ToString().ToLowerInvariant(), last.SnapshotId.Length > 0 ? last.SnapshotId : null, last.Message.Length > 0 ? last.Message : null, last.Files, last.Bytes, last.SentBytes),
            ApplianceJson.Default.NodeBackupJson);
        return code;
    }

    private static string StateOf(NodeInfo node) => node.State switch { NodeInfo.Types.State.Active => "enrolled", NodeInfo.Types.State.Pending => "pending", _ => "revoked" };

    private static string? JobOf(NodeInfo node) => node.Job is { } job ? $"backup {Sizes.Bytes(job.Bytes)}" : null;

    private static NodeJson Row(NodeInfo node) => new()
    {
        Id = node.Id,
        Name = node.Name,
        State = StateOf(node),
        Code = node.Code,
        Connected = node.Connected,
        Platform = node.Platform,
        AgentVersion = node.AgentVersion,
        LastSeen = ApplianceVerb.Time(node.LastSeenUnixMs),
        CertificateExpires = ApplianceVerb.Time(node.CertificateExpiresUnixMs),
        Snapshots = node.Snapshots,
        LastBackup = ApplianceVerb.Time(node.LastBackupUnixMs),
        Job = JobOf(node),
    };
}
