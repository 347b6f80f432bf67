using System.Text;
using GatewayOS.Store;
using GatewayOS.Store.Pipeline;
using GatewayOS.Store.Reading;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;
using GatewayOS.Store.Trees;

namespace GatewayOS.Simulation;

/// <summary>One backup of a virtual tree in steps, so that other processes' work can come between them.</summary>
internal sealed class TreeBackup : IDisposable
{
    private const int WriteBytesMax = 1000;

    private readonly BackupStore _store;
    private readonly StoreWriter _writer;
    private readonly IngestLane _lane;
    private readonly KnownSnapshot? _parent;
    private readonly Dictionary<string, ContentRef> _before;
    private readonly Lazy<ContentReader> _lists;
    private readonly Queue<(string Path, VirtualFile File)> _todo;
    private readonly Dictionary<VirtualFile, FileTicket> _tickets = new(ReferenceEqualityComparer.Instance);

    public TreeBackup(BackupStore store, KnownSnapshot snapshot, KnownSnapshot? parent, TimeProvider time)
    {
        (_store, Snapshot, _parent) = (store, snapshot, parent);
        _writer = store.OpenWriter(new WriterOptions { Workers = 0, Lanes = 1, Time = time });
        _lane = _writer.OpenLane();
        _before = parent?.Tree.Files().Where(entry => parent.Contents.ContainsKey(entry.File)).ToDictionary(entry => entry.Path, entry => parent.Contents[entry.File]) ?? [];
        _lists = new Lazy<ContentReader>(store.OpenReader);
        _todo = new Queue<(string Path, VirtualFile File)>(snapshot.Tree.Files());
    }

    public KnownSnapshot Snapshot { get; }

    /// <summary>Takes in some files.</summary>
    public void Advance(int files)
    {
        while (files-- > 0 && _todo.TryDequeue(out (string Path, VirtualFile File) next))
        {
            if (!Snapshot.Contents.ContainsKey(next.File) && !_tickets.ContainsKey(next.File) && !TryTakeOver(next.File))
            {
                Ingest(next.Path, next.File);
            }
        }

        _lane.Flush();
    }

    /// <summary>Takes in the rest and commits.</summary>
    public SnapshotRecord Finish(TimeProvider time)
    {
        Advance(int.MaxValue);
        _writer.Drain();
        foreach ((VirtualFile file, FileTicket ticket) in _tickets)
        {
            if (!ticket.Stored)
            {
                throw new InvariantException("a file's content was drained and its ticket never completed");
            }

            Snapshot.Contents[file] = ticket.Content;
        }

        return _writer.Commit(new SnapshotDraft
        {
            Host = "node",
            Sources = ["/data"],
            Tags = [Snapshot.Tag],
            StartedUtc = time.GetUtcNow(),
            Root = StoreDirectory(Snapshot.Tree, _writer.OpenSink()),
        });
    }

    public void Dispose()
    {
        _lane.Dispose();
        _writer.Dispose();
        if (_lists.IsValueCreated)
        {
            _lists.Value.Dispose();
        }
    }

    // The borders that the path's file had before are tried first, as a real backup does.
    private void Ingest(string path, VirtualFile file)
    {
        var ticket = new FileTicket();
        _tickets.Add(file, ticket);
        _lane.Begin(ticket, file.LengthBytes, _before.TryGetValue(path, out ContentRef before) ? before : null, _lists);
        Append(file.Head);
        if (file.HoleBytes > 0)
        {
            _lane.AppendHole(file.HoleBytes);
        }

        Append(file.Tail);
        _lane.End();
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            Span<byte> room = _lane.GetBuffer();
            int count = Math.Min(bytes.Length, Math.Min(room.Length, WriteBytesMax));
            bytes[..count].CopyTo(room);
            _lane.Advance(count);
            bytes = bytes[count..];
        }
    }

    // As a real backup does: an unchanged file is taken over only when every chunk it needs, lists included, may be referred to.
    private bool TryTakeOver(VirtualFile file)
    {
        if (_parent is null || !_parent.Contents.TryGetValue(file, out ContentRef content))
        {
            return false;
        }

        using ChunkReader reader = _store.OpenReader();
        try
        {
            if (!AllReferable(content, reader))
            {
                return false;
            }
        }
        catch (StoreDamagedException)
        {
            return false;
        }

        Snapshot.Contents[file] = content;
        return true;
    }

    private bool AllReferable(ContentRef content, ChunkReader reader) => Array.TrueForAll(
        content.Parts,
        part => part.Kind != PartKind.Chunk
            || (_writer.Contains(part.Hash) && (content.Depth == 0 || AllReferable(new ContentRef(content.Depth - 1, reader.ReadList(part)), reader))));

    private ContentRef StoreDirectory(VirtualDirectory directory, ChunkSink sink)
    {
        var builder = new TreeBuilder(sink);
        foreach ((string name, object entry) in directory.Entries)
        {
            builder.Add(new TreeNode
            {
                Name = Encoding.ASCII.GetBytes(name),
                Type = entry is VirtualFile ? NodeType.File : NodeType.Directory,
                SizeBytes = (entry as VirtualFile)?.LengthBytes ?? 0,
                Content = entry is VirtualFile file ? Snapshot.Contents[file] : StoreDirectory((VirtualDirectory)entry, sink),
            });
        }

        return builder.Finish();
    }

    private sealed class FileTicket : ContentTicket
    {
        public bool Stored { get; private set; }

        protected internal override void OnStored(ChunkSink sink) => Stored = true;
    }
}
