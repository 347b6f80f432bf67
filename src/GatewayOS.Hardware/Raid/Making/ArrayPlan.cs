using System.Globalization;
using GatewayOS.Appliance.Raid;
using GatewayOS.Hardware.Profiles;

namespace GatewayOS.Hardware.Raid.Making;

/// <summary>What is to be done so that the appliance has the array of its profile. Pure: decided from what was read, before anything is touched.</summary>
public abstract record ArrayPlan
{
    private ArrayPlan()
    {
    }

    /// <summary>There is one: this block device, as <c>md127</c>.</summary>
    public sealed record Use(string Device) : ArrayPlan;

    /// <summary>Make one of these disks, in the order of their bays.</summary>
    public sealed record Make(IReadOnlyList<DiskReading> Disks) : ArrayPlan;

    /// <summary>Not yet: what is lacking may come by itself.</summary>
    public sealed record Wait(string Why) : ArrayPlan;

    /// <summary>No: a person has to decide.</summary>
    public sealed record Refuse(string Why) : ArrayPlan;

    /// <summary>Decides.</summary>
    /// <param name="reading">Arrays and disks.</param>
    /// <param name="storage">The profile's storage.</param>
    /// <param name="givenUp">Serial numbers of disks whose content may be lost: named by a person, or begun on by an earlier start that was cut off.</param>
    public static ArrayPlan Of(RaidReading reading, StorageProfile storage, IReadOnlySet<string> givenUp) => reading.Problem is { } problem
        ? new Wait(problem)
        : storage.Mode == StorageMode.HardwareRaid ? OfVolume(reading) : OfArray(reading, storage, givenUp);

    private static ArrayPlan OfArray(RaidReading reading, StorageProfile storage, IReadOnlySet<string> givenUp)
    {
        ArrayReading[] running = [.. reading.Arrays.Where(array => array.Kernel is { ArrayState: not ("inactive" or "clear") })];
        if (running.Length > 0)
        {
            return running.Length == 1
                ? new Use(running[0].Name)
                : new Refuse($"There are {running.Length} arrays ({string.Join(", ", running.Select(array => array.Name))}), and the store is on one. Take out the disks that do not belong here.");
        }

        // All of an array is there before it is looked at, or made: half of one is never written to.
        DiskReading[] members = [.. reading.Disks.Where(disk => disk.Superblock.Length > 0 && !givenUp.Contains(disk.Serial))];
        if (members.Length > 0)
        {
            return new Wait($"{Named(members)} belong to an array that does not run: too few of its disks are there, or they do not fit together. Put its disks in, or see 'mdadm --examine'.");
        }

        if (reading.Disks.GroupBy(disk => disk.Bay).FirstOrDefault(bay => bay.Key is not null && bay.Count() > 1) is { } shared)
        {
            return new Refuse($"Several disks are in bay {shared.Key}: {Named([.. shared])}. The profile does not fit this machine.");
        }

        var disks = new List<DiskReading>();
        var empty = new List<string>();
        foreach (BayProfile bay in storage.Bays.OrderBy(bay => bay.No))
        {
            if (reading.Disks.FirstOrDefault(disk => disk.Bay == bay.No) is { } disk)
            {
                disks.Add(disk);
            }
            else
            {
                empty.Add(bay.Label);
            }
        }

        return empty.Count > 0
            ? new Wait($"There is no array, and none is made while these bays have no disk: {string.Join(", ", empty)}.")
            : OfDisks(disks, givenUp);
    }

    private static ArrayPlan OfDisks(List<DiskReading> disks, IReadOnlySet<string> givenUp)
    {
        DiskReading[] used = [.. disks.Where(disk => disk.IsInUse)];
        if (used.Length > 0)
        {
            return new Refuse($"In use are {Named(used)}. No array is made of disks that are in use.");
        }

        DiskReading[] filled = [.. disks.Where(disk => disk.Content.Length > 0 && !givenUp.Contains(disk.Serial))];
        return filled.Length > 0 ? new Refuse(NotEmpty(filled)) : new Make(disks);
    }

    // A controller's volume is one disk for the kernel, beside the one that the system is on.
    private static ArrayPlan OfVolume(RaidReading reading)
    {
        DiskReading[] volumes = [.. reading.Disks.Where(disk => !disk.IsInUse && !disk.Content.StartsWith("a partition table", StringComparison.Ordinal))];
        return volumes.Length switch
        {
            0 => new Wait("The RAID controller shows no volume. Make one with its tool."),
            1 => new Use(volumes[0].Device),
            _ => new Refuse($"There are several volumes or disks beside the system's: {Named(volumes)}. Leave the one that the store is to be on."),
        };
    }

    /// <summary>Says that disks hold something, and what to do about it.</summary>
    /// <param name="disks">The disks.</param>
    public static string NotEmpty(IReadOnlyList<DiskReading> disks) =>
        $"Not empty: {string.Join("; ", disks.Select(disk => $"{Name(disk)} holds {(disk.Content.Length > 0 ? disk.Content : "data")}"))}. Nothing was touched. Put empty disks in, or give what is on them up by name: gatewayd array {string.Join(' ', disks.Select(disk => $"--overwrite {disk.Serial}"))}.";

    /// <summary>Says which disks, for people.</summary>
    internal static string Named(IReadOnlyList<DiskReading> disks) => string.Join(", ", disks.Select(Name));

    private static string Name(DiskReading disk) => string.Create(CultureInfo.InvariantCulture, $"{(disk.Bay is { } bay ? $"bay {bay}" : disk.Device)} ({disk.Model} {disk.Serial})");
}
