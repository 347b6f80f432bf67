using System.Globalization;
using GatewayOS.Appliance.Raid;
using GatewayOS.Hardware.DBus;
using GatewayOS.Hardware.Profiles;

namespace GatewayOS.Hardware.Raid;

/// <summary>The objects of udisks2, as <c>GetManagedObjects</c> returns them, read into facts. Pure.</summary>
internal sealed class UdisksObjects
{
    private const string Prefix = "org.freedesktop.UDisks2.";
    private const string ByPath = "/dev/disk/by-path/";
    private const double KelvinOfZeroCelsius = 273.15;

    private readonly IReadOnlyDictionary<string, DBusValue> _objects;
    private readonly Dictionary<string, string> _blocks = new(StringComparer.Ordinal);

    public UdisksObjects(DBusValue objects)
    {
        _objects = objects.Fields;
        foreach ((string path, DBusValue interfaces) in _objects)
        {
            if (interfaces[Prefix + "Block"] is { Fields.Count: > 0 } block)
            {
                _blocks[NameOf(block)] = path;
            }
        }
    }

    /// <summary>The version of udisksd; empty when it does not say.</summary>
    public string Version => _objects.Values.Select(interfaces => interfaces[Prefix + "Manager"]["Version"].Text).FirstOrDefault(version => version.Length > 0) ?? "";

    /// <summary>Paths of the drives that speak ATA.</summary>
    public IEnumerable<string> AtaDrives => _objects.Where(one => one.Value[Prefix + "Drive.Ata"]["SmartEnabled"].IsTrue).Select(one => one.Key);

    /// <summary>Path of a block device's object; null when there is none.</summary>
    public string? BlockOf(string device) => _blocks.GetValueOrDefault(device);

    /// <summary>Path of the object of the array that a block device is; null when there is none.</summary>
    public string? ArrayOf(string device) => BlockOf(device) is { } path && Block(path)["MDRaid"].Text is { Length: > 1 } array && _objects.ContainsKey(array) ? array : null;

    /// <summary>The array's UUID, digits only.</summary>
    public string IdOf(string array) => Digits(_objects[array][Prefix + "MDRaid"]["UUID"].Text);

    /// <summary>What udisks2 says of an array.</summary>
    public BusView ViewOf(string array)
    {
        DBusValue raid = _objects[array][Prefix + "MDRaid"];
        return new BusView((int)raid["Degraded"].Whole, raid["SyncAction"].Text is { Length: > 0 } action ? action : "idle");
    }

    /// <summary>Serial number of the disk that a device is or is a part of; empty when unknown. A partition has none of its own: it is no disk that could be replaced.</summary>
    public string SerialOf(string device) => BlockOf(device) is { } path && !IsPartition(path) ? Drive(path)["Serial"].Text : "";

    /// <summary>The whole disks.</summary>
    /// <param name="bays">Where bays are.</param>
    /// <param name="isHeld">Whether something else than an array holds a disk.</param>
    /// <param name="pending">Unreadable sectors, by the drive's path.</param>
    public IEnumerable<DiskReading> Disks(IReadOnlyList<BayProfile> bays, Func<string, bool> isHeld, IReadOnlyDictionary<string, long> pending)
    {
        foreach ((string device, string path) in _blocks.OrderBy(one => one.Key, StringComparer.Ordinal))
        {
            DBusValue block = Block(path);
            if (block["Drive"].Text is not { Length: > 1 } drivePath || IsPartition(path))
            {
                continue;
            }

            DBusValue drive = Drive(path);
            string[] links = [.. block["Symlinks"].Items.Select(link => link.FileName).Where(link => link.StartsWith(ByPath, StringComparison.Ordinal)).Select(link => link[ByPath.Length..])];
            string[] parts = [.. _objects.Where(one => one.Value[Prefix + "Partition"]["Table"].Text == path).Select(one => one.Key)];
            bool isMember = block["IdType"].Text == "linux_raid_member";
            yield return new DiskReading
            {
                Device = device,
                Serial = drive["Serial"].Text,
                Model = $"{drive["Vendor"].Text} {drive["Model"].Text}".Trim(),
                SizeBytes = block["Size"].Whole,
                Bay = bays.FirstOrDefault(bay => links.Contains(bay.ByPath))?.No,
                Content = ContentOf(path, parts),
                IsInUse = isHeld(device) || IsUsed(path) || parts.Any(IsUsed),
                Superblock = isMember ? Digits(block["IdUUID"].Text) : "",
                Smart = SmartOf(drivePath, pending),
            };
        }
    }

    private static string NameOf(DBusValue block) => Path.GetFileName(block["Device"].FileName);

    private static string Digits(string uuid) => string.Concat(uuid.Where(char.IsAsciiHexDigit)).ToLowerInvariant();

    private DBusValue Block(string path) => _objects[path][Prefix + "Block"];

    private DBusValue Drive(string path) => _objects.GetValueOrDefault(Block(path)["Drive"].Text, DBusValue.None)[Prefix + "Drive"];

    private bool IsPartition(string path) => _objects[path][Prefix + "Partition"].Fields.Count > 0;

    private bool IsUsed(string path) => _objects[path][Prefix + "Filesystem"]["MountPoints"].Items.Count > 0 || _objects[path][Prefix + "Swapspace"]["Active"].IsTrue;

    private string ContentOf(string path, string[] parts)
    {
        DBusValue block = Block(path);
        if (_objects[path][Prefix + "PartitionTable"] is { Fields.Count: > 0 } table)
        {
            return string.Create(CultureInfo.InvariantCulture, $"a partition table ({table["Type"].Text}) with {parts.Length} partitions");
        }

        string label = block["IdLabel"].Text is { Length: > 0 } text ? $" '{text}'" : "";
        return (block["IdUsage"].Text, block["IdType"].Text) switch
        {
            ("", "") => "",
            ("raid", "linux_raid_member") => $"a part of the array{label}",
            (_, { } type) => $"{type}{label}",
        };
    }

    private SmartReading? SmartOf(string drivePath, IReadOnlyDictionary<string, long> pending)
    {
        DBusValue ata = _objects.GetValueOrDefault(drivePath, DBusValue.None)[Prefix + "Drive.Ata"];
        if (!ata["SmartEnabled"].IsTrue || ata["SmartUpdated"].Whole == 0)
        {
            return null;
        }

        return new SmartReading
        {
            Updated = DateTimeOffset.FromUnixTimeSeconds(ata["SmartUpdated"].Whole),
            IsFailing = ata["SmartFailing"].IsTrue,
            Celsius = ata["SmartTemperature"].Number is > 0 and { } kelvin ? kelvin - KelvinOfZeroCelsius : null,
            BadSectors = ata["SmartNumBadSectors"].Whole is >= 0 and { } bad ? bad : null,
            PendingSectors = pending.TryGetValue(drivePath, out long sectors) ? sectors : null,
            SelfTest = ata["SmartSelftestStatus"].Text,
            PoweredHours = ata["SmartPowerOnSeconds"].Whole is > 0 and { } seconds ? seconds / 3600 : null,
        };
    }
}
