using GatewayOS.Store.Pipeline;

namespace GatewayOS.Store.Trees;

/// <summary>
/// Encodes a directory's entries into tree chunks. Chunks end between entries, at places the names choose, so adding a file to a huge
/// directory rewrites one chunk of it, and each chunk decodes by itself.
/// </summary>
public sealed class TreeBuilder
{
    private const int ChunkBytesMin = 16 * 1024;
    private const int ChunkBytesMax = 256 * 1024;
    private const uint CutMask = 0x3f;

    private readonly ChunkSink _sink;
    private readonly ByteWriter _chunk = new();
    private readonly ByteWriter _scratch = new();
    private readonly List<ContentPart> _parts = [];
    private byte[]? _lastName;

    /// <summary>Starts a directory.</summary>
    /// <param name="sink">Where chunks go; borrowed.</param>
    public TreeBuilder(ChunkSink sink) => _sink = sink;

    /// <summary>Adds an entry.</summary>
    /// <param name="node">The entry; encoded now, not kept.</param>
    /// <exception cref="ArgumentException">Its name is not behind the last one's in byte order, or is no file name.</exception>
    public void Add(TreeNode node)
    {
        if (node.Name.Length is 0 or > TreeCodec.NameBytesMax || node.Name.AsSpan().ContainsAny((byte)0, (byte)'/')
            || node.Name.AsSpan().SequenceEqual("."u8) || node.Name.AsSpan().SequenceEqual(".."u8))
        {
            throw new ArgumentException($"'{ByteName.Escape(node.Name)}' is no file name.", nameof(node));
        }

        if (_lastName is not null && _lastName.AsSpan().SequenceCompareTo(node.Name) >= 0)
        {
            throw new ArgumentException($"'{ByteName.Escape(node.Name)}' comes after '{ByteName.Escape(_lastName)}': entries go in byte order.", nameof(node));
        }

        _lastName = node.Name;
        if (_chunk.Length == 0)
        {
            _chunk.Byte(TreeCodec.Version);
        }

        TreeCodec.Encode(node, _chunk, _scratch);
        if (_chunk.Length >= ChunkBytesMax || (_chunk.Length >= ChunkBytesMin && (NameHash(node.Name) & CutMask) == 0))
        {
            CutChunk();
        }
    }

    /// <summary>Ends the directory. The builder is empty again then and takes the next one.</summary>
    /// <returns>The content reference for the directory's own entry.</returns>
    public ContentRef Finish()
    {
        if (_chunk.Length > 0)
        {
            CutChunk();
        }

        ContentRef content = _parts.Count == 0 ? ContentRef.Empty : _sink.StoreParts([.. _parts]);
        _parts.Clear();
        _lastName = null;
        return content;
    }

    private void CutChunk()
    {
        _parts.Add(ContentPart.Chunk(_sink.Store(ChunkKind.Tree, _chunk.Written), _chunk.Length));
        _chunk.Clear();
    }

    // FNV-1a: it only has to spread names, and must never change, or every large directory would be stored anew.
    private static uint NameHash(ReadOnlySpan<byte> name)
    {
        uint hash = 2166136261;
        foreach (byte value in name)
        {
            hash = (hash ^ value) * 16777619;
        }

        return hash ^ (hash >> 15);
    }
}
