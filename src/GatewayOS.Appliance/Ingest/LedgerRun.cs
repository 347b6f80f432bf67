using System.Buffers.Binary;
using GatewayOS.Store;
using GatewayOS.Store.Storage;

namespace GatewayOS.Appliance.Ingest;

/// <summary>
/// A sorted file of ledger keys, 16 bytes each, big-endian, behind a head of 16 bytes (magic, count). Keys are parts of keyed hashes and so
/// uniformly distributed: a search guesses the place from the key, and two reads of a cached page find it among millions.
/// </summary>
internal sealed class LedgerRun : IDisposable
{
    public const int KeyBytes = 16;
    private const int HeadBytes = 16;
    private const ulong Magic = 0x3130_5245_4744_454c; // "LEDGER01"
    private const int BlockKeys = 256;
    private const int GuessesMax = 4;
    private const int WriteBufferBytes = 1 << 20;

    private readonly IStoreFile _file;

    private LedgerRun(IStoreFile file, string name, long count) => (_file, Name, Count) = (file, name, count);

    public string Name { get; }

    public long Count { get; }

    /// <summary>The key under which a chunk is entered: the first half of its ID.</summary>
    public static UInt128 KeyOf(ChunkId id)
    {
        Span<byte> bytes = stackalloc byte[ChunkId.SizeBytes];
        id.CopyTo(bytes);
        return BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    /// <summary>Opens a run.</summary>
    /// <returns>Null when the file is none: cut off, or something else.</returns>
    public static LedgerRun? TryOpen(IStoreDisk disk, string name)
    {
        IStoreFile file = disk.OpenRead(name);
        Span<byte> head = stackalloc byte[HeadBytes];
        if (file.ReadAt(head, 0) == HeadBytes && BinaryPrimitives.ReadUInt64LittleEndian(head) == Magic)
        {
            long count = BinaryPrimitives.ReadInt64LittleEndian(head[8..]);
            if (count >= 0 && file.LengthBytes == HeadBytes + (count * KeyBytes))
            {
                return new LedgerRun(file, name, count);
            }
        }

        file.Dispose();
        return null;
    }

    /// <summary>Writes a run. It is durable when this returns: the log that it stands for is emptied next.</summary>
    /// <param name="disk">The disk.</param>
    /// <param name="name">Its name there; it appears whole, by a rename. A file of that name with ".tmp" behind it is left from a crash.</param>
    /// <param name="keys">Ascending, without duplicates.</param>
    public static LedgerRun Write(IStoreDisk disk, string name, IEnumerable<UInt128> keys)
    {
        string temporary = name + ".tmp";
        using (IStoreFile file = DurableFile.CreateAnew(disk, temporary))
        {
            byte[] buffer = new byte[WriteBufferBytes];
            long written = HeadBytes;
            int held = 0;
            foreach (UInt128 key in keys)
            {
                BinaryPrimitives.WriteUInt128BigEndian(buffer.AsSpan(held), key);
                held += KeyBytes;
                if (held == buffer.Length)
                {
                    file.WriteAt(buffer, written);
                    written += held;
                    held = 0;
                }
            }

            file.WriteAt(buffer.AsSpan(0, held), written);
            Span<byte> head = stackalloc byte[HeadBytes];
            BinaryPrimitives.WriteUInt64LittleEndian(head, Magic);
            BinaryPrimitives.WriteInt64LittleEndian(head[8..], (written + held - HeadBytes) / KeyBytes);
            file.WriteAt(head, 0);
            file.Sync();
        }

        disk.Rename(temporary, name);
        disk.SyncDirectory("");
        return TryOpen(disk, name) ?? throw new StoreIoException(StoreIoFailure.Device, name, $"{name} in {disk.Location} reads back differently than it was written: the disk or memory is faulty.");
    }

    /// <summary>True when the key is in the run.</summary>
    public bool Contains(UInt128 key)
    {
        Span<byte> block = stackalloc byte[BlockKeys * KeyBytes];
        long low = 0;
        long high = Count;
        UInt128 lowKey = 0;
        UInt128 highKey = UInt128.MaxValue;
        for (int guess = 0; low < high; guess++)
        {
            // Doubles are exact enough for a guess; after a few the keys must be clustered, and halving ends it.
            double share = guess < GuessesMax ? (double)(key - lowKey) / (double)(highKey - lowKey) : 0.5;
            long first = Math.Clamp(low + (long)(share * (high - low)) - (BlockKeys / 2), low, Math.Max(low, high - BlockKeys));
            int keys = (int)Math.Min(BlockKeys, high - first);
            ReadWhole(block[..(keys * KeyBytes)], first);
            UInt128 firstKey = KeyAt(block, 0);
            UInt128 lastKey = KeyAt(block, keys - 1);
            if (key < firstKey)
            {
                (high, highKey) = (first, firstKey);
            }
            else if (key > lastKey)
            {
                (low, lowKey) = (first + keys, lastKey);
            }
            else
            {
                return IsIn(block[..(keys * KeyBytes)], key);
            }
        }

        return false;
    }

    public IEnumerable<UInt128> Keys()
    {
        byte[] block = new byte[BlockKeys * KeyBytes];
        for (long first = 0; first < Count; first += BlockKeys)
        {
            int keys = (int)Math.Min(BlockKeys, Count - first);
            ReadWhole(block.AsSpan(0, keys * KeyBytes), first);
            for (int i = 0; i < keys; i++)
            {
                yield return BinaryPrimitives.ReadUInt128BigEndian(block.AsSpan(i * KeyBytes));
            }
        }
    }

    public void Dispose() => _file.Dispose();

    private static UInt128 KeyAt(ReadOnlySpan<byte> block, int position) => BinaryPrimitives.ReadUInt128BigEndian(block[(position * KeyBytes)..]);

    private static bool IsIn(ReadOnlySpan<byte> block, UInt128 key)
    {
        int low = 0;
        int high = (block.Length / KeyBytes) - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            UInt128 found = KeyAt(block, middle);
            if (found == key)
            {
                return true;
            }

            (low, high) = found < key ? (middle + 1, high) : (low, middle - 1);
        }

        return false;
    }

    private void ReadWhole(Span<byte> destination, long firstKey)
    {
        if (_file.ReadAt(destination, HeadBytes + (firstKey * KeyBytes)) != destination.Length)
        {
            throw new StoreIoException(StoreIoFailure.Device, Name, $"The ledger's run {Name} has become shorter while it was read.");
        }
    }
}
