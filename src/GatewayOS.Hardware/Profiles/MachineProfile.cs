namespace GatewayOS.Hardware.Profiles;

/// <summary>A network port.</summary>
/// <param name="Name">Its interface.</param>
/// <param name="Label">What is printed on it.</param>
/// <param name="Role"><c>lan</c> or <c>management</c>.</param>
public sealed record NicProfile(string Name, string Label, string Role = "lan");

/// <summary>A serial console.</summary>
/// <param name="Device">Its device.</param>
/// <param name="Baud">Its speed, bit/s.</param>
public sealed record SerialProfile(string Device, int Baud);

/// <summary>A hardware watchdog.</summary>
/// <param name="Device">Its device.</param>
/// <param name="TimeoutSeconds">It resets the machine after so long without a sign of life.</param>
public sealed record WatchdogProfile(string Device, int TimeoutSeconds);

/// <summary>A TPM.</summary>
/// <param name="Device">Its device.</param>
/// <param name="Required">True when the model always has one.</param>
public sealed record TpmProfile(string Device, bool Required);
