using GatewayOS.Store.Sessions;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Maintenance;

/// <summary>A session that holds a job up.</summary>
/// <param name="Name">The session.</param>
/// <param name="Info">What it says of itself, if that can be read.</param>
public sealed record BlockingSession(string Name, SessionInfo? Info)
{
    /// <summary>For people.</summary>
    public override string ToString() =>
        Info is null ? $"session {Name}" : $"{Info.Purpose} (process {Info.ProcessId} on {Info.Host}, since {Info.StartedUtc:yyyy-MM-dd HH:mm} UTC)";
}

/// <summary>The lock of whoever removes things: one at a time.</summary>
internal static class MaintenanceLock
{
    public static IStoreLock Take(BackupStore store, string purpose)
    {
        if (store.SessionName is null)
        {
            throw new StoreIoException(StoreIoFailure.Permission, store.Location, $"Cannot {purpose} in {store.Location}: it is read-only.");
        }

        return store.Disk.TryLock(StoreLayout.MaintenanceLock)
            ?? throw new StoreUnusableException($"Cannot {purpose} in {store.Location} now: another gc, repair or rebuild-index is running there. Try again when it has ended.");
    }

    /// <summary>Living sessions other than the caller's.</summary>
    public static List<BlockingSession> Others(BackupStore store) =>
        [.. SessionLock.Living(store.Disk).Where(name => name != store.SessionName).Order(StringComparer.Ordinal).Select(name => new BlockingSession(name, SessionLock.Describe(store.Disk, name)))];
}
