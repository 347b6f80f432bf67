using GatewayOS.Store.Packs;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Index;

/// <summary>
/// The index as one opened store sees it: the segments on disk, plus the entries of packs no segment covers (left by a crash), read from
/// the packs' own directories. Immutable; a newer state is another object.
/// </summary>
internal sealed class StoreIndex : IDisposable
{
    private readonly IndexSegment[] _segments;
    private readonly Dictionary<ChunkId, ChunkLocation> _loose;
    private readonly long[] _firstPosition;

    public StoreIndex(IndexSegment[] segments, Dictionary<ChunkId, ChunkLocation> loose)
    {
        // Newest and smallest segments last on disk are the likeliest to hold recent chunks, but any order is right.
        _segments = segments;
        _loose = loose;
        _firstPosition = new long[segments.Length + 1];
        for (int i = 0; i < segments.Length; i++)
        {
            _firstPosition[i + 1] = _firstPosition[i] + segments[i].Shape.Entries;
        }
    }

    public ReadOnlySpan<IndexSegment> Segments => _segments;

    /// <summary>Entries of packs that no segment covers.</summary>
    public IReadOnlyDictionary<ChunkId, ChunkLocation> Loose => _loose;

    /// <summary>Entries in segments; the positions that <see cref="TryFind(ChunkId, PackUse, out ChunkLocation, out long)"/> gives are below it.</summary>
    public long SegmentEntries => _firstPosition[^1];

    public bool TryFind(ChunkId id, PackUse usable, out ChunkLocation found) => TryFind(id, usable, out found, out _);

    /// <summary>Looks a chunk up in a pack that may be used.</summary>
    /// <param name="id">The chunk.</param>
    /// <param name="usable">Which packs count.</param>
    /// <param name="found">Its place.</param>
    /// <param name="position">A number below <see cref="SegmentEntries"/> that only this chunk has, or −1 for a loose entry.</param>
    public bool TryFind(ChunkId id, PackUse usable, out ChunkLocation found, out long position)
    {
        position = -1;
        if (_loose.TryGetValue(id, out found) && usable(found.Pack))
        {
            return true;
        }

        for (int i = _segments.Length - 1; i >= 0; i--)
        {
            if (_segments[i].TryFind(id, usable, out found, out long local))
            {
                position = _firstPosition[i] + local;
                return true;
            }
        }

        return false;
    }

    public void Dispose()
    {
        foreach (IndexSegment segment in _segments)
        {
            segment.Dispose();
        }
    }
}
