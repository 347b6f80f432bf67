namespace GatewayOS.Store.Compression;

/// <summary>How the bytes of a chunk are stored. The value stands in the record header, so it is part of the format.</summary>
internal enum Codec : byte
{
    /// <summary>As they are.</summary>
    Raw = 0,

    /// <summary>One LZ4 block without a frame (lz4_Block_format.md).</summary>
    Lz4 = 1,

    /// <summary>One Zstandard frame (RFC 8878).</summary>
    Zstd = 2,
}

/// <summary>
/// Compression of single chunks. Chunks that hardly shrink are stored raw: reading them back then costs a copy. Thread-safe; allocates
/// only once per thread. There is no look at samples first: on data without matches LZ4 strides ever wider and gives up when the
/// destination, shorter than the chunk, is full, which costs a twelfth to a fifteenth of a pass over /usr/lib; sampling is no faster.
/// </summary>
internal static class ChunkCodec
{
    /// <summary>Compressed chunks must save at least one part in this many, else they are stored raw.</summary>
    public const int GainDivisor = 32;

    /// <summary>Longest chunk the codecs take; keeps every length well inside the libraries' 32-bit sizes.</summary>
    public const int PlainBytesMax = 64 << 20;

    /// <summary>zstd level for rewriting packs: ratio counts there, and the disk is slower than this level.</summary>
    public const int ZstdLevel = 9;

    /// <summary>Most bytes a stored form of a chunk takes, whatever the codec: a chunk never grows.</summary>
    public static int MaxStoredBytes(int plainBytes) => plainBytes;

    /// <summary>Compresses a chunk with LZ4, or copies it when that saves too little.</summary>
    /// <param name="plain">The chunk, up to <see cref="PlainBytesMax"/>.</param>
    /// <param name="destination">At least <see cref="MaxStoredBytes"/>; must not overlap the chunk.</param>
    /// <param name="written">Bytes of the destination in use.</param>
    /// <returns>Lz4 or Raw.</returns>
    /// <exception cref="ArgumentException">The chunk is too long or the destination too short.</exception>
    /// <exception cref="DllNotFoundException">The library is missing; the message names its Debian package.</exception>
    public static Codec Compress(ReadOnlySpan<byte> plain, Span<byte> destination, out int written)
    {
        CheckLengths(plain, destination);
        int limit = plain.Length - SmallestGainBytes(plain.Length);
        if (limit > 0)
        {
            written = Lz4.Compress(plain, destination[..limit]);
            if (written > 0)
            {
                return Codec.Lz4;
            }
        }

        return Store(plain, destination, out written);
    }

    /// <summary>Compresses a chunk with zstd at <see cref="ZstdLevel"/>, or copies it when that saves too little. Some twenty times slower than LZ4.</summary>
    /// <inheritdoc cref="Compress" path="/param"/>
    /// <inheritdoc cref="Compress" path="/exception"/>
    /// <returns>Zstd or Raw.</returns>
    public static Codec CompressSmaller(ReadOnlySpan<byte> plain, Span<byte> destination, out int written)
    {
        CheckLengths(plain, destination);
        int limit = plain.Length - SmallestGainBytes(plain.Length);
        if (limit > 0)
        {
            written = Zstd.Compress(plain, destination[..limit], ZstdLevel);
            if (written > 0)
            {
                return Codec.Zstd;
            }
        }

        return Store(plain, destination, out written);
    }

    /// <summary>Restores a chunk. The stored bytes may be anything: nothing outside the span is written and nothing is trusted.</summary>
    /// <param name="codec">How it is stored.</param>
    /// <param name="stored">Exactly the stored bytes.</param>
    /// <param name="plain">As long as the chunk; its content is undefined after a failure.</param>
    /// <returns>False when the codec is unknown, the stream is corrupt, or it does not give exactly this many bytes.</returns>
    /// <exception cref="DllNotFoundException">The library is missing; the message names its Debian package.</exception>
    public static bool TryDecompress(Codec codec, ReadOnlySpan<byte> stored, Span<byte> plain)
    {
        switch (codec)
        {
            case Codec.Raw:
                return stored.Length == plain.Length && stored.TryCopyTo(plain);
            case Codec.Lz4:
                return stored.Length < plain.Length && Lz4.TryDecompress(stored, plain);
            case Codec.Zstd:
                return stored.Length < plain.Length && Zstd.TryDecompress(stored, plain);
            default:
                return false;
        }
    }

    /// <summary>Least that a stored form must save over a longer one to be worth its codec.</summary>
    public static int SmallestGainBytes(int plainBytes) => Math.Max(1, plainBytes / GainDivisor);

    private static void CheckLengths(ReadOnlySpan<byte> plain, ReadOnlySpan<byte> destination)
    {
        if (plain.Length > PlainBytesMax)
        {
            throw new ArgumentException($"A chunk has at most {PlainBytesMax} bytes; this one has {plain.Length}.", nameof(plain));
        }

        if (destination.Length < MaxStoredBytes(plain.Length))
        {
            throw new ArgumentException($"{plain.Length} bytes need a destination as long; this one has {destination.Length}.", nameof(destination));
        }
    }

    private static Codec Store(ReadOnlySpan<byte> plain, Span<byte> destination, out int written)
    {
        plain.CopyTo(destination);
        written = plain.Length;
        return Codec.Raw;
    }
}
