using System.Text;
using GatewayOS.Store.Chunking;
using GatewayOS.Store.Keys;
using GatewayOS.Store.Pipeline;
using GatewayOS.Store.Reading;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;
using GatewayOS.Store.Trees;

namespace GatewayOS.Store.Tests.Rig;

/// <summary>A store in a temporary directory, opened by a key file so that unlocking costs nothing.</summary>
internal sealed class TestStore : IDisposable
{
    /// <summary>Chunks of 64 to 1024 bytes: many of them in little data.</summary>
    public static readonly ChunkerParameters TinyChunks = new(64, 256, 1024);

    private readonly string _root = Directory.CreateTempSubdirectory("store-test-").FullName;

    public TestStore(int packBytes = 4096, ChunkerParameters? chunker = null)
    {
        Posix = new PosixDisk(Path.Join(_root, "store"));
        using BackupStore made = BackupStore.Create(Posix, new StoreOptions { PackBytes = packBytes, Chunker = chunker ?? TinyChunks }, Secret, "test", new OpenOptions());
    }

    public static StoreSecret Secret { get; } = new StoreSecret.KeyFile(KeyFile.Generate());

    public PosixDisk Posix { get; }

    public string Root => Posix.Location;

    public BackupStore Open(IStoreDisk? disk = null) => BackupStore.Open(disk ?? Posix, Secret, new OpenOptions());

    public string PathOf(string relative) => Path.Join(Root, relative);

    public string[] Files(string directory) => Directory.Exists(PathOf(directory)) ? [.. Directory.GetFiles(PathOf(directory), "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)] : [];

    /// <summary>Commits a snapshot of files, each stored through a lane.</summary>
    public static SnapshotRecord Commit(BackupStore store, params (string Name, byte[] Content)[] files) => Commit(store, new WriterOptions { Workers = 0 }, files);

    public static SnapshotRecord Commit(BackupStore store, WriterOptions options, params (string Name, byte[] Content)[] files)
    {
        using StoreWriter writer = store.OpenWriter(options);
        return writer.Commit(Draft(Store(writer, files)));
    }

    /// <summary>Stores files and their directory without committing.</summary>
    public static ContentRef Store(StoreWriter writer, params (string Name, byte[] Content)[] files)
    {
        var tickets = new List<(string Name, Ticket Ticket)>();
        using IngestLane lane = writer.OpenLane();
        foreach ((string name, byte[] content) in files.OrderBy(file => file.Name, StringComparer.Ordinal))
        {
            var ticket = new Ticket();
            Feed(lane, ticket, content);
            tickets.Add((name, ticket));
        }

        lane.Flush();
        writer.Drain();
        var builder = new TreeBuilder(writer.OpenSink());
        foreach ((string name, Ticket ticket) in tickets)
        {
            Assert.True(ticket.Stored, $"{name} was not completed");
            builder.Add(new TreeNode { Name = Encoding.UTF8.GetBytes(name), Type = NodeType.File, Mode = 0b110_100_100, SizeBytes = ticket.Content.LengthBytes, Content = ticket.Content });
        }

        return builder.Finish();
    }

    public static void Feed(IngestLane lane, Ticket ticket, ReadOnlySpan<byte> content, long expectedBytes = -1)
    {
        lane.Begin(ticket, expectedBytes < 0 ? content.Length : expectedBytes);
        while (!content.IsEmpty)
        {
            Span<byte> buffer = lane.GetBuffer();
            int count = Math.Min(buffer.Length, content.Length);
            content[..count].CopyTo(buffer);
            lane.Advance(count);
            content = content[count..];
        }

        lane.End();
    }

    public static SnapshotDraft Draft(ContentRef root) => new() { Host = "test", Sources = ["/"], StartedUtc = DateTimeOffset.UnixEpoch, Root = root };

    /// <summary>Reads every file of a snapshot back.</summary>
    public static Dictionary<string, byte[]> ReadAll(BackupStore store, SnapshotRecord snapshot)
    {
        using ChunkReader reader = store.OpenReader();
        return reader.Entries(snapshot.Draft.Root).ToList().ToDictionary(node => Encoding.UTF8.GetString(node.Name), node => ReadContent(reader, node.Content));
    }

    public static byte[] ReadContent(ChunkReader reader, ContentRef content)
    {
        using var bytes = new MemoryStream();
        foreach (ContentPart part in reader.Leaves(content))
        {
            if (part.Kind == PartKind.Chunk)
            {
                bytes.Write(reader.Read(part.Hash));
            }
            else
            {
                bytes.Write(new byte[part.LengthBytes]);
            }
        }

        return bytes.ToArray();
    }

    /// <summary>Bytes without repetition that do not compress.</summary>
    public static byte[] Noise(int seed, int bytes)
    {
        byte[] noise = new byte[bytes];
        TestKit.Seeded.Random(seed).NextBytes(noise);
        return noise;
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);
}

/// <summary>A file on its way that only remembers its content.</summary>
internal sealed class Ticket : ContentTicket
{
    public bool Stored { get; private set; }

    protected internal override void OnStored(ChunkSink sink) => Stored = true;
}
