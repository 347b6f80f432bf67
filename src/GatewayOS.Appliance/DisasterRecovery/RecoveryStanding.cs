using System.Globalization;

namespace GatewayOS.Appliance.DisasterRecovery;

/// <summary>How well the store is protected against the loss of the whole appliance, with what that rests on and the next step up. Pure.</summary>
/// <param name="Level">The level.</param>
/// <param name="Reason">Why, in a sentence.</param>
/// <param name="Remedy">What leads to the next level; empty at the highest.</param>
public sealed record RecoveryStanding(RecoveryLevel Level, string Reason, string Remedy)
{
    /// <summary>How old what a copy has may be for the copy to count: vaults are filled hourly, and a night without a network is no loss of protection.</summary>
    public static readonly TimeSpan CopyAgeMax = TimeSpan.FromHours(24);

    /// <summary>How old a rehearsal may be to count: rehearsals from the vaults are monthly, so two may fail.</summary>
    public static readonly TimeSpan RehearsalAgeMax = TimeSpan.FromDays(92);

    /// <summary>Judges.</summary>
    /// <param name="hasRestorePoints">Whether the store has any; null when it cannot be read.</param>
    /// <param name="copies">Its copies; null when which there are cannot be read.</param>
    /// <param name="now">The present instant.</param>
    public static RecoveryStanding Of(bool? hasRestorePoints, IReadOnlyList<StoreCopy>? copies, DateTimeOffset now)
    {
        if (hasRestorePoints is null || copies is null)
        {
            return new(RecoveryLevel.Unknown, hasRestorePoints is null ? "The store cannot be read." : "The list of vaults cannot be read.", "Look at the log for what is wrong with it.");
        }

        if (hasRestorePoints == false)
        {
            return new(RecoveryLevel.None, "There is no restore point yet.", "Enrol a node and have it backed up.");
        }

        StoreCopy? best = copies.MaxBy(copy => LevelOf(copy, now));
        return best is null
            ? new(RecoveryLevel.Local, "Every restore point is on this appliance alone.", "Add a vault: a bucket of an S3 service, or a disk in another place.")
            : Describe(best, LevelOf(best, now), copies, now);
    }

    // Nothing is better than local unless it is known to be.
    private static RecoveryLevel LevelOf(StoreCopy copy, DateTimeOffset now) =>
        copy.Problem is not null || copy.IsPart || copy.CompleteUntil is not { } complete || now - complete > CopyAgeMax ? RecoveryLevel.Local
        : copy.LockDays == 0 ? RecoveryLevel.Copied
        : copy.Rehearsed is { } rehearsed && now - rehearsed <= RehearsalAgeMax ? RecoveryLevel.Rehearsed
        : RecoveryLevel.Locked;

    private static RecoveryStanding Describe(StoreCopy best, RecoveryLevel level, IReadOnlyList<StoreCopy> copies, DateTimeOffset now) => level switch
    {
        RecoveryLevel.Rehearsed => new(level, $"The vault {best.Name} has everything and is locked for {Days(best.LockDays)}; a restore from it was rehearsed {Ago(best.Rehearsed, now)} ago.", ""),
        RecoveryLevel.Locked when best.Rehearsed is null => new(level, $"The vault {best.Name} has everything and is locked for {Days(best.LockDays)}; no restore from it was ever rehearsed.", "Rehearse a restore from the vaults; it is done monthly by itself, too."),
        RecoveryLevel.Locked => new(level, $"The vault {best.Name} has everything and is locked for {Days(best.LockDays)}; the last rehearsed restore from it is {Ago(best.Rehearsed, now)} old.", "Rehearse a restore from the vaults, and look why the monthly one does not succeed."),
        RecoveryLevel.Copied => new(level, $"The vault {best.Name} has everything, but is not locked: whoever takes the appliance over can delete it.", "Add a vault in a bucket with object lock."),
        _ when copies.FirstOrDefault(copy => copy.Problem is not null) is { } unseen => new(RecoveryLevel.Unknown, $"How the vault {unseen.Name} stands is not known: {unseen.Problem}", "Put right what that says."),
        _ => BehindOf(copies, now),
    };

    private static RecoveryStanding BehindOf(IReadOnlyList<StoreCopy> all, DateTimeOffset now)
    {
        StoreCopy[] copies = [.. all.Where(copy => !copy.IsPart)];
        if (copies.Length == 0)
        {
            return new(RecoveryLevel.Local, $"The vault {all[0].Name} gets what its tasks take, and not every restore point: the others are on this appliance alone.", "Give it a task that takes all, or add a vault that gets everything.");
        }

        StoreCopy newest = copies.MaxBy(copy => copy.CompleteUntil ?? DateTimeOffset.MinValue)!;
        string reason = newest.CompleteUntil is null
            ? $"The vault {newest.Name} has not been filled yet: every restore point is on this appliance alone."
            : $"The vault {newest.Name} is {Ago(newest.CompleteUntil, now)} behind: more than {CopyAgeMax.TotalHours:0} hours do not count as a copy.";
        return new(RecoveryLevel.Local, reason, "Bring the vaults up to date, and look why it does not happen by itself.");
    }

    private static string Days(int days) => days == 1 ? "1 day" : string.Create(CultureInfo.InvariantCulture, $"{days} days");

    private static string Ago(DateTimeOffset? then, DateTimeOffset now)
    {
        TimeSpan age = now - then!.Value;
        return age < TimeSpan.FromHours(2) ? string.Create(CultureInfo.InvariantCulture, $"{Math.Max(age.TotalMinutes, 0):0} minutes")
            : age < TimeSpan.FromDays(2) ? string.Create(CultureInfo.InvariantCulture, $"{age.TotalHours:0} hours")
            : string.Create(CultureInfo.InvariantCulture, $"{age.TotalDays:0} days");
    }
}
