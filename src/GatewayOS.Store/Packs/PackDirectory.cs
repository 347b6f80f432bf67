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
        var heads = new PackHeads();
        Read(file, storeId, packId, heads);
        return heads.All.ToArray();
    }

    /// <summary>The same for an open file, into space that is used again and again.</summary>
    public static void Read(IStoreFile file, Guid storeId, ChunkId packId, PackHeads heads)
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
        Span<byte> rawHeads;
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

            rawHeads = heads.Begin(records);
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

        heads.Decode(name, directoryOffset);
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
}

/// <summary>The record heads of one pack after another, in space that grows to the largest. Belongs to one thread.</summary>
internal sealed class PackHeads
{
    private byte[] _raw = [];
    private RecordHead[] _heads = [];
    private int _count;

    /// <summary>The heads, by offset.</summary>
    public ReadOnlySpan<RecordHead> All => _heads.AsSpan(0, _count);

    /// <summary>A head as it stands in the directory.</summary>
    public ReadOnlySpan<byte> Raw(int record) => _raw.AsSpan(record * PackFormat.RecordHeadBytes, PackFormat.RecordHeadBytes);

    /// <summary>Makes room for a directory.</summary>
    public Span<byte> Begin(int records)
    {
        if (_heads.Length < records)
        {
            int room = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)records);
            (_raw, _heads) = (new byte[room * PackFormat.RecordHeadBytes], new RecordHead[room]);
        }

        _count = records;
        return _raw.AsSpan(0, records * PackFormat.RecordHeadBytes);
    }

    /// <summary>Decodes what was read into that room.</summary>
    /// <exception cref="StoreDamagedException">A head is out of range.</exception>
    public void Decode(string name, long directoryOffset)
    {
        for (int i = 0; i < _count; i++)
        {
            if (!RecordHead.TryRead(Raw(i), out _heads[i]) || _heads[i].Offset + _heads[i].TotalBytes > directoryOffset)
            {
                throw new StoreDamagedException(name, $"record {i} of its directory is out of range");
            }
        }
    }
}
