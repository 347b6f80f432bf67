namespace GatewayOS.Store.Trees;

/// <summary>What a stretch of content is. The value is part of the format.</summary>
public enum PartKind : byte
{
    /// <summary>A stored chunk.</summary>
    Chunk = 0,

    /// <summary>A hole: reads as zeros and takes no space in the source.</summary>
    Hole = 1,

    /// <summary>Bytes that a repair found lost: restored as zeros, and reported.</summary>
    Lost = 2,
}

/// <summary>A stretch of a file's content, or of a list's.</summary>
/// <param name="Kind">Chunk, hole or lost.</param>
/// <param name="LengthBytes">Length in the content. For a part that names a list: of everything the list covers.</param>
/// <param name="Hash">The chunk, or <c>default</c> when there is none.</param>
public readonly record struct ContentPart(PartKind Kind, long LengthBytes, ContentHash Hash)
{
    /// <summary>A part that is a stored chunk.</summary>
    public static ContentPart Chunk(ContentHash hash, long lengthBytes) => new(PartKind.Chunk, lengthBytes, hash);

    /// <summary>A part that is a hole.</summary>
    public static ContentPart Hole(long lengthBytes) => new(PartKind.Hole, lengthBytes, default);

    /// <summary>A part that is lost.</summary>
    public static ContentPart Lost(long lengthBytes) => new(PartKind.Lost, lengthBytes, default);
}

/// <summary>
/// Content of a file or of a directory's encoded entries: parts in order. At depth 0 the chunks are the content itself; at depth n they are
/// <see cref="ChunkKind.List"/> chunks, each the encoding of parts of depth n−1. So a terabyte image costs an entry of a few dozen bytes,
/// and a change in it rewrites one chunk per depth.
/// </summary>
/// <param name="Depth">0 to <see cref="DepthMax"/>.</param>
/// <param name="Parts">The parts; never null.</param>
public readonly record struct ContentRef(int Depth, ContentPart[] Parts)
{
    /// <summary>Deepest list nesting a reader accepts: 8 levels of at least 64 parts reach beyond 2^63 bytes.</summary>
    public const int DepthMax = 8;

    /// <summary>Content of no bytes.</summary>
    public static ContentRef Empty { get; } = new(0, []);

    /// <summary>Length of the content, in bytes.</summary>
    public long LengthBytes
    {
        get
        {
            long sum = 0;
            foreach (ContentPart part in Parts)
            {
                sum += part.LengthBytes;
            }

            return sum;
        }
    }
}
