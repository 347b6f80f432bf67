using System.CommandLine;
using System.Globalization;
using GatewayOS.Cli.Errors;
using GatewayOS.Cli.Json;
using GatewayOS.Store;
using GatewayOS.Store.Snapshots;
using GatewayOS.Terminal;

namespace GatewayOS.Cli.Commands.Store;

/// <summary><c>store snapshots</c>: lists snapshots.</summary>
internal static class SnapshotsCommand
{
    private static readonly Option<string?> s_host = new("--host") { Description = "Only of this host", HelpName = "NAME" };
    private static readonly Option<string[]> s_tags = new("--tag") { Description = "Only with all of these tags", HelpName = "TAG" };

    public static Command Build() => Verb.Make("snapshots", "List snapshots, oldest first", [s_host, s_tags], Run);

    private static int Run(VerbContext context)
    {
        using BackupStore store = context.OpenStore("snapshots");
        SnapshotList list = store.Snapshots();
        SnapshotRecord[] chosen = [.. list.Records.Where(record => Matches(record, context.Arguments.GetValue(s_host), context.Arguments.GetValue(s_tags) ?? []))];
        var table = new TextTable("snapshot", "started", "host", "tags", "sources", ">files", ">size", ">added", "marks");
        foreach (SnapshotRecord record in chosen)
        {
            SnapshotCounts counts = record.Draft.Counts;
            string marks = record.Marked ? $"{Sizes.Count(record.Draft.ProblemCount)} problems" : "";
            table.Add(
                record.ShortId,
                LocalTime(record.Draft.StartedUtc),
                record.Draft.Host,
                string.Join(',', record.Draft.Tags),
                string.Join(' ', record.Draft.Sources),
                Sizes.Count(counts.Files),
                Sizes.Bytes(counts.Bytes),
                Sizes.Bytes(counts.StoredBytes),
                record.Draft.Repaired is null ? marks : $"repaired, {marks}");
        }

        table.Write(context.Out);
        foreach (DamagedSnapshot damaged in list.Damaged)
        {
            context.Warn($"{damaged.FileName} is damaged: {damaged.Reason}. Run verify to see what else is.");
        }

        int code = list.Damaged.Count > 0 ? ExitCode.Damage : ExitCode.Good;
        context.WriteJson(
            new SnapshotsJson(code == ExitCode.Good, code, [.. chosen.Select(Rows.Of)], [.. list.Damaged.Select(file => new DamagedFileJson(file.FileName, file.Reason))]),
            ContractJson.Default.SnapshotsJson);
        return code;
    }

    internal static bool Matches(SnapshotRecord record, string? host, string[] tags) =>
        (host is null || record.Draft.Host == host) && tags.All(tag => record.Draft.Tags.Contains(tag));

    internal static string LocalTime(DateTimeOffset time) => time.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
}
