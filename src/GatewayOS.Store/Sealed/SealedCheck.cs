using GatewayOS.Store.Index;
using GatewayOS.Store.Keys;
using GatewayOS.Store.Maintenance;
using GatewayOS.Store.Packs;
using GatewayOS.Store.Profiling;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Sealed;

/// <summary>Tells without any key whether a file is what its name says. One for each thread.</summary>
/// <param name="storeId">The store.</param>
/// <param name="config">The bytes of its config file.</param>
public sealed class SealedCheck(Guid storeId, ReadOnlyMemory<byte> config) : IDisposable
{
    private readonly PackCheck _packs = new(storeId, keys: null, new StageCounters());
    private readonly PackHeads _heads = new();
    private readonly SealedContent _small = new();
    private readonly byte[] _binding = StoreConfig.Binding(config.Span);

    /// <summary>Reads every byte and checks it against hashes, down to single records of a pack.</summary>
    /// <param name="file">Which file it should be.</param>
    /// <param name="content">Its content.</param>
    /// <returns>Null when it is, else what is wrong.</returns>
    /// <exception cref="StoreIoException">It cannot be read.</exception>
    public string? Whole(SealedFile file, IStoreFile content) => file.Kind == SealedKind.Pack ? WholePack(file, content) : Structure(file, content);

    /// <summary>
    /// Reads no more than it must to say that this is the file and its structure is sound: of a pack head and directory, which commit to every record's hash, of
    /// a segment its head; of all others every byte.
    /// </summary>
    /// <inheritdoc cref="Whole"/>
    public string? Structure(SealedFile file, IStoreFile content)
    {
        try
        {
            switch (file.Kind)
            {
                case SealedKind.Pack:
                    PackDirectory.Read(content, storeId, file.Id, _heads);
                    return null;
                case SealedKind.Index:
                    return Segment(content);
                default:
                    _small.Load(file, content);
                    return Small(file, _small.Bytes);
            }
        }
        catch (StoreDamagedException error)
        {
            return error.Message;
        }
    }

    /// <summary>The packs that an index segment covers, from its pack table.</summary>
    /// <param name="segment">The segment's file.</param>
    /// <returns>Their IDs; none for a segment that is damaged, or of the version before.</returns>
    /// <exception cref="StoreIoException">It cannot be read.</exception>
    public IReadOnlyList<ChunkId> PacksOf(IStoreFile segment)
    {
        Span<byte> head = stackalloc byte[IndexFormat.HeadBytes];
        int read = segment.ReadAt(head, 0);
        if (IndexFormat.ReadHead(head[..read], storeId, out _) is not { } shape || shape.FileBytes != segment.LengthBytes)
        {
            return [];
        }

        var packs = new List<ChunkId>((int)shape.Packs);
        byte[] page = new byte[IndexFormat.PageBytes];
        for (int i = 0; i < shape.Packs; i++)
        {
            (int number, int row) = Math.DivRem(i, IndexFormat.RowsPerPage);
            if (row == 0 && (segment.ReadAt(page, IndexShape.PackPageOffset(number)) != page.Length || !IndexFormat.IsSealed(page)))
            {
                return [];
            }

            packs.Add(new ChunkId(page.AsSpan(row * IndexFormat.PackRowBytes, ChunkId.SizeBytes)));
        }

        return packs;
    }

    /// <inheritdoc/>
    public void Dispose() => _packs.Dispose();

    private string? WholePack(SealedFile file, IStoreFile content)
    {
        try
        {
            string? first = null;
            _packs.Run(content, file.Id, (record, reason) => first ??= $"the record at {record.Offset} is damaged: {reason}");
            return first;
        }
        catch (StoreDamagedException error)
        {
            return error.Message;
        }
    }

    private string? Segment(IStoreFile content)
    {
        Span<byte> head = stackalloc byte[IndexFormat.HeadBytes];
        int read = content.ReadAt(head, 0);
        if (IndexFormat.IsOutdated(head[..read]))
        {
            return null;
        }

        IndexShape? shape = IndexFormat.ReadHead(head[..read], storeId, out string reason);
        return shape is null ? reason : shape.Value.FileBytes == content.LengthBytes ? null : $"it is {content.LengthBytes} bytes long instead of {shape.Value.FileBytes}";
    }

    private string? Small(SealedFile file, ReadOnlySpan<byte> bytes)
    {
        switch (file.Kind)
        {
            case SealedKind.Snapshot:
                return SnapshotFile.Check(file.Name[(file.Name.LastIndexOf('/') + 1)..], bytes, storeId);
            case SealedKind.KeySlot:
                UnlockOutcome outcome = KeySlot.Check(bytes.ToArray(), _binding);
                return outcome.Status == UnlockStatus.Unlocked ? null : outcome.Reason;
            case SealedKind.Gone:
                return GonePacks.Check(bytes, storeId) ? null : "it is no list of gone packs, or damaged";
            default:
                return bytes.SequenceEqual(config.Span) ? null : "it is not this store's config file";
        }
    }
}
