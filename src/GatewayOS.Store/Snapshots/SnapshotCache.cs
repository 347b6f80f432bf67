namespace GatewayOS.Store.Snapshots;

/// <summary>
/// Records that were read already, for <see cref="BackupStore.KnownSnapshots"/>; outlives one opening of a store when handed to the next. One or two
/// kilobytes a record. Thread-safe.
/// </summary>
public sealed class SnapshotCache
{
    private volatile Dictionary<string, SnapshotRecord> _byFile = [];

    /// <summary>By the name of their file; replaced whole.</summary>
    internal Dictionary<string, SnapshotRecord> ByFile
    {
        get => _byFile;
        set => _byFile = value;
    }
}
