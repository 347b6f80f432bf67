namespace GatewayOS.Hardware;

/// <summary>Timestamps as the kernel gives them with events.</summary>
internal static class MonotonicTime
{
    /// <summary>The present timestamp, ns; CLOCK_MONOTONIC with the system's clock.</summary>
    public static long TimestampNs(this TimeProvider time) => (long)(time.GetTimestamp() * (1e9 / time.TimestampFrequency));
}
