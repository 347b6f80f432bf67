namespace GatewayOS.TestKit.Simulated;

/// <summary>What a power cut may do to operations that were not synced. README.md describes each.</summary>
[Flags]
public enum CrashFaults
{
    /// <summary>Everything that was asked for persists, synced or not.</summary>
    None = 0,

    /// <summary>Any subset of unsynced writes persists, in any order.</summary>
    LostWrites = 1,

    /// <summary>A persisting unsynced write may persist in part, sector by sector.</summary>
    TornWrites = 2,

    /// <summary>An unsynced length may be any the file had since its last sync, whatever became of the bytes.</summary>
    LostLengths = 4,

    /// <summary>Unsynced creates, renames and deletes persist or not, each by itself.</summary>
    LostNames = 8,

    /// <summary>Bytes inside the length that no persisted write covers hold old blocks' garbage instead of zeros.</summary>
    Garbage = 16,

    /// <summary>A rename between directories may leave the old name beside the new one until the old directory is synced too.</summary>
    SplitRenames = 32,

    /// <summary>All of them.</summary>
    All = LostWrites | TornWrites | LostLengths | LostNames | Garbage | SplitRenames,
}

/// <summary>A fault that strikes a running system once. README.md describes each.</summary>
public enum RunningFault
{
    /// <summary>The power goes: the operation and all that follow throw <see cref="PowerCutException"/>.</summary>
    PowerCut,

    /// <summary>The calling process dies as if killed: its locks go, its handles are dead, the page cache stays.</summary>
    ProcessDeath,

    /// <summary>The operation fails for want of space (ENOSPC).</summary>
    NoSpace,

    /// <summary>The operation fails as a bad device makes it (EIO) and does nothing.</summary>
    IoError,

    /// <summary>A sync fails with EIO and the dirty pages are marked clean: later syncs succeed, and the data is durable nowhere.</summary>
    SyncLosesPages,

    /// <summary>A write is acknowledged and visible until the cache drops it, and never reaches the disk.</summary>
    DroppedWrite,

    /// <summary>A write goes to a place in some other file, or elsewhere in this one.</summary>
    MisdirectedWrite,

    /// <summary>From this operation on every change is refused (EACCES), as after a read-only remount.</summary>
    LostPermission,
}

/// <summary>Sort of a disk operation, for aiming faults and for the log.</summary>
public enum DiskOperation
{
    /// <summary>Create a file.</summary>
    Create,

    /// <summary>Open a file.</summary>
    Open,

    /// <summary>Positional read.</summary>
    Read,

    /// <summary>Positional write.</summary>
    Write,

    /// <summary>Truncate or extend.</summary>
    SetLength,

    /// <summary>Make a file's content durable.</summary>
    Sync,

    /// <summary>Rename.</summary>
    Rename,

    /// <summary>Delete.</summary>
    Delete,

    /// <summary>Make a directory.</summary>
    CreateDirectory,

    /// <summary>Make a directory's entries durable.</summary>
    SyncDirectory,

    /// <summary>List a directory.</summary>
    List,

    /// <summary>Take or test a lock.</summary>
    Lock,
}

/// <summary>A fault waiting for its operation.</summary>
/// <param name="Fault">What happens.</param>
/// <param name="Kind">The sort of operation it waits for; null for any that changes something.</param>
/// <param name="Countdown">Operations of that sort to let pass first.</param>
/// <param name="PathPrefix">Counts only operations on paths that begin so.</param>
public sealed record ArmedFault(RunningFault Fault, DiskOperation? Kind, long Countdown, string PathPrefix = "")
{
    internal bool Aims(DiskOperation operation, string path) =>
        (Kind is { } kind ? kind == operation : SimulatedDisk.Changes(operation)) && path.StartsWith(PathPrefix, StringComparison.Ordinal);
}

/// <summary>Damage done to stored bytes: what a check has to find.</summary>
/// <param name="Fault">How it came about.</param>
/// <param name="Path">The file that is damaged.</param>
/// <param name="OffsetBytes">Where.</param>
/// <param name="LengthBytes">How much.</param>
public sealed record MediaDamage(string Fault, string Path, long OffsetBytes, long LengthBytes);

/// <summary>The simulated machine stopped under the caller; code under test neither expects nor handles it.</summary>
public abstract class SimulatedDeathException(string message) : Exception(message);

/// <summary>The simulated power is gone.</summary>
public sealed class PowerCutException() : SimulatedDeathException("The simulated power is off.");

/// <summary>The simulated process was killed.</summary>
public sealed class ProcessKilledException(string process) : SimulatedDeathException($"The simulated process {process} is dead.");
