using System.Runtime.InteropServices;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Index;

/// <summary>
/// A segment's filter, held in memory in slices that come from the disk when they are first asked for: opening a store reads none of it, and
/// some hundred lookups later all of it is there. Thread-safe.
/// </summary>
/// <param name="file">The segment's file.</param>
/// <param name="shape">Where in it the filter is.</param>
internal sealed class ChunkFilter(IStoreFile file, IndexShape shape)
{
    private readonly ulong[]?[] _slices = new ulong[]?[shape.FilterSlices];

    /// <summary>Bytes in memory now.</summary>
    public long ResidentBytes => _slices.Sum(slice => slice is null ? 0L : slice.Length * sizeof(ulong));

    /// <summary>False when the segment surely does not hold the chunk. A damaged slice excludes nothing: that costs reads, and loses nothing.</summary>
    public bool MayContain(ChunkId id)
    {
        (long number, long block) = Math.DivRem(FilterBlock.Of(id, shape.FilterBlocks), IndexFormat.BlocksPerSlice);
        ulong[] slice = Volatile.Read(ref _slices[number]) ?? Load((int)number);
        return slice.Length == 0 || FilterBlock.MayContain(slice.AsSpan((int)block * (FilterBlock.Bytes / sizeof(ulong)), FilterBlock.Bytes / sizeof(ulong)), id);
    }

    /// <summary>Checks every slice.</summary>
    /// <returns>True when all are good.</returns>
    public bool Check()
    {
        for (int number = 0; number < _slices.Length; number++)
        {
            if (Read(number).Length == 0)
            {
                return false;
            }
        }

        return true;
    }

    private ulong[] Load(int number)
    {
        // Two threads may load the same slice: both read the same, and one of the copies goes.
        ulong[] slice = Read(number);
        Volatile.Write(ref _slices[number], slice);
        return slice;
    }

    // Empty when it is damaged.
    private ulong[] Read(int number)
    {
        ulong[] slice = new ulong[shape.SliceBytes(number) / sizeof(ulong)];
        Span<byte> bytes = MemoryMarshal.AsBytes(slice.AsSpan());
        int read = file.ReadAt(bytes, shape.SliceOffset(number));
        return read == bytes.Length && IndexFormat.HashMatches(bytes[..^FilterBlock.Bytes], bytes[^FilterBlock.Bytes..]) ? slice : [];
    }
}
