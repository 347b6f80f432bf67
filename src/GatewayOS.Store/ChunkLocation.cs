namespace GatewayOS.Store;

/// <summary>
/// Where a chunk is stored. Ordered by pack and offset, which is the order to read in. Pack numbers are private to the opened store.
/// </summary>
/// <param name="Pack">Number of the pack in this opened store.</param>
/// <param name="OffsetBytes">Offset of the record in the pack.</param>
/// <param name="StoredBytes">Ciphertext and tag, without the 64-byte record head.</param>
/// <param name="PlainBytes">Length of the chunk.</param>
/// <param name="Kind">What the chunk holds.</param>
public readonly record struct ChunkLocation(int Pack, uint OffsetBytes, int StoredBytes, int PlainBytes, ChunkKind Kind) : IComparable<ChunkLocation>
{
    /// <summary>Bytes the record takes in its pack.</summary>
    public long RecordBytes => Packs.PackFormat.RecordHeadBytes + (long)StoredBytes;

    /// <summary>True when what lies there is what a place in a tree or list needs.</summary>
    /// <param name="kind">What the chunk must hold.</param>
    /// <param name="plainBytes">How long it must be; negative where that place does not say.</param>
    internal bool Fits(ChunkKind kind, long plainBytes) => Kind == kind && (plainBytes < 0 || PlainBytes == plainBytes);

    /// <inheritdoc/>
    public int CompareTo(ChunkLocation other)
    {
        int order = Pack.CompareTo(other.Pack);
        return order != 0 ? order : OffsetBytes.CompareTo(other.OffsetBytes);
    }

    /// <summary>Earlier in reading order.</summary>
    public static bool operator <(ChunkLocation left, ChunkLocation right) => left.CompareTo(right) < 0;

    /// <summary>Later in reading order.</summary>
    public static bool operator >(ChunkLocation left, ChunkLocation right) => left.CompareTo(right) > 0;

    /// <summary>Not later in reading order.</summary>
    public static bool operator <=(ChunkLocation left, ChunkLocation right) => left.CompareTo(right) <= 0;

    /// <summary>Not earlier in reading order.</summary>
    public static bool operator >=(ChunkLocation left, ChunkLocation right) => left.CompareTo(right) >= 0;
}
