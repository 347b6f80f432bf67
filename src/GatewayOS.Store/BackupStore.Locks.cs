using GatewayOS.Store.Locks;
using GatewayOS.Store.Snapshots;

namespace GatewayOS.Store;

/// <content>Snapshots that nobody can remove yet.</content>
public sealed partial class BackupStore
{
    private SnapshotLocks Locks => new(Disk, Options.BootClock ?? new MachineClock(Options.Time), NextTemporaryName);

    /// <summary>Locks a snapshot for a time from now on, by trusted time (<see cref="TrustedTime"/>). A lock that holds longer stays.</summary>
    /// <param name="snapshot">The snapshot.</param>
    /// <param name="duration">How long; above zero.</param>
    /// <returns>The lock that holds now.</returns>
    public SnapshotLock LockSnapshot(SnapshotRecord snapshot, TimeSpan duration) => Locks.Set(snapshot.Id, duration);

    /// <summary>The lock of a snapshot, expired or not.</summary>
    /// <returns>Null when it was never locked.</returns>
    public SnapshotLock? LockOf(SnapshotRecord snapshot) => Locks.Find(snapshot.Id);

    /// <summary>The locks that hold now, by snapshot ID.</summary>
    /// <exception cref="Storage.StoreDamagedException">One cannot be read.</exception>
    public IReadOnlyDictionary<string, SnapshotLock> HoldingLocks() => Locks.Holding();

    /// <summary>Refuses when a snapshot is locked.</summary>
    /// <exception cref="Storage.StoreUnusableException">It is.</exception>
    public void RefuseIfLocked(SnapshotRecord snapshot) => Locks.RefuseIfLocked(snapshot.Id);

    /// <summary>The time by which locks hold, moved on. Begins it when there is none.</summary>
    public DateTimeOffset TrustedNow() => Locks.Now();

    /// <summary>Brings trusted time back when somebody moved it ahead; locks only hold longer by that.</summary>
    /// <param name="to">The time that has certainly come.</param>
    public void TurnTrustedTimeBack(DateTimeOffset to) => Locks.TurnBack(to);

    /// <summary>Moves trusted time on, once the first lock has begun it. To be called now and then: at a restart of the machine what was not kept counts late.</summary>
    public void KeepTrustedTime() => Locks.Keep();

    internal void InheritLock(string oldId, string newId) => Locks.Inherit(oldId, newId);
}
