using System.Buffers.Binary;
using GatewayOS.Store;
using Microsoft.Win32.SafeHandles;

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

    private readonly SafeFileHandle _file;

    private LedgerRun(SafeFileHandle file, string path, long count) => (_file, Path, Count) = (file, path, count);

    public string Path { get; }

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
    public static LedgerRun? TryOpen(string path)
    {
        SafeFileHandle file = File.OpenHandle(path);
        Span<byte> head = stackalloc byte[HeadBytes];
        if (RandomAccess.Read(file, head, 0) == HeadBytes && BinaryPrimitives.ReadUInt64LittleEndian(head) == Magic)
        {
            long count = BinaryPrimitives.ReadInt64LittleEndian(head[8..]);
            if (count >= 0 && RandomAccess.GetLength(file) == HeadBytes + (count * KeyBytes))
            {
                return new LedgerRun(file, path, count);
            }
        }

        file.Dispose();
        return null;
    }

    /// <summary>Writes a run.</summary>
    /// <param name="path">Where; appears whole, by a rename.</param>
    /// <param name="keys">Ascending, without duplicates.</param>
    public static LedgerRun Write(string path, IEnumerable<UInt128> keys)
    {
        string temporary = path + ".tmp";
        long count = 0;
        using (var stream = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None, WriteBufferBytes))
        {
            Span<byte> bytes = stackalloc byte[KeyBytes];
            stream.Write(bytes);
            foreach (UInt128 key in keys)
            {
                BinaryPrimitives.WriteUInt128BigEndian(bytes, key);
                stream.Write(bytes);
                count++;
            }

            stream.Position = 0;
            BinaryPrimitives.WriteUInt64LittleEndian(bytes, Magic);
            BinaryPrimitives.WriteInt64LittleEndian(bytes[8..], count);
            stream.Write(bytes);

            // The log that it stands for is emptied next.
            stream.Flush(flushToDisk: true);
        }

        File.Move(temporary, path, overwrite: true);
        return TryOpen(path) ?? throw new IOException($"{path} reads back differently than it was written: the disk or memory is faulty.");
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
        if (RandomAccess.Read(_file, destination, HeadBytes + (firstKey * KeyBytes)) != destination.Length)
        {
            throw new IOException($"{Path} has become shorter while it was read.");
        }
    }
}
