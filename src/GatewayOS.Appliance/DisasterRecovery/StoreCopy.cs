using GatewayOS.Appliance.Jobs;

namespace GatewayOS.Appliance.DisasterRecovery;

/// <summary>A copy of the store in another place, as far as it is known. What was not measured is null.</summary>
/// <param name="Name">The vault's name.</param>
/// <param name="CompleteUntil">Until when it had everything that it is to have; null before its first sync has ended.</param>
/// <param name="LockDays">Days for which nobody can delete what is in it; 0 for no lock.</param>
/// <param name="Rehearsed">When a restore from it was rehearsed last; null when none was.</param>
/// <param name="Problem">Why it could not be looked at; null when it could.</param>
public sealed record StoreCopy(string Name, DateTimeOffset? CompleteUntil, int LockDays, DateTimeOffset? Rehearsed, string? Problem = null)
{
    /// <summary>True when it is to have some of the store's restore points only.</summary>
    public bool IsPart { get; init; }

    /// <summary>When a restore from a vault was rehearsed last.</summary>
    /// <param name="vault">Its name.</param>
    /// <param name="jobs">All jobs, oldest first.</param>
    public static DateTimeOffset? RehearsedIn(string vault, IReadOnlyList<JobRecord> jobs) => jobs.LastOrDefault(job => job.Drill?.Vaults?.Contains(vault) == true)?.Ended;
}
