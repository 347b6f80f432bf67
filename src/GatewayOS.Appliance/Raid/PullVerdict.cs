using System.Globalization;

namespace GatewayOS.Appliance.Raid;

/// <summary>Whether a disk may be pulled. The names are part of the API.</summary>
public enum PullAnswer
{
    /// <summary>No data is lost.</summary>
    Safe,

    /// <summary>No data is lost if nothing else fails meanwhile, and something speaks against that.</summary>
    Risky,

    /// <summary>Data would be lost.</summary>
    Unsafe,

    /// <summary>It cannot be said, so it is not to be done.</summary>
    Unknown,
}

/// <summary>A verdict on pulling a disk, with its proof. Pure.</summary>
/// <param name="Answer">The verdict.</param>
/// <param name="SurvivesAfter">How many further failures the array survives once the disk is gone; null when not known.</param>
/// <param name="Sentence">The verdict in words, with what to do.</param>
/// <param name="Proof">What it rests on: a line for each slot, and the rule.</param>
public sealed record PullVerdict(PullAnswer Answer, int? SurvivesAfter, string Sentence, IReadOnlyList<string> Proof)
{
    /// <summary>A reading that is older proves nothing.</summary>
    public static readonly TimeSpan AgeMax = TimeSpan.FromSeconds(30);

    /// <summary>Judges.</summary>
    /// <param name="reading">What was read.</param>
    /// <param name="array">The array.</param>
    /// <param name="slot">The slot whose disk is to be pulled; -1 for a member without one.</param>
    /// <param name="state">How that member stands; null when the slot is empty.</param>
    /// <param name="diskHealth">Verdicts on disks, by serial number.</param>
    /// <param name="now">Now.</param>
    public static PullVerdict Of(RaidReading reading, ArrayReading array, int slot, MemberState? state, Func<string, DiskHealth?> diskHealth, DateTimeOffset now)
    {
        ArrayHealth health = ArrayHealth.Of(array);
        if (WhyUnknown(reading, array, health, now) is { } why)
        {
            return new PullVerdict(PullAnswer.Unknown, null, $"Do not pull it: {why}", []);
        }

        bool isInSync = state == MemberState.InSync;
        int? after = isInSync ? Redundancy.Survives(array.Level, array.Kernel!.Layout, array.Slots, array.SlotsInSync.Where(one => one != slot)) : health.Survives;
        List<string> proof = Prove(array, slot, after);
        if (after is null)
        {
            return new PullVerdict(PullAnswer.Unknown, null, $"Do not pull it: how the level '{array.Level}' keeps data is not known.", proof);
        }

        if (health.State == ArrayState.Failed)
        {
            return new PullVerdict(PullAnswer.Unsafe, after, $"Do not pull it: {array.Name} has failed, and every disk may be needed to save data. Leave all disks where they are and ask for help.", proof);
        }

        if (isInSync && array.Kernel!.SyncAction == "resync")
        {
            return new PullVerdict(PullAnswer.Unsafe, after, $"Do not pull it: {array.Name} still makes its copies or parity. Wait until that is done ('gatewayctl raid status').", proof);
        }

        if (after == Redundancy.Lost)
        {
            return new PullVerdict(PullAnswer.Unsafe, after, $"Do not pull it: {array.Name} cannot do without it. Replace what is missing first.", proof);
        }

        return WhyRisky(array, slot, state, after.Value, health, diskHealth) is { } risk
            ? new PullVerdict(PullAnswer.Risky, after, $"Pulling it loses nothing by itself, but {risk}", proof)
            : new PullVerdict(PullAnswer.Safe, after, after > 0
                ? $"It is safe to pull: afterwards {array.Name} still survives {Failures(after.Value)}."
                : $"It is safe to pull, but until its successor is filled {array.Name} survives no failure.", proof);
    }

    private static string? WhyUnknown(RaidReading reading, ArrayReading array, ArrayHealth health, DateTimeOffset now) => reading switch
    {
        { Problem: { } problem } => $"{problem}.",
        _ when now - reading.Time > AgeMax => $"what is known is {(now - reading.Time).TotalSeconds:0} seconds old.",
        _ when array.Controller is not null => "the controller of its array decides that; use its own tool.",
        _ when array.Kernel is null || array.Bus is null => "udisks2 and the kernel do not both know its array.",
        _ when array.Bus.Degraded != array.Kernel.Degraded => $"{health.Disagreements[0]} Try again in a few seconds.",
        _ => null,
    };

    private static string? WhyRisky(ArrayReading array, int slot, MemberState? state, int after, ArrayHealth health, Func<string, DiskHealth?> diskHealth)
    {
        if (state == MemberState.Rebuilding)
        {
            return "it is being filled, and all that is done of that would be done in vain.";
        }

        if (state != MemberState.InSync)
        {
            return null;
        }

        if (health.State == ArrayState.Mismatch)
        {
            return "the last check found parity that does not fit: what is on this disk could not be computed rightly everywhere. Let the store be verified first ('gatewayctl job run verify').";
        }

        MemberReading? weak = after > 0 ? null : array.Members.FirstOrDefault(member => member.State == MemberState.InSync && member.Slot != slot && diskHealth(member.Serial)?.State == DiskState.Failing);
        return weak is null ? null : $"then all depends on the disk {weak.Serial} ({weak.Device}), which is likely to fail: {diskHealth(weak.Serial)!.Evidence[0]} Replace that one first.";
    }

    private static List<string> Prove(ArrayReading array, int slot, int? after)
    {
        var proof = new List<string>();
        for (int one = 0; one < array.Slots; one++)
        {
            MemberReading? member = array.Members.FirstOrDefault(member => member.Slot == one);
            string who = member is null ? "empty" : $"{member.Device} {(member.Serial.Length > 0 ? $"({member.Serial}) " : "")}{Word(member.State)}";
            proof.Add($"slot {one}: {who}{(one == slot ? ", to be pulled" : "")}");
        }

        proof.Add(after switch
        {
            null => $"{array.Level}: unknown",
            Redundancy.Lost => $"{array.Level} of {array.Slots} slots: more would be missing than it survives",
            _ => $"{array.Level} of {array.Slots} slots: afterwards it survives {Failures(after.Value)}",
        });
        return proof;
    }

    private static string Word(MemberState state) => state switch { MemberState.InSync => "in sync", _ => state.ToString().ToLowerInvariant() };

    private static string Failures(int count) => count switch { 0 => "no further failure", 1 => "one further failure", _ => string.Create(CultureInfo.InvariantCulture, $"{count} further failures") };
}
