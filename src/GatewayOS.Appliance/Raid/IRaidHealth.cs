namespace GatewayOS.Appliance.Raid;

/// <summary>What came of something that was to be done to an array.</summary>
/// <param name="IsDone">True when it was done.</param>
/// <param name="Problem">Why it was not.</param>
public readonly record struct RaidAnswer(bool IsDone, string Problem)
{
    /// <summary>It was done.</summary>
    public static RaidAnswer Done { get; } = new(true, "");

    /// <summary>It was not.</summary>
    public static RaidAnswer Failed(string problem) => new(false, problem);
}

/// <summary>What an array can be told to do with all of its sectors.</summary>
public enum SyncRequest
{
    /// <summary>Stop a check.</summary>
    Idle,

    /// <summary>Read everything, and count what does not fit together.</summary>
    Check,
}

/// <summary>
/// Arrays and disks, as an adapter reaches them. Whether something may be done is decided above it; below is only how. Thread-safe; calls may take
/// seconds.
/// </summary>
public interface IRaidHealth : IDisposable
{
    /// <summary>Something may have changed: read again. From any thread; handlers return at once.</summary>
    event Action? Changed;

    /// <summary>Reads everything. Never throws for what is not there: the reading says it.</summary>
    RaidReading Read();

    /// <summary>Takes a member that has failed out of an array.</summary>
    RaidAnswer Remove(ArrayReading array, string device);

    /// <summary>Puts a disk into an array. One that was a member before gets only what has changed since, where the array has a bitmap.</summary>
    RaidAnswer Add(ArrayReading array, string device);

    /// <summary>Begins or ends a check.</summary>
    RaidAnswer Request(ArrayReading array, SyncRequest request);

    /// <summary>Sets the pace of rebuilds and checks.</summary>
    RaidAnswer SetRate(ArrayReading array, RebuildRate rate);

    /// <summary>Asks disks to measure themselves anew; what they say is in later readings.</summary>
    void RefreshSmart();
}
