using System.Text.Json.Serialization;

namespace GatewayOS.Hardware.Raid.Virtual;

/// <summary>A disk that is a file: what is in it is what the disk says of itself. Nothing is stored on it.</summary>
/// <param name="Serial">Its serial number.</param>
/// <param name="SizeBytes">Its size, in bytes.</param>
/// <param name="Model">Its model.</param>
/// <param name="Content">What is on it, in words; empty for nothing.</param>
/// <param name="Superblock">ID of the array whose mark it carries; empty for none.</param>
/// <param name="HasFailed">True when it answers no more: an array throws it out.</param>
/// <param name="IsFailing">True when it expects to fail.</param>
/// <param name="BadSectors">Sectors that were replaced, wait for it or could not be.</param>
/// <param name="PendingSectors">Sectors that cannot be read now.</param>
/// <param name="Celsius">Degrees Celsius.</param>
/// <param name="PoweredHours">How long it has run, in hours.</param>
public sealed record VirtualDisk(
    string Serial, long SizeBytes, string Model = "Virtual disk", string Content = "", string Superblock = "", bool HasFailed = false, bool IsFailing = false, long BadSectors = 0, long PendingSectors = 0, double Celsius = 34, long PoweredHours = 0);

/// <summary>A disk as it was last seen in a bay.</summary>
/// <param name="Bay">The bay.</param>
/// <param name="Serial">Its serial number.</param>
/// <param name="Device">The name of its device: another one with each time it is plugged, as the kernel does.</param>
internal sealed record VirtualSeat(int Bay, string Serial, string Device);

/// <summary>A member of the virtual array.</summary>
/// <param name="Device">The name of its device when it became one.</param>
/// <param name="Serial">Its serial number.</param>
/// <param name="Slot">Its slot, from 0.</param>
/// <param name="State">How it stands.</param>
internal sealed record VirtualMember(string Device, string Serial, int Slot, VirtualMemberState State);

/// <summary>How a member of the virtual array stands.</summary>
internal enum VirtualMemberState
{
    /// <summary>It has all its data.</summary>
    InSync,

    /// <summary>It is being filled.</summary>
    Rebuilding,

    /// <summary>It failed and is still in its bay.</summary>
    Failed,

    /// <summary>It was pulled.</summary>
    Gone,
}

/// <summary>The virtual array as it is kept: a restart finds it as it was, and begins what was going on anew.</summary>
internal sealed record VirtualArrayDocument
{
    /// <summary>Bytes of each member.</summary>
    public required long MemberBytes { get; init; }

    /// <summary>Slots.</summary>
    public required int Slots { get; init; }

    /// <summary>What goes on, in the kernel's words: <c>idle</c>, <c>recover</c>, <c>check</c>.</summary>
    public string Action { get; init; } = "idle";

    /// <summary>Devices that there were so far.</summary>
    public int Devices { get; init; }

    /// <summary>Which disk is in which bay.</summary>
    public IReadOnlyList<VirtualSeat> Seats { get; init; } = [];

    /// <summary>The members.</summary>
    public IReadOnlyList<VirtualMember> Members { get; init; } = [];
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, RespectNullableAnnotations = true, WriteIndented = true)]
[JsonSerializable(typeof(VirtualDisk))]
[JsonSerializable(typeof(VirtualArrayDocument))]
internal sealed partial class VirtualArrayJson : JsonSerializerContext;
