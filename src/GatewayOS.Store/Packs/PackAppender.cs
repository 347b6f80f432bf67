using GatewayOS.Store.Keys;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Packs;

/// <summary>A range of an open pack that one thread fills.</summary>
/// <param name="Pack">The pack.</param>
/// <param name="Offset">Where it begins.</param>
/// <param name="Bytes">Its length; what the records leave of it is padding.</param>
internal readonly record struct PackRange(OpenPack Pack, uint Offset, int Bytes);

/// <summary>
/// Fills packs of one sort (data, or trees and lists) from several threads. A full pack is sealed — directory, fsync, rename, fsync of the
/// directory — by <see cref="PackSealer"/>; until then its file stands in <c>tmp/</c>, named after the session, for a later run to salvage.
/// </summary>
internal sealed class PackAppender(PackSealer sealer, int packBytes)
{
    // From here on a range is worth its borders: padding is a few hundredths of it, and it passes by the system's cache.
    private const int AlignedRangeBytesMin = 64 * 1024;

    // A pack that gets such a range is likely to be filled; where packs are smaller, as in simulations, so is this.
    private readonly int _roomFromBytes = Math.Min(AlignedRangeBytesMin, packBytes / 16);

    private readonly Lock _gate = new();
    private OpenPack? _open;

    /// <summary>Most padding that a pack with so many bytes of records has: less than a border's distance before and behind each long range.</summary>
    public static long PaddingBytesMax(long recordBytes) => ((recordBytes / AlignedRangeBytesMin) + 1) * 2 * AlignedBuffer.AlignBytes;

    /// <summary>
    /// Hands out room for records, beginning a new pack when the open one is full. Long ranges begin and end where the file wants it for writes
    /// that pass by the system's cache; the caller writes zeros behind its records.
    /// </summary>
    public PackRange Reserve(int bytes, int records)
    {
        OpenPack? full = null;
        PackRange range;
        lock (_gate)
        {
            if (_open is not null && (Place(_open, bytes, out int padded) + padded > packBytes || _open.RecordsReserved + records > PackFormat.RecordsMax))
            {
                full = Close();
            }

            _open ??= sealer.Begin();
            if (bytes >= _roomFromBytes && !_open.HasRoom)
            {
                _open.File.Reserve(packBytes);
                _open.HasRoom = true;
            }

            range = new PackRange(_open, (uint)Place(_open, bytes, out padded), padded);
            _open.NextOffset = range.Offset + (long)padded;
            _open.RecordsReserved += records;
            _open.RangesOutstanding++;
        }

        Seal(full);
        return range;
    }

    /// <summary>Reports a range as written and takes its record heads into the directory.</summary>
    /// <param name="range">The range.</param>
    /// <param name="sealedRecords">The range's bytes: whole records back to back.</param>
    public void Complete(in PackRange range, ReadOnlySpan<byte> sealedRecords)
    {
        OpenPack pack = range.Pack;
        OpenPack? full = null;
        lock (_gate)
        {
            while (!sealedRecords.IsEmpty && RecordHead.TryRead(sealedRecords, out RecordHead record))
            {
                pack.AddToDirectory(sealedRecords);
                sealedRecords = sealedRecords[(int)record.TotalBytes..];
            }

            pack.RangesOutstanding--;
            if (pack.Closed && pack.RangesOutstanding == 0)
            {
                full = pack;
            }
        }

        Seal(full);
    }

    /// <summary>Closes the open pack, if it holds anything, so that all that was reserved before gets sealed.</summary>
    public void Rotate()
    {
        OpenPack? full;
        lock (_gate)
        {
            full = _open is null ? null : Close();
        }

        Seal(full);
    }

    /// <summary>Gives up: the open pack's file is closed where it is, as a crash would leave it.</summary>
    public void Abandon()
    {
        lock (_gate)
        {
            _open?.Dispose();
            _open = null;
        }
    }

    // Where a range of this length would begin, and what it would take with its padding.
    private static long Place(OpenPack pack, int bytes, out int padded)
    {
        int align = bytes < AlignedRangeBytesMin ? 1 : pack.File.AlignBytes;
        padded = (bytes + align - 1) & -align;
        return (pack.NextOffset + align - 1) & -align;
    }

    private OpenPack? Close()
    {
        OpenPack pack = _open!;
        _open = null;
        pack.Closed = true;
        return pack.RangesOutstanding == 0 ? pack : null;
    }

    private void Seal(OpenPack? pack)
    {
        if (pack is not null)
        {
            sealer.Seal(pack);
        }
    }
}

/// <summary>Begins packs under their temporary names, and seals them in the order that makes them durable.</summary>
internal sealed class PackSealer(IStoreDisk disk, StoreKeys keys, Guid storeId, PackTable packs, Func<string> nextTemporaryName, EntropySource entropy)
{
    private readonly Lock _gate = new();
    private readonly HashSet<int> _unsealed = [];

    /// <summary>Called for each pack that stands in its place, on the sealing thread: the index is to cover it.</summary>
    public required Action<OpenPack> Covered { get; init; }

    /// <summary>Called then, when <see cref="Unsealed"/> no longer names it.</summary>
    public required Action Sealed { get; init; }

    /// <summary>Takes the sealing over to another thread; null seals on the caller's.</summary>
    public Action<OpenPack>? Dispatch { get; set; }

    /// <summary>Numbers of the packs that have been begun and do not yet stand in their places.</summary>
    public HashSet<int> Unsealed()
    {
        lock (_gate)
        {
            return [.. _unsealed];
        }
    }

    /// <summary>True when any of these is unsealed yet.</summary>
    public bool AnyUnsealed(HashSet<int> packs)
    {
        lock (_gate)
        {
            return _unsealed.Overlaps(packs);
        }
    }

    public OpenPack Begin()
    {
        byte[] head = new byte[PackFormat.HeadBytes];
        Span<byte> salt = stackalloc byte[PackFormat.SaltBytes];
        entropy(salt);
        PackFormat.WriteHead(head, storeId, salt);
        string path = $"{StoreLayout.Temporary}/{nextTemporaryName()}{StoreLayout.PackSuffix}";
        IStoreFile file = disk.CreateStreamed(path);
        try
        {
            file.WriteAt(head, 0);
            var pack = new OpenPack(file, path, head, keys.PackKey(salt), packs.Add(default, 0, PackState.Writing));
            lock (_gate)
            {
                _unsealed.Add(pack.Number);
            }

            return pack;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public void Seal(OpenPack pack)
    {
        if (Dispatch is { } dispatch)
        {
            dispatch(pack);
        }
        else
        {
            SealNow(pack);
        }
    }

    /// <summary>Write order: records and directory, fsync, rename into place, fsync of the shard directory.</summary>
    public void SealNow(OpenPack pack)
    {
        ChunkId id;
        long length;
        using (pack)
        {
            (id, length) = pack.WriteDirectory();
            pack.File.Sync();
        }

        disk.Rename(pack.TemporaryPath, StoreLayout.PackPath(id));
        disk.SyncDirectory(StoreLayout.PackShard(id));
        packs.Publish(pack.Number, id, length);
        Covered(pack);
        lock (_gate)
        {
            _unsealed.Remove(pack.Number);
        }

        Sealed();
    }
}

/// <summary>Fills a span with random bytes. The system's generator in production; seeded in simulations.</summary>
internal delegate void EntropySource(Span<byte> destination);
