using System.Globalization;
using System.Text.Json;
using GatewayOS.Appliance.Raid;
using GatewayOS.Hardware.Profiles;
using GatewayOS.Store.Storage;

namespace GatewayOS.Hardware.Raid.Virtual;

/// <summary>
/// An array of disks that are files (<see cref="VirtualBays"/>), for machines without a hardware of their own: everything above the port is what runs on
/// real disks. It stores nothing and protects nothing, and says so as its source. Rebuilds and checks take the time they would at the governed pace.
/// </summary>
public sealed class VirtualArray : IRaidHealth
{
    /// <summary>Size of the disks that it begins with, in bytes: at 1 GB/s filled within seconds.</summary>
    public const long DiskBytesDefault = 4_000_000_000;

    /// <summary>Directory of the bays, in the state directory.</summary>
    public const string BaysDirectory = "virtual-bays";

    private const string FileName = "virtual-array.json";
    private const string Idle = "idle";
    private const string Recover = "recover";
    private const string Checking = "check";
    private const string LevelDefault = "raid5";
    private const string Id = "00000000000000000000000000000001";
    private const double BytesPerMegabyte = 1e6;

    // What md keeps for itself before the data: rounded to the same for all members.
    private const long ReservedBytes = 4 * 1024 * 1024;

    private readonly StateDirectory _state;
    private readonly TimeProvider _time;
    private readonly VirtualBays _bays;
    private readonly string _level;
    private readonly Lock _gate = new();
    private VirtualArrayDocument _array;
    private RebuildRate _rate = new(1, 100);
    private double _doneBytes;
    private long _doneAt;

    /// <summary>Opens the array, making it when there is none yet: of the disks that are in the bays, else of a new one in each.</summary>
    /// <param name="state">Where it is kept.</param>
    /// <param name="storage">Bays and level of the profile.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="InvalidDataException">What was kept is damaged.</exception>
    public VirtualArray(StateDirectory state, StorageProfile storage, TimeProvider time)
    {
        (_state, _time, _level) = (state, time, storage.Level ?? LevelDefault);
        _bays = new VirtualBays(state.PathOf(BaysDirectory), storage.Bays, () => Changed?.Invoke());
        _array = Open(storage);
        _doneAt = time.GetTimestamp();
    }

    /// <inheritdoc/>
    public event Action? Changed;

    /// <inheritdoc/>
    public RaidReading Read()
    {
        lock (_gate)
        {
            var reading = new RaidReading { Time = _time.GetUtcNow(), Source = "virtual disks, on which nothing is stored" };
            try
            {
                IReadOnlyDictionary<int, VirtualDisk> disks = Look();
                return reading with { Arrays = [ArrayOf(disks)], Disks = [.. disks.Select(disk => DiskOf(disk.Key, disk.Value, reading.Time))] };
            }
            catch (InvalidDataException error)
            {
                return reading with { Problem = error.Message };
            }
        }
    }

    /// <inheritdoc/>
    public RaidAnswer Remove(ArrayReading array, string device) => Do(_ =>
    {
        if (_array.Members.FirstOrDefault(member => member.Device == device) is not { State: VirtualMemberState.Failed or VirtualMemberState.Gone } member)
        {
            return RaidAnswer.Failed($"{device} has not failed.");
        }

        Keep(_array with { Members = [.. _array.Members.Where(one => one != member)] });
        return RaidAnswer.Done;
    });

    /// <inheritdoc/>
    public RaidAnswer Add(ArrayReading array, string device) => Do(disks =>
    {
        if (_array.Seats.FirstOrDefault(seat => seat.Device == device) is not { } seat)
        {
            return RaidAnswer.Failed($"{device} is not there any more.");
        }

        if (_array.Members.Any(member => member.Device == device))
        {
            return RaidAnswer.Failed($"{device} is a member.");
        }

        // A disk that was pulled and is back has missed nothing, as nothing is written.
        VirtualMember? before = _array.Members.FirstOrDefault(member => member.Serial == seat.Serial && member.State == VirtualMemberState.Gone && !IsFilled(member.Slot));
        int slot = before?.Slot ?? Enumerable.Range(0, _array.Slots).FirstOrDefault(one => !IsFilled(one), -1);
        if (slot < 0)
        {
            return RaidAnswer.Failed("No slot is empty.");
        }

        _bays.Write(seat.Bay, disks[seat.Bay] with { Superblock = Id, Content = "" });
        VirtualMember added = new(device, seat.Serial, slot, before is null ? VirtualMemberState.Rebuilding : VirtualMemberState.InSync);
        Begin(before is null ? Recover : _array.Action, [.. _array.Members.Where(member => member.Slot != slot && member.Serial != seat.Serial), added]);
        return RaidAnswer.Done;
    });

    /// <inheritdoc/>
    public RaidAnswer Request(ArrayReading array, SyncRequest request) => Do(_ =>
    {
        Begin(request == SyncRequest.Check ? Checking : Idle, _array.Members);
        return RaidAnswer.Done;
    });

    /// <inheritdoc/>
    public RaidAnswer SetRate(ArrayReading array, RebuildRate rate) => Do(_ =>
    {
        _rate = rate;
        return RaidAnswer.Done;
    });

    /// <inheritdoc/>
    public void RefreshSmart()
    {
        // What a disk says is read with every look.
    }

    /// <inheritdoc/>
    public void Dispose() => _bays.Dispose();

    private RaidAnswer Do(Func<IReadOnlyDictionary<int, VirtualDisk>, RaidAnswer> order)
    {
        lock (_gate)
        {
            try
            {
                return order(Look());
            }
            catch (Exception error) when (error is IOException or InvalidDataException or UnauthorizedAccessException)
            {
                return RaidAnswer.Failed(error.Message);
            }
        }
    }

    // What is in the bays now, what has come and gone since, and how far work has got.
    private IReadOnlyDictionary<int, VirtualDisk> Look()
    {
        IReadOnlyDictionary<int, VirtualDisk> disks = _bays.Read();
        VirtualArrayDocument next = _array;
        foreach (VirtualSeat left in next.Seats.Where(seat => disks.GetValueOrDefault(seat.Bay)?.Serial != seat.Serial).ToArray())
        {
            next = Lose(next, left.Device, VirtualMemberState.Gone) with { Seats = [.. next.Seats.Where(seat => seat != left)] };
        }

        foreach ((int bay, VirtualDisk disk) in disks)
        {
            if (next.Seats.FirstOrDefault(seat => seat.Bay == bay) is not { } seat)
            {
                seat = new VirtualSeat(bay, disk.Serial, DeviceOf(next.Devices + 1));
                next = next with { Devices = next.Devices + 1, Seats = [.. next.Seats, seat] };
            }

            next = disk.HasFailed ? Lose(next, seat.Device, VirtualMemberState.Failed) : next;
        }

        Keep(Proceed(next));
        return disks;
    }

    // A member that fails while it works is lost; one that failed before can still be pulled.
    private static VirtualArrayDocument Lose(VirtualArrayDocument array, string device, VirtualMemberState how)
    {
        if (array.Members.FirstOrDefault(member => member.Device == device && member.State < how) is not { } lost)
        {
            return array;
        }

        bool endsWork = lost.State == VirtualMemberState.Rebuilding || array.Action == Checking;
        return array with { Members = [.. array.Members.Select(member => member == lost ? lost with { State = how } : member)], Action = endsWork ? Idle : array.Action };
    }

    private VirtualArrayDocument Proceed(VirtualArrayDocument next)
    {
        long now = _time.GetTimestamp();
        if (next.Action == Idle)
        {
            (_doneBytes, _doneAt) = (0, now);
            return next;
        }

        _doneBytes += _time.GetElapsedTime(_doneAt, now).TotalSeconds * PaceBytes;
        _doneAt = now;
        return _doneBytes < next.MemberBytes
            ? next
            : next with { Action = Idle, Members = [.. next.Members.Select(member => member.State == VirtualMemberState.Rebuilding ? member with { State = VirtualMemberState.InSync } : member)] };
    }

    private double PaceBytes => _rate.MaxMBs * BytesPerMegabyte;

    private bool IsFilled(int slot) => _array.Members.Any(member => member.Slot == slot && member.State is VirtualMemberState.InSync or VirtualMemberState.Rebuilding);

    private void Begin(string action, IReadOnlyList<VirtualMember> members)
    {
        (_doneBytes, _doneAt) = (0, _time.GetTimestamp());
        Keep(_array with { Action = action, Members = members });
    }

    private ArrayReading ArrayOf(IReadOnlyDictionary<int, VirtualDisk> disks)
    {
        bool isWorking = _array.Action != Idle;
        int degraded = _array.Slots - _array.Members.Count(member => member.State == VirtualMemberState.InSync);
        return new ArrayReading
        {
            Id = Id,
            Name = "md0",
            Level = _level,
            Slots = _array.Slots,
            SizeBytes = _array.MemberBytes * Math.Max(1, _array.Slots - (_level switch { "raid6" => 2, "raid1" => _array.Slots - 1, "raid10" => _array.Slots / 2, _ => 1 })),
            Members = [.. _array.Members.Select(MemberOf)],
            Bus = new BusView(degraded, _array.Action),
            Kernel = new KernelView
            {
                ArrayState = "clean",
                Degraded = degraded,
                SyncAction = _array.Action,
                Layout = _level == "raid10" ? 0x102 : 0,
                SyncDoneBytes = isWorking ? (long)Math.Min(_doneBytes, _array.MemberBytes) : 0,
                SyncTotalBytes = isWorking ? _array.MemberBytes : 0,
                SyncBytesPerSecond = isWorking ? (long)PaceBytes : 0,
                MemberBytesMin = _array.MemberBytes + ReservedBytes,
                RateMinMBs = _rate.MinMBs,
                RateMaxMBs = _rate.MaxMBs,
            },
        };
    }

    private static MemberReading MemberOf(VirtualMember member) => member.State switch
    {
        VirtualMemberState.InSync => new MemberReading(member.Device, member.Serial, member.Slot, MemberState.InSync),
        VirtualMemberState.Rebuilding => new MemberReading(member.Device, member.Serial, member.Slot, MemberState.Rebuilding),
        VirtualMemberState.Failed => new MemberReading(member.Device, member.Serial, -1, MemberState.Faulty),

        // Whose device is gone has no serial number any more.
        _ => new MemberReading(member.Device, "", -1, MemberState.Faulty),
    };

    private DiskReading DiskOf(int bay, VirtualDisk disk, DateTimeOffset now) => new()
    {
        Device = _array.Seats.First(seat => seat.Bay == bay).Device,
        Serial = disk.Serial,
        Model = disk.Model,
        SizeBytes = disk.SizeBytes,
        Bay = bay,
        Content = disk.Superblock.Length > 0 ? "a part of an array" : disk.Content,
        Superblock = disk.Superblock,
        Smart = new SmartReading { Updated = now, IsFailing = disk.IsFailing, Celsius = disk.Celsius, BadSectors = disk.BadSectors, PendingSectors = disk.PendingSectors, PoweredHours = disk.PoweredHours },
    };

    private void Keep(VirtualArrayDocument array)
    {
        if (array != _array)
        {
            _state.Replace(FileName, JsonSerializer.SerializeToUtf8Bytes(array, VirtualArrayJson.Default.VirtualArrayDocument));
            _array = array;
        }
    }

    private VirtualArrayDocument Open(StorageProfile storage)
    {
        if (_state.Read(FileName) is { } kept)
        {
            try
            {
                return JsonSerializer.Deserialize(kept, VirtualArrayJson.Default.VirtualArrayDocument) ?? throw new JsonException("it is empty");
            }
            catch (JsonException error)
            {
                throw new InvalidDataException($"{_state.PathOf(FileName)} is damaged: {error.Message} Delete it and {_state.PathOf(BaysDirectory)}: a new virtual array is made.", error);
            }
        }

        if (_bays.Read().Count == 0)
        {
            foreach (BayProfile bay in storage.Bays)
            {
                _bays.Put(bay.No, new VirtualDisk($"VIRTUAL-{bay.No.ToString(CultureInfo.InvariantCulture)}", DiskBytesDefault));
            }
        }

        IReadOnlyDictionary<int, VirtualDisk> disks = _bays.Read();
        foreach ((int bay, VirtualDisk disk) in disks)
        {
            _bays.Write(bay, disk with { Superblock = Id, Content = "" });
        }

        VirtualSeat[] seats = [.. disks.Select((disk, i) => new VirtualSeat(disk.Key, disk.Value.Serial, DeviceOf(i + 1)))];
        var made = new VirtualArrayDocument
        {
            MemberBytes = Math.Max(disks.Values.Min(disk => disk.SizeBytes) - ReservedBytes, 1),
            Slots = seats.Length,
            Devices = seats.Length,
            Seats = seats,
            Members = [.. seats.Select((seat, i) => new VirtualMember(seat.Device, seat.Serial, i, VirtualMemberState.InSync))],
        };
        _state.Replace(FileName, JsonSerializer.SerializeToUtf8Bytes(made, VirtualArrayJson.Default.VirtualArrayDocument));
        return made;
    }

    private static string DeviceOf(int number) => $"vd{number.ToString(CultureInfo.InvariantCulture)}";
}
