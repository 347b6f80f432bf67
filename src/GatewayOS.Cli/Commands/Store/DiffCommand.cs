using System.CommandLine;
using GatewayOS.Backup.Files;
using GatewayOS.Cli.Json;
using GatewayOS.Store;
using GatewayOS.Store.Reading;
using GatewayOS.Store.Snapshots;
using GatewayOS.Terminal;

namespace GatewayOS.Cli.Commands.Store;

/// <summary><c>store diff</c>: compares two snapshots.</summary>
internal static class DiffCommand
{
    private static readonly Argument<string> s_before = new("BEFORE") { Description = "First snapshot" };
    private static readonly Argument<string> s_after = new("AFTER") { Description = "Second snapshot" };

    public static Command Build() => Verb.Make("diff", "Show what differs between two snapshots: + added, - removed, M content, U metadata, T type", [s_before, s_after], Run);

    private static int Run(VerbContext context)
    {
        using BackupStore store = context.OpenStore("diff");
        SnapshotRecord before = store.FindSnapshot(context.Arguments.GetValue(s_before)!);
        SnapshotRecord after = store.FindSnapshot(context.Arguments.GetValue(s_after)!);
        using ChunkReader reader = store.OpenReader();
        var rows = new List<DiffEntryJson>();
        var counts = new Dictionary<DiffKind, long>();
        foreach (DiffEntry entry in SnapshotDiff.Compare(reader, before, after))
        {
            context.Cancellation.ThrowIfCancellationRequested();
            counts[entry.Kind] = counts.GetValueOrDefault(entry.Kind) + 1;
            if (context.Json)
            {
                rows.Add(new DiffEntryJson(Letter(entry.Kind), entry.Path, Row(entry.Path, entry.Before), Row(entry.Path, entry.After)));
            }
            else
            {
                context.Out.WriteLine($"{Letter(entry.Kind)}  {entry.Path}");
            }
        }

        context.Out.WriteLine(counts.Count == 0
            ? "No difference."
            : string.Join(", ", counts.OrderBy(count => count.Key).Select(count => $"{Sizes.Count(count.Value)} {count.Key.ToString().ToLowerInvariant()}")));
        context.WriteJson(new DiffJson(true, before.Id, after.Id, rows), ContractJson.Default.DiffJson);
        return Errors.ExitCode.Good;
    }

    private static EntryJson? Row(string path, GatewayOS.Store.Trees.TreeNode? node) => node is null ? null : Rows.Of(path, node);

    private static string Letter(DiffKind kind) => kind switch
    {
        DiffKind.Added => "+",
        DiffKind.Removed => "-",
        DiffKind.Modified => "M",
        DiffKind.Metadata => "U",
        _ => "T",
    };
}
