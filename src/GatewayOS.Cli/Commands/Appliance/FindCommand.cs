using System.CommandLine;
using GatewayOS.Api;
using GatewayOS.Cli.Errors;
using GatewayOS.Cli.Json;
using GatewayOS.Terminal;

namespace GatewayOS.Cli.Commands.Appliance;

/// <summary><c>find</c>: files across all nodes' snapshots, with their versions.</summary>
internal static class FindCommand
{
    private const int LimitDefault = 200;

    private static readonly Argument<string> s_pattern = new("PATTERN") { Description = "Part of a name, whatever the case; with * and ? the whole name; with / the whole path, in which ** crosses directories" };
    private static readonly Option<string> s_node = new("--node", "-n") { Description = "Only of this node", HelpName = "NODE", DefaultValueFactory = _ => "" };
    private static readonly Option<int> s_limit = new("--limit") { Description = "Most versions", HelpName = "N", DefaultValueFactory = _ => LimitDefault };

    public static Command Build() => Verb.Make(
        "find", "Find files by name in all snapshots, and which snapshots have which version", [s_pattern, s_node, s_limit, ApplianceVerb.GatewayOption, ApplianceVerb.WatchOption, Verb.JsonOption, Verb.QuietOption],
        context => ApplianceVerb.Show(context, () => Find(context)));

    private static int Find(VerbContext context)
    {
        var request = new FindRequest { Pattern = context.Arguments.GetValue(s_pattern), Node = context.Arguments.GetValue(s_node), Limit = context.Arguments.GetValue(s_limit) };
        FindReply reply = ApplianceVerb.Call(context, channel => new Catalogue.CatalogueClient(channel), (client, options) => client.Find(request, options));
        return Print(context, reply, "Nothing of that name is in any snapshot.");
    }

    /// <summary>Shows versions of entries.</summary>
    /// <param name="context">The verb.</param>
    /// <param name="reply">What was found.</param>
    /// <param name="whenEmpty">What to say when that is nothing.</param>
    public static int Print(VerbContext context, FindReply reply, string whenEmpty)
    {
        var table = new TextTable("node", "path", ">size", "modified", "first in", "last in", ">snapshots");
        foreach (FoundVersion version in reply.Versions)
        {
            table.Add(
                version.NodeName.Length > 0 ? version.NodeName : version.NodeId, version.Path, version.Type == "file" ? Sizes.Bytes(version.SizeBytes) : version.Type,
                version.ModifiedNs == 0 ? "" : ApplianceVerb.LocalTime(Rows.Time(version.ModifiedNs)),
                $"{version.FirstSnapshot[..12]} {ApplianceVerb.LocalTime(ApplianceVerb.Time(version.FirstUnixMs))}",
                version.Current ? "newest" : $"{version.LastSnapshot[..12]} {ApplianceVerb.LocalTime(ApplianceVerb.Time(version.LastUnixMs))}", Sizes.Count(version.Snapshots));
        }

        if (reply.Versions.Count == 0)
        {
            context.Out.WriteLine(whenEmpty);
        }
        else
        {
            table.Write(context.Out);
        }

        if (reply.Truncated)
        {
            context.Warn($"There are more than {reply.Versions.Count} versions. Ask for less, or raise the limit.");
        }

        if (reply.PendingSnapshots > 0)
        {
            context.Warn($"{reply.PendingSnapshots} snapshots are not in the catalogue yet; what is only in them is missing here.");
        }

        context.WriteJson(new FindJson(true, [.. reply.Versions.Select(Row)], reply.Truncated, reply.PendingSnapshots), OperationsJson.Default.FindJson);
        return ExitCode.Good;
    }

    private static FoundJson Row(FoundVersion version) => new(
        version.NodeId, version.NodeName.Length > 0 ? version.NodeName : null, version.Path, version.Type, version.SizeBytes, version.ModifiedNs == 0 ? null : Rows.Time(version.ModifiedNs),
        version.FirstSnapshot, DateTimeOffset.FromUnixTimeMilliseconds(version.FirstUnixMs), version.LastSnapshot, DateTimeOffset.FromUnixTimeMilliseconds(version.LastUnixMs), version.Snapshots, version.Current);
}
