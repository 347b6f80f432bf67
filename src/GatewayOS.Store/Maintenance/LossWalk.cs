using GatewayOS.Store.Pipeline;
using GatewayOS.Store.Reading;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;
using GatewayOS.Store.Trees;

namespace GatewayOS.Store.Maintenance;

/// <summary>
/// Finds the paths that lost chunks touch and, given a sink, makes trees in which the lost stretches are marked as lost. Every directory is
/// looked at once however many snapshots share it; no recursion, so any depth of tree will do.
/// </summary>
internal sealed class LossWalk(ChunkReader reader, IReadOnlyDictionary<ChunkId, string> lost, ChunkSink? sink)
{
    private readonly Dictionary<ContentRef, MendedDirectory> _known = new(ContentComparer.Instance);

    /// <summary>Walks a snapshot.</summary>
    /// <returns>Its mended root content and the paths touched.</returns>
    public MendedDirectory Walk(SnapshotRecord snapshot, CancellationToken cancellation)
    {
        if (_known.TryGetValue(snapshot.Draft.Root, out MendedDirectory? known))
        {
            return known;
        }

        var frames = new Stack<Frame>();
        frames.Push(Open(snapshot.Draft.Root, node: null));
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            Frame frame = frames.Peek();
            if (frame.TryNext(out TreeNode? node))
            {
                if (node.Type != NodeType.Directory)
                {
                    TakeFile(frame, node);
                }
                else if (_known.TryGetValue(node.Content, out known))
                {
                    frame.TakeDirectory(node, known);
                }
                else
                {
                    frames.Push(Open(node.Content, node));
                }

                continue;
            }

            frames.Pop();
            MendedDirectory done = frame.Finish(sink);
            _known[frame.Original] = done;
            if (!frames.TryPeek(out Frame? parent))
            {
                return done;
            }

            parent.TakeDirectory(frame.Node!, done);
        }
    }

    private bool IsLost(in ContentPart part) => lost.ContainsKey(reader.IdOf(part.Hash));

    private Frame Open(ContentRef content, TreeNode? node)
    {
        ContentRef mended = Mend(content, out bool changed);
        var nodes = new List<TreeNode>();
        long lostBytes = 0;
        foreach (ContentPart part in Parts(mended))
        {
            if (part.Kind != PartKind.Chunk || IsLost(part))
            {
                lostBytes += part.LengthBytes;
                changed |= part.Kind == PartKind.Chunk;
                continue;
            }

            try
            {
                nodes.AddRange(reader.ReadTree(part.Hash));
            }
            catch (StoreDamagedException)
            {
                lostBytes += part.LengthBytes;
                changed = true;
            }
        }

        return new Frame(content, node, nodes, changed, lostBytes > 0 && changed);
    }

    private void TakeFile(Frame frame, TreeNode node)
    {
        ContentRef mended = Mend(node.Content, out bool changed);
        if (!changed)
        {
            frame.Keep(node);
            return;
        }

        long lostBytes = 0;
        foreach (ContentPart part in Parts(mended))
        {
            lostBytes += part.Kind == PartKind.Lost || (part.Kind == PartKind.Chunk && IsLost(part)) ? part.LengthBytes : 0;
        }

        frame.TakeMended(node, mended, $"{lostBytes} of {node.SizeBytes} bytes are lost");
    }

    // Without a sink the content stays as it is and only "changed" counts: nothing is written by a verification.
    private ContentRef Mend(ContentRef content, out bool changed)
    {
        changed = false;
        ContentPart[]? mended = null;
        for (int i = 0; i < content.Parts.Length; i++)
        {
            ContentPart part = content.Parts[i];
            ContentPart better = MendPart(part, content.Depth, out bool partChanged);
            if (partChanged)
            {
                changed = true;
                mended ??= [.. content.Parts];
                mended[i] = better;
            }
        }

        return mended is null ? content : new ContentRef(content.Depth, mended);
    }

    private ContentPart MendPart(ContentPart part, int depth, out bool changed)
    {
        changed = false;
        if (part.Kind != PartKind.Chunk)
        {
            return part;
        }

        if (IsLost(part))
        {
            changed = true;
            return ContentPart.Lost(part.LengthBytes);
        }

        if (depth == 0)
        {
            return part;
        }

        ContentPart[] inner;
        try
        {
            inner = reader.ReadList(part);
        }
        catch (StoreDamagedException)
        {
            changed = true;
            return ContentPart.Lost(part.LengthBytes);
        }

        ContentRef mended = Mend(new ContentRef(depth - 1, inner), out changed);
        if (!changed || sink is null)
        {
            return part;
        }

        var list = new ByteWriter();
        list.Byte(TreeCodec.Version);
        TreeCodec.EncodeParts(mended.Parts, list);
        return ContentPart.Chunk(sink.Store(ChunkKind.List, list.Written), part.LengthBytes);
    }

    // Leaves as far as they can be reached; an unreadable list counts as one lost part.
    private IEnumerable<ContentPart> Parts(ContentRef content)
    {
        foreach (ContentPart part in content.Parts)
        {
            if (content.Depth == 0 || part.Kind != PartKind.Chunk || IsLost(part))
            {
                yield return part;
                continue;
            }

            ContentPart[] inner;
            try
            {
                inner = reader.ReadList(part);
            }
            catch (StoreDamagedException)
            {
                inner = [ContentPart.Lost(part.LengthBytes)];
            }

            foreach (ContentPart leaf in Parts(new ContentRef(content.Depth - 1, inner)))
            {
                yield return leaf;
            }
        }
    }

    private sealed class Frame(ContentRef original, TreeNode? node, List<TreeNode> nodes, bool changed, bool entriesLost)
    {
        private readonly List<TreeNode> _output = [];
        private readonly List<Loss> _losses = entriesLost ? [new Loss([], "entries of this directory are lost")] : [];
        private bool _changed = changed;
        private int _next;

        public ContentRef Original { get; } = original;

        public TreeNode? Node { get; } = node;

        public bool TryNext([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out TreeNode? next)
        {
            next = _next < nodes.Count ? nodes[_next++] : null;
            return next is not null;
        }

        public void Keep(TreeNode node) => _output.Add(node);

        public void TakeMended(TreeNode node, ContentRef content, string reason)
        {
            node.Content = content;
            node.Flags |= NodeFlags.Incomplete;
            _output.Add(node);
            _losses.Add(new Loss([node.Name], reason));
            _changed = true;
        }

        public void TakeDirectory(TreeNode node, MendedDirectory mended)
        {
            if (mended.Changed)
            {
                _changed = true;
                node.Content = mended.Content;
                if (mended.Losses.Any(loss => loss.Path.Length == 0))
                {
                    node.Flags |= NodeFlags.Incomplete;
                }

                _losses.AddRange(mended.Losses.Select(loss => loss with { Path = [node.Name, .. loss.Path] }));
            }

            _output.Add(node);
        }

        public MendedDirectory Finish(ChunkSink? sink)
        {
            if (!_changed || sink is null)
            {
                return new MendedDirectory(Original, _changed, _losses);
            }

            var builder = new TreeBuilder(sink);
            _output.ForEach(builder.Add);
            return new MendedDirectory(builder.Finish(), true, _losses);
        }
    }
}

/// <summary>A path below some directory, name by name, and what of it is lost.</summary>
internal sealed record Loss(byte[][] Path, string Reason)
{
    /// <summary>The path from the root, escaped.</summary>
    public string Text => "/" + string.Join('/', Path.Select(name => ByteName.Escape(name)));
}

/// <summary>A directory's content with lost stretches marked.</summary>
internal sealed record MendedDirectory(ContentRef Content, bool Changed, IReadOnlyList<Loss> Losses);

/// <summary>Compares content references by their parts.</summary>
internal sealed class ContentComparer : IEqualityComparer<ContentRef>
{
    public static ContentComparer Instance { get; } = new();

    public bool Equals(ContentRef x, ContentRef y) => x.Depth == y.Depth && x.Parts.AsSpan().SequenceEqual(y.Parts);

    public int GetHashCode(ContentRef obj) => obj.Parts.Length == 0 ? 0 : HashCode.Combine(obj.Depth, obj.Parts.Length, obj.Parts[0].Hash, obj.Parts[^1].Hash);
}

/// <summary>Lists the paths that lost chunks touch.</summary>
internal static class AffectedPaths
{
    public static IReadOnlyList<AffectedPath> Find(BackupStore store, IReadOnlyList<SnapshotRecord> snapshots, IReadOnlyDictionary<ChunkId, string> lost, CancellationToken cancellation)
    {
        using ChunkReader reader = store.OpenReader();
        var walk = new LossWalk(reader, lost, sink: null);
        var affected = new List<AffectedPath>();
        foreach (SnapshotRecord snapshot in snapshots)
        {
            affected.AddRange(walk.Walk(snapshot, cancellation).Losses.Select(loss => new AffectedPath(snapshot.Id, loss.Text, loss.Reason)));
        }

        return affected;
    }
}
