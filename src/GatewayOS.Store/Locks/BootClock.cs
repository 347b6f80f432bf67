using System.Globalization;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Locks;

/// <summary>What clocks say at one instant.</summary>
/// <param name="BootId">Names this run of the machine.</param>
/// <param name="SinceBoot">Time since it was started, sleep included; nobody can set it.</param>
/// <param name="Wall">The clock that people set.</param>
public readonly record struct ClockReading(string BootId, TimeSpan SinceBoot, DateTimeOffset Wall);

/// <summary>Reads clocks for <see cref="TrustedTime"/>.</summary>
public interface IBootClock
{
    /// <summary>Reads them.</summary>
    ClockReading Read();
}

/// <summary>This machine's clocks: <c>/proc/sys/kernel/random/boot_id</c> and CLOCK_BOOTTIME (clock_gettime(2)).</summary>
/// <param name="wall">The clock that people set.</param>
public sealed class MachineClock(TimeProvider wall) : IBootClock
{
    private const string BootIdFile = "/proc/sys/kernel/random/boot_id";

    private static readonly Lazy<string> s_bootId = new(() => File.ReadAllText(BootIdFile).Trim().ToLower(CultureInfo.InvariantCulture));

    /// <inheritdoc/>
    public ClockReading Read() => new(s_bootId.Value, Libc.SinceBoot(), wall.GetUtcNow());
}
