namespace GatewayOS.Appliance.Raid;

/// <summary>All that was read of arrays, disks and their controller at one time. Plain facts; what they mean is said by <see cref="ArrayHealth"/> and the verdicts.</summary>
public sealed record RaidReading
{
    /// <summary>When it was read.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>What was asked, as <c>udisks2 2.9.4 and the kernel</c>.</summary>
    public required string Source { get; init; }

    /// <summary>Why not all could be read; null when all was. Then nothing that changes an array is done.</summary>
    public string? Problem { get; init; }

    /// <summary>The arrays, by name.</summary>
    public IReadOnlyList<ArrayReading> Arrays { get; init; } = [];

    /// <summary>Whole disks that are there.</summary>
    public IReadOnlyList<DiskReading> Disks { get; init; } = [];

    /// <summary>How a RAID controller's write cache is protected; null where there is none.</summary>
    public CacheReading? Cache { get; init; }

    /// <summary>Finds a disk by its serial number.</summary>
    public DiskReading? DiskOf(string serial) => serial.Length == 0 ? null : Disks.FirstOrDefault(disk => disk.Serial == serial);
}

/// <summary>What is known of an array.</summary>
public sealed record ArrayReading
{
    /// <summary>Its UUID, hexadecimal digits only; for a controller's volume its address there.</summary>
    public required string Id { get; init; }

    /// <summary>Name of its device, as <c>md0</c>; for a controller's volume its address.</summary>
    public required string Name { get; init; }

    /// <summary>As the kernel writes it: <c>raid1</c>, <c>raid5</c> …</summary>
    public required string Level { get; init; }

    /// <summary>Its size.</summary>
    public long SizeBytes { get; init; }

    /// <summary>Slots it has.</summary>
    public int Slots { get; init; }

    /// <summary>Its members, those without a slot too.</summary>
    public IReadOnlyList<MemberReading> Members { get; init; } = [];

    /// <summary>What udisks2 says; null when it says nothing.</summary>
    public BusView? Bus { get; init; }

    /// <summary>What the kernel says; null when it says nothing.</summary>
    public KernelView? Kernel { get; init; }

    /// <summary>What a controller says of its volume; null for md arrays.</summary>
    public ControllerView? Controller { get; init; }

    /// <summary>Slots whose member has all its data.</summary>
    public IEnumerable<int> SlotsInSync => Members.Where(member => member.State == MemberState.InSync).Select(member => member.Slot);
}

/// <summary>How a member stands.</summary>
public enum MemberState
{
    /// <summary>It is not known.</summary>
    Unknown,

    /// <summary>It has all its data.</summary>
    InSync,

    /// <summary>It is being filled.</summary>
    Rebuilding,

    /// <summary>It waits for a failure of others.</summary>
    Spare,

    /// <summary>It has failed.</summary>
    Faulty,
}

/// <summary>A member of an array.</summary>
/// <param name="Device">Name of its device, as <c>sdb</c>.</param>
/// <param name="Serial">Serial number of its disk; empty when unknown.</param>
/// <param name="Slot">Its slot, from 0; -1 for none.</param>
/// <param name="State">How it stands.</param>
/// <param name="ReadErrors">Read errors that md has put right since the array was started.</param>
public sealed record MemberReading(string Device, string Serial, int Slot, MemberState State, long ReadErrors = 0);

/// <summary>What udisks2 says of an array. It can be late (udisks issue 613).</summary>
/// <param name="Degraded">Slots without a working member.</param>
/// <param name="SyncAction">What goes on: <c>idle</c>, <c>recover</c>, <c>resync</c>, <c>check</c> …</param>
public sealed record BusView(int Degraded, string SyncAction);

/// <summary>What the kernel says of an array (Documentation/admin-guide/md.rst).</summary>
public sealed record KernelView
{
    /// <summary><c>array_state</c>.</summary>
    public required string ArrayState { get; init; }

    /// <summary><c>degraded</c>: slots without a working member.</summary>
    public int Degraded { get; init; }

    /// <summary><c>sync_action</c>.</summary>
    public string SyncAction { get; init; } = "idle";

    /// <summary><c>layout</c>: for raid10 near copies in the lowest byte, far copies in the second.</summary>
    public int Layout { get; init; }

    /// <summary>Bytes of each member that the running action has dealt with.</summary>
    public long SyncDoneBytes { get; init; }

    /// <summary>Bytes of each member that the running action has to deal with; 0 while none runs.</summary>
    public long SyncTotalBytes { get; init; }

    /// <summary>Its pace in bytes a second, of each member.</summary>
    public long SyncBytesPerSecond { get; init; }

    /// <summary><c>mismatch_cnt</c>: sectors whose copies or parity differed in the last check.</summary>
    public long MismatchSectors { get; init; }

    /// <summary>Bytes that a disk needs to be a member: its part of the data and what lies before it; 0 when unknown.</summary>
    public long MemberBytesMin { get; init; }

    /// <summary>Pace that rebuilds are promised, in MB (10^6 bytes) a second of each member.</summary>
    public int RateMinMBs { get; init; }

    /// <summary>Pace that rebuilds stay below, in MB a second of each member.</summary>
    public int RateMaxMBs { get; init; }
}

/// <summary>What a RAID controller says of a volume, in its own words.</summary>
/// <param name="State">Its state, as <c>Optl</c>, <c>Dgrd</c>, <c>Pdgd</c>, <c>OfLn</c>.</param>
/// <param name="Activity">What goes on, in words; empty for nothing.</param>
public sealed record ControllerView(string State, string Activity);

/// <summary>A whole disk.</summary>
public sealed record DiskReading
{
    /// <summary>Name of its device, as <c>sdb</c>.</summary>
    public required string Device { get; init; }

    /// <summary>Its serial number; empty when unknown.</summary>
    public string Serial { get; init; } = "";

    /// <summary>Its model, for people.</summary>
    public string Model { get; init; } = "";

    /// <summary>Its size.</summary>
    public long SizeBytes { get; init; }

    /// <summary>Number of its bay in the hardware profile; null when it is in none.</summary>
    public int? Bay { get; init; }

    /// <summary>What is on it, in words; empty for nothing.</summary>
    public string Content { get; init; } = "";

    /// <summary>True when it, or a part of it, is mounted or held by something else than an array.</summary>
    public bool IsInUse { get; init; }

    /// <summary>ID of the array whose superblock it carries; empty for none.</summary>
    public string Superblock { get; init; } = "";

    /// <summary>What it says of its own health; null when it does not.</summary>
    public SmartReading? Smart { get; init; }
}

/// <summary>What a disk says of its own health (SMART, by udisks2's Drive.Ata).</summary>
public sealed record SmartReading
{
    /// <summary>When the disk was asked.</summary>
    public required DateTimeOffset Updated { get; init; }

    /// <summary>The disk itself expects to fail.</summary>
    public bool IsFailing { get; init; }

    /// <summary>Degrees Celsius; null when it does not say.</summary>
    public double? Celsius { get; init; }

    /// <summary>Sectors that were replaced, or wait for it, or could not be; null when it does not say.</summary>
    public long? BadSectors { get; init; }

    /// <summary>Sectors that could not be read and wait for being written (attribute 197); null when it does not say.</summary>
    public long? PendingSectors { get; init; }

    /// <summary>Result of its last self-test, in udisks2's words; empty for none.</summary>
    public string SelfTest { get; init; } = "";

    /// <summary>How long it has run, in hours; null when it does not say.</summary>
    public long? PoweredHours { get; init; }
}

/// <summary>How the write cache of a RAID controller is protected.</summary>
/// <param name="Kind">What protects it, as <c>CacheVault CVPM02</c>.</param>
/// <param name="State">Its state in the controller's words.</param>
/// <param name="IsProtected">False when a power cut loses what is in the cache; null when that is not known.</param>
public sealed record CacheReading(string Kind, string State, bool? IsProtected);
