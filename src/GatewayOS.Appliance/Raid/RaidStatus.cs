namespace GatewayOS.Appliance.Raid;

/// <summary>An array, with what its facts mean.</summary>
/// <param name="Array">The facts.</param>
/// <param name="Health">What they mean.</param>
/// <param name="Remembered">What is remembered of it.</param>
/// <param name="NextCheck">When the next scheduled check begins; null for a controller's volume.</param>
/// <param name="CheckWaits">Why a check that is due does not begin; empty for none.</param>
/// <param name="Governor">What was decided about its pace.</param>
public sealed record ArrayStatus(ArrayReading Array, ArrayHealth Health, RememberedArray Remembered, DateTimeOffset? NextCheck, string CheckWaits, GovernorAnswer Governor)
{
    /// <summary>What the slots without a working disk held before.</summary>
    public IEnumerable<(int Slot, RememberedMember? Held)> Missing
    {
        get
        {
            for (int slot = 0; slot < Array.Slots; slot++)
            {
                if (!Array.Members.Any(member => member.Slot == slot && member.State is MemberState.InSync or MemberState.Rebuilding))
                {
                    yield return (slot, Remembered.Members.FirstOrDefault(member => member.Slot == slot));
                }
            }
        }
    }
}

/// <summary>A disk, with what its facts mean.</summary>
/// <param name="Disk">The facts.</param>
/// <param name="Health">What they mean.</param>
/// <param name="ArrayName">The array it belongs to; empty for none.</param>
/// <param name="Member">What it is there; null for nothing.</param>
public sealed record DiskStatus(DiskReading Disk, DiskHealth Health, string ArrayName, MemberReading? Member);

/// <summary>Arrays, disks and the replacement as of one look.</summary>
/// <param name="Reading">What was read.</param>
/// <param name="Arrays">Arrays.</param>
/// <param name="Disks">Disks.</param>
/// <param name="Replacement">The newest replacement; null when there was none.</param>
public sealed record RaidStatus(RaidReading Reading, IReadOnlyList<ArrayStatus> Arrays, IReadOnlyList<DiskStatus> Disks, DiskReplacement? Replacement)
{
    /// <summary>One sentence for an overview; empty when all is well, and when there is no array and none is needed.</summary>
    public IEnumerable<string> Warnings
    {
        get
        {
            foreach (ArrayStatus array in Arrays.Where(array => array.Health.State is ArrayState.Degraded or ArrayState.Failed or ArrayState.Rebuilding or ArrayState.Mismatch or ArrayState.Unknown))
            {
                yield return $"The array {array.Array.Name} is {ArrayHealth.Word(array.Health.State)}. 'gatewayctl raid status' shows more.";
            }

            if (Reading.Cache is { IsProtected: false } cache)
            {
                yield return $"The RAID controller's write cache is not protected: {cache.Kind} is '{cache.State}'.";
            }
        }
    }
}
