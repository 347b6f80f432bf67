using GatewayOS.Store.Profiling;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;
using GatewayOS.Store.Trees;

namespace GatewayOS.Store.Reading;

/// <summary>Reads content by the hashes that trees hold, wherever it is: on this machine's disk or behind a network. Belongs to one thread.</summary>
public abstract class ContentReader : IDisposable
{
    /// <summary>What the owning thread spends its time on; the owner may put counters of its own here.</summary>
    public virtual StageCounters Counters { get; set; } = new();

    /// <summary>Reads a chunk.</summary>
    /// <param name="hash">The chunk, as trees name it.</param>
    /// <returns>Its bytes, valid until the reader's next call.</returns>
    /// <exception cref="StoreDamagedException">It is missing or not what was written.</exception>
    public abstract ReadOnlySpan<byte> Read(ContentHash hash);

    /// <summary>Says what will be read next, in this order. A reader behind a network asks for it ahead; a local one needs no such hint.</summary>
    /// <param name="parts">The parts; not kept.</param>
    public virtual void Expect(ReadOnlySpan<ContentPart> parts)
    {
    }

    /// <summary>The content's parts with all lists resolved, in order.</summary>
    /// <exception cref="StoreDamagedException">A list is missing or damaged.</exception>
    public IEnumerable<ContentPart> Leaves(ContentRef content)
    {
        var pending = new Stack<(ContentPart Part, int Depth)>();
        for (int i = content.Parts.Length - 1; i >= 0; i--)
        {
            pending.Push((content.Parts[i], content.Depth));
        }

        while (pending.TryPop(out (ContentPart Part, int Depth) next))
        {
            if (next.Depth == 0 || next.Part.Kind != PartKind.Chunk)
            {
                yield return next.Part;
                continue;
            }

            ContentPart[] parts = ReadList(next.Part);
            for (int i = parts.Length - 1; i >= 0; i--)
            {
                pending.Push((parts[i], next.Depth - 1));
            }
        }
    }

    /// <summary>The parts in a list chunk, one level deep.</summary>
    /// <exception cref="StoreDamagedException">The list is missing, damaged or covers another length than its part says.</exception>
    public ContentPart[] ReadList(ContentPart list)
    {
        try
        {
            ContentPart[] parts = TreeCodec.DecodeList(Read(list.Hash));
            return new ContentRef(0, parts).LengthBytes == list.LengthBytes
                ? parts
                : throw new StoreDamagedException(Describe(list.Hash), $"List chunk {Describe(list.Hash)} covers another length than the entry that names it.");
        }
        catch (InvalidDataException error)
        {
            throw new StoreDamagedException(Describe(list.Hash), $"List chunk {Describe(list.Hash)} cannot be decoded: {error.Message}.");
        }
    }

    /// <summary>A directory's entries in byte order of their names. Lost parts are passed over.</summary>
    /// <param name="directoryContent">The directory's content.</param>
    /// <exception cref="StoreDamagedException">A tree chunk is missing or damaged.</exception>
    public IEnumerable<TreeNode> Entries(ContentRef directoryContent)
    {
        foreach (ContentPart part in Leaves(directoryContent))
        {
            if (part.Kind != PartKind.Chunk)
            {
                continue;
            }

            foreach (TreeNode node in ReadTree(part.Hash))
            {
                yield return node;
            }
        }
    }

    /// <summary>Finds the entry at a path.</summary>
    /// <param name="snapshot">The snapshot.</param>
    /// <param name="components">Names from the root; none for the root itself.</param>
    /// <returns>The entry, or null when there is none.</returns>
    public TreeNode? FindPath(SnapshotRecord snapshot, IReadOnlyList<byte[]> components)
    {
        var node = new TreeNode { Name = [], Type = NodeType.Directory, Mode = 0b111_101_101, Content = snapshot.Draft.Root };
        foreach (byte[] component in components)
        {
            node = node.Type == NodeType.Directory
                ? Entries(node.Content).FirstOrDefault(entry => entry.Name.AsSpan().SequenceEqual(component))
                : null;
            if (node is null)
            {
                return null;
            }
        }

        return node;
    }

    /// <summary>Decodes a tree chunk.</summary>
    /// <exception cref="StoreDamagedException">It is missing or damaged.</exception>
    public IReadOnlyList<TreeNode> ReadTree(ContentHash hash)
    {
        try
        {
            IReadOnlyList<TreeNode> nodes = TreeCodec.DecodeTree(Read(hash));
            foreach (TreeNode node in nodes)
            {
                // Walks go down in this order.
                if (node.Type == NodeType.Directory)
                {
                    Expect(node.Content.Parts);
                }
            }

            return nodes;
        }
        catch (InvalidDataException error)
        {
            string id = Describe(hash);
            throw new StoreDamagedException(id, $"Tree chunk {id} cannot be decoded: {error.Message}.");
        }
    }

    /// <inheritdoc/>
    public abstract void Dispose();

    /// <summary>What a message calls a chunk. Never its hash, which would confirm a guess about the content to whoever reads the log.</summary>
    /// <param name="hash">The chunk.</param>
    protected abstract string Describe(ContentHash hash);
}
