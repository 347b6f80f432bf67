namespace GatewayOS.Store.Index;

/// <summary>
/// The index as one opened store sees it: the segments on disk, plus the entries of packs no segment covers (left by a crash), read from
/// the packs' own directories. Immutable; a newer state is another object. Its segments stay open while anybody uses it: the store itself from
/// its making to <see cref="Release"/>, others through an <see cref="IndexLease"/>.
/// </summary>
internal sealed class StoreIndex
{
    private readonly IndexSegment[] _segments;
    private readonly Dictionary<ChunkId, ChunkLocation> _loose;
    private readonly long[] _firstPosition;
    private int _users = 1;

    public StoreIndex(IndexSegment[] segments, Dictionary<ChunkId, ChunkLocation> loose)
    {
        // The largest is asked first: it has what is asked for more often than all others together.
        _segments = [.. segments.OrderByDescending(segment => segment.Shape.Entries).ThenBy(segment => segment.Name, StringComparer.Ordinal)];
        _loose = loose;
        _firstPosition = new long[segments.Length + 1];
        for (int i = 0; i < segments.Length; i++)
        {
            _segments[i].Hold();
            _firstPosition[i + 1] = _firstPosition[i] + (_segments[i].Shape.Pages * IndexFormat.EntriesPerPage);
        }
    }

    /// <summary>The segments, the largest first.</summary>
    public ReadOnlySpan<IndexSegment> Segments => _segments;

    /// <summary>Entries of packs that no segment covers.</summary>
    public IReadOnlyDictionary<ChunkId, ChunkLocation> Loose => _loose;

    /// <summary>All positions are below it; about a third of them have no entry.</summary>
    public long PositionsEnd => _firstPosition[^1];

    /// <summary>Bytes of filters in memory.</summary>
    public long FilterBytes => _segments.Sum(segment => segment.FilterBytes);

    public bool TryFind(ChunkId id, PackUse usable, out ChunkLocation found) => TryFind(id, usable, out found, out _);

    /// <summary>Looks a chunk up in a pack that may be used.</summary>
    /// <param name="id">The chunk.</param>
    /// <param name="usable">Which packs count.</param>
    /// <param name="found">Its place.</param>
    /// <param name="position">A number below <see cref="PositionsEnd"/> that only this entry has, or −1 for a loose entry.</param>
    public bool TryFind(ChunkId id, PackUse usable, out ChunkLocation found, out long position)
    {
        position = -1;
        if (_loose.TryGetValue(id, out found) && usable(found.Pack))
        {
            return true;
        }

        for (int i = 0; i < _segments.Length; i++)
        {
            if (_segments[i].TryFind(id, usable, out found, out long local))
            {
                position = _firstPosition[i] + local;
                return true;
            }
        }

        return false;
    }

    /// <summary>All entries of segments with their positions, in no particular order of chunks.</summary>
    public IEnumerable<(long Position, IndexEntry Entry)> Positions()
    {
        for (int i = 0; i < _segments.Length; i++)
        {
            foreach ((long local, IndexEntry entry) in _segments[i].Positions())
            {
                yield return (_firstPosition[i] + local, entry);
            }
        }
    }

    /// <summary>One more user.</summary>
    /// <returns>False when the last one has gone: then the segments are closed.</returns>
    public bool TryUse()
    {
        int users = Volatile.Read(ref _users);
        while (users > 0)
        {
            int was = Interlocked.CompareExchange(ref _users, users + 1, users);
            if (was == users)
            {
                return true;
            }

            users = was;
        }

        return false;
    }

    /// <summary>A user less; the last one closes segments that no newer index has.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref _users) == 0)
        {
            Array.ForEach(_segments, segment => segment.Release());
        }
    }
}

/// <summary>The use of an index: its segments stay open until this is disposed, whatever becomes of the store's index meanwhile.</summary>
/// <param name="index">The index; already counted.</param>
internal readonly struct IndexLease(StoreIndex index) : IDisposable
{
    public StoreIndex Index => index;

    public void Dispose() => index.Release();
}
