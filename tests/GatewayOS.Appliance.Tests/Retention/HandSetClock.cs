using GatewayOS.Store.Locks;

namespace GatewayOS.Appliance.Tests.Retention;

/// <summary>A machine's clocks in a simulated month: time that really passes, and what the clock shows that anybody sets.</summary>
internal sealed class HandSetClock(DateTimeOffset start) : TimeProvider, IBootClock
{
    /// <summary>Time that really passed.</summary>
    public TimeSpan Run { get; private set; }

    /// <summary>How far the clock is off.</summary>
    public TimeSpan Off { get; set; }

    public override DateTimeOffset GetUtcNow() => start + Run + Off;

    public ClockReading Read() => new("boot", Run, GetUtcNow());

    public void Pass(TimeSpan time) => Run += time;
}
