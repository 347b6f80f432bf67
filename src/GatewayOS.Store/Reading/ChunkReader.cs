using GatewayOS.Store.Compression;
using GatewayOS.Store.Packs;
using GatewayOS.Store.Pipeline.Transfer;
using GatewayOS.Store.Profiling;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Reading;

/// <summary>
/// Reads chunks: record head checked, decrypted, decompressed, and the chunk ID computed again, so bad memory in the writer is noticed as
/// surely as a bad disk. Belongs to one thread. Reads that follow each other in a pack share one large read, also when reads of a few other packs
/// come in between: a snapshot that has grown over many days alternates between the packs of those days.
/// </summary>
public sealed class ChunkReader : ContentReader
{
    private readonly BackupStore _store;
    private readonly RecordDecoder _decoder;
    private readonly OpenPackFiles _files;
    private bool _reloaded;

    internal ChunkReader(BackupStore store, bool streamed = false)
    {
        _store = store;
        _decoder = new RecordDecoder(store.Keys.Naming);
        _files = new OpenPackFiles(store, streamed);
    }

    /// <inheritdoc/>
    public override StageCounters Counters
    {
        get => _decoder.Counters;
        set => _decoder.Counters = value;
    }

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> Read(ContentHash hash) => Read(IdOf(hash));

    /// <summary>Reads a chunk.</summary>
    /// <param name="id">The chunk.</param>
    /// <returns>Its bytes, valid until the reader's next call.</returns>
    /// <exception cref="StoreDamagedException">It is missing or not what was written.</exception>
    public ReadOnlySpan<byte> Read(ChunkId id)
    {
        long start = StageCounters.Start();
        ChunkLocation location = Locate(id);
        Counters.Busy(Stage.LookUp, ref start);
        try
        {
            return Read(id, location);
        }
        catch (StoreDamagedException) when (IsElsewhere(id, location, out ChunkLocation other))
        {
            return Read(id, other);
        }
    }

    /// <summary>Reads a chunk whose place is known.</summary>
    /// <param name="id">The chunk.</param>
    /// <param name="location">Its place, from <see cref="BackupStore.TryLocate(ChunkId, out ChunkLocation)"/>.</param>
    /// <returns>Its bytes, valid until the reader's next call.</returns>
    /// <exception cref="StoreDamagedException">It is not what was written.</exception>
    public ReadOnlySpan<byte> Read(ChunkId id, scoped in ChunkLocation location)
    {
        ReadOnlySpan<byte> record = ReadRecord(id, location, out OpenPackFile pack, out RecordHead head);
        return _decoder.Decode(pack.Key, head, record, out ReadOnlySpan<byte> plain) is { } reason ? throw Bad(id, location, reason) : plain;
    }

    /// <summary>The same, and gives the stored form too: gc moves it without compressing it again.</summary>
    /// <param name="id">The chunk.</param>
    /// <param name="location">Its place.</param>
    /// <param name="codec">How it is stored.</param>
    /// <param name="stored">The stored form, checked as far as the chunk is; valid until the reader's next call.</param>
    /// <returns>Its bytes, valid until the reader's next call.</returns>
    /// <exception cref="StoreDamagedException">It is not what was written.</exception>
    internal ReadOnlySpan<byte> Read(ChunkId id, scoped in ChunkLocation location, out Codec codec, out ReadOnlySpan<byte> stored)
    {
        ReadOnlySpan<byte> record = ReadRecord(id, location, out OpenPackFile pack, out RecordHead head);
        codec = head.Codec;
        return _decoder.Decode(pack.Key, head, record, out stored, out ReadOnlySpan<byte> plain) is { } reason ? throw Bad(id, location, reason) : plain;
    }

    /// <summary>Reads a chunk in the form it is stored in, authenticated and decrypted only, for one who decompresses and hashes it himself.</summary>
    /// <param name="id">The chunk.</param>
    /// <param name="row">Gets its row of a <see cref="ChunkDirectory"/>, but for the hash.</param>
    /// <returns>The stored form, valid until the reader's next call.</returns>
    /// <exception cref="StoreDamagedException">It is missing or not what was written.</exception>
    internal ReadOnlySpan<byte> ReadStored(ChunkId id, out TransferredChunk row)
    {
        ChunkLocation location = Locate(id);
        try
        {
            return ReadStored(id, location, out row);
        }
        catch (StoreDamagedException) when (IsElsewhere(id, location, out ChunkLocation other))
        {
            return ReadStored(id, other, out row);
        }
    }

    private ReadOnlySpan<byte> ReadStored(ChunkId id, scoped in ChunkLocation location, out TransferredChunk row)
    {
        ReadOnlySpan<byte> record = ReadRecord(id, location, out OpenPackFile pack, out RecordHead head);
        string? reason = _decoder.Open(pack.Key, head, record, out ReadOnlySpan<byte> stored);
        row = new TransferredChunk(head.Kind, head.Codec, head.PlainBytes, stored.Length, default);
        return reason is null ? stored : throw Bad(id, location, reason);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _files.Dispose();
        _decoder.Dispose();
    }

    /// <summary>The ID under which the store keeps a chunk.</summary>
    internal ChunkId IdOf(in ContentHash hash) => _store.Keys.Naming.Id(hash);

    /// <inheritdoc/>
    protected override string Describe(ContentHash hash) => IdOf(hash).ToString();

    private ChunkLocation Locate(ChunkId id) => _store.TryLocate(id, out ChunkLocation location) || TryLocateAfterReload(id, out location)
        ? location
        : throw new StoreDamagedException(id.ToString(), $"Chunk {id} is missing: no usable pack holds it.");

    // What was read ahead may be another copy than the one the index names: then there is that one to try.
    private bool IsElsewhere(ChunkId id, scoped in ChunkLocation tried, out ChunkLocation other)
    {
        try
        {
            return _store.TryLocateByIndex(id, out other) && other != tried;
        }
        catch (StoreDamagedException)
        {
            other = default;
            return false;
        }
    }

    private ReadOnlySpan<byte> ReadRecord(ChunkId id, scoped in ChunkLocation location, out OpenPackFile pack, out RecordHead head)
    {
        if (!_files.TryGet(location.Pack, out pack))
        {
            // gc has deleted the pack since it was looked up: what was needed of it has been copied.
            _store.Packs.SetState(location.Pack, PackState.Unusable);
            _store.Reload();
            return _store.TryLocate(id, out ChunkLocation moved) && moved.Pack != location.Pack
                ? ReadRecord(id, moved, out pack, out head)
                : throw new StoreDamagedException(id.ToString(), $"Chunk {id} is missing: pack {_store.Packs.Id(location.Pack)} is gone, and no other holds it.");
        }

        long start = StageCounters.Start();
        ReadOnlySpan<byte> record = pack.Window.Read(pack.File, pack.File, location.OffsetBytes, (int)location.RecordBytes);
        Counters.Busy(Stage.Read, ref start, record.Length);
        return record.Length == location.RecordBytes && RecordHead.TryRead(record, out head)
            && head.Id == id && head.Offset == location.OffsetBytes && head.StoredBytes == location.StoredBytes && head.PlainBytes == location.PlainBytes
                ? record
                : throw Bad(id, location, "the record there is cut short, another, or its head is damaged");
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
internal sealed class OpenPackFiles(BackupStore store, bool streamed) : IDisposable
{
    /// <summary>Packs that are read beside each other without losing the place in any.</summary>
    public const int FilesMax = 8;

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

        ReadWindow? window = null;
        if (_open.Count == FilesMax)
        {
            _open[0].File.Dispose();
            window = _open[0].Window;
            _open.RemoveAt(0);
        }

        // With the borders it is widened to, a read ahead is what the tuning says.
        window ??= new ReadWindow(store.Options.ReadAheadBytes - (2 * AlignedBuffer.AlignBytes));
        if (Open(pack, window) is not { } opened)
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

    private OpenPackFile? Open(int pack, ReadWindow window)
    {
        ChunkId id = store.Packs.Id(pack);
        IStoreFile file;
        try
        {
            string path = StoreLayout.PackPath(id);
            file = streamed ? store.Disk.OpenReadStreamed(path) : store.Disk.OpenRead(path);
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
                : new OpenPackFile(pack, file, store.Keys.PackKey(PackFormat.Salt(head)), window);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }
}

/// <summary>An open pack file with its key, and what of it is in memory.</summary>
internal readonly record struct OpenPackFile(int Pack, IStoreFile File, PackKey Key, ReadWindow Window);
