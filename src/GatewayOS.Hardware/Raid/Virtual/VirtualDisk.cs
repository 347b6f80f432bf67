using System.Text.Json.Serialization;

namespace GatewayOS.Hardware.Raid.Virtual;

/// <summary>A disk that is a file: what is in it is what the disk says of itself. Nothing is stored on it.</summary>
public sealed record VirtualDisk
{
    /// <summary>Its serial number.</summary>
    public required string Serial { get; init; }

    /// <summary>Its model.</summary>
    public string Model { get; init; } = "Virtual disk";

    /// <summary>Its size, in bytes.</summary>
    public required long SizeBytes { get; init; }

    /// <summary>What is on it, in words; empty for nothing.</summary>
    public string Content { get; init; } = "";

    /// <summary>ID of the array whose mark it carries; empty for none.</summary>
    public string Superblock { get; init; } = "";

    /// <summary>True when it answers no more: an array throws it out.</summary>
    public bool HasFailed { get; init; }

    /// <summary>True when it expects to fail.</summary>
    public bool IsFailing { get; init; }

    /// <summary>Sectors that were replaced, wait for it or could not be.</summary>
    public long BadSectors { get; init; }

    /// <summary>Sectors that cannot be read now.</summary>
    public long PendingSectors { get; init; }

    /// <summary>Degrees Celsius.</summary>
    public double Celsius { get; init; } = 34;

    /// <summary>How long it has run, in hours.</summary>
    public long PoweredHours { get; init; }
}

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

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, WriteIndented = true)]
[JsonSerializable(typeof(VirtualDisk))]
[JsonSerializable(typeof(VirtualArrayDocument))]
internal sealed partial class VirtualArrayJson : JsonSerializerContext;
