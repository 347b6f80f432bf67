namespace GatewayOS.TestKit.Simulated;

/// <summary>A clock that stands still until it is moved.</summary>
/// <param name="start">Its first reading.</param>
public sealed class SimulatedClock(DateTimeOffset start) : TimeProvider
{
    private DateTimeOffset _now = start;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => _now;

    /// <summary>Moves the clock on.</summary>
    public void Advance(TimeSpan by) => _now += by;
}
