namespace GatewayOS.Store.Packs;

/// <summary>What is known of a pack's file.</summary>
internal enum PackState : byte
{
    /// <summary>Being written by this process; has no ID yet.</summary>
    Writing,

    /// <summary>In its place with the expected length: may be read and referred to.</summary>
    Present,

    /// <summary>In its place, but gc means to delete it: may be read, must not be referred to.</summary>
    Condemned,

    /// <summary>In its place with another length than the index says: what is whole in it may be read, but must not be referred to.</summary>
    Suspect,

    /// <summary>Named by the index, but its file is missing or has no readable directory.</summary>
    Unusable,
}

/// <summary>
/// All packs an opened store knows, numbered in the order they were met. Numbers are private to the process; entries are added and
/// change state, but are never removed. Reads take no lock.
/// </summary>
internal sealed class PackTable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ChunkId, int> _byId = [];
    private volatile Entry[] _entries = new Entry[64];
    private int _count;

    public int Count => Volatile.Read(ref _count);

    public int Add(ChunkId id, long lengthBytes, PackState state)
    {
        lock (_gate)
        {
            if (!id.IsNone && _byId.TryGetValue(id, out int known))
            {
                return known;
            }

            if (_count == _entries.Length)
            {
                var larger = new Entry[_count * 2];
                Array.Copy(_entries, larger, _count);
                _entries = larger;
            }

            int number = _count;
            _entries[number] = new Entry { Id = id, LengthBytes = lengthBytes, State = state };
            if (!id.IsNone)
            {
                _byId.Add(id, number);
            }

            Volatile.Write(ref _count, number + 1);
            return number;
        }
    }

    public bool TryFind(ChunkId id, out int number)
    {
        lock (_gate)
        {
            return _byId.TryGetValue(id, out number);
        }
    }

    /// <summary>Gives a written pack its ID, once it stands in its place.</summary>
    public void Publish(int number, ChunkId id, long lengthBytes)
    {
        lock (_gate)
        {
            Entry entry = _entries[number];
            entry.Id = id;
            entry.LengthBytes = lengthBytes;
            _byId.TryAdd(id, number);
            entry.State = PackState.Present;
        }
    }

    /// <summary>Corrects a pack's length: its own directory vouches for it, whatever the index said.</summary>
    public void Confirm(int number, long lengthBytes)
    {
        lock (_gate)
        {
            _entries[number].LengthBytes = lengthBytes;
            _entries[number].State = PackState.Present;
        }
    }

    public void SetState(int number, PackState state) => _entries[number].State = state;

    public PackState State(int number) => _entries[number].State;

    public ChunkId Id(int number) => _entries[number].Id;

    public long LengthBytes(int number) => _entries[number].LengthBytes;

    // A class, so that growing the array does not copy the state another thread is changing.
    private sealed class Entry
    {
        public ChunkId Id;
        public long LengthBytes;
        public volatile PackState State;
    }
}
