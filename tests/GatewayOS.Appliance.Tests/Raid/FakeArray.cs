using GatewayOS.Appliance.Raid;

namespace GatewayOS.Appliance.Tests.Raid;

/// <summary>
/// An md array in memory, with bays whose disks are pulled and plugged: what <see cref="IRaidHealth"/> shows of a machine, without one. A rebuild or check
/// gets on by <see cref="Step"/>. What it does not have is the delay of the real thing between a pull and its being noticed.
/// </summary>
internal sealed class FakeArray : IRaidHealth
{
    private const long MegaByte = 1024 * 1024;
    private const long MemberBytes = 60 * MegaByte;
    private const int StepsOfSync = 4;

    private readonly TimeProvider _time;
    private readonly SortedDictionary<int, FakeDisk> _bays = [];
    private readonly List<FakeMember> _members = [];
    private readonly string _level;
    private int _syncSteps;
    private string _action = "idle";

    /// <summary>Makes an array of disks D1, D2 … of 64 MiB in the bays 1, 2 …</summary>
    public FakeArray(string level, int slots, TimeProvider time)
    {
        (_level, _time) = (level, time);
        for (int slot = 0; slot < slots; slot++)
        {
            Plug(slot + 1, $"D{slot + 1}", 64);
            _bays[slot + 1].Superblock = Id;
            _members.Add(new FakeMember(_bays[slot + 1].Device, $"D{slot + 1}", slot) { State = MemberState.InSync });
        }

        Slots = slots;
    }

    /// <inheritdoc/>
    public event Action? Changed;

    /// <summary>The array's ID.</summary>
    public string Id => "0123456789abcdef0123456789abcdef";

    /// <summary>Slots it has.</summary>
    public int Slots { get; }

    /// <summary>Set: nothing can be read but the kernel's view, as while udisksd is away.</summary>
    public string? Problem { get; set; }

    /// <summary>Set: what changes an array fails so.</summary>
    public string? Refusal { get; set; }

    /// <summary>Set: what udisks2 says beside the kernel.</summary>
    public BusView? Bus { get; set; }

    /// <summary>Sectors the next check counts.</summary>
    public long Mismatches { get; set; }

    /// <summary>What was asked of it, in order.</summary>
    public List<string> Orders { get; } = [];

    /// <summary>What disks say of themselves, by serial number.</summary>
    public Dictionary<string, SmartReading> Smart { get; } = [];

    /// <summary>The kernel's count of the last check.</summary>
    public long MismatchSectors { get; private set; }

    /// <summary>Puts a disk into a bay.</summary>
    public void Plug(int bay, string serial, int mebibytes, string content = "")
    {
        FakeDisk disk = _table.Remove(serial, out FakeDisk? known) ? known : new FakeDisk(serial, mebibytes * MegaByte) { Content = content };
        _bays.Add(bay, disk);
        disk.Device = $"sd{(char)('a' + _devices++)}";
        Changed?.Invoke();
    }

    /// <summary>Pulls the disk of a bay, ready or not.</summary>
    public void Pull(int bay)
    {
        _bays.Remove(bay, out FakeDisk? disk);
        _table.Add(disk!.Serial, disk);
        foreach (FakeMember member in _members.Where(member => member.Serial == disk.Serial))
        {
            member.State = MemberState.Faulty;
            member.IsGone = true;
        }

        Changed?.Invoke();
    }

    /// <summary>Has a member fail where it is.</summary>
    public void Fail(string serial) => _members.First(member => member.Serial == serial).State = MemberState.Faulty;

    /// <summary>Has a rebuild or check get on.</summary>
    public void Step()
    {
        if (_action != "idle" && ++_syncSteps >= StepsOfSync)
        {
            _members.ForEach(member => member.State = member.State == MemberState.Rebuilding ? MemberState.InSync : member.State);
            MismatchSectors = _action == "check" ? Mismatches : MismatchSectors;
            (_action, _syncSteps) = ("idle", 0);
        }
    }

    /// <inheritdoc/>
    public RaidReading Read()
    {
        int degraded = Slots - _members.Count(member => member.Slot >= 0 && member.State == MemberState.InSync);
        string Serial(FakeMember member) => member.IsGone || Problem is not null ? "" : member.Serial;
        var array = new ArrayReading
        {
            Id = Id,
            Name = "md0",
            Level = _level,
            Slots = Slots,
            SizeBytes = MemberBytes,
            Members = [.. _members.Select(member => new MemberReading(member.Device, Serial(member), member.State == MemberState.Faulty ? -1 : member.Slot, member.State))],
            Bus = Problem is null ? Bus ?? new BusView(degraded, _action) : null,
            Kernel = new KernelView
            {
                ArrayState = "clean",
                Degraded = degraded,
                SyncAction = _action,
                SyncDoneBytes = _action == "idle" ? 0 : MemberBytes * _syncSteps / StepsOfSync,
                SyncTotalBytes = _action == "idle" ? 0 : MemberBytes,
                SyncBytesPerSecond = _action == "idle" ? 0 : MegaByte,
                MismatchSectors = MismatchSectors,
                MemberBytesMin = MemberBytes,
            },
        };
        DiskReading[] disks = [.. _bays.Select(one => new DiskReading
        {
            Device = one.Value.Device,
            Serial = one.Value.Serial,
            Model = "Fake",
            SizeBytes = one.Value.SizeBytes,
            Bay = one.Key,
            Content = one.Value.Superblock.Length > 0 ? "a part of the array" : one.Value.Content,
            Superblock = one.Value.Superblock,
            Smart = Smart.GetValueOrDefault(one.Value.Serial),
        })];
        return new RaidReading { Time = _time.GetUtcNow(), Source = "memory", Problem = Problem, Arrays = [array], Disks = Problem is null ? disks : [] };
    }

    /// <inheritdoc/>
    public RaidAnswer Remove(ArrayReading array, string device) => Do($"remove {device}", () =>
    {
        FakeMember? member = _members.FirstOrDefault(member => member.Device == device);
        return member is not { State: MemberState.Faulty } ? RaidAnswer.Failed($"{device} has not failed.") : _members.Remove(member) ? RaidAnswer.Done : default;
    });

    /// <inheritdoc/>
    public RaidAnswer Add(ArrayReading array, string device) => Do($"add {device}", () =>
    {
        FakeDisk disk = _bays.Values.First(disk => disk.Device == device);
        if (_members.Any(member => member.Serial == disk.Serial && !member.IsGone))
        {
            return RaidAnswer.Failed($"{device} is a member.");
        }

        _members.RemoveAll(member => member.Serial == disk.Serial);
        int slot = Enumerable.Range(0, Slots).First(slot => !_members.Any(member => member.Slot == slot && member.State != MemberState.Faulty));
        bool isBack = disk.Superblock == Id;
        _members.Add(new FakeMember(device, disk.Serial, slot) { State = isBack ? MemberState.InSync : MemberState.Rebuilding });
        disk.Superblock = Id;
        _action = isBack ? _action : "recover";
        return RaidAnswer.Done;
    });

    /// <inheritdoc/>
    public RaidAnswer Request(ArrayReading array, SyncRequest request) => Do($"{request}", () =>
    {
        _action = request == SyncRequest.Check ? "check" : "idle";
        _syncSteps = 0;
        return RaidAnswer.Done;
    });

    /// <inheritdoc/>
    public RaidAnswer SetRate(ArrayReading array, RebuildRate rate) => Do($"rate {rate.MinMBs}-{rate.MaxMBs}", () => RaidAnswer.Done);

    /// <inheritdoc/>
    public void RefreshSmart() => Orders.Add("smart");

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private readonly Dictionary<string, FakeDisk> _table = [];
    private int _devices;

    private RaidAnswer Do(string what, Func<RaidAnswer> order)
    {
        Orders.Add(what);
        return Refusal is { } refusal ? RaidAnswer.Failed(refusal) : order();
    }

    private sealed class FakeDisk(string serial, long sizeBytes)
    {
        public string Serial => serial;

        public long SizeBytes => sizeBytes;

        public string Device { get; set; } = "";

        public string Content { get; init; } = "";

        public string Superblock { get; set; } = "";
    }

    private sealed class FakeMember(string device, string serial, int slot)
    {
        public string Device => device;

        public string Serial => serial;

        public int Slot => slot;

        public MemberState State { get; set; }

        public bool IsGone { get; set; }
    }
}
