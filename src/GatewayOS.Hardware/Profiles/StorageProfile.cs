using System.Text.Json.Serialization;

namespace GatewayOS.Hardware.Profiles;

/// <summary>Who makes the array.</summary>
public enum StorageMode
{
    /// <summary>Linux md.</summary>
    [JsonStringEnumMemberName("md")]
    Md,

    /// <summary>A hardware RAID controller.</summary>
    [JsonStringEnumMemberName("hwraid")]
    HardwareRaid,
}

/// <summary>Where the store's disks are.</summary>
/// <param name="Mode">Who makes the array.</param>
/// <param name="Bays">Drive bays, each number once.</param>
/// <param name="Level">RAID level as md names it: <c>raid1</c>, <c>raid5</c>, <c>raid6</c>, <c>raid10</c>; null where the model does not say.</param>
/// <param name="Spares">Hot spares of the array.</param>
public sealed record StorageProfile([property: JsonConverter(typeof(JsonStringEnumConverter<StorageMode>))] StorageMode Mode, IReadOnlyList<BayProfile> Bays, string? Level = null, int Spares = 0);

/// <summary>A drive bay.</summary>
/// <param name="No">Its number, 1 to 64.</param>
/// <param name="Label">What is printed on it.</param>
/// <param name="ByPath">Name in <c>/dev/disk/by-path</c> of a disk in it; behind a controller, its enclosure and slot: <c>252:1</c>.</param>
/// <param name="Identify">The LED that shows its state; null without one.</param>
public sealed record BayProfile(int No, string Label, string ByPath, string? Identify = null);

/// <summary>A hardware RAID controller.</summary>
/// <param name="Driver">The tool whose JSON is read: <c>storcli</c>.</param>
/// <param name="CacheProtection">What keeps its write cache over a power cut: <c>none</c>, <c>battery</c>, <c>supercap</c>.</param>
public sealed record ControllerProfile(string Driver, string CacheProtection);

/// <summary>Rates of rebuilding an array, 10^6 bytes a second.</summary>
/// <param name="MinMBs">Beside backups.</param>
/// <param name="MaxMBs">Otherwise.</param>
public sealed record RebuildProfile(int MinMBs, int MaxMBs);
