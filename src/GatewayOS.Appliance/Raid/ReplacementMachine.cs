using System.Globalization;

namespace GatewayOS.Appliance.Raid;

/// <summary>
/// The steps of replacing a disk. Pure: from a replacement, a reading and the time it says how it stands and what is to be done. What is done shows in
/// the next reading, so after a crash at any moment the same step is simply taken again.
/// </summary>
public static class ReplacementMachine
{
    /// <summary>How often something that fails is tried before the replacement ends as failed.</summary>
    public const int FailuresMax = 20;

    private static readonly TimeSpan s_retryAfter = TimeSpan.FromSeconds(5);

    /// <summary>Looks how a replacement stands.</summary>
    /// <param name="at">How it stood.</param>
    /// <param name="reading">What was read since.</param>
    /// <param name="diskHealth">Verdicts on disks, by serial number.</param>
    /// <param name="now">Now.</param>
    public static ReplacementMove Advance(DiskReplacement at, RaidReading reading, Func<string, DiskHealth?> diskHealth, DateTimeOffset now)
    {
        if (at.IsEnded || now < at.NotBefore)
        {
            return new ReplacementMove(at, null);
        }

        if (reading.Problem is { } problem)
        {
            return new ReplacementMove(at with { Problem = $"It waits: {problem}." }, null);
        }

        if (reading.Arrays.FirstOrDefault(array => array.Id == at.ArrayId) is not { Kernel: not null } array)
        {
            return new ReplacementMove(at with { Problem = $"It waits: {at.ArrayName} is not there." }, null);
        }

        // With the new disk in the array nobody is at the bays any more: a disk that goes then has failed, and must not hold this up.
        if (at.Step <= ReplacementStep.AwaitingDisk && Wrong(at, reading, array, now) is { } wrong)
        {
            return wrong;
        }

        return at.Step switch
        {
            ReplacementStep.Confirm or ReplacementStep.AwaitingPull => AwaitPull(at, reading, array, diskHealth, now),
            ReplacementStep.Removing => Remove(at, array, now),
            ReplacementStep.AwaitingDisk => AwaitDisk(at, reading, diskHealth, now),
            ReplacementStep.Adding => Add(at, reading, array, now),
            ReplacementStep.Rebuilding => Rebuild(at, array, now),
            _ => Check(at, array, now),
        };
    }

    /// <summary>Notes that what was ordered failed.</summary>
    public static DiskReplacement Failed(DiskReplacement at, string problem, DateTimeOffset now) => at.Failures + 1 >= FailuresMax
        ? at.At(ReplacementStep.Failed, now, problem) with { Problem = problem, Instruction = "Put right what the message names, then order the replacement anew." }
        : at with { Failures = at.Failures + 1, Problem = problem, NotBefore = now + s_retryAfter };

    /// <summary>Where the disk is, in words.</summary>
    public static string Place(DiskReplacement at) => at.Bay is { } bay ? string.Create(CultureInfo.InvariantCulture, $"bay {bay}") : at.OldDevice.Length > 0 ? $"the disk {at.OldDevice}" : "an unknown bay";

    // udisks2 may forget a disk for a moment; the kernel knows that its slot is well.
    private static bool IsInPlace(ArrayReading array, string serial, int slot) => array.Members.Any(member => member.State == MemberState.InSync && (member.Serial.Length > 0 ? member.Serial == serial && serial.Length > 0 : member.Slot == slot));

    private static string Disk(DiskReplacement at) => at.OldSerial.Length > 0 ? $"the disk with the serial number {at.OldSerial}" : "the missing disk";

    // Somebody may pull the wrong disk while one is to be pulled: it is missed by its serial number. Until it is back nothing else goes on.
    private static ReplacementMove? Wrong(DiskReplacement at, RaidReading reading, ArrayReading array, DateTimeOffset now)
    {
        if ((at.Wrong ?? at.Others.FirstOrDefault(other => !IsInPlace(array, other.Serial, other.Slot) && reading.DiskOf(other.Serial) is null)) is not { } wrong)
        {
            return null;
        }

        at = at.Wrong is not null ? at : at with { Wrong = wrong, History = [.. at.History, new ReplacementEvent(at.Step, now, $"The wrong disk was pulled: {wrong.Serial}.")] };
        if (IsInPlace(array, wrong.Serial, wrong.Slot))
        {
            return new ReplacementMove(at with { Wrong = null, Problem = "", History = [.. at.History, new ReplacementEvent(at.Step, now, $"The disk {wrong.Serial} is back in its place.")] }, null);
        }

        string bay = wrong.Bay is { } number ? string.Create(CultureInfo.InvariantCulture, $" in bay {number}") : "";
        if (reading.DiskOf(wrong.Serial) is not { } disk)
        {
            string instruction = $"The wrong disk was pulled: put the one with the serial number {wrong.Serial} back{bay}, at once.";
            return new ReplacementMove(at with { Instruction = instruction, Problem = $"The wrong disk was pulled ({wrong.Serial})." }, null);
        }

        DiskReplacement waits = at with { Instruction = $"The disk {wrong.Serial} is back; it gets what has changed since. Leave all disks where they are.", Problem = $"The wrong disk was pulled ({wrong.Serial})." };
        MemberReading? member = array.Members.FirstOrDefault(member => member.Serial == wrong.Serial);
        return member switch
        {
            null when disk.Superblock == array.Id => new ReplacementMove(waits, new ReplacementOrder.Return(disk.Device)),
            null => new ReplacementMove(waits with { Instruction = $"The disk {wrong.Serial} is back, but it does not carry the mark of {at.ArrayName} any more. Call this replacement off and replace slot {wrong.Slot} instead." }, null),
            { State: MemberState.Faulty } => new ReplacementMove(waits, new ReplacementOrder.Remove(member.Device)),
            _ => new ReplacementMove(waits, null),
        };
    }

    // The verdict is asked for with every look: while somebody is on the way to the bay, another disk may fail.
    private static ReplacementMove AwaitPull(DiskReplacement at, RaidReading reading, ArrayReading array, Func<string, DiskHealth?> diskHealth, DateTimeOffset now)
    {
        if (reading.DiskOf(at.OldSerial) is null && !IsInPlace(array, at.OldSerial, at.Slot))
        {
            return new ReplacementMove(at.At(ReplacementStep.Removing, now, at.OldDevice.Length > 0 ? $"{Disk(at)} was pulled." : $"{Disk(at)} is gone."), null);
        }

        MemberReading? member = array.Members.FirstOrDefault(member => member.Serial == at.OldSerial);
        var verdict = PullVerdict.Of(reading, array, member?.Slot ?? -1, member?.State, diskHealth, now);
        if (verdict.Answer is PullAnswer.Unsafe or PullAnswer.Unknown)
        {
            return new ReplacementMove(at with { Problem = verdict.Sentence, Instruction = "Leave all disks where they are." }, null);
        }

        return new ReplacementMove(
            at with
            {
                Problem = "",
                Instruction = at.Step == ReplacementStep.Confirm
                    ? $"The light of {Place(at)} blinks. Confirm that {Disk(at)} is to be replaced: 'gatewayctl raid replace' asks, '--yes' says so."
                    : $"Pull {Disk(at)} out of {Place(at)}, whose light blinks.",
            },
            null);
    }

    // What is left of the pulled disk: a member that failed with it, which has no serial number any more.
    private static ReplacementMove Remove(DiskReplacement at, ArrayReading array, DateTimeOffset now)
    {
        MemberReading? rest = array.Members.FirstOrDefault(member => member.State == MemberState.Faulty && (member.Serial.Length > 0 ? member.Serial == at.OldSerial : member.Device == at.OldDevice));
        return rest is null
            ? new ReplacementMove(at.At(ReplacementStep.AwaitingDisk, now, $"{at.ArrayName} is rid of {Disk(at)}."), null)
            : new ReplacementMove(at with { Instruction = $"{at.ArrayName} is being rid of {Disk(at)}." }, new ReplacementOrder.Remove(rest.Device));
    }

    private static ReplacementMove AwaitDisk(DiskReplacement at, RaidReading reading, Func<string, DiskHealth?> diskHealth, DateTimeOffset now)
    {
        DiskReplacement waits = at with { Instruction = string.Create(CultureInfo.InvariantCulture, $"Put a new disk of at least {at.BytesMin} bytes into {Place(at)}.") };
        DiskReading? candidate = at.Bay is { } bay
            ? reading.Disks.FirstOrDefault(disk => disk.Bay == bay)
            : reading.Disks.FirstOrDefault(disk => disk.Serial == at.OldSerial || !at.SerialsBefore.Contains(disk.Serial));
        if (candidate is null)
        {
            return new ReplacementMove(waits with { Problem = "" }, null);
        }

        bool isMember = reading.Arrays.Any(array => array.Members.Any(member => member.Serial == candidate.Serial));
        NewDiskVerdict verdict = NewDiskVerdict.Of(candidate, diskHealth(candidate.Serial) ?? new DiskHealth(DiskState.Unknown, []), at.BytesMin, at.OldSerial, at.MayOverwrite, isMember);
        return verdict.Answer == NewDiskAnswer.Good
            ? new ReplacementMove(at.At(ReplacementStep.Adding, now, verdict.Sentence) with { NewSerial = candidate.Serial }, null)
            : new ReplacementMove(waits with { Problem = verdict.Sentence }, null);
    }

    private static ReplacementMove Add(DiskReplacement at, RaidReading reading, ArrayReading array, DateTimeOffset now)
    {
        if (array.Members.Any(member => member.Serial == at.NewSerial))
        {
            return new ReplacementMove(at.At(ReplacementStep.Rebuilding, now, $"The disk {at.NewSerial} belongs to {at.ArrayName}."), null);
        }

        return reading.DiskOf(at.NewSerial) is { } disk
            ? new ReplacementMove(at with { Instruction = $"The disk {at.NewSerial} is being put into {at.ArrayName}." }, new ReplacementOrder.Add(disk.Device))
            : new ReplacementMove(at.At(ReplacementStep.AwaitingDisk, now, $"The disk {at.NewSerial} is gone again.") with { NewSerial = "" }, null);
    }

    private static ReplacementMove Rebuild(DiskReplacement at, ArrayReading array, DateTimeOffset now)
    {
        MemberReading? member = array.Members.FirstOrDefault(member => member.Serial == at.NewSerial);
        if (member is null or { State: MemberState.Faulty })
        {
            return new ReplacementMove(at.At(ReplacementStep.AwaitingDisk, now, $"The new disk {at.NewSerial} failed.") with { NewSerial = "", Problem = $"The new disk {at.NewSerial} failed. Put in another.", SerialsBefore = [.. at.SerialsBefore, at.NewSerial] }, null);
        }

        // Where a spare has taken the place, the new disk is the next spare.
        bool isDone = member.State == MemberState.InSync || member.State == MemberState.Spare && array.Kernel is { Degraded: 0, SyncAction: not "recover" };
        return isDone
            ? new ReplacementMove(at.At(ReplacementStep.Checking, now, member.State == MemberState.Spare ? "A spare had taken the place; the new disk is the spare now." : $"The disk {at.NewSerial} has all its data."), null)
            : new ReplacementMove(at with { Problem = "", Instruction = $"The disk {at.NewSerial} is being filled. Leave all disks where they are." }, null);
    }

    private static ReplacementMove Check(DiskReplacement at, ArrayReading array, DateTimeOffset now)
    {
        if (array.Kernel!.Degraded > 0)
        {
            return new ReplacementMove(at.At(ReplacementStep.Done, now, "Another disk is missing; there is no check on a degraded array.") with { Instruction = "Another disk is missing: replace that one next." }, null);
        }

        if (array.Kernel.SyncAction == "check")
        {
            return new ReplacementMove(at with { CheckBegun = true, Problem = "", Instruction = "All is read once, to see whether it fits together. Nothing needs to be done." }, null);
        }

        if (!at.CheckBegun)
        {
            return new ReplacementMove(at with { Instruction = "The check begins." }, new ReplacementOrder.Check());
        }

        string result = array.Kernel.MismatchSectors == 0 ? "everything fits together" : string.Create(CultureInfo.InvariantCulture, $"{array.Kernel.MismatchSectors} sectors do not fit together");
        return new ReplacementMove(at.At(ReplacementStep.Done, now, $"The check is over: {result}.") with { Instruction = "" }, null);
    }
}
