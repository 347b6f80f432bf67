namespace GatewayOS.Appliance.Settings;

/// <summary>A clock that shows the zone of the appliance's settings, whatever that of the machine is.</summary>
/// <param name="inner">The clock.</param>
/// <param name="settings">The settings.</param>
public sealed class ApplianceTime(TimeProvider inner, ApplianceSettings settings) : TimeProvider
{
    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => settings.Zone;

    /// <inheritdoc/>
    public override long TimestampFrequency => inner.TimestampFrequency;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => inner.GetUtcNow();

    /// <inheritdoc/>
    public override long GetTimestamp() => inner.GetTimestamp();

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => inner.CreateTimer(callback, state, dueTime, period);
}
