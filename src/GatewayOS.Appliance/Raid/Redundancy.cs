namespace GatewayOS.Appliance.Raid;

/// <summary>How many failures the levels of md survive. Pure.</summary>
public static class Redundancy
{
    /// <summary>What stands for an array that has lost more than it survives.</summary>
    public const int Lost = -1;

    /// <summary>True for levels that compute parity: there sectors that do not fit together mean that data may be wrong.</summary>
    public static bool HasParity(string level) => level is "raid4" or "raid5" or "raid6";

    /// <summary>Says how many further members may fail, whichever they are.</summary>
    /// <param name="level">As the kernel writes it.</param>
    /// <param name="layout">The kernel's <c>layout</c>; it matters for raid10.</param>
    /// <param name="slots">Slots of the array.</param>
    /// <param name="inSync">Slots whose members have all their data.</param>
    /// <returns><see cref="Lost"/> when too many are missing already; null for an unknown level.</returns>
    public static int? Survives(string level, int layout, int slots, IEnumerable<int> inSync)
    {
        bool[] present = new bool[Math.Max(slots, 0)];
        foreach (int slot in inSync.Where(slot => slot >= 0 && slot < slots))
        {
            present[slot] = true;
        }

        int missing = present.Count(isPresent => !isPresent);
        return level switch
        {
            "raid1" => Within(slots - 1 - missing),
            "raid4" or "raid5" => Within(1 - missing),
            "raid6" => Within(2 - missing),
            "raid10" => OfMirrors(layout, present),
            "raid0" or "linear" => Within(-missing),
            _ => null,
        };
    }

    private static int Within(int left) => Math.Max(left, Lost);

    // md(4): with N near copies and a number of slots that N divides, each N slots in a row hold the same. The weakest of these sets counts.
    // Other layouts spread copies so that any two neighbours may share data: there the copies that any slots can be short of are counted.
    private static int OfMirrors(int layout, bool[] present)
    {
        int near = Math.Max(layout & 0xff, 1);
        int far = Math.Max(layout >> 8 & 0xff, 1);
        int copies = near * far;
        if (far > 1 || present.Length % near != 0)
        {
            return Within(copies - 1 - present.Count(isPresent => !isPresent));
        }

        return present.Chunk(near).Min(set => set.Count(isPresent => isPresent) - 1);
    }
}
