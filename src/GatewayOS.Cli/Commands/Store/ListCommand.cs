using System.CommandLine;
using System.Text;
using GatewayOS.Cli.Json;
using GatewayOS.Store;
using GatewayOS.Store.Reading;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;
using GatewayOS.Store.Trees;
using GatewayOS.Terminal;

namespace GatewayOS.Cli.Commands.Store;

/// <summary><c>store ls</c>: lists what a snapshot holds.</summary>
internal static class ListCommand
{
    private static readonly Argument<string> s_snapshot = new("SNAPSHOT") { Description = "Snapshot ID, a unique beginning of one, or 'latest'" };
    private static readonly Argument<string> s_path = new("PATH") { Description = "Path in the snapshot", DefaultValueFactory = _ => "/" };
    private static readonly Option<bool> s_recursive = new("--recursive", "-R") { Description = "List everything below, too" };

    public static Command Build() => Verb.Make("ls", "List a directory of a snapshot", [s_snapshot, s_path, s_recursive], Run);

    private static int Run(VerbContext context)
    {
        using BackupStore store = context.OpenStore("ls");
        SnapshotRecord snapshot = store.FindSnapshot(context.Arguments.GetValue(s_snapshot)!);
        using ChunkReader reader = store.OpenReader();
        string given = context.Arguments.GetValue(s_path)!;
        IReadOnlyList<byte[]> names = ByteName.Split(PathBytes(given));
        TreeNode start = reader.FindPath(snapshot, names)
            ?? throw new StoreUnusableException($"Snapshot {snapshot.ShortId} holds no '{given}'. List the directory above it to see what there is.");
        string path = "/" + string.Join('/', names.Select(name => ByteName.Escape(name)));
        IEnumerable<(string Path, TreeNode Node)> entries = start.Type == NodeType.Directory
            ? Walk(reader, start, path, context.Arguments.GetValue(s_recursive))
            : [(path, start)];
        if (context.Json)
        {
            context.WriteJson(new ListJson(true, snapshot.Id, [.. entries.Select(entry => Rows.Of(entry.Path, entry.Node))]), ContractJson.Default.ListJson);
            return Errors.ExitCode.Good;
        }

        using var output = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false), 1 << 16);
        foreach ((string entryPath, TreeNode node) in entries)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            output.Write(Line(entryPath, node));
            output.Write('\n');
        }

        return Errors.ExitCode.Good;
    }

    // A path pasted from a listing carries escapes; one typed with raw bytes carries those.
    internal static byte[] PathBytes(string given) => given.Contains("\\x", StringComparison.Ordinal) ? ByteName.Unescape(given) : RawArguments.Bytes(given);

    private static IEnumerable<(string Path, TreeNode Node)> Walk(ChunkReader reader, TreeNode start, string path, bool recursive)
    {
        var pending = new Stack<(IEnumerator<TreeNode> Entries, string Path)>();
        pending.Push((reader.Entries(start.Content).GetEnumerator(), path == "/" ? "" : path));
        while (pending.TryPeek(out (IEnumerator<TreeNode> Entries, string Path) level))
        {
            if (!level.Entries.MoveNext())
            {
                level.Entries.Dispose();
                pending.Pop();
                continue;
            }

            TreeNode node = level.Entries.Current;
            string entryPath = $"{level.Path}/{ByteName.Escape(node.Name)}";
            yield return (entryPath, node);
            if (recursive && node.Type == NodeType.Directory)
            {
                pending.Push((reader.Entries(node.Content).GetEnumerator(), entryPath));
            }
        }
    }

    private static string Line(string path, TreeNode node)
    {
        string owner = node.UserName.Length > 0 ? node.UserName : node.UserId.ToString();
        string group = node.GroupName.Length > 0 ? node.GroupName : node.GroupId.ToString();
        string size = node.Type is NodeType.CharacterDevice or NodeType.BlockDevice ? $"{Major(node.DeviceNumber)},{Minor(node.DeviceNumber)}" : node.SizeBytes.ToString();
        string target = node.Type == NodeType.Symlink ? $" -> {ByteName.Escape(node.LinkTarget)}" : "";
        NodeFlags marks = node.Flags & (NodeFlags.ChangedWhileRead | NodeFlags.Incomplete);
        string mark = marks == NodeFlags.None ? "" : $"  [{marks}]";
        return $"{ModeText(node)}{(node.Attributes.Length > 0 ? '+' : ' ')} {node.LinkCount,3} {owner,-8} {group,-8} {size,12} {SnapshotsCommand.LocalTime(Rows.Time(node.ModifiedNs))} {path}{target}{mark}";
    }

    private static string ModeText(TreeNode node)
    {
        Span<char> text = stackalloc char[10];
        text[0] = node.Type switch
        {
            NodeType.File => '-',
            NodeType.Directory => 'd',
            NodeType.Symlink => 'l',
            NodeType.Fifo => 'p',
            NodeType.CharacterDevice => 'c',
            NodeType.BlockDevice => 'b',
            _ => 's',
        };
        for (int bit = 0; bit < 9; bit++)
        {
            text[1 + bit] = (node.Mode & (1u << (8 - bit))) != 0 ? "rwx"[bit % 3] : '-';
        }

        text[3] = Special(text[3], node.Mode, 0x800, 's', 'S');
        text[6] = Special(text[6], node.Mode, 0x400, 's', 'S');
        text[9] = Special(text[9], node.Mode, 0x200, 't', 'T');
        return text.ToString();
    }

    private static char Special(char plain, uint mode, uint bit, char executable, char not) => (mode & bit) == 0 ? plain : plain == 'x' ? executable : not;

    private static ulong Major(ulong device) => ((device >> 32) & 0xfffff000) | ((device >> 8) & 0xfff);

    private static ulong Minor(ulong device) => ((device >> 12) & 0xffffff00) | (device & 0xff);
}
