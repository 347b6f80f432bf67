using System.Text;
using GatewayOS.Appliance.Raid;
using GatewayOS.Hardware.DBus;
using GatewayOS.Hardware.Profiles;
using GatewayOS.Hardware.Raid;

namespace GatewayOS.Hardware.Tests.Raid;

/// <summary>Objects of udisks 2.9.4, with the names and types of its interface description.</summary>
public sealed class UdisksObjectsTests
{
    private const string Blocks = "/org/freedesktop/UDisks2/block_devices/";
    private const string Array = "/org/freedesktop/UDisks2/mdraid/a";

    private readonly Dictionary<string, DBusValue> _objects = new()
    {
        ["/org/freedesktop/UDisks2/Manager"] = Interfaces(("Manager", [("Version", DBusValue.Of("2.9.4"))])),
        [Array] = Interfaces(("MDRaid", [("UUID", DBusValue.Of("9a0cb9c6:f6002c6a:bb6f6db7:3595862e")), ("Degraded", DBusValue.Of(1L)), ("SyncAction", DBusValue.Of("recover"))])),
    };

    public UdisksObjectsTests()
    {
        Block("md0", ("MDRaid", DBusValue.Of(Array)));
        Disk("sda", "S1", ("IdUsage", DBusValue.Of("raid")), ("IdType", DBusValue.Of("linux_raid_member")), ("IdUUID", DBusValue.Of("9A0CB9C6-f600-2c6a-bb6f-6db73595862e")), ("Symlinks", Names("/dev/disk/by-id/x", "/dev/disk/by-path/pci-1")));
        Disk("sdb", "S2");
    }

    [Fact]
    public void Arrays_and_disks_are_found()
    {
        UdisksObjects objects = Objects();
        Assert.Equal("2.9.4", objects.Version);
        Assert.Equal(Array, objects.ArrayOf("md0"));
        Assert.Null(objects.ArrayOf("sda"));
        Assert.Equal("9a0cb9c6f6002c6abb6f6db73595862e", objects.IdOf(Array));
        Assert.Equal(new BusView(1, "recover"), objects.ViewOf(Array));
        DiskReading[] disks = Disks();
        Assert.Equal([("sda", "S1", (int?)7), ("sdb", "S2", null)], disks.Select(disk => (disk.Device, disk.Serial, disk.Bay)));
        Assert.Equal(objects.IdOf(Array), disks[0].Superblock);
        Assert.Equal(("Maker Disk", 4096L, ""), (disks[1].Model, disks[1].SizeBytes, disks[1].Content));
        Assert.Null(disks[1].Smart);
    }

    [Fact]
    public void What_is_on_a_disk_is_told()
    {
        Disk("sdc", "S3", ("IdUsage", DBusValue.Of("filesystem")), ("IdType", DBusValue.Of("ext4")), ("IdLabel", DBusValue.Of("photos")));
        Add("sdc", "Filesystem", ("MountPoints", Names()));
        Disk("sdd", "S4");
        Add("sdd", "PartitionTable", ("Type", DBusValue.Of("gpt")));
        Block("sdd1", ("Drive", DBusValue.Of("/d/sdd")));
        Add("sdd1", "Partition", ("Table", DBusValue.Of(Blocks + "sdd")));
        Add("sdd1", "Filesystem", ("MountPoints", Names("/home")));
        DiskReading[] disks = Disks();
        Assert.Equal(["a part of the array", "", "ext4 'photos'", "a partition table (gpt) with 1 partitions"], disks.Select(disk => disk.Content));
        Assert.Equal([false, false, false, true], disks.Select(disk => disk.IsInUse));

        // A partition has no serial number of its own: it is no disk to replace.
        Assert.Equal("", Objects().SerialOf("sdd1"));
    }

    [Fact]
    public void Smart_is_read_with_its_units_and_what_it_does_not_say()
    {
        DBusValue Ata(double kelvin, long bad) => Interfaces(
            ("Drive", [("Serial", DBusValue.Of("S2"))]),
            ("Drive.Ata", [("SmartEnabled", DBusValue.Of(true)), ("SmartUpdated", DBusValue.Of(1_700_000_000UL)), ("SmartTemperature", DBusValue.Of(kelvin)), ("SmartNumBadSectors", DBusValue.Of(bad)), ("SmartSelftestStatus", DBusValue.Of("success")), ("SmartPowerOnSeconds", DBusValue.Of(7200UL))]));
        _objects["/d/sdb"] = Ata(308.15, 3);
        SmartReading smart = Disks()[1].Smart!;
        Assert.Equal((3L, 5L, "success", 2L), (smart.BadSectors, smart.PendingSectors, smart.SelfTest, smart.PoweredHours));
        Assert.Equal(35, smart.Celsius!.Value, precision: 3);
        _objects["/d/sdb"] = Ata(0, -1);
        smart = Disks()[1].Smart!;
        Assert.Null(smart.Celsius);
        Assert.Null(smart.BadSectors);
    }

    [Fact]
    public void Objects_that_lack_everything_are_no_error()
    {
        _objects[Blocks + "sdz"] = Interfaces(("Block", [("Device", DBusValue.Of("no bytes"))]));
        _objects["/odd"] = DBusValue.None;
        Assert.Equal(2, Disks().Length);
    }

    private UdisksObjects Objects() => new(DBusValue.Of(_objects));

    private DiskReading[] Disks() => [.. Objects().Disks([new BayProfile(7, "Bay 7", "pci-1")], _ => false, new Dictionary<string, long> { ["/d/sdb"] = 5 })];

    private void Disk(string name, string serial, params (string, DBusValue)[] properties)
    {
        Block(name, [("Drive", DBusValue.Of($"/d/{name}")), .. properties]);
        _objects[$"/d/{name}"] = Interfaces(("Drive", [("Serial", DBusValue.Of(serial)), ("Vendor", DBusValue.Of("Maker")), ("Model", DBusValue.Of("Disk"))]));
    }

    private void Block(string name, params (string, DBusValue)[] properties) => _objects[Blocks + name] = Interfaces(
        ("Block", [("Device", Name($"/dev/{name}")), ("Size", DBusValue.Of(4096UL)), ("Drive", DBusValue.Of("/")), ("MDRaid", DBusValue.Of("/")), .. properties]));

    private void Add(string block, string @interface, params (string, DBusValue)[] properties)
    {
        var fields = new Dictionary<string, DBusValue>(_objects[Blocks + block].Fields);
        fields.Add("org.freedesktop.UDisks2." + @interface, Properties(properties));
        _objects[Blocks + block] = DBusValue.Of(fields);
    }

    private static DBusValue Interfaces(params (string Name, (string, DBusValue)[] Properties)[] interfaces) =>
        DBusValue.Of(interfaces.ToDictionary(one => "org.freedesktop.UDisks2." + one.Name, one => Properties(one.Properties)));

    // The last one of a name counts.
    private static DBusValue Properties((string, DBusValue)[] properties)
    {
        var fields = new Dictionary<string, DBusValue>();
        foreach ((string name, DBusValue value) in properties)
        {
            fields[name] = value;
        }

        return DBusValue.Of(fields);
    }

    private static DBusValue Name(string text) => DBusValue.Of(Encoding.UTF8.GetBytes(text + "\0"));

    private static DBusValue Names(params string[] texts) => DBusValue.Of([.. texts.Select(Name)]);
}
