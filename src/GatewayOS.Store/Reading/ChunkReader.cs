using GatewayOS.Store.Packs;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;
using GatewayOS.Store.Trees;

namespace GatewayOS.Store.Reading;

/// <summary>
/// Reads chunks: record head checked, decrypted, decompressed, and the chunk ID computed again, so bad memory in the writer is noticed as
/// surely as a bad disk. Belongs to one thread. Reads that follow each other in a pack share one large read.
/// </summary>
public sealed class ChunkReader : IDisposable
{
    private readonly BackupStore _store;
    private readonly RecordDecoder _decoder;
    private readonly OpenPackFiles _files;
    private readonly ReadWindow _window = new();
    private bool _reloaded;

    internal ChunkReader(BackupStore store)
    {
        _store = store;
        _decoder = new RecordDecoder(store.Keys.Naming);
        _files = new OpenPackFiles(store);
    }

    /// <summary>Reads a chunk.</summary>
    /// <param name="hash">The chunk, as trees name it.</param>
    /// <returns>Its bytes, valid until the reader's next call.</returns>
    /// <exception cref="StoreDamagedException">It is missing or not what was written.</exception>
    public ReadOnlySpan<byte> Read(ContentHash hash) => Read(IdOf(hash));

    /// <summary>Reads a chunk.</summary>
    /// <param name="id">The chunk.</param>
    /// <returns>Its bytes, valid until the reader's next call.</returns>
    /// <exception cref="StoreDamagedException">It is missing or not what was written.</exception>
    public ReadOnlySpan<byte> Read(ChunkId id)
    {
        if (!_store.TryLocate(id, out ChunkLocation location) && !TryLocateAfterReload(id, out location))
        {
            throw new StoreDamagedException(id.ToString(), $"Chunk {id} is missing: no usable pack holds it.");
        }

        return Read(id, location);
    }

    /// <summary>Reads a chunk whose place is known.</summary>
    /// <param name="id">The chunk.</param>
    /// <param name="location">Its place, from <see cref="BackupStore.TryLocate(ChunkId, out ChunkLocation)"/>.</param>
    /// <returns>Its bytes, valid until the reader's next call.</returns>
    /// <exception cref="StoreDamagedException">It is not what was written.</exception>
    public ReadOnlySpan<byte> Read(ChunkId id, scoped in ChunkLocation location)
    {
        if (!_files.TryGet(location.Pack, out OpenPackFile pack))
        {
            // gc has deleted the pack since it was looked up: what was needed of it has been copied.
            _store.Packs.SetState(location.Pack, PackState.Unusable);
            _store.Reload();
            return _store.TryLocate(id, out ChunkLocation moved) && moved.Pack != location.Pack
                ? Read(id, moved)
                : throw new StoreDamagedException(id.ToString(), $"Chunk {id} is missing: pack {_store.Packs.Id(location.Pack)} is gone, and no other holds it.");
        }

        ReadOnlySpan<byte> record = _window.Read(pack.File, pack.File, location.OffsetBytes, (int)location.RecordBytes);
        if (record.Length != location.RecordBytes || !RecordHead.TryRead(record, out RecordHead head)
            || head.Id != id || head.Offset != location.OffsetBytes || head.StoredBytes != location.StoredBytes || head.PlainBytes != location.PlainBytes)
        {
            throw Bad(id, location, "the record there is cut short, another, or its head is damaged");
        }

        return _decoder.Decode(pack.Key, head, record, out ReadOnlySpan<byte> plain) is { } reason ? throw Bad(id, location, reason) : plain;
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
                : throw new StoreDamagedException(IdOf(list.Hash).ToString(), $"List chunk {IdOf(list.Hash)} covers another length than the entry that names it.");
        }
        catch (InvalidDataException error)
        {
            throw new StoreDamagedException(IdOf(list.Hash).ToString(), $"List chunk {IdOf(list.Hash)} cannot be decoded: {error.Message}.");
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

    /// <inheritdoc/>
    public void Dispose()
    {
        _files.Dispose();
        _decoder.Dispose();
    }

    /// <summary>The ID under which the store keeps a chunk.</summary>
    internal ChunkId IdOf(in ContentHash hash) => _store.Keys.Naming.Id(hash);

    internal List<TreeNode> ReadTree(ContentHash hash)
    {
        try
        {
            return TreeCodec.DecodeTree(Read(hash));
        }
        catch (InvalidDataException error)
        {
            ChunkId id = IdOf(hash);
            throw new StoreDamagedException(id.ToString(), $"Tree chunk {id} cannot be decoded: {error.Message}.");
        }
    }

    private bool TryLocateAfterReload(ChunkId id, out ChunkLocation location)
    {
        // A snapshot committed by another process since this store was opened names chunks of packs met only now.
        if (_reloaded)
        {
            location = default;
            return false;
        }

        _reloaded = true;
        _store.Reload();
        return _store.TryLocate(id, out location);
    }

    private StoreDamagedException Bad(ChunkId id, in ChunkLocation location, string what) =>
        new(id.ToString(), $"Chunk {id} in pack {_store.Packs.Id(location.Pack)} at {location.OffsetBytes} is damaged: {what}.");
}

/// <summary>The few pack files a reader holds open, least recently used first out.</summary>
internal sealed class OpenPackFiles(BackupStore store) : IDisposable
{
    private const int FilesMax = 16;

    private readonly List<OpenPackFile> _open = [];

    /// <summary>Gives a pack's open file.</summary>
    /// <returns>False when there is no such file.</returns>
    /// <exception cref="StoreDamagedException">It is no pack of this store.</exception>
    public bool TryGet(int pack, out OpenPackFile found)
    {
        for (int i = _open.Count - 1; i >= 0; i--)
        {
            if (_open[i].Pack == pack)
            {
                OpenPackFile hit = _open[i];
                if (i != _open.Count - 1)
                {
                    _open.RemoveAt(i);
                    _open.Add(hit);
                }

                found = hit;
                return true;
            }
        }

        if (_open.Count == FilesMax)
        {
            _open[0].File.Dispose();
            _open.RemoveAt(0);
        }

        if (Open(pack) is not { } opened)
        {
            found = default;
            return false;
        }

        _open.Add(opened);
        found = opened;
        return true;
    }

    public void Dispose()
    {
        foreach (OpenPackFile open in _open)
        {
            open.File.Dispose();
        }

        _open.Clear();
    }

    private OpenPackFile? Open(int pack)
    {
        ChunkId id = store.Packs.Id(pack);
        IStoreFile file;
        try
        {
            file = store.Disk.OpenRead(StoreLayout.PackPath(id));
        }
        catch (StoreIoException error) when (error.Failure == StoreIoFailure.Missing)
        {
            return null;
        }

        try
        {
            Span<byte> head = stackalloc byte[PackFormat.HeadBytes];
            int read = file.ReadAt(head, 0);
            return PackFormat.CheckHead(head[..read], store.Guid) is { } reason
                ? throw new StoreDamagedException(id.ToString(), $"Pack {id} is damaged: {reason}.")
                : new OpenPackFile(pack, file, store.Keys.PackKey(PackFormat.Salt(head)));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }
}

/// <summary>An open pack file with its key.</summary>
internal readonly record struct OpenPackFile(int Pack, IStoreFile File, PackKey Key);
