using GatewayOS.Store;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;

namespace GatewayOS.Appliance.Alerts;

/// <summary>
/// What is looked at after each commit, and once more before any restore point is forgotten: new snapshots for anomalies, which hold earlier ones,
/// and locks for tampering. Thread-safe.
/// </summary>
/// <param name="watch">Looks at snapshots.</param>
/// <param name="locks">Looks at locks.</param>
/// <param name="nameOf">A node's name, by its ID.</param>
public sealed class SnapshotGuard(SnapshotWatch watch, LockWatch locks, Func<string, string> nameOf)
{
    private readonly Lock _gate = new();

    /// <summary>Looks at a store.</summary>
    /// <param name="store">The store.</param>
    /// <param name="records">All its snapshots.</param>
    /// <exception cref="StoreIoException">The store cannot be read.</exception>
    /// <exception cref="InvalidDataException">What it goes by is damaged.</exception>
    public void Look(BackupStore store, IReadOnlyList<SnapshotRecord> records)
    {
        lock (_gate)
        {
            watch.Look(records, nameOf);
            locks.Look(store, records);
        }
    }
}
