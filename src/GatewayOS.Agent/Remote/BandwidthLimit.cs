namespace GatewayOS.Agent.Remote;

/// <summary>Holds senders back so that not more than so many bytes leave in a second, over any second or so.</summary>
/// <param name="bytesPerSecond">The limit; 0 for none.</param>
/// <param name="time">The clock.</param>
internal sealed class BandwidthLimit(long bytesPerSecond, TimeProvider time)
{
    // What may be sent at once after a pause.
    private static readonly TimeSpan s_burst = TimeSpan.FromMilliseconds(500);

    private readonly Lock _gate = new();
    private long _freeAt = time.GetTimestamp();

    /// <summary>Waits until these bytes may leave.</summary>
    public void Wait(int bytes, CancellationToken cancellation)
    {
        if (bytesPerSecond <= 0)
        {
            return;
        }

        TimeSpan wait;
        lock (_gate)
        {
            long now = time.GetTimestamp();
            long earliest = now - (long)(s_burst.TotalSeconds * time.TimestampFrequency);
            _freeAt = Math.Max(_freeAt, earliest) + (long)((double)bytes / bytesPerSecond * time.TimestampFrequency);
            wait = time.GetElapsedTime(now, _freeAt);
        }

        if (wait > TimeSpan.Zero)
        {
            _ = cancellation.WaitHandle.WaitOne(wait);
        }
    }
}
