using GatewayOS.Store.Packs;
using GatewayOS.Store.Reading;

namespace GatewayOS.Store.Maintenance;

/// <summary>
/// Follows the newest snapshots' chunks in the order a restore reads them, and counts for each pack how often reading has to begin anew. A reader
/// keeps its place in <see cref="OpenPackFiles.FilesMax"/> packs; what lies a little further on in one of these needs no seek. Takes 24 bytes a pack.
/// </summary>
internal sealed class GcScatter
{
    // At a stretch of this length a disk of 150 MB/s that seeks in 7 ms spends half of its time reading.
    private const long StretchBytesMin = 1024 * 1024;

    // A pack that few jumps lead to is in order, however small it is.
    private const int JumpsMin = 4;

    private readonly Dictionary<int, Reads> _packs = [];
    private readonly List<(int Pack, long End)> _places = [];

    /// <summary>Jumps into all packs.</summary>
    public long Jumps { get; private set; }

    /// <summary>Goes on to a chunk.</summary>
    public void Read(in ChunkLocation location)
    {
        int pack = location.Pack;
        int known = _places.FindLastIndex(place => place.Pack == pack);
        bool jump = known < 0 || location.OffsetBytes < _places[known].End || location.OffsetBytes > _places[known].End + ReadWindow.GapBytesMax;
        if (known >= 0)
        {
            _places.RemoveAt(known);
        }
        else if (_places.Count == OpenPackFiles.FilesMax)
        {
            _places.RemoveAt(0);
        }

        _places.Add((pack, location.OffsetBytes + location.RecordBytes));
        Reads reads = _packs.GetValueOrDefault(pack);
        _packs[pack] = new Reads(reads.Bytes + location.RecordBytes, reads.Jumps + (jump ? 1 : 0));
        Jumps += jump ? 1 : 0;
    }

    /// <summary>Scattered packs, those first whose rewriting saves the most jumps for the bytes it copies.</summary>
    /// <param name="liveBytes">What rewriting a pack copies.</param>
    public IEnumerable<int> Scattered(Func<int, long> liveBytes) => _packs
        .Where(pack => pack.Value.Jumps >= JumpsMin && pack.Value.Bytes / pack.Value.Jumps < StretchBytesMin && liveBytes(pack.Key) > 0)
        .OrderByDescending(pack => (double)pack.Value.Jumps / liveBytes(pack.Key))
        .ThenBy(pack => pack.Key)
        .Select(pack => pack.Key);

    private readonly record struct Reads(long Bytes, int Jumps);
}
