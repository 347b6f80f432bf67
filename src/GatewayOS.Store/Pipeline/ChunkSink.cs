using GatewayOS.Store.Trees;

namespace GatewayOS.Store.Pipeline;

/// <summary>Stores single chunks synchronously on the caller's thread. One thread uses a sink at a time; it never waits for the pipeline.</summary>
public abstract class ChunkSink
{
    // A list chunk ends behind a part whose hash ends the run by chance (1 in 256), so an insertion into a huge file changes one list, not all
    // that follow. The bounds keep degenerate hashes from making lists of one part or of millions.
    private const int ListPartsMin = 64;
    private const int ListPartsMax = 1024;
    private const ulong ListCutMask = 0xff;

    private readonly ByteWriter _list = new();

    /// <summary>Most parts an entry holds itself; longer content is folded into lists.</summary>
    internal const int InlinePartsMax = 32;

    /// <summary>Stores a chunk unless the store has it.</summary>
    /// <param name="kind">What it holds.</param>
    /// <param name="plain">The bytes; at most <see cref="Packs.PackFormat.PlainBytesMax"/>. Not kept.</param>
    /// <returns>Its hash.</returns>
    public abstract ContentHash Store(ChunkKind kind, ReadOnlySpan<byte> plain);

    /// <summary>Makes a content reference, folding long part lists into list chunks.</summary>
    /// <param name="parts">The parts, in order.</param>
    public ContentRef StoreParts(ContentPart[] parts) => StoreParts(parts, depth: 0);

    /// <summary>The same for parts that are lists already.</summary>
    internal ContentRef StoreParts(ContentPart[] parts, int depth)
    {
        while (parts.Length > InlinePartsMax)
        {
            parts = Fold(parts);
            depth++;
        }

        return new ContentRef(depth, parts);
    }

    /// <summary>Replaces runs of parts by list chunks: one level of folding.</summary>
    internal ContentPart[] Fold(ReadOnlySpan<ContentPart> parts)
    {
        var folded = new List<ContentPart>((parts.Length / ListPartsMin) + 1);
        while (!parts.IsEmpty)
        {
            int count = RunLength(parts);
            long length = 0;
            foreach (ContentPart part in parts[..count])
            {
                length += part.LengthBytes;
            }

            _list.Clear();
            _list.Byte(TreeCodec.Version);
            TreeCodec.EncodeParts(parts[..count], _list);
            folded.Add(ContentPart.Chunk(Store(ChunkKind.List, _list.Written), length));
            parts = parts[count..];
        }

        return [.. folded];
    }

    private static int RunLength(ReadOnlySpan<ContentPart> parts)
    {
        int limit = Math.Min(parts.Length, ListPartsMax);
        for (int i = ListPartsMin; i <= limit; i++)
        {
            ContentPart last = parts[i - 1];
            if (last.Kind == PartKind.Chunk && (last.Hash.Prefix & ListCutMask) == 0)
            {
                return i;
            }
        }

        return limit;
    }
}
