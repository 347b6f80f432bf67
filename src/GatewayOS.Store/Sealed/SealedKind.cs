namespace GatewayOS.Store.Sealed;

/// <summary>What a sealed file of a store is. The order is the order in which a copy of the store gets them.</summary>
public enum SealedKind
{
    /// <summary>A key slot.</summary>
    KeySlot,

    /// <summary>The config file: what makes a directory a store, which needs a slot to be opened.</summary>
    Config,

    /// <summary>A pack.</summary>
    Pack,

    /// <summary>An index segment.</summary>
    Index,

    /// <summary>A list of packs that gc has deleted and segments still name.</summary>
    Gone,

    /// <summary>A snapshot record: the commit point.</summary>
    Snapshot,
}

/// <summary>A sealed file: it is encrypted, or has nothing in it that needs to be.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Name">Its path in the store, for instance <c>packs/0a/0a…1f.pack</c>.</param>
public readonly record struct SealedFile(SealedKind Kind, string Name)
{
    /// <summary>True when the name alone says what the content is: such a file never changes.</summary>
    public bool IsNamedByContent => Kind is SealedKind.Pack or SealedKind.Snapshot;

    /// <summary>The ID of a pack or snapshot; none for others.</summary>
    public ChunkId Id => Kind switch
    {
        SealedKind.Pack => IdWith(StoreLayout.PackSuffix),
        SealedKind.Snapshot => IdWith(StoreLayout.SnapshotSuffix),
        _ => default,
    };

    /// <summary>The pack with this ID.</summary>
    public static SealedFile Pack(ChunkId id) => new(SealedKind.Pack, StoreLayout.PackPath(id));

    /// <summary>Tells what a path in a store is.</summary>
    /// <param name="name">The path, '/'-separated.</param>
    /// <param name="file">The file.</param>
    /// <returns>False for anything that a copy of the store does not need, or that is none of the store's.</returns>
    public static bool TryParse(string name, out SealedFile file)
    {
        int slash = name.LastIndexOf('/');
        (string directory, string last) = slash < 0 ? ("", name) : (name[..slash], name[(slash + 1)..]);
        SealedKind? kind = directory switch
        {
            "" when last == StoreLayout.Config => SealedKind.Config,
            StoreLayout.Keys when last.EndsWith(StoreLayout.KeySuffix, StringComparison.Ordinal) => SealedKind.KeySlot,
            StoreLayout.Index when last.EndsWith(StoreLayout.IndexSuffix, StringComparison.Ordinal) => SealedKind.Index,
            StoreLayout.Index when last.EndsWith(StoreLayout.GoneSuffix, StringComparison.Ordinal) => SealedKind.Gone,
            StoreLayout.Snapshots when StoreLayout.TryParseId(last, StoreLayout.SnapshotSuffix, out _) => SealedKind.Snapshot,
            _ when StoreLayout.TryParseId(last, StoreLayout.PackSuffix, out ChunkId id) && StoreLayout.PackShard(id) == directory => SealedKind.Pack,
            _ => null,
        };
        file = kind is { } known ? new SealedFile(known, name) : default;
        return kind is not null;
    }

    private ChunkId IdWith(string suffix) => StoreLayout.TryParseId(Name[(Name.LastIndexOf('/') + 1)..], suffix, out ChunkId id) ? id : default;
}
