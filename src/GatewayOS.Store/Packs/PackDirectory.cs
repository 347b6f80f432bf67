using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Packs;

/// <summary>Reads a sealed pack's directory: a head, a tail and the record heads, without touching the records.</summary>
internal static class PackDirectory
{
    /// <summary>Reads and checks the directory against the pack's ID.</summary>
    /// <exception cref="StoreDamagedException">Head, tail or directory are damaged, or the pack is not the one its name says.</exception>
    public static RecordHead[] Read(IStoreDisk disk, Guid storeId, ChunkId packId)
    {
        using IStoreFile file = disk.OpenRead(StoreLayout.PackPath(packId));
        return Read(file, storeId, packId, out _);
    }

    /// <summary>The same for an open file; gives the raw heads too.</summary>
    public static RecordHead[] Read(IStoreFile file, Guid storeId, ChunkId packId, out byte[] rawHeads)
    {
        string name = packId + StoreLayout.PackSuffix;
        long length = file.LengthBytes;
        if (length is < PackFormat.HeadBytes + PackFormat.TailBytes or > PackFormat.PackBytesMax)
        {
            throw new StoreDamagedException(name, $"it is {length} bytes long, which no whole pack is");
        }

        Span<byte> head = stackalloc byte[PackFormat.HeadBytes];
        file.ReadAt(head, 0);
        if (PackFormat.CheckHead(head, storeId) is { } reason)
        {
            throw new StoreDamagedException(name, reason);
        }

        Span<byte> tail = stackalloc byte[PackFormat.TailBytes];
        file.ReadAt(tail, length - PackFormat.TailBytes);
        if (!PackFormat.TryReadTail(tail, length, out long directoryOffset, out int records))
        {
            throw new StoreDamagedException(name, "its end is torn or damaged");
        }

        rawHeads = new byte[records * PackFormat.RecordHeadBytes];
        file.ReadAt(rawHeads, directoryOffset);
        if (PackFormat.PackId(head, rawHeads) != packId)
        {
            throw new StoreDamagedException(name, "its directory is damaged or it was renamed: name and content do not agree");
        }

        return Decode(name, rawHeads, records, directoryOffset);
    }

    /// <summary>How many records a pack says it has; 0 when its tail cannot be read.</summary>
    public static int RecordCount(IStoreDisk disk, ChunkId packId)
    {
        try
        {
            using IStoreFile file = disk.OpenRead(StoreLayout.PackPath(packId));
            long length = file.LengthBytes;
            Span<byte> tail = stackalloc byte[PackFormat.TailBytes];
            return length >= PackFormat.TailBytes && file.ReadAt(tail, length - PackFormat.TailBytes) == PackFormat.TailBytes
                && PackFormat.TryReadTail(tail, length, out _, out int records) ? records : 0;
        }
        catch (StoreIoException)
        {
            return 0;
        }
    }

    private static RecordHead[] Decode(string name, byte[] rawHeads, int records, long directoryOffset)
    {
        var heads = new RecordHead[records];
        for (int i = 0; i < records; i++)
        {
            ReadOnlySpan<byte> raw = rawHeads.AsSpan(i * PackFormat.RecordHeadBytes, PackFormat.RecordHeadBytes);
            if (!RecordHead.TryRead(raw, out heads[i]) || heads[i].Offset + heads[i].TotalBytes > directoryOffset)
            {
                throw new StoreDamagedException(name, $"record {i} of its directory is out of range");
            }
        }

        return heads;
    }
}
