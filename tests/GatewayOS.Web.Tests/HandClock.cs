namespace GatewayOS.Web.Tests;

/// <summary>A clock that stands until a test moves it; its timers never ring.</summary>
internal sealed class HandClock : TimeProvider
{
    private static readonly DateTimeOffset s_start = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    private TimeSpan _passed;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => s_start + _passed;

    // Not zero at the start, as no machine's is.
    public override long GetTimestamp() => (_passed + TimeSpan.FromDays(1)).Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => new Silent();

    public void Pass(TimeSpan time) => _passed += time;

    private sealed class Silent : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
