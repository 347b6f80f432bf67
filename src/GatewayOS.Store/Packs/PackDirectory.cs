using System.Buffers;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Packs;

/// <summary>Reads a sealed pack's directory: a head, a tail and the record heads, without touching the records.</summary>
internal static class PackDirectory
{
    // Holds the directory of about a thousand records: more than a full pack of chunks of the default size has.
    private const int EndBytes = 64 * 1024;

    /// <summary>Reads and checks the directory against the pack's ID.</summary>
    /// <exception cref="StoreDamagedException">Head, tail or directory are damaged, or the pack is not the one its name says.</exception>
    public static RecordHead[] Read(IStoreDisk disk, Guid storeId, ChunkId packId) => Read(disk, storeId, packId, out _);

    /// <summary>The same; gives the file's length too.</summary>
    public static RecordHead[] Read(IStoreDisk disk, Guid storeId, ChunkId packId, out long lengthBytes)
    {
        using IStoreFile file = disk.OpenRead(StoreLayout.PackPath(packId));
        lengthBytes = file.LengthBytes;
        return Read(file, storeId, packId, out byte[] _);
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

        // Directory and tail come with one read, unless the records are many and small: on a spinning disk the number of reads is what counts.
        byte[] end = ArrayPool<byte>.Shared.Rent(EndBytes);
        long directoryOffset;
        int records;
        try
        {
            int wanted = (int)Math.Min(EndBytes, length - PackFormat.HeadBytes);
            int read = file.ReadAt(end.AsSpan(0, wanted), length - wanted);
            if (read != wanted || !PackFormat.TryReadTail(end.AsSpan(wanted - PackFormat.TailBytes, PackFormat.TailBytes), length, out directoryOffset, out records))
            {
                throw new StoreDamagedException(name, "its end is torn or damaged");
            }

            rawHeads = new byte[records * PackFormat.RecordHeadBytes];
            if (rawHeads.Length + PackFormat.TailBytes <= wanted)
            {
                end.AsSpan(wanted - PackFormat.TailBytes - rawHeads.Length, rawHeads.Length).CopyTo(rawHeads);
            }
            else
            {
                file.ReadAt(rawHeads, directoryOffset);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(end);
        }

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
