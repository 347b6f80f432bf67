using System.Globalization;
using GatewayOS.Appliance.Raid;

namespace GatewayOS.Hardware.Raid;

/// <summary>md arrays as the kernel shows them in sysfs (Documentation/admin-guide/md.rst of Linux 6.1).</summary>
/// <param name="root">Where sysfs is mounted.</param>
internal sealed class MdSysfs(string root)
{
    private const int SectorBytes = 512;
    private const int ArraysMax = 64;

    /// <summary>Names of the arrays' devices.</summary>
    public IReadOnlyList<string> Arrays()
    {
        try
        {
            return [.. Directory.GetDirectories(Path.Join(root, "block"), "md*").Where(path => Directory.Exists(Path.Join(path, "md"))).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal).Take(ArraysMax)];
        }
        catch (IOException)
        {
            // Without a kernel that has block devices there are no arrays.
            return [];
        }
    }

    /// <summary>True while a device is there.</summary>
    public bool IsThere(string device) => Directory.Exists(Path.Join(root, "class/block", device)) || Directory.Exists(Path.Join(root, "block", device));

    /// <summary>True when something else than an array holds a whole disk, as device mapper does.</summary>
    public bool IsHeld(string device)
    {
        string holders = Path.Join(root, "block", device, "holders");
        return Directory.Exists(holders) && Directory.GetFileSystemEntries(holders).Any(holder => !Path.GetFileName(holder).StartsWith("md", StringComparison.Ordinal));
    }

    /// <summary>Reads an array; its ID is the caller's matter.</summary>
    /// <returns>Null when it is gone.</returns>
    public ArrayReading? Read(string name)
    {
        if (Text(name, "array_state") is not { } state)
        {
            return null;
        }

        MemberReading[] members = [.. Members(name)];
        (long done, long total) = Completed(Text(name, "sync_completed"));
        return new ArrayReading
        {
            Id = "",
            Name = name,
            Level = Text(name, "level") ?? "",
            SizeBytes = Number(KernelFile.Read(Path.Join(root, "block", name, "size"))) * SectorBytes,
            Slots = (int)Number(Text(name, "raid_disks")),
            Members = members,
            Kernel = new KernelView
            {
                ArrayState = state,
                Degraded = (int)Number(Text(name, "degraded")),
                SyncAction = Text(name, "sync_action") ?? "idle",
                Layout = (int)Number(Text(name, "layout")),
                SyncDoneBytes = done * SectorBytes,
                SyncTotalBytes = total * SectorBytes,
                SyncBytesPerSecond = Number(Text(name, "sync_speed")) * 1024,
                MismatchSectors = Number(Text(name, "mismatch_cnt")),
                MemberBytesMin = Number(Text(name, "component_size")) * 1024 + DataOffset(name) * SectorBytes,
                RateMinMBs = FromKibibytes(Number(Text(name, "sync_speed_min"))),
                RateMaxMBs = FromKibibytes(Number(Text(name, "sync_speed_max"))),
            },
        };
    }

    /// <summary>The UUID the kernel shows, digits only; empty on kernels that show none.</summary>
    public string IdOf(string name) => string.Concat((Text(name, "uuid") ?? "").Where(char.IsAsciiHexDigit));

    /// <summary>Sets the pace of rebuilds.</summary>
    public RaidAnswer SetRate(string name, RebuildRate rate) =>
        Write(name, "sync_speed_max", ToKibibytes(rate.MaxMBs)) is { IsDone: false } failed ? failed : Write(name, "sync_speed_min", ToKibibytes(rate.MinMBs));

    /// <summary>Takes out a member whose device is gone, so that udisks2 has no object for it.</summary>
    public RaidAnswer RemoveGone(string name, string device) => Write(name, $"dev-{device}/state", "remove");

    private IEnumerable<MemberReading> Members(string name)
    {
        foreach (string entry in MemberEntries(name).Order(StringComparer.Ordinal))
        {
            string device = Path.GetFileName(entry)["dev-".Length..];
            string slot = KernelFile.Read(Path.Join(entry, "slot")) ?? "none";
            if (KernelFile.Read(Path.Join(entry, "state")) is { } states)
            {
                yield return new MemberReading(
                    device, "", int.TryParse(slot, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : -1, StateOf(states.Split(','), slot, IsThere(device)), Number(KernelFile.Read(Path.Join(entry, "errors"))));
            }
        }
    }

    // md learns of a disk that was pulled only by its next error; a device that is not there has failed whatever md says.
    private static MemberState StateOf(string[] states, string slot, bool isThere) => states switch
    {
        _ when !isThere || states.Contains("faulty") => MemberState.Faulty,
        _ when states.Contains("in_sync") => MemberState.InSync,
        _ when states.Contains("spare") && slot != "none" => MemberState.Rebuilding,
        _ when states.Contains("spare") => MemberState.Spare,
        _ => MemberState.Unknown,
    };

    private long DataOffset(string name) => MemberEntries(name).Select(entry => Number(KernelFile.Read(Path.Join(entry, "offset")))).DefaultIfEmpty(0).Max();

    private string[] MemberEntries(string name)
    {
        try
        {
            return Directory.GetFileSystemEntries(Path.Join(root, "block", name, "md"), "dev-*");
        }
        catch (IOException)
        {
            // The array is being stopped; the next look will show it.
            return [];
        }
    }

    // "done / total" in sectors; "none" and "delayed" otherwise.
    private static (long Done, long Total) Completed(string? text)
    {
        string[] parts = (text ?? "").Split('/', StringSplitOptions.TrimEntries);
        return parts.Length == 2 ? (Number(parts[0]), Number(parts[1])) : (0, 0);
    }

    // md speaks of KiB, people of MB.
    private static string ToKibibytes(int megabytes) => (megabytes * 1_000_000L / 1024).ToString(CultureInfo.InvariantCulture);

    private static int FromKibibytes(long kibibytes) => (int)Math.Round(kibibytes * 1024 / 1e6);

    private string? Text(string name, string attribute) => KernelFile.Read(Path.Join(root, "block", name, "md", attribute));

    // The first word that is a number: some attributes add where it comes from, as "1000 (system)".
    private static long Number(string? text) => text is not null && long.TryParse(text.Split(' ')[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) ? number : 0;

    private RaidAnswer Write(string name, string attribute, string value)
    {
        string path = Path.Join(root, "block", name, "md", attribute);
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
            file.Write(System.Text.Encoding.ASCII.GetBytes(value));
            return RaidAnswer.Done;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return RaidAnswer.Failed($"{path} cannot be set to '{value}': {error.Message}");
        }
    }
}
