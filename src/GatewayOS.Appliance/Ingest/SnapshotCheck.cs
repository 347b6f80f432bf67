using GatewayOS.Store;
using GatewayOS.Store.Pipeline;
using GatewayOS.Store.Reading;
using GatewayOS.Store.Storage;
using GatewayOS.Store.Trees;

namespace GatewayOS.Appliance.Ingest;

/// <summary>
/// Checks, before a node's snapshot is committed, that its trees can be read and that every chunk they name is in the store and the node's
/// own. A tree is only bytes that a node sent: without this, a made-up one could name another node's chunks and have them restored. Subtrees
/// equal to the parent snapshot's were checked when that was committed and are passed over, so an incremental backup's check costs what changed.
/// </summary>
/// <param name="store">The store.</param>
/// <param name="writer">Its writer, flushed.</param>
/// <param name="ledger">What the node owns.</param>
internal sealed class SnapshotCheck(BackupStore store, StoreWriter writer, NodeLedger ledger)
{
    // Deeper than any path a file system takes; a made-up tree must not fill the memory.
    private const int PendingMax = 4_000_000;

    private readonly Stack<(ContentRef Now, ContentRef Before)> _directories = new();

    /// <summary>Checks a snapshot's root.</summary>
    /// <param name="root">The root directory's content.</param>
    /// <param name="before">The parent snapshot's, or empty.</param>
    /// <param name="cancellation">Stops the walk.</param>
    /// <returns>Null when all is well, else why the snapshot is refused.</returns>
    public string? Run(ContentRef root, ContentRef before, CancellationToken cancellation)
    {
        using ChunkReader reader = store.OpenReader();
        _directories.Push((root, before));
        try
        {
            while (_directories.TryPop(out (ContentRef Now, ContentRef Before) next))
            {
                cancellation.ThrowIfCancellationRequested();
                if (CheckDirectory(reader, next.Now, next.Before) is { } refusal)
                {
                    return refusal;
                }

                if (_directories.Count > PendingMax)
                {
                    return "a directory of it has too many directories";
                }
            }
        }
        catch (StoreDamagedException error)
        {
            return error.Message;
        }

        return null;
    }

    private string? CheckDirectory(ChunkReader reader, ContentRef now, ContentRef before)
    {
        if (IsSame(now, before))
        {
            return null;
        }

        if (CheckContent(reader, now) is { } refusal)
        {
            return refusal;
        }

        Dictionary<string, TreeNode> known = [];
        foreach (TreeNode node in reader.Entries(before))
        {
            known[Convert.ToHexString(node.Name)] = node;
        }

        foreach (TreeNode node in reader.Entries(now))
        {
            known.TryGetValue(Convert.ToHexString(node.Name), out TreeNode? old);
            ContentRef oldContent = old is not null && old.Type == node.Type ? old.Content : ContentRef.Empty;
            if (node.Type == NodeType.Directory)
            {
                _directories.Push((node.Content, oldContent));
            }
            else if (!IsSame(node.Content, oldContent) && CheckContent(reader, node.Content) is { } bad)
            {
                return bad;
            }
        }

        return null;
    }

    // Lists are looked into, chunks looked up.
    private string? CheckContent(ChunkReader reader, ContentRef content)
    {
        var pending = new Stack<(ContentPart Part, int Depth)>();
        Push(pending, content);
        while (pending.TryPop(out (ContentPart Part, int Depth) next))
        {
            if (next.Part.Kind != PartKind.Chunk)
            {
                continue;
            }

            ChunkId id = writer.IdOf(next.Part.Hash);
            if (!ledger.Owns(id) || !writer.Contains(id) || !store.TryLocate(id, out ChunkLocation location))
            {
                // The same words for a chunk that is nowhere and for one of another node.
                return "it names a chunk that this node has not sent";
            }

            if (next.Depth > 0)
            {
                Push(pending, new ContentRef(next.Depth - 1, reader.ReadList(next.Part)));
            }
            else if (location.PlainBytes != next.Part.LengthBytes)
            {
                return "it gives a chunk another length than it has";
            }
        }

        return null;
    }

    private static void Push(Stack<(ContentPart Part, int Depth)> pending, ContentRef content)
    {
        for (int i = content.Parts.Length - 1; i >= 0; i--)
        {
            pending.Push((content.Parts[i], content.Depth));
        }
    }

    private static bool IsSame(ContentRef left, ContentRef right) => left.Depth == right.Depth && left.Parts.AsSpan().SequenceEqual(right.Parts);
}
