using GatewayOS.Appliance.Updates;
using GatewayOS.Hardware.DBus;
using GatewayOS.Hardware.Updates;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Hardware.Tests.Updates;

/// <summary>The adapter against Debian's RAUC, which checks signatures, writes slots and GRUB's variables as on an appliance; the slots are files.</summary>
public sealed class RaucSlotsTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new("rauc");
    private readonly PrivateBus _bus;
    private readonly RaucService _rauc;
    private readonly RaucSlots _slots;

    public RaucSlotsTests()
    {
        _bus = new PrivateBus(_scratch);
        _rauc = new RaucService(_scratch, _bus);
        _slots = new RaucSlots(new DBusConnection(_bus.Address), _scratch.Path);
        Until.Holds(() => _slots.Read().Problem.Length == 0, "RAUC answers");
    }

    public void Dispose()
    {
        _slots.Dispose();
        _rauc.Dispose();
        _bus.Dispose();
        _scratch.Dispose();
    }

    [Fact]
    public void Slots_and_marks_are_those_of_the_boot_loader()
    {
        SlotsReading read = _slots.Read();
        Assert.Equal(("gatewayos-dev", false, "rootfs.0"), (read.Compatible, read.IsInstalling, read.Primary));
        Assert.Equal(["rootfs.0 A True True", "rootfs.1 B False True"], read.Slots.Select(slot => $"{slot.Name} {slot.BootName} {slot.IsBooted} {slot.IsGood}"));
        Assert.Equal(("", false, 0L, null), (read.Other!.Version, read.Other.IsWhole, read.Other.Installs, read.Other.Installed));
        Assert.True(_slots.Mark(SlotMark.Bad, "rootfs.1").IsDone);
        Assert.Equal("0", _rauc.BootVariable("B_OK"));
        Assert.False(_slots.Read().Other!.IsGood);
        Assert.Equal("", _slots.Read().Other!.Why);
        File.WriteAllText(_scratch["why-B"], "it did not start\n");
        Assert.Equal(("", "it did not start"), (_slots.Read().Booted!.Why, _slots.Read().Other!.Why));
        Assert.True(_slots.Mark(SlotMark.Good, "rootfs.1").IsDone);
        Assert.Equal("1", _rauc.BootVariable("B_OK"));
        Assert.Contains("rootfs.7", _slots.Mark(SlotMark.Bad, "rootfs.7").Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_bundle_is_known_by_its_signature_and_refused_without()
    {
        string good = _rauc.Bundle("good.raucb", "1.3.0");
        Assert.Equal(new BundleFacts("gatewayos-dev", "1.3.0", ""), _slots.Inspect(good));
        Assert.Equal(new BundleFacts("gatewayos-gw-1000", "1.3.0", ""), _slots.Inspect(_rauc.Bundle("other.raucb", "1.3.0", "gatewayos-gw-1000")));
        Refused(_rauc.Bundle("theirs.raucb", "1.3.0", key: "theirs"));
        byte[] bytes = File.ReadAllBytes(good);
        bytes[5000] ^= 1;
        File.WriteAllBytes(_scratch["altered.raucb"], bytes);
        Refused(_scratch["altered.raucb"]);
        File.WriteAllBytes(_scratch["cut.raucb"], bytes[..(bytes.Length / 2)]);
        Refused(_scratch["cut.raucb"]);
        Refused(_scratch["none.raucb"]);
    }

    [Fact]
    public void A_bundle_is_written_to_the_other_slot_which_is_started_next()
    {
        string bundle = _rauc.Bundle("good.raucb", "1.3.0");
        var steps = new List<InstallProgress>();
        SlotAnswer answer = _slots.Install(bundle, steps.Add, CancellationToken.None);
        Assert.True(answer.IsDone, answer.Problem);
        SlotsReading read = _slots.Read();
        Assert.Equal(("rootfs.1", "1.3.0", "gatewayos-dev", true, 1L), (read.Primary, read.Other!.Version, read.Other.Compatible, read.Other.IsWhole, read.Other.Installs));
        Assert.NotNull(read.Other.Installed);
        Assert.Equal(_rauc.Image(), _rauc.Slot("b", 262144));
        Assert.Equal("B A", _rauc.BootVariable("ORDER"));
        Assert.All(steps, step => Assert.InRange(step.Percent, 0, 100));

        // The next start is from there.
        _rauc.Start("B");
        Until.Holds(() => _slots.Read().Booted?.Name == "rootfs.1", "RAUC answers again");
        Assert.Equal("1.3.0", _slots.Read().Booted!.Version);
    }

    [Fact]
    public void What_RAUC_does_not_install_says_why()
    {
        SlotAnswer foreign = _slots.Install(_rauc.Bundle("other.raucb", "1.3.0", "gatewayos-gw-1000"), static _ => { }, CancellationToken.None);
        Assert.False(foreign.IsDone);
        Assert.Contains("ompatible", foreign.Problem, StringComparison.Ordinal);
        SlotAnswer unsigned = _slots.Install(_rauc.Bundle("theirs.raucb", "1.3.0", key: "theirs"), static _ => { }, CancellationToken.None);
        Assert.Contains("signature", unsigned.Problem, StringComparison.Ordinal);
        Assert.Equal("rootfs.0", _slots.Read().Primary);
        Assert.Equal("1", _rauc.BootVariable("A_OK"));
    }

    [Fact]
    public void Without_RAUC_or_a_bus_it_says_so_and_comes_back()
    {
        _rauc.Stop();
        Until.Holds(() => _slots.Read().Problem == "no RAUC on the system bus", "the missing service is told");
        Assert.Contains("no RAUC on the system bus", _slots.Inspect("/none").Problem, StringComparison.Ordinal);
        Assert.False(_slots.Mark(SlotMark.Good, "rootfs.0").IsDone);
        Assert.False(_slots.Install("/none", static _ => { }, CancellationToken.None).IsDone);
        _rauc.Start();
        Until.Holds(() => _slots.Read().Problem.Length == 0, "RAUC answers again");
    }

    private void Refused(string bundle) => Assert.Contains("not signed by a key that this machine trusts", _slots.Inspect(bundle).Problem, StringComparison.Ordinal);
}
