namespace GatewayOS.Appliance.Raid;

/// <summary>Limits of the pace of a rebuild or check, each in MB (10^6 bytes) a second of each member.</summary>
/// <param name="MinMBs">What it gets even while others use the disks.</param>
/// <param name="MaxMBs">What it takes at most.</param>
public readonly record struct RebuildRate(int MinMBs, int MaxMBs);

/// <summary>What the governor says.</summary>
/// <param name="Rate">The pace to set.</param>
/// <param name="PromisedFinish">When the work is done at the latest; null while none goes on or nothing is known of it.</param>
/// <param name="Reason">Why, in words.</param>
public readonly record struct GovernorAnswer(RebuildRate Rate, DateTimeOffset? PromisedFinish, string Reason);

/// <summary>
/// Weighs backups against the risk of a rebuild that takes long. Pure. md itself gives way to others down to the lower limit of the pace, so that limit
/// is what is governed.
/// </summary>
public static class RebuildGovernor
{
    /// <summary>What a promise has in reserve, as a factor of the time at the lower limit: members are slower inside than outside.</summary>
    public const double PromiseReserve = 1.1;

    /// <summary>Decides.</summary>
    /// <param name="array">The array.</param>
    /// <param name="health">What its facts mean.</param>
    /// <param name="profile">The hardware's limits.</param>
    /// <param name="backupsExpected">True while backups run or their window is open.</param>
    /// <param name="promised">What was promised when this work began; null when nothing was yet.</param>
    /// <param name="now">Now.</param>
    public static GovernorAnswer Decide(ArrayReading array, ArrayHealth health, RebuildRate profile, bool backupsExpected, DateTimeOffset? promised, DateTimeOffset now)
    {
        var fast = new RebuildRate(profile.MaxMBs, profile.MaxMBs);
        if (health.Progress is not { } progress || array.Kernel is not { } kernel)
        {
            return new GovernorAnswer(profile, null, "nothing to do");
        }

        double leftBytes = (1 - progress) * kernel.SyncTotalBytes;
        DateTimeOffset promise = promised ?? now + PromiseReserve * TimeSpan.FromSeconds(leftBytes / (profile.MinMBs * 1e6));
        if (health.State == ArrayState.Rebuilding && health.Survives <= 0)
        {
            return new GovernorAnswer(fast, promise, "no further failure is survived: it goes before backups");
        }

        if (!backupsExpected)
        {
            return new GovernorAnswer(fast, promise, "no backups are due");
        }

        bool isLate = now + TimeSpan.FromSeconds(leftBytes / (profile.MinMBs * 1e6)) > promise;
        return isLate
            ? new GovernorAnswer(fast, promise, "the promised time would be missed otherwise")
            : new GovernorAnswer(profile, promise, "backups go first");
    }
}
