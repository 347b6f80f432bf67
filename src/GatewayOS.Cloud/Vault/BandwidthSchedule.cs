namespace GatewayOS.Cloud.Vault;

/// <summary>A part of the day in which not more than so much is sent.</summary>
/// <param name="From">Begin, by this machine's clock.</param>
/// <param name="To">End; the same as the begin means the whole day, before it across midnight.</param>
/// <param name="BytesPerSecond">The limit.</param>
public sealed record BandwidthWindow(TimeOnly From, TimeOnly To, long BytesPerSecond)
{
    /// <summary>Smallest limit, in bytes a second: below it a part of an upload does not arrive before its request is given up.</summary>
    public const long BytesPerSecondMin = 64 * 1024;

    /// <summary>True when a time of day belongs to it.</summary>
    public bool Contains(TimeOnly time) => From == To || time.IsBetween(From, To);
}

/// <summary>Holds what is sent to a vault back to a limit that depends on the hour. Thread-safe: all who send share it.</summary>
/// <param name="windows">The limits; the first that holds the time counts. Outside of all there is none.</param>
/// <param name="time">The clock.</param>
public sealed class BandwidthSchedule(IReadOnlyList<BandwidthWindow> windows, TimeProvider time)
{
    // What may be sent at once after a pause.
    private static readonly TimeSpan s_burst = TimeSpan.FromMilliseconds(250);

    private readonly Lock _gate = new();
    private long _freeAt = time.GetTimestamp();

    /// <summary>The limit now, in bytes a second; null for none.</summary>
    public long? BytesPerSecond
    {
        get
        {
            var now = TimeOnly.FromDateTime(time.GetLocalNow().DateTime);
            return windows.FirstOrDefault(window => window.Contains(now))?.BytesPerSecond;
        }
    }

    /// <summary>Waits until these bytes may leave.</summary>
    public Task TakeAsync(int bytes, CancellationToken cancellation)
    {
        if (BytesPerSecond is not { } limit)
        {
            return Task.CompletedTask;
        }

        TimeSpan wait;
        lock (_gate)
        {
            long now = time.GetTimestamp();
            long earliest = now - (long)(s_burst.TotalSeconds * time.TimestampFrequency);
            _freeAt = Math.Max(_freeAt, earliest) + (long)((double)bytes / limit * time.TimestampFrequency);
            wait = time.GetElapsedTime(now, _freeAt);
        }

        return wait > TimeSpan.Zero ? Task.Delay(wait, time, cancellation) : Task.CompletedTask;
    }
}
