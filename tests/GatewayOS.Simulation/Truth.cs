using GatewayOS.Store.Trees;

namespace GatewayOS.Simulation;

/// <summary>What the program was told about a snapshot.</summary>
internal enum SnapshotState
{
    /// <summary>A commit began and did not report back: the snapshot may be there or not.</summary>
    Committing,

    /// <summary>The commit returned: the snapshot must be there.</summary>
    Acknowledged,

    /// <summary>A deletion began and did not report back.</summary>
    Forgetting,

    /// <summary>The deletion returned: the snapshot must not come back.</summary>
    Forgotten,
}

/// <summary>A snapshot as it must read.</summary>
/// <param name="Tag">Unique; the draft carries it, so that a snapshot whose commit was cut off is recognised.</param>
/// <param name="Tree">Its tree; never changed any more.</param>
internal sealed record KnownSnapshot(string Tag, VirtualDirectory Tree)
{
    /// <summary>Content references of its files, for taking unchanged ones over.</summary>
    public Dictionary<VirtualFile, ContentRef> Contents { get; } = new(ReferenceEqualityComparer.Instance);
}

/// <summary>The model: what the store promised so far.</summary>
internal sealed class Truth
{
    private readonly Dictionary<string, (KnownSnapshot Snapshot, SnapshotState State)> _known = new(StringComparer.Ordinal);

    /// <summary>True once the store's creation returned.</summary>
    public bool StoreExists { get; set; }

    public IEnumerable<KnownSnapshot> In(SnapshotState state) => _known.Values.Where(known => known.State == state).Select(known => known.Snapshot);

    public (KnownSnapshot Snapshot, SnapshotState State)? Find(string tag) =>
        _known.TryGetValue(tag, out (KnownSnapshot, SnapshotState) known) ? known : null;

    public void Set(KnownSnapshot snapshot, SnapshotState state) => _known[snapshot.Tag] = (snapshot, state);

    /// <summary>After a power cut nothing is in flight: what is there stays, what is not is gone for good.</summary>
    /// <param name="listed">Tags of the snapshots that are there.</param>
    public void Settle(IReadOnlySet<string> listed)
    {
        foreach ((string tag, (KnownSnapshot snapshot, SnapshotState state)) in _known.ToArray())
        {
            if (state is SnapshotState.Committing or SnapshotState.Forgetting)
            {
                Set(snapshot, listed.Contains(tag) ? SnapshotState.Acknowledged : SnapshotState.Forgotten);
            }
        }
    }
}
