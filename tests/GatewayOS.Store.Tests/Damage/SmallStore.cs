using System.Text;
using GatewayOS.Store.Chunking;
using GatewayOS.Store.Keys;
using GatewayOS.Store.Maintenance;
using GatewayOS.Store.Pipeline;
using GatewayOS.Store.Reading;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;
using GatewayOS.Store.Trees;
using GatewayOS.TestKit;
using GatewayOS.TestKit.Simulated;

namespace GatewayOS.Store.Tests.Damage;

/// <summary>
/// A store of two snapshots on a simulated disk, always the same but for random identities: files a, b, c, then the same and d. Every file
/// is one chunk in one data pack of its own; each snapshot's tree is in one tree pack.
/// </summary>
internal sealed class SmallStore
{
    private const int FileBytes = 3000;

    private static readonly StoreSecret s_secret = new StoreSecret.KeyFile("GATEWAY-KEY-1 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n"u8.ToArray());

    private readonly SimulatedClock _clock = new(new DateTimeOffset(2026, 5, 4, 3, 2, 1, TimeSpan.Zero));
    private readonly Random _entropy;
    private readonly Dictionary<string, ContentRef> _contents = new(StringComparer.Ordinal);

    public SmallStore(int seed)
    {
        _entropy = Seeded.Random(seed);
        Disk = new SimulatedDisk(seed);
        var options = new StoreOptions { Chunker = new ChunkerParameters(1024, 4096, 8192), PackBytes = 4096 };
        using (BackupStore store = BackupStore.Create(Disk.NewProcess("init"), options, s_secret, "first", Options))
        {
            First = Backup(store, "a", "b", "c");
            Second = Backup(store, "a", "b", "c", "d");
        }

        using BackupStore reopened = Open();
        foreach ((string name, ContentRef content) in _contents)
        {
            Assert.True(reopened.TryLocate(Assert.Single(content.Parts).Hash, out ChunkLocation location));
            Places.Add(name, location);
            Packs.Add(name, reopened.Packs.Id(location.Pack) + StoreLayout.PackSuffix);
        }

        foreach ((string name, SnapshotRecord record) in new[] { ("first", First), ("second", Second) })
        {
            Assert.True(reopened.TryLocate(Assert.Single(record.Draft.Root.Parts).Hash, out ChunkLocation location));
            Packs.Add(name, reopened.Packs.Id(location.Pack) + StoreLayout.PackSuffix);
        }
    }

    public SimulatedDisk Disk { get; }

    public SnapshotRecord First { get; }

    public SnapshotRecord Second { get; }

    /// <summary>Pack file names: of each file's chunk, and of each snapshot's tree under "first" and "second".</summary>
    public Dictionary<string, string> Packs { get; } = new(StringComparer.Ordinal);

    /// <summary>Where each file's chunk is.</summary>
    public Dictionary<string, ChunkLocation> Places { get; } = new(StringComparer.Ordinal);

    private OpenOptions Options => new() { Purpose = "test", Time = _clock, Entropy = bytes => _entropy.NextBytes(bytes) };

    public static byte[] Content(string name)
    {
        byte[] bytes = new byte[FileBytes];
        Seeded.Random(name[0]).NextBytes(bytes);
        return bytes;
    }

    public string PackPath(string name) => $"packs/{Packs[name][..2]}/{Packs[name]}";

    public string ChunkOf(string name) => IdOf(_contents[name]);

    public string TreeOf(SnapshotRecord record) => IdOf(record.Draft.Root);

    public string OnlyFile(string directory) => Assert.Single(Disk.Files(), path => path.StartsWith(directory + "/", StringComparison.Ordinal));

    private string IdOf(ContentRef content)
    {
        using BackupStore store = Open();
        return store.Keys.Naming.Id(content.Parts[0].Hash).ToString();
    }

    public BackupStore Open() => BackupStore.Open(Disk.NewProcess(), s_secret, Options);

    /// <summary>Verifies one step after the other and with all at once: both must find the same.</summary>
    public VerifyReport Verify(bool readData)
    {
        VerifyReport inTurn = Verify(readData, threads: 0);
        VerifyReport atOnce = Verify(readData, threads: 3);
        Assert.Equal(inTurn.Findings, atOnce.Findings);
        Assert.Equal(inTurn.Affected, atOnce.Affected);
        return inTurn;
    }

    private VerifyReport Verify(bool readData, int threads)
    {
        using BackupStore store = Open();
        return StoreVerifier.Run(store, new VerifyOptions { ReadData = readData, Threads = threads }, CancellationToken.None);
    }

    public VerifyReport VerifyKeyless() => StoreVerifier.RunKeyless(Disk.NewProcess(), new VerifyOptions { ReadData = true, Threads = 0 }, CancellationToken.None);

    public RepairReport Repair()
    {
        using BackupStore store = Open();
        return StoreRepair.Run(store, new RepairOptions { Threads = 0 }, CancellationToken.None);
    }

    /// <summary>Reads everything that is there: "first/a" and so on, for each file that reads back as it was.</summary>
    public SortedSet<string> Readable()
    {
        var good = new SortedSet<string>(StringComparer.Ordinal);
        using BackupStore store = Open();
        using ChunkReader reader = store.OpenReader();
        foreach (SnapshotRecord record in store.Snapshots().Records)
        {
            try
            {
                foreach (TreeNode node in reader.Entries(record.Draft.Root).ToArray())
                {
                    string name = Encoding.ASCII.GetString(node.Name);
                    if (Reads(reader, node, name))
                    {
                        good.Add($"{record.Draft.Tags[0]}/{name}");
                    }
                }
            }
            catch (StoreDamagedException)
            {
                // Its tree is gone: nothing of it is readable.
            }
        }

        return good;
    }

    private static bool Reads(ChunkReader reader, TreeNode node, string name)
    {
        try
        {
            ContentPart part = Assert.Single(reader.Leaves(node.Content));
            if (part.Kind != PartKind.Chunk)
            {
                Assert.Equal(PartKind.Lost, part.Kind);
                Assert.True(node.Flags.HasFlag(NodeFlags.Incomplete));
                return false;
            }

            Assert.Equal(Content(name), reader.Read(part.Hash).ToArray());
            return true;
        }
        catch (StoreDamagedException)
        {
            return false;
        }
    }

    private SnapshotRecord Backup(BackupStore store, params string[] names)
    {
        _clock.Advance(TimeSpan.FromHours(1));
        using StoreWriter writer = store.OpenWriter(new WriterOptions { Workers = 0, Lanes = 1, Time = _clock });
        ChunkSink sink = writer.OpenSink();
        var builder = new TreeBuilder(sink);
        foreach (string name in names)
        {
            byte[] content = Content(name);
            ContentRef stored = sink.StoreParts([ContentPart.Chunk(sink.Store(ChunkKind.Data, content), content.Length)]);
            _contents[name] = stored;
            builder.Add(new TreeNode { Name = Encoding.ASCII.GetBytes(name), Type = NodeType.File, SizeBytes = content.Length, Content = stored });
        }

        return writer.Commit(new SnapshotDraft
        {
            Host = "node",
            Sources = ["/data"],
            Tags = [names.Length == 3 ? "first" : "second"],
            StartedUtc = _clock.GetUtcNow(),
            Root = builder.Finish(),
        });
    }
}
