using GatewayOS.Appliance.Raid;
using GatewayOS.Hardware.DBus;
using GatewayOS.Hardware.Profiles;

namespace GatewayOS.Hardware.Raid;

/// <summary>
/// md arrays through udisks2 on the system bus, together with what the kernel says of them in sysfs. udisks2 gives UUIDs, disks, serial numbers and SMART,
/// and changes arrays; how an array is says the kernel, for udisks2 hears of changes late.
/// </summary>
public sealed class UdisksRaid : IRaidHealth
{
    private const string Service = "org.freedesktop.UDisks2";
    private const string Root = "/org/freedesktop/UDisks2";
    private const string Array = Service + ".MDRaid";
    private const int PendingAttribute = 197;

    // Of all disks at once, on a machine that has just started.
    private static readonly TimeSpan s_createMax = TimeSpan.FromSeconds(120);

    // mdadm waits for the kernel and, when it adds a disk, for the superblock to be written.
    private static readonly TimeSpan s_changeMax = TimeSpan.FromSeconds(60);

    private readonly DBusConnection _bus;
    private readonly MdSysfs _kernel;
    private readonly IReadOnlyList<BayProfile> _bays;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, string> _ids = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _pending = new(StringComparer.Ordinal);
    private UdisksObjects? _objects;

    /// <summary>Makes the adapter.</summary>
    /// <param name="bus">The system bus; the adapter's from then on.</param>
    /// <param name="sysfs">Where sysfs is mounted.</param>
    /// <param name="bays">Where bays are.</param>
    /// <param name="time">The clock.</param>
    public UdisksRaid(DBusConnection bus, string sysfs, IReadOnlyList<BayProfile> bays, TimeProvider time)
    {
        (_bus, _kernel, _bays, _time) = (bus, new MdSysfs(sysfs), bays, time);
        bus.Signal += _ => Changed?.Invoke();
        bus.ConnectionChanged += () => Changed?.Invoke();
        bus.Match($"type='signal',sender='{Service}'");
        bus.Match($"type='signal',sender='{DBusConnection.BusName}',member='NameOwnerChanged',arg0='{Service}'");
    }

    /// <inheritdoc/>
    public event Action? Changed;

    /// <inheritdoc/>
    public RaidReading Read()
    {
        lock (_gate)
        {
            DateTimeOffset now = _time.GetUtcNow();
            DBusReply reply = _bus.Objects(Service, Root);
            _objects = reply.Error is null ? new UdisksObjects(reply.First) : null;
            var arrays = new List<ArrayReading>();
            foreach (string name in _kernel.Arrays())
            {
                if (_kernel.Read(name) is { } kernel)
                {
                    arrays.Add(Join(kernel, _objects));
                }
            }

            return new RaidReading
            {
                Time = now,
                Source = _objects is null ? "the kernel alone" : $"udisks2 {_objects.Version} and the kernel",
                Problem = reply.Error is { } error ? WordsOf(error) : null,
                Arrays = arrays,
                Disks = _objects is null ? [] : [.. _objects.Disks(_bays, _kernel.IsHeld, _pending)],
            };
        }
    }

    /// <inheritdoc/>
    public RaidAnswer Remove(ArrayReading array, string device)
    {
        lock (_gate)
        {
            // udisks2 would have a member that works fail first.
            if (_kernel.Read(array.Name)?.Members.FirstOrDefault(member => member.Device == device) is { State: not MemberState.Faulty } member)
            {
                return RaidAnswer.Failed($"{device} has not failed: it is {member.State}.");
            }

            return BlockOf(device) is { } block
                ? Change(array, "RemoveDevice", new DBusArgument.Path(block), NoOptions)
                : _kernel.IsThere(device) ? RaidAnswer.Failed($"udisks2 does not know the disk {device}. It is tried again.") : _kernel.RemoveGone(array.Name, device);
        }
    }

    /// <inheritdoc/>
    public RaidAnswer Add(ArrayReading array, string device)
    {
        lock (_gate)
        {
            if (_objects is null || BlockOf(device) is not { } block)
            {
                return RaidAnswer.Failed($"udisks2 does not know the disk {device}. It is tried again.");
            }

            DiskReading? disk = _objects.Disks(_bays, _kernel.IsHeld, _pending).FirstOrDefault(disk => disk.Device == device);
            if (disk is { Content.Length: > 0 } && disk.Superblock != array.Id)
            {
                // What was on it is given up; a file system's mark that stayed could have it mounted one day.
                if (EmptyBlock(device, block) is { IsDone: false } failed)
                {
                    return failed;
                }
            }

            return Change(array, "AddDevice", new DBusArgument.Path(block), NoOptions);
        }
    }

    /// <summary>Takes the marks of what was on a disk away: what it holds is lost.</summary>
    /// <param name="device">Its device, as of the last reading.</param>
    public RaidAnswer Empty(string device)
    {
        lock (_gate)
        {
            return BlockOf(device) is { } block ? EmptyBlock(device, block) : RaidAnswer.Failed($"udisks2 does not know the disk {device}. A retry helps once it does.");
        }
    }

    /// <summary>Makes an array. Where this fails it may have come about all the same, for udisks2 hears of what mdadm has done by itself, and late: read again.</summary>
    /// <param name="level">As md names it.</param>
    /// <param name="name">Its name.</param>
    /// <param name="devices">Its disks, in the order of their slots, as of the last reading.</param>
    public RaidAnswer Create(string level, string name, IReadOnlyList<string> devices)
    {
        lock (_gate)
        {
            string[] blocks = [.. devices.Select(BlockOf).OfType<string>()];
            if (blocks.Length != devices.Count)
            {
                return RaidAnswer.Failed($"udisks2 does not know all of {string.Join(", ", devices)}. A retry helps once it does.");
            }

            DBusReply made = _bus.Call(new DBusCall(Service, Root + "/Manager", Service + ".Manager", "MDRaidCreate")
            {
                Arguments = [new DBusArgument.Paths(blocks), new DBusArgument.Text(level), new DBusArgument.Text(name), new DBusArgument.Number(0), NoOptions],
                Timeout = s_createMax,
            });

            // What is new on the disks is read by nobody unless somebody asks.
            foreach (string block in blocks)
            {
                _bus.Call(new DBusCall(Service, block, Service + ".Block", "Rescan") { Arguments = [NoOptions] });
            }

            return made.Error is { } error ? RaidAnswer.Failed($"udisks2 answers to the making of the array with {error.Name}: {error.Message}") : RaidAnswer.Done;
        }
    }

    /// <inheritdoc/>
    public RaidAnswer Request(ArrayReading array, SyncRequest request)
    {
        lock (_gate)
        {
            return Change(array, "RequestSyncAction", new DBusArgument.Text(request == SyncRequest.Check ? "check" : "idle"), NoOptions);
        }
    }

    /// <inheritdoc/>
    public RaidAnswer SetRate(ArrayReading array, RebuildRate rate) => _kernel.SetRate(array.Name, rate);

    /// <inheritdoc/>
    public void RefreshSmart()
    {
        lock (_gate)
        {
            foreach (string drive in _objects?.AtaDrives ?? [])
            {
                // A disk that sleeps or does not answer keeps its old figures, with their age.
                _bus.Call(new DBusCall(Service, drive, Service + ".Drive.Ata", "SmartUpdate") { Arguments = [NoOptions], Timeout = s_changeMax });
                DBusReply attributes = _bus.Call(new DBusCall(Service, drive, Service + ".Drive.Ata", "SmartGetAttributes") { Arguments = [NoOptions] });
                foreach (DBusValue attribute in attributes.First.Items.Where(attribute => attribute.Items.Count > 6 && attribute.Items[0].Whole == PendingAttribute))
                {
                    _pending[drive] = attribute.Items[6].Whole;
                }
            }
        }
    }

    /// <summary>Ends the connection to the bus.</summary>
    public void Dispose() => _bus.Dispose();

    private static DBusArgument.Options NoOptions => new();

    private static string WordsOf(DBusError error) => error switch
    {
        { Name: DBusError.Disconnected } => "there is no system bus",
        { IsServiceMissing: true } => "no udisks2 on the system bus",
        _ => $"udisks2 does not answer ({error.Message})",
    };

    private ArrayReading Join(ArrayReading kernel, UdisksObjects? objects)
    {
        string? path = objects?.ArrayOf(kernel.Name);
        string id = path is not null ? objects!.IdOf(path) : _kernel.IdOf(kernel.Name);
        id = id.Length > 0 ? id : _ids.GetValueOrDefault(kernel.Name, kernel.Name);
        _ids[kernel.Name] = id;
        return kernel with
        {
            Id = id,
            Bus = path is null ? null : objects!.ViewOf(path),
            Members = objects is null ? kernel.Members : [.. kernel.Members.Select(member => member with { Serial = _kernel.IsThere(member.Device) ? objects.SerialOf(member.Device) : "" })],
        };
    }

    private RaidAnswer EmptyBlock(string device, string block)
    {
        DBusReply emptied = _bus.Call(new DBusCall(Service, block, Service + ".Block", "Format") { Arguments = [new DBusArgument.Text("empty"), NoOptions], Timeout = s_changeMax });
        return emptied.Error is { } error ? RaidAnswer.Failed($"The disk {device} cannot be emptied: {error.Message}") : RaidAnswer.Done;
    }

    private string? BlockOf(string device) => _objects?.BlockOf(device);

    private RaidAnswer Change(ArrayReading array, string method, params DBusArgument[] arguments)
    {
        if (_objects?.ArrayOf(array.Name) is not { } path)
        {
            return RaidAnswer.Failed($"udisks2 does not know the array {array.Name}. It is tried again.");
        }

        DBusReply reply = _bus.Call(new DBusCall(Service, path, Array, method) { Arguments = arguments, Timeout = s_changeMax });
        return reply.Error is { } error ? RaidAnswer.Failed($"udisks2: {error.Message}") : RaidAnswer.Done;
    }
}
