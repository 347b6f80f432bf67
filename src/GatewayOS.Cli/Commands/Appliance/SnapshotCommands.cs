using System.CommandLine;
using GatewayOS.Api;
using GatewayOS.Cli.Errors;
using GatewayOS.Cli.Json;
using GatewayOS.Store.Maintenance;
using GatewayOS.Terminal;
using Grpc.Core;

namespace GatewayOS.Cli.Commands.Appliance;

/// <summary><c>snapshot</c>: restore points of all nodes, their locks, and what they have of a file.</summary>
internal static class SnapshotCommands
{
    private const int MostDefault = 100;
    private const int ShownDigits = 12;

    private static readonly Argument<string> s_id = new("SNAPSHOT") { Description = "The restore point's ID, or a beginning of it that is unique" };
    private static readonly Argument<string> s_owner = new("NODE") { Description = "Name or ID of the node" };
    private static readonly Argument<string> s_path = new("PATH") { Description = "Absolute path on that node, as listings show it" };
    private static readonly Option<string> s_node = new("--node", "-n") { Description = "Only of this node", HelpName = "NODE", DefaultValueFactory = _ => "" };
    private static readonly Option<string> s_policy = new("--policy") { Description = "Only made by this policy", HelpName = "POLICY", DefaultValueFactory = _ => "" };
    private static readonly Option<int> s_most = new("--most") { Description = "The newest so many", HelpName = "N", DefaultValueFactory = _ => MostDefault };
    private static readonly Option<string> s_for = new("--for") { Description = "How long from now on, as 12h, 30d or 1y6m", HelpName = "SPAN", Required = true };

    public static Command Build() => ApplianceVerb.Group(
        "snapshot",
        "See all nodes' restore points and what they have of a file, and lock them",
        Verb.Make("list", "List restore points, newest first", [s_node, s_policy, s_most, ApplianceVerb.WatchOption], context => ApplianceVerb.Show(context, () => List(context))),
        Verb.Make("show", "Show a restore point", [s_id], context => Shown(context, Call(context, (client, options) => client.Show(new SnapshotRequest { Id = context.Arguments.GetValue(s_id) }, options)))),
        Verb.Make("lock", "Keep everybody from removing a restore point for a time; nobody can take that back", [s_id, s_for], Lock),
        Verb.Make("versions", "List the versions of a node's file, newest first, and which restore points have them", [s_owner, s_path, s_most], Versions));

    private static T Call<T>(VerbContext context, Func<Snapshots.SnapshotsClient, CallOptions, T> call) => ApplianceVerb.Call(context, static channel => new Snapshots.SnapshotsClient(channel), call);

    private static int List(VerbContext context)
    {
        var request = new ListSnapshotInfosRequest { Node = context.Arguments.GetValue(s_node), Policy = context.Arguments.GetValue(s_policy), Most = context.Arguments.GetValue(s_most) };
        ListSnapshotInfosReply reply = Call(context, (client, options) => client.List(request, options));
        var table = new TextTable("snapshot", "node", "started", ">files", ">size", ">added", "policy", "kept", "sources");
        foreach (SnapshotInfo snapshot in reply.Snapshots)
        {
            table.Add(
                snapshot.Id[..ShownDigits], NodeOf(snapshot), ApplianceVerb.LocalTime(ApplianceVerb.Time(snapshot.StartedUnixMs)), Sizes.Count(snapshot.Files), Sizes.Bytes(snapshot.Bytes),
                Sizes.Bytes(snapshot.StoredBytes), snapshot.Policy, KeptOf(snapshot), string.Join(' ', snapshot.Sources));
        }

        table.Write(context.Out);
        if (reply.Damaged > 0)
        {
            context.Warn($"{reply.Damaged} records of restore points are damaged. 'gatewayctl store verify' says which.");
        }

        int code = reply.Damaged > 0 ? ExitCode.Damage : ExitCode.Good;
        context.WriteJson(new SnapshotInfosJson(code == ExitCode.Good, code, [.. reply.Snapshots.Select(Row)], reply.Damaged), JobContractJson.Default.SnapshotInfosJson);
        return code;
    }

    private static int Lock(VerbContext context)
    {
        string text = context.Arguments.GetValue(s_for)!;
        if (!RetentionSpan.TryParse(text, out TimeSpan duration))
        {
            throw new UsageException($"'{text}' is no span of time. Write for instance 12h, 30d or 1y6m.");
        }

        var request = new LockSnapshotRequest { Id = context.Arguments.GetValue(s_id), DurationSeconds = (long)duration.TotalSeconds };
        return Shown(context, Call(context, (client, options) => client.Lock(request, options)));
    }

    private static int Versions(VerbContext context)
    {
        var request = new ListVersionsRequest { Node = context.Arguments.GetValue(s_owner), Path = context.Arguments.GetValue(s_path), Limit = context.Arguments.GetValue(s_most) };
        FindReply reply = ApplianceVerb.Call(context, channel => new Catalogue.CatalogueClient(channel), (client, options) => client.ListVersions(request, options));
        return FindCommand.Print(context, reply, $"No restore point of {request.Node} has {request.Path}. 'gatewayctl find' looks for names.");
    }

    private static int Shown(VerbContext context, SnapshotInfo snapshot)
    {
        context.Out.WriteLine($"Snapshot   {snapshot.Id}");
        context.Out.WriteLine($"Node       {NodeOf(snapshot)}");
        context.Out.WriteLine($"Made       {ApplianceVerb.LocalTime(ApplianceVerb.Time(snapshot.StartedUnixMs))} to {ApplianceVerb.LocalTime(ApplianceVerb.Time(snapshot.FinishedUnixMs))}{(snapshot.Policy.Length > 0 ? $", by policy '{snapshot.Policy}'" : "")}");
        context.Out.WriteLine($"Sources    {string.Join(' ', snapshot.Sources)}");
        context.Out.WriteLine($"Figures    {Sizes.Count(snapshot.Files)} files, {Sizes.Bytes(snapshot.Bytes)}; {Sizes.Bytes(snapshot.NewBytes)} were new and take {Sizes.Bytes(snapshot.StoredBytes)}");
        context.Out.WriteLine($"Problems   {Sizes.Count(snapshot.Problems)}");
        context.Out.WriteLine($"Tags       {string.Join(' ', snapshot.Tags)}");
        context.Out.WriteLine($"Locked     {(snapshot.LockedUntilUnixMs > 0 ? $"until {ApplianceVerb.LocalTime(ApplianceVerb.Time(snapshot.LockedUntilUnixMs))}, by the store's own count of time" : "no")}");
        context.Out.WriteLine($"Held       {(snapshot.Held.Length > 0 ? snapshot.Held : "no")}");
        context.WriteJson(new SnapshotInfoResultJson(true, Row(snapshot)), JobContractJson.Default.SnapshotInfoResultJson);
        return ExitCode.Good;
    }

    private static string NodeOf(SnapshotInfo snapshot) => snapshot.NodeName.Length > 0 ? snapshot.NodeName : snapshot.NodeId;

    private static string KeptOf(SnapshotInfo snapshot) => string.Join(", ", ((string[])
    [
        snapshot.LockedUntilUnixMs > 0 ? $"locked until {ApplianceVerb.LocalTime(ApplianceVerb.Time(snapshot.LockedUntilUnixMs))}" : "",
        snapshot.Held.Length > 0 ? "held" : "",
    ]).Where(text => text.Length > 0));

    private static SnapshotInfoJson Row(SnapshotInfo snapshot) => new()
    {
        Id = snapshot.Id,
        NodeId = snapshot.NodeId.Length > 0 ? snapshot.NodeId : null,
        Node = snapshot.NodeName.Length > 0 ? snapshot.NodeName : null,
        Started = DateTimeOffset.FromUnixTimeMilliseconds(snapshot.StartedUnixMs),
        Finished = DateTimeOffset.FromUnixTimeMilliseconds(snapshot.FinishedUnixMs),
        Sources = snapshot.Sources,
        Files = snapshot.Files,
        Bytes = snapshot.Bytes,
        NewBytes = snapshot.NewBytes,
        StoredBytes = snapshot.StoredBytes,
        Problems = snapshot.Problems,
        Tags = snapshot.Tags,
        Policy = snapshot.Policy.Length > 0 ? snapshot.Policy : null,
        LockedUntil = ApplianceVerb.Time(snapshot.LockedUntilUnixMs),
        Held = snapshot.Held.Length > 0 ? snapshot.Held : null,
    };
}
