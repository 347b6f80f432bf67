extern alias appliance;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using appliance::GatewayOS.Appliance.Catalogue;
using GatewayOS.Store;
using GatewayOS.Store.Keys;
using GatewayOS.Store.Pipeline;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;
using GatewayOS.Store.Trees;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Benchmarks;

/// <summary>
/// The catalogue of a full appliance: nodes, their snapshots and millions of file versions, made up and added as the feed adds them; then lists,
/// searches and the dashboard's question, each many times; and the store's own list of snapshot records, read and known. Options:
/// <c>--nodes 100 --snapshots 500 --files 100000 --repeats 21 --records 5000 --file PATH</c>; a file that is there is not filled again.
/// </summary>
internal static class CatalogueSuite
{
    private const int NodesDefault = 100;
    private const int SnapshotsDefault = 500;
    private const int FilesDefault = 100_000;
    private const int RepeatsDefault = 21;
    private const int RecordsDefault = 5000;
    private const int FilesPerDirectory = 40;

    private static readonly string[] s_extensions = [".txt", ".pdf", ".docx", ".jpg", ".conf", ".log", ".so", ".py", ".xlsx", ".html"];
    private static readonly string[] s_words = ["report", "invoice", "photo", "backup", "config", "module", "letter", "budget", "draft", "index", "main", "test", "util", "notes", "plan", "contract"];

    public static int Run(string[] arguments)
    {
        int nodes = Number(arguments, "--nodes", NodesDefault);
        int snapshots = Number(arguments, "--snapshots", SnapshotsDefault);
        int files = Number(arguments, "--files", FilesDefault);
        int repeats = Number(arguments, "--repeats", RepeatsDefault);
        using var scratch = new ScratchDirectory("catalogue");
        string path = Text(arguments, "--file", scratch["catalogue.db"]);
        using var catalogue = new SnapshotCatalogue(path, "benchmark");
        if (catalogue.SnapshotIds.Count == 0)
        {
            Fill(catalogue, nodes, snapshots, files);
        }

        Console.WriteLine($"{catalogue.SnapshotIds.Count} snapshots, {new FileInfo(path).Length >> 20} MiB");
        using CatalogueReader reader = catalogue.OpenReader();
        Measure("dashboard: all nodes at a glance", repeats, _ => reader.Nodes().Count);
        Measure("newest 100 snapshots of all nodes", repeats, _ => reader.Snapshots(nodeId: null, before: null, 100).Count);
        Measure("newest 100 snapshots of one node", repeats, round => reader.Snapshots(Node(round % nodes), before: null, 100).Count);
        Measure("search: a name that one file has", repeats, round => Find(reader, $"n{round % nodes}-rare-{round}", 200));
        Measure("search: part of a common name", repeats, round => Find(reader, s_words[round % s_words.Length], 200));
        Measure("search: *.conf of a number", repeats, round => Find(reader, $"*{100 + round}*.conf", 200));
        Measure("search: a path", repeats, round => Find(reader, $"/data/d{round}/**/*.pdf", 200));
        Measure("search: two letters", repeats, _ => Find(reader, "zq", 200));
        Measure("search: nothing has it", repeats, _ => Find(reader, "no-such-name-anywhere", 200));
        MeasureRecords(scratch["store"], Number(arguments, "--records", RecordsDefault), repeats);
        return 0;
    }

    // Each record is a file of the store, encrypted: reading all of them is what a dashboard must not do each time.
    private static void MeasureRecords(string directory, int records, int repeats)
    {
        using BackupStore store = BackupStore.Create(new PosixDisk(directory), new StoreOptions(), new StoreSecret.KeyFile(KeyFile.Generate()), "benchmark", new OpenOptions());
        using (StoreWriter writer = store.OpenWriter(new WriterOptions { Workers = 0 }))
        {
            for (int number = 0; number < records; number++)
            {
                writer.Commit(Snapshot(number % NodesDefault, number / NodesDefault, FilesDefault).Draft);
            }
        }

        Console.WriteLine($"{records} snapshot records in a store");
        Measure("records: read and decrypted", repeats, _ => store.Snapshots().Records.Count);
        store.KnownSnapshots();
        Measure("records: known already", repeats, _ => store.KnownSnapshots().Count);
    }

    private static int Number(string[] arguments, string name, int otherwise) => int.Parse(Text(arguments, name, otherwise.ToString(CultureInfo.InvariantCulture)), CultureInfo.InvariantCulture);

    private static string Text(string[] arguments, string name, string otherwise) => Array.IndexOf(arguments, name) is int at and >= 0 && at + 1 < arguments.Length ? arguments[at + 1] : otherwise;

    private static int Find(CatalogueReader reader, string pattern, int limit) => reader.Find(new CatalogueQuery { Pattern = pattern, Limit = limit }, 0, CancellationToken.None).Hits.Count;

    private static void Measure(string what, int repeats, Func<int, int> ask)
    {
        var times = new List<double>();
        int found = 0;
        for (int round = 0; round < repeats; round++)
        {
            long start = Stopwatch.GetTimestamp();
            found = ask(round);
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        times.Sort();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {what,-36} median {times[times.Count / 2],8:0.00} ms ({times[0]:0.00}–{times[^1]:0.00}), {found} rows in the last"));
    }

    /// <summary>Adds a node's snapshots. The first has most of its files; every further one changes a few, as days do, until there are as many versions as asked for.</summary>
    /// <param name="catalogue">Gets them.</param>
    /// <param name="node">The node's number, from which its content follows.</param>
    /// <param name="snapshots">Its snapshots, oldest first.</param>
    /// <param name="versions">Versions of files in all.</param>
    internal static void AddNode(SnapshotCatalogue catalogue, int node, IReadOnlyList<SnapshotRecord> snapshots, int versions)
    {
        int changes = Changes(snapshots.Count, versions), first = First(snapshots.Count, versions);
        var random = new Random(node);
        for (int number = 0; number < snapshots.Count; number++)
        {
            catalogue.Add(snapshots[number], number == 0 ? Beginning(node, first) : Day(node, number, first, changes, random), CancellationToken.None);
        }
    }

    private static int Changes(int snapshots, int versions) => Math.Max(1, versions / 5 / Math.Max(snapshots - 1, 1));

    private static int First(int snapshots, int versions) => versions - (Changes(snapshots, versions) * (snapshots - 1));

    private static void Fill(SnapshotCatalogue catalogue, int nodes, int snapshots, int files)
    {
        long start = Stopwatch.GetTimestamp();
        for (int node = 0; node < nodes; node++)
        {
            AddNode(catalogue, node, [.. Enumerable.Range(0, snapshots).Select(number => Snapshot(node, number, First(snapshots, files)))], files);
            if (node % 10 == 9)
            {
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  filled {node + 1} of {nodes} nodes, {(long)(node + 1) * files / Stopwatch.GetElapsedTime(start).TotalSeconds:0} versions a second"));
            }
        }
    }

    private static IEnumerable<CatalogueChange> Beginning(int node, int files)
    {
        yield return new CatalogueChange("/data", Directory("data"));
        for (int file = 0; file < files; file++)
        {
            yield return new CatalogueChange(PathOf(node, file), FileOf(node, file, day: 0));
        }
    }

    private static IEnumerable<CatalogueChange> Day(int node, int number, int files, int changes, Random random)
    {
        foreach (int file in Enumerable.Range(0, changes).Select(_ => random.Next(files)).Distinct())
        {
            yield return new CatalogueChange(PathOf(node, file), FileOf(node, file, number));
        }
    }

    // Half of a node's files are a system's, which other nodes have too; the other half are its own.
    private static string NameOf(int node, int file)
    {
        string word = s_words[file % s_words.Length];
        string extension = s_extensions[file % s_extensions.Length];
        return file % 1000 == 1 ? $"n{node}-rare-{file / 1000}{extension}"
            : file % 2 == 0 ? $"{word}-{file}{extension}"
            : $"{word}_{(file * 31) + (node % 20)}{extension}";
    }

    private static string PathOf(int node, int file) => $"/data/d{file / FilesPerDirectory / 50}/s{file / FilesPerDirectory % 50}/{NameOf(node, file)}";

    private static TreeNode Directory(string name) => new() { Name = Encoding.UTF8.GetBytes(name), Type = NodeType.Directory, Mode = 0x1ed };

    private static TreeNode FileOf(int node, int file, int day) =>
        new() { Name = Encoding.UTF8.GetBytes(NameOf(node, file)), Type = NodeType.File, Mode = 0x1a4, SizeBytes = 1000 + file, ModifiedNs = (1_700_000_000L + (day * 86_400L)) * 1_000_000_000 };

    private static string Node(int node) => node.ToString("x16", CultureInfo.InvariantCulture);

    private static SnapshotRecord Snapshot(int node, int number, int files)
    {
        DateTimeOffset time = DateTimeOffset.UnixEpoch.AddDays(20_000 + number).AddSeconds(node);
        return new SnapshotRecord
        {
            Id = $"{node:x32}{number:x32}",
            FinishedUtc = time,
            ProgramVersion = "",
            Draft = new SnapshotDraft { Host = $"host{node}", NodeId = Node(node), Sources = ["/data"], StartedUtc = time, Root = ContentRef.Empty, Counts = new SnapshotCounts { Files = files, Bytes = files * 1000L } },
        };
    }
}
