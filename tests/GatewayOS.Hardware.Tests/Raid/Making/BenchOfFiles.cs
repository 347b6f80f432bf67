using System.Buffers.Binary;
using System.Text;
using GatewayOS.Appliance.Raid;
using GatewayOS.Hardware.Raid.Making;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Hardware.Tests.Raid.Making;

/// <summary>Disks that are files, and an array that is one more. Power goes off where a test says.</summary>
internal sealed class BenchOfFiles(ScratchDirectory scratch) : IArrayBench
{
    public const int DiskBytes = 4 * 1024 * 1024;

    private readonly List<DiskReading> _disks = [];
    private ArrayReading? _array;
    private string? _mounted;

    /// <summary>What was done, in order.</summary>
    public List<string> Done { get; } = [];

    /// <summary>The power goes off before this is done: <c>create</c>, <c>format</c> or <c>mount</c>; with <c>after-</c>, once it is done.</summary>
    public string PowerCutAt { get; set; } = "";

    /// <summary>What udisks2 answers to the making, though the array comes about.</summary>
    public string CreateError { get; set; } = "";

    /// <summary>Runs at each wait.</summary>
    public Action<int>? Settled { get; set; }

    private int _waits;

    public void Plug(int bay, string content = "", bool isInUse = false, string superblock = "", byte[]? bytes = null, int at = 0)
    {
        string device = $"sd{(char)('a' + bay)}";
        using (FileStream file = File.Create(scratch[device]))
        {
            file.SetLength(DiskBytes);
            file.Position = at;
            file.Write(bytes ?? []);
        }

        _disks.RemoveAll(disk => disk.Device == device);
        _disks.Add(new DiskReading { Device = device, Serial = $"S{bay}", Model = "Maker Disk", SizeBytes = DiskBytes, Bay = bay, Content = content, IsInUse = isInUse, Superblock = superblock });
    }

    public void HaveArray(string? label, byte[]? bytes = null)
    {
        MakeArray([.. _disks.Select(disk => disk.Device)]);
        if (label is not null)
        {
            WriteLabel(label);
        }

        if (bytes is not null)
        {
            using FileStream file = File.OpenWrite(scratch["md127"]);
            file.Position = DiskBytes / 2;
            file.Write(bytes);
        }
    }

    /// <summary>The machine starts again: nothing is mounted, what is on disks stays.</summary>
    public void Restart() => (_mounted, PowerCutAt) = (null, "");

    public RaidReading Read() => new() { Time = DateTimeOffset.UnixEpoch, Source = "files", Disks = [.. _disks], Arrays = _array is null ? [] : [_array] };

    public Stream Open(string device) => File.OpenRead(scratch[device]);

    public RaidAnswer Empty(string device)
    {
        Done.Add($"empty {device}");
        int at = _disks.FindIndex(disk => disk.Device == device);
        _disks[at] = _disks[at] with { Content = "", Superblock = "" };
        return RaidAnswer.Done;
    }

    public RaidAnswer Create(string level, string name, IReadOnlyList<string> devices)
    {
        Cut("create");
        Done.Add($"create {level} {string.Join(' ', devices)}");
        MakeArray(devices);
        Cut("after-create");
        return CreateError.Length > 0 ? RaidAnswer.Failed(CreateError) : RaidAnswer.Done;
    }

    public RaidAnswer Format(string device, string label)
    {
        Cut("format");
        Done.Add($"format {device}");
        WriteLabel(label);
        Cut("after-format");
        return RaidAnswer.Done;
    }

    public RaidAnswer Mount(string device, string directory)
    {
        Cut("mount");
        Done.Add($"mount {device}");
        _mounted = directory;
        return RaidAnswer.Done;
    }

    public bool IsMounted(string directory) => _mounted == directory;

    public void Settle() => Settled?.Invoke(++_waits);

    private void MakeArray(IReadOnlyList<string> devices)
    {
        using (FileStream file = File.Create(scratch["md127"]))
        {
            file.SetLength(DiskBytes);
        }

        for (int at = 0; at < _disks.Count; at++)
        {
            if (devices.Contains(_disks[at].Device))
            {
                _disks[at] = _disks[at] with { Superblock = "abc", Content = "a part of the array" };
            }
        }

        MemberReading[] members = [.. devices.Select((device, slot) => new MemberReading(device, _disks.First(disk => disk.Device == device).Serial, slot, MemberState.InSync))];
        _array = new ArrayReading { Id = "abc", Name = "md127", Level = "raid5", SizeBytes = DiskBytes, Slots = devices.Count, Members = members, Kernel = new KernelView { ArrayState = "clean" } };
    }

    private void WriteLabel(string label)
    {
        byte[] block = new byte[1024];
        BinaryPrimitives.WriteUInt16LittleEndian(block.AsSpan(56), 0xEF53);
        Encoding.ASCII.GetBytes(label).CopyTo(block, 120);
        using FileStream file = File.OpenWrite(scratch["md127"]);
        file.Position = 1024;
        file.Write(block);
    }

    private void Cut(string at)
    {
        if (PowerCutAt == at)
        {
            throw new PowerCutException();
        }
    }
}

/// <summary>The power went off.</summary>
internal sealed class PowerCutException : Exception;
