using GatewayOS.Appliance.Raid;

namespace GatewayOS.Appliance.Tests.Raid;

/// <summary>Facts for verdicts: arrays of disks D0, D1 … of which the last ones may be missing.</summary>
internal static class Facts
{
    public static DateTimeOffset Now { get; } = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    public static ArrayReading Array(string level, int slots, int missing) => new()
    {
        Id = "a",
        Name = "md0",
        Level = level,
        Slots = slots,
        Members = [.. Enumerable.Range(0, slots - missing).Select(slot => new MemberReading($"sd{slot}", $"D{slot}", slot, MemberState.InSync))],
        Bus = new BusView(missing, "idle"),
        Kernel = new KernelView { ArrayState = "clean", Degraded = missing, Layout = 0x102, MemberBytesMin = 1000 },
    };

    public static RaidReading Reading(ArrayReading array) => new() { Time = Now, Source = "test", Arrays = [array], Disks = [.. array.Members.Select(member => Disk(member.Serial))] };

    public static DiskReading Disk(string serial) => new() { Device = $"sd{serial}", Serial = serial, SizeBytes = 1000 };

    public static DiskHealth? Good(string serial) => new(DiskState.Good, []);
}
