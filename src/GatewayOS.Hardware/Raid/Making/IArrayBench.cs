using GatewayOS.Appliance.Raid;

namespace GatewayOS.Hardware.Raid.Making;

/// <summary>What is done to disks when an array is made, as an adapter does it. Whether it may be done is decided by <see cref="ArrayMaker"/>.</summary>
public interface IArrayBench
{
    /// <summary>Reads arrays and disks.</summary>
    RaidReading Read();

    /// <summary>Opens a block device for reading; the caller's from then on.</summary>
    /// <exception cref="IOException">It cannot be opened.</exception>
    Stream Open(string device);

    /// <summary>Takes the marks of what was on a disk away.</summary>
    RaidAnswer Empty(string device);

    /// <summary>Makes an md array of disks. Where the answer is a failure it may have come about all the same: what counts is the next reading.</summary>
    RaidAnswer Create(string level, string name, IReadOnlyList<string> devices);

    /// <summary>Makes a file system. All that was on the device is lost.</summary>
    RaidAnswer Format(string device, string label);

    /// <summary>Checks a file system, as far as that loses nothing, and mounts it.</summary>
    RaidAnswer Mount(string device, string directory);

    /// <summary>True when something is mounted there already.</summary>
    bool IsMounted(string directory);

    /// <summary>Waits until something has changed, or a moment.</summary>
    void Settle();
}
