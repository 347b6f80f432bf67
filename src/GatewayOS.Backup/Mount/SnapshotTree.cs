using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using GatewayOS.Store;
using GatewayOS.Store.Reading;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Trees;

namespace GatewayOS.Backup.Mount;

/// <summary>An entry of the mounted tree: a node, and the snapshot it is of, if any.</summary>
internal sealed record MountEntry(TreeNode Node, SnapshotRecord? Snapshot);

/// <summary>
/// The mounted tree: <c>/snapshots/TIME-ID/…</c>, <c>/latest</c>, <c>/hosts/HOST/TIME-ID</c> and <c>/tags/TAG/TIME-ID</c>. Names are bytes, kept
/// as Latin-1 text so that they can be keys. Thread-safe.
/// </summary>
internal sealed class SnapshotTree(BackupStore store, TimeProvider time) : IDisposable
{
    private const int DirectoriesCachedMax = 512;
    private const int RelistIntervalSeconds = 3;

    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<ContentRef, Dictionary<string, TreeNode>> _directories = new(ContentKey.Instance);
    private readonly ConcurrentBag<ChunkReader> _readers = [];
    private SortedDictionary<string, SnapshotRecord> _snapshots = [];
    private long _listed = long.MinValue;

    /// <summary>Finds the entry at an absolute path.</summary>
    /// <returns>Null when there is none.</returns>
    public MountEntry? Find(ReadOnlySpan<byte> path)
    {
        string[] names = Encoding.Latin1.GetString(path).Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (names.Length < 2 || names[0] != "snapshots")
        {
            return FindVirtual(names) is { } made ? new MountEntry(made, null) : null;
        }

        if (!Snapshots().TryGetValue(names[1], out SnapshotRecord? snapshot))
        {
            return null;
        }

        TreeNode node = Directory(snapshot.Draft.StartedUtc, snapshot.Draft.Root);
        for (int i = 2; i < names.Length; i++)
        {
            if (node.Type != NodeType.Directory || !Entries(node.Content).TryGetValue(names[i], out TreeNode? next))
            {
                return null;
            }

            node = next;
        }

        return new MountEntry(node, snapshot);
    }

    /// <summary>Names in a directory, as Latin-1 text.</summary>
    public IEnumerable<string> List(ReadOnlySpan<byte> path, MountEntry entry)
    {
        if (entry.Snapshot is not null)
        {
            return Entries(entry.Node.Content).Keys;
        }

        string[] names = Encoding.Latin1.GetString(path).Split('/', StringSplitOptions.RemoveEmptyEntries);
        SortedDictionary<string, SnapshotRecord> snapshots = Snapshots();
        return names switch
        {
            [] => snapshots.Count > 0 ? ["snapshots", "hosts", "tags", "latest"] : ["snapshots", "hosts", "tags"],
            ["snapshots"] => snapshots.Keys,
            [var group] => [.. snapshots.Values.SelectMany(snapshot => Labels(group, snapshot)).Distinct(StringComparer.Ordinal)],
            [var group, var label] => [.. snapshots.Where(snapshot => Labels(group, snapshot.Value).Contains(label)).Select(snapshot => snapshot.Key)],
            _ => [],
        };
    }

    /// <summary>Reads file content.</summary>
    /// <returns>Bytes read; fewer than asked for only at the end.</returns>
    public int Read(TreeNode node, Span<byte> destination, long offset)
    {
        ChunkReader reader = Rent();
        try
        {
            int wanted = (int)Math.Clamp(node.SizeBytes - offset, 0, destination.Length);
            ReadParts(reader, node.Content, 0, destination[..wanted], offset);
            return wanted;
        }
        finally
        {
            _readers.Add(reader);
        }
    }

    public void Dispose()
    {
        while (_readers.TryTake(out ChunkReader? reader))
        {
            reader.Dispose();
        }
    }

    // Descends only into the parts that the range touches, so reading from the middle of a huge image costs one list a level.
    private static void ReadParts(ChunkReader reader, ContentRef content, long start, Span<byte> destination, long offset)
    {
        foreach (ContentPart part in content.Parts)
        {
            long end = start + part.LengthBytes;
            long from = Math.Max(start, offset);
            long to = Math.Min(end, offset + destination.Length);
            if (from < to)
            {
                Span<byte> slice = destination[(int)(from - offset)..(int)(to - offset)];
                if (part.Kind != PartKind.Chunk)
                {
                    slice.Clear();
                }
                else if (content.Depth > 0)
                {
                    ReadParts(reader, new ContentRef(content.Depth - 1, reader.ReadList(part)), start, slice, from);
                }
                else
                {
                    reader.Read(part.Hash).Slice((int)(from - start), slice.Length).CopyTo(slice);
                }
            }

            start = end;
        }
    }

    private static TreeNode Directory(DateTimeOffset time, ContentRef content) => new()
    {
        Name = [],
        Type = NodeType.Directory,
        Mode = 0b101_101_101,
        ModifiedNs = (time - DateTimeOffset.UnixEpoch).Ticks * 100,
        ChangedNs = (time - DateTimeOffset.UnixEpoch).Ticks * 100,
        Content = content,
    };

    private static TreeNode Link(SnapshotRecord snapshot, string target) => new()
    {
        Name = [],
        Type = NodeType.Symlink,
        Mode = 0b111_111_111,
        ModifiedNs = (snapshot.Draft.StartedUtc - DateTimeOffset.UnixEpoch).Ticks * 100,
        LinkTarget = Encoding.Latin1.GetBytes(target),
    };

    private static IEnumerable<string> Labels(string group, SnapshotRecord snapshot) => (group switch
    {
        "hosts" => [snapshot.Draft.Host],
        "tags" => snapshot.Draft.Tags,
        _ => [],
    }).Select(label => Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(label.Replace('/', '_'))));

    private TreeNode? FindVirtual(string[] names)
    {
        SortedDictionary<string, SnapshotRecord> snapshots = Snapshots();
        switch (names)
        {
            case []:
            case ["snapshots" or "hosts" or "tags"]:
                return Directory(store.Created, ContentRef.Empty);
            case ["latest"] when snapshots.Count > 0:
                KeyValuePair<string, SnapshotRecord> newest = snapshots.MaxBy(snapshot => snapshot.Value.Draft.StartedUtc);
                return Link(newest.Value, $"snapshots/{newest.Key}");
            case [var group, var label] when snapshots.Values.Any(snapshot => Labels(group, snapshot).Contains(label)):
                return Directory(store.Created, ContentRef.Empty);
            case [var group, var label, var name] when snapshots.TryGetValue(name, out SnapshotRecord? snapshot) && Labels(group, snapshot).Contains(label):
                return Link(snapshot, $"../../snapshots/{name}");
            default:
                return null;
        }
    }

    private SortedDictionary<string, SnapshotRecord> Snapshots()
    {
        lock (_gate)
        {
            long now = time.GetTimestamp();
            if (_listed != long.MinValue && time.GetElapsedTime(_listed, now).TotalSeconds < RelistIntervalSeconds)
            {
                return _snapshots;
            }

            _listed = now;
            var listed = new SortedDictionary<string, SnapshotRecord>(StringComparer.Ordinal);
            foreach (SnapshotRecord snapshot in store.Snapshots().Records)
            {
                listed[$"{snapshot.Draft.StartedUtc.UtcDateTime.ToString("yyyy-MM-dd'T'HH-mm-ss'Z'", CultureInfo.InvariantCulture)}-{snapshot.ShortId}"] = snapshot;
            }

            if (!listed.Keys.SequenceEqual(_snapshots.Keys, StringComparer.Ordinal))
            {
                // A reader looks for packs it does not know only once: fresh ones find a new snapshot's.
                Dispose();
                _snapshots = listed;
            }

            return _snapshots;
        }
    }

    private Dictionary<string, TreeNode> Entries(ContentRef content)
    {
        if (_directories.TryGetValue(content, out Dictionary<string, TreeNode>? cached))
        {
            return cached;
        }

        ChunkReader reader = Rent();
        try
        {
            var entries = new Dictionary<string, TreeNode>(StringComparer.Ordinal);
            foreach (TreeNode node in reader.Entries(content))
            {
                entries[Encoding.Latin1.GetString(node.Name)] = node;
            }

            if (_directories.Count >= DirectoriesCachedMax)
            {
                _directories.Clear();
            }

            _directories[content] = entries;
            return entries;
        }
        finally
        {
            _readers.Add(reader);
        }
    }

    private ChunkReader Rent() => _readers.TryTake(out ChunkReader? reader) ? reader : store.OpenReader();

    private sealed class ContentKey : IEqualityComparer<ContentRef>
    {
        public static ContentKey Instance { get; } = new();

        public bool Equals(ContentRef x, ContentRef y) => x.Depth == y.Depth && x.Parts.AsSpan().SequenceEqual(y.Parts);

        public int GetHashCode(ContentRef content) => content.Parts.Length == 0 ? 0 : HashCode.Combine(content.Parts.Length, content.Parts[0].Hash, content.Parts[^1].Hash);
    }
}
