namespace GatewayOS.Store.Packs;

/// <summary>What is known of a pack's file.</summary>
internal enum PackState : byte
{
    /// <summary>Being written by this process; has no ID yet.</summary>
    Writing,

    /// <summary>In its place by name; its length is looked at before anything new refers to it (<see cref="BackupStore.IsPresent"/>). May be read.</summary>
    Listed,

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
/// change state, but are never removed. Reads by number take no lock. Some 55 bytes a pack: 90 MB for the 1.7 million packs of 100 TB.
/// </summary>
internal sealed class PackTable
{
    private const int PageShift = 10;
    private const int PageEntries = 1 << PageShift;
    private const int SlotsMin = 64;

    private readonly Lock _gate = new();

    // Pages never move, so that a reader never meets a copy of the state that another thread is changing.
    private volatile Page[] _pages = [];

    // Open addressing by the ID, which is a hash: number + 1 of the pack, 0 for a free slot. At most three quarters are taken.
    private int[] _slots = new int[SlotsMin];
    private int _named;
    private int _count;

    public int Count => Volatile.Read(ref _count);

    /// <summary>Enters a pack, or gives the number it has already.</summary>
    /// <param name="id">Its ID; none for a pack that is being written.</param>
    /// <param name="lengthBytes">Its length, when none is known; 0 when it is not known here either.</param>
    /// <param name="state">Its state, when it is new.</param>
    public int Add(ChunkId id, long lengthBytes, PackState state)
    {
        lock (_gate)
        {
            if (!id.IsNone && FindSlot(id) is int known and >= 0)
            {
                ref long length = ref _pages[known >> PageShift].LengthsBytes[known & (PageEntries - 1)];
                length = length == 0 ? lengthBytes : length;
                return known;
            }

            int number = _count;
            if (number >> PageShift == _pages.Length)
            {
                _pages = [.. _pages, new Page()];
            }

            Page page = _pages[number >> PageShift];
            int at = number & (PageEntries - 1);
            page.Ids[at] = id;
            page.LengthsBytes[at] = lengthBytes;
            page.States[at] = (byte)state;
            if (!id.IsNone)
            {
                Enter(id, number);
            }

            Volatile.Write(ref _count, number + 1);
            return number;
        }
    }

    public bool TryFind(ChunkId id, out int number)
    {
        lock (_gate)
        {
            number = FindSlot(id);
            return number >= 0;
        }
    }

    /// <summary>Gives a written pack its ID, once it stands in its place.</summary>
    public void Publish(int number, ChunkId id, long lengthBytes)
    {
        lock (_gate)
        {
            Page page = _pages[number >> PageShift];
            page.Ids[number & (PageEntries - 1)] = id;
            page.LengthsBytes[number & (PageEntries - 1)] = lengthBytes;
            if (FindSlot(id) < 0)
            {
                Enter(id, number);
            }

            SetState(number, PackState.Present);
        }
    }

    /// <summary>Notes a pack's length: its own directory vouches for it, whatever the index said. A listed pack is present then.</summary>
    public void Confirm(int number, long lengthBytes)
    {
        lock (_gate)
        {
            _pages[number >> PageShift].LengthsBytes[number & (PageEntries - 1)] = lengthBytes;
            Change(number, PackState.Listed, PackState.Present);
        }
    }

    /// <summary>Notes that a segment of the store's index has this many entries of a pack.</summary>
    public void NoteIndexed(int number, int records)
    {
        lock (_gate)
        {
            ref int indexed = ref IndexedOf(number);
            if (records > (indexed < 0 ? ~indexed : indexed))
            {
                indexed = records;
            }
        }
    }

    /// <summary>The most entries of a pack that one segment has had while the store was open; negative when these are known to be not all its records.</summary>
    public int Indexed(int number) => Volatile.Read(ref IndexedOf(number));

    /// <summary>Notes that not all records of a pack have entries, or that they cannot be read.</summary>
    public void NoteNotAllIndexed(int number)
    {
        lock (_gate)
        {
            ref int indexed = ref IndexedOf(number);
            indexed = indexed < 0 ? indexed : ~indexed;
        }
    }

    public void SetState(int number, PackState state) => Volatile.Write(ref StateOf(number), (byte)state);

    /// <summary>Changes a pack's state unless another thread has changed it meanwhile.</summary>
    /// <returns>The state it has now.</returns>
    public PackState Change(int number, PackState from, PackState to)
    {
        byte was = Interlocked.CompareExchange(ref StateOf(number), (byte)to, (byte)from);
        return was == (byte)from ? to : (PackState)was;
    }

    public PackState State(int number) => (PackState)Volatile.Read(ref StateOf(number));

    public ChunkId Id(int number) => _pages[number >> PageShift].Ids[number & (PageEntries - 1)];

    public long LengthBytes(int number) => _pages[number >> PageShift].LengthsBytes[number & (PageEntries - 1)];

    private ref byte StateOf(int number) => ref _pages[number >> PageShift].States[number & (PageEntries - 1)];

    private ref int IndexedOf(int number) => ref _pages[number >> PageShift].Indexed[number & (PageEntries - 1)];

    private int FindSlot(ChunkId id)
    {
        int mask = _slots.Length - 1;
        for (int slot = (int)id.SecondWord & mask; _slots[slot] != 0; slot = (slot + 1) & mask)
        {
            int number = _slots[slot] - 1;
            if (Id(number) == id)
            {
                return number;
            }
        }

        return -1;
    }

    private void Enter(ChunkId id, int number)
    {
        if ((_named + 1) * 4L > _slots.Length * 3L)
        {
            int[] old = _slots;
            _slots = new int[old.Length * 2];
            foreach (int entry in old)
            {
                if (entry != 0)
                {
                    Place(Id(entry - 1), entry - 1);
                }
            }
        }

        Place(id, number);
        _named++;
    }

    private void Place(ChunkId id, int number)
    {
        int mask = _slots.Length - 1;
        int slot = (int)id.SecondWord & mask;
        while (_slots[slot] != 0)
        {
            slot = (slot + 1) & mask;
        }

        _slots[slot] = number + 1;
    }

    private sealed class Page
    {
        public ChunkId[] Ids { get; } = new ChunkId[PageEntries];

        public long[] LengthsBytes { get; } = new long[PageEntries];

        public int[] Indexed { get; } = new int[PageEntries];

        public byte[] States { get; } = new byte[PageEntries];
    }
}
