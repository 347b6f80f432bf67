using System.Buffers.Binary;
using GatewayOS.Store;
using GatewayOS.Store.Index;
using GatewayOS.Store.Packs;

namespace GatewayOS.Benchmarks.Scale;

/// <summary>
/// A segment's entries made from a seed, in order and without sorting them all: the ID space is cut into strata of 4096 entries, whose first words
/// are random within the stratum. Any entry can be made again from its number, and packs hold runs of entries that lie all over the ID space, as they do
/// in a store.
/// </summary>
/// <param name="seed">Decides the IDs.</param>
/// <param name="strata">Strata; each has <see cref="StratumEntries"/>.</param>
/// <param name="firstPack">Number of the segment's first pack.</param>
internal sealed class SyntheticSegment(ulong seed, long strata, int firstPack)
{
    public const int StratumEntries = 4096;

    /// <summary>Chunks of 128 KiB that compress to 72 KiB: so many fill a pack of 60 MiB.</summary>
    public const int RecordsPerPack = 832;

    public const int PlainBytes = 128 * 1024;
    private const int RecordBytes = 72 * 1024;
    private const int StoredBytes = RecordBytes - PackFormat.RecordHeadBytes;

    // A prime far above any entry's factor: multiplying by it modulo the number of entries scatters packs over the ID space.
    private const ulong Scatter = 0xFFFF_FFFB;

    private readonly ulong _scatterBack = Inverse(Scatter, (ulong)(strata * StratumEntries));

    public long Entries => strata * StratumEntries;

    public int FirstPack => firstPack;

    public int Packs => (int)((Entries + RecordsPerPack - 1) / RecordsPerPack);

    /// <summary>Length of a full pack.</summary>
    public static long PackBytes => RecordsEnd + (RecordsPerPack * PackFormat.RecordHeadBytes) + PackFormat.TailBytes;

    /// <summary>Where a pack's records begin.</summary>
    public static long RecordsOffset => PackFormat.HeadBytes;

    /// <summary>Where they end, and its directory begins.</summary>
    public static long RecordsEnd => RecordsOffset + ((long)RecordsPerPack * RecordBytes);

    /// <summary>An ID that no segment has.</summary>
    public static ChunkId Absent(ulong number) => Id(Mix(number ^ 0xA5A5_0000_0000_0000), Mix(number + 0x5A5A));

    /// <summary>Entry by its number.</summary>
    public ChunkId IdOf(long entry)
    {
        (long stratum, long within) = Math.DivRem(entry, StratumEntries);
        return Id(First(stratum, within), entry);
    }

    /// <summary>The entry that a pack holds at a place; pack and place from 0.</summary>
    public long EntryAt(int pack, int place) => (long)(((UInt128)(ulong)(((long)pack * RecordsPerPack) + place) * _scatterBack) % (ulong)Entries);

    /// <summary>All entries in the order of their IDs.</summary>
    public IEnumerable<IndexEntry> Sorted()
    {
        ulong[] firsts = new ulong[StratumEntries];
        int[] numbers = new int[StratumEntries];
        for (long stratum = 0; stratum < strata; stratum++)
        {
            for (int i = 0; i < StratumEntries; i++)
            {
                firsts[i] = First(stratum, i);
                numbers[i] = i;
            }

            Array.Sort(firsts, numbers);
            for (int i = 0; i < StratumEntries; i++)
            {
                long entry = (stratum * StratumEntries) + numbers[i];
                yield return new IndexEntry(Id(firsts[i], entry), LocationOf(entry));
            }
        }
    }

    /// <summary>A whole pack's head, directory and tail. The records are a hole in the file: nothing here reads them.</summary>
    public ChunkId WritePack(int pack, Guid storeId, Func<ChunkId, string> path)
    {
        byte[] head = new byte[PackFormat.HeadBytes];
        Span<byte> salt = stackalloc byte[PackFormat.SaltBytes];
        salt.Fill((byte)pack);
        BinaryPrimitives.WriteInt64LittleEndian(salt, pack);
        PackFormat.WriteHead(head, storeId, salt);
        byte[] directory = new byte[RecordsPerPack * PackFormat.RecordHeadBytes];
        for (int place = 0; place < RecordsPerPack; place++)
        {
            ChunkLocation at = LocationAt(pack, place);
            new RecordHead(ChunkKind.Data, GatewayOS.Store.Compression.Codec.Lz4, at.OffsetBytes, PlainBytes, StoredBytes, IdOf(EntryAt(pack, place)))
                .Write(directory.AsSpan(place * PackFormat.RecordHeadBytes));
        }

        ChunkId id = PackFormat.PackId(head, directory);
        byte[] tail = new byte[PackFormat.TailBytes];
        byte[] idBytes = new byte[ChunkId.SizeBytes];
        id.CopyTo(idBytes);
        PackFormat.WriteTail(tail, RecordsEnd, RecordsPerPack, idBytes);
        using FileStream file = File.Create(path(id));
        file.Write(head);
        file.Position = RecordsEnd;
        file.Write(directory);
        file.Write(tail);
        return id;
    }

    private static ChunkId Id(ulong first, long entry) => Id(first, Mix((ulong)entry ^ 0x1234_5678_9ABC_DEF0 ^ first));

    private static ChunkId Id(ulong first, ulong second)
    {
        Span<byte> bytes = stackalloc byte[ChunkId.SizeBytes];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, first);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], second);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[16..], first ^ second);
        return new ChunkId(bytes);
    }

    private ChunkLocation LocationOf(long entry)
    {
        long scattered = (long)(((UInt128)(ulong)entry * Scatter) % (ulong)Entries);
        (long pack, long place) = Math.DivRem(scattered, RecordsPerPack);
        return LocationAt((int)pack, (int)place);
    }

    private ChunkLocation LocationAt(int pack, int place) =>
        new(firstPack + pack, (uint)(PackFormat.HeadBytes + (place * RecordBytes)), StoredBytes, PlainBytes, ChunkKind.Data);

    private ulong First(long stratum, long within)
    {
        ulong width = ulong.MaxValue / (ulong)strata;
        return ((ulong)stratum * width) + (ulong)Math.BigMul(Mix(seed ^ Mix((ulong)((stratum * StratumEntries) + within))), width, out _);
    }

    /// <summary>SplitMix64's finaliser (Steele, Lea and Flood, OOPSLA 2014).</summary>
    private static ulong Mix(ulong value)
    {
        value += 0x9E37_79B9_7F4A_7C15;
        value = (value ^ (value >> 30)) * 0xBF58_476D_1CE4_E5B9;
        value = (value ^ (value >> 27)) * 0x94D0_49BB_1331_11EB;
        return value ^ (value >> 31);
    }

    private static ulong Inverse(ulong value, ulong modulus)
    {
        (Int128 t, Int128 next) = (0, 1);
        (Int128 rest, Int128 remainder) = (modulus, value % modulus);
        while (remainder != 0)
        {
            Int128 quotient = rest / remainder;
            (t, next) = (next, t - (quotient * next));
            (rest, remainder) = (remainder, rest - (quotient * remainder));
        }

        return (ulong)(t < 0 ? t + modulus : t);
    }
}
