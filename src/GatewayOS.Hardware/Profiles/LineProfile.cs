namespace GatewayOS.Hardware.Profiles;

/// <summary>A GPIO line. Chips are found by label: numbers change with the order in which drivers load.</summary>
/// <param name="ChipLabel">The chip's label.</param>
/// <param name="Line">The line's name.</param>
/// <param name="ActiveLow">True when the low level means yes.</param>
public record LineProfile(string ChipLabel, string Line, bool ActiveLow = false);

/// <summary>A channel of a hardware monitor (the kernel's Documentation/hwmon/sysfs-interface).</summary>
/// <param name="Chip">Content of its <c>name</c>.</param>
/// <param name="Input">The channel, without the attribute: <c>temp1</c>.</param>
public sealed record HwmonChannel(string Chip, string Input);
