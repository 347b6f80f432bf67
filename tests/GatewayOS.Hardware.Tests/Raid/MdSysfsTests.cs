using GatewayOS.Appliance.Raid;
using GatewayOS.Hardware.Raid;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Hardware.Tests.Raid;

/// <summary>The kernel's files, as Linux 6.1 writes them.</summary>
public sealed class MdSysfsTests : IDisposable
{
    private readonly ScratchDirectory _sysfs = new("sysfs");

    public MdSysfsTests()
    {
        foreach ((string name, string text) in ((string, string)[])
        [
            ("array_state", "active"), ("level", "raid5"), ("raid_disks", "4"), ("degraded", "1"), ("layout", "2"), ("sync_action", "recover"), ("sync_completed", "31744 / 126976"), ("sync_speed", "1024"),
            ("mismatch_cnt", "0"), ("component_size", "63488"), ("sync_speed_min", "9765 (local)"), ("sync_speed_max", "200000 (system)"), ("uuid", "9a0cb9c6-f600-2c6a-bb6f-6db73595862e"),
        ])
        {
            Put($"block/md0/md/{name}", text);
        }

        Put("block/md0/size", "380928");
        Member("sda", "in_sync", "0");
        Member("sdb", "faulty", "none", isThere: false);
        Member("sdc", "in_sync,write_mostly", "2");
        Member("sdd", "in_sync", "3", isThere: false);
        Member("sde", "spare", "1");
        Member("sdf", "spare", "none");
    }

    public void Dispose() => _sysfs.Dispose();

    [Fact]
    public void An_array_is_read_whole()
    {
        var kernel = new MdSysfs(_sysfs.Path);
        Assert.Equal(["md0"], kernel.Arrays());
        ArrayReading array = kernel.Read("md0")!;
        Assert.Equal(("raid5", 4, 195_035_136L), (array.Level, array.Slots, array.SizeBytes));
        Assert.Equal(
            new KernelView
            {
                ArrayState = "active",
                Degraded = 1,
                SyncAction = "recover",
                Layout = 2,
                SyncDoneBytes = 16_252_928,
                SyncTotalBytes = 65_011_712,
                SyncBytesPerSecond = 1_048_576,
                MemberBytesMin = 63488 * 1024 + 4096 * 512,
                RateMinMBs = 10,
                RateMaxMBs = 205,
            },
            array.Kernel);
        Assert.Equal("9a0cb9c6f6002c6abb6f6db73595862e", kernel.IdOf("md0"));
    }

    [Fact]
    public void A_member_whose_device_is_gone_has_failed_whatever_md_says() => Assert.Equal(
        [("sda", 0, MemberState.InSync), ("sdb", -1, MemberState.Faulty), ("sdc", 2, MemberState.InSync), ("sdd", 3, MemberState.Faulty), ("sde", 1, MemberState.Rebuilding), ("sdf", -1, MemberState.Spare)],
        new MdSysfs(_sysfs.Path).Read("md0")!.Members.Select(member => (member.Device, member.Slot, member.State)));

    [Fact]
    public void A_pace_is_written_in_the_kernels_unit()
    {
        var kernel = new MdSysfs(_sysfs.Path);
        Assert.True(kernel.SetRate("md0", new RebuildRate(10, 200)).IsDone);
        Assert.Equal("9765", File.ReadAllText(_sysfs["block/md0/md/sync_speed_min"])[..4]);
        Assert.False(kernel.SetRate("md9", new RebuildRate(10, 200)).IsDone);
    }

    [Fact]
    public void An_array_that_is_gone_is_none() => Assert.Null(new MdSysfs(_sysfs.Path).Read("md9"));

    [Fact]
    public void Without_block_devices_there_is_none() => Assert.Empty(new MdSysfs(_sysfs["empty"]).Arrays());

    private void Member(string device, string state, string slot, bool isThere = true)
    {
        Put($"block/md0/md/dev-{device}/state", state);
        Put($"block/md0/md/dev-{device}/slot", slot);
        Put($"block/md0/md/dev-{device}/errors", "0");
        Put($"block/md0/md/dev-{device}/offset", "4096");
        if (isThere)
        {
            Directory.CreateDirectory(_sysfs[$"block/{device}"]);
        }
    }

    private void Put(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_sysfs[path])!);
        File.WriteAllText(_sysfs[path], text + "\n");
    }
}
