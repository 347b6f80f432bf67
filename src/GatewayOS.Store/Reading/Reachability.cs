using GatewayOS.Store.Storage;
using GatewayOS.Store.Trees;

namespace GatewayOS.Store.Reading;

/// <summary>Told about every chunk a walk meets.</summary>
internal interface IReachVisitor
{
    /// <summary>Meets a chunk that something names.</summary>
    /// <param name="id">The chunk.</param>
    /// <param name="kind">What it must be, by the place that names it.</param>
    /// <param name="plainBytes">How long it must be.</param>
    /// <returns>True to look inside; only trees and lists are asked. A visitor says so once for each chunk.</returns>
    bool Visit(ChunkId id, ChunkKind kind, long plainBytes);

    /// <summary>A tree or list that was to be looked into cannot be read.</summary>
    void Unreadable(ChunkId id, ChunkKind kind, string reason);
}

/// <summary>Walks everything a directory's content reaches, each tree and list chunk once, without recursion.</summary>
internal sealed class Reachability(ChunkReader reader, IReachVisitor visitor)
{
    private readonly Stack<Step> _pending = new();

    public void Walk(ContentRef directory, CancellationToken cancellation)
    {
        Push(directory, ChunkKind.Tree);
        while (_pending.TryPop(out Step step))
        {
            cancellation.ThrowIfCancellationRequested();
            Take(step);
        }
    }

    private void Take(Step step)
    {
        ChunkKind kind = step.Depth > 0 ? ChunkKind.List : step.LeafKind;
        ChunkId id = reader.IdOf(step.Part.Hash);
        if (!visitor.Visit(id, kind, kind == ChunkKind.List ? -1 : step.Part.LengthBytes) || kind == ChunkKind.Data)
        {
            return;
        }

        try
        {
            if (kind == ChunkKind.List)
            {
                Push(new ContentRef(step.Depth - 1, reader.ReadList(step.Part)), step.LeafKind);
                return;
            }

            foreach (TreeNode node in reader.ReadTree(step.Part.Hash))
            {
                Push(node.Content, node.Type == NodeType.Directory ? ChunkKind.Tree : ChunkKind.Data);
            }
        }
        catch (StoreDamagedException error)
        {
            visitor.Unreadable(id, kind, error.Message);
        }
    }

    private void Push(ContentRef content, ChunkKind leafKind)
    {
        for (int i = content.Parts.Length - 1; i >= 0; i--)
        {
            if (content.Parts[i].Kind == PartKind.Chunk)
            {
                _pending.Push(new Step(content.Parts[i], content.Depth, leafKind));
            }
        }
    }

    private readonly record struct Step(ContentPart Part, int Depth, ChunkKind LeafKind);
}
