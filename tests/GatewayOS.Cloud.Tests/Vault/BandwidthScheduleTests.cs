using GatewayOS.Cloud.Vault;

namespace GatewayOS.Cloud.Tests.Vault;

public sealed class BandwidthScheduleTests
{
    private static readonly BandwidthWindow[] s_windows = [new(new TimeOnly(8, 0), new TimeOnly(18, 0), 100_000), new(new TimeOnly(22, 0), new TimeOnly(6, 0), 900_000)];

    [Theory]
    [InlineData("07:59", null)]
    [InlineData("08:00", 100_000L)]
    [InlineData("17:59", 100_000L)]
    [InlineData("18:00", null)]
    [InlineData("23:30", 900_000L)]
    [InlineData("05:59", 900_000L)]
    [InlineData("06:00", null)]
    public void The_hour_decides(string time, long? expected) =>
        Assert.Equal(expected, new BandwidthSchedule(s_windows, new HandClock { Now = TimeOnly.Parse(time, System.Globalization.CultureInfo.InvariantCulture) }).BytesPerSecond);

    [Fact]
    public async Task What_is_sent_waits_for_its_turn()
    {
        var clock = new HandClock { Now = new TimeOnly(9, 0) };
        var schedule = new BandwidthSchedule(s_windows, clock);
        _ = schedule.TakeAsync(25_000, CancellationToken.None);
        _ = schedule.TakeAsync(100_000, CancellationToken.None);
        _ = schedule.TakeAsync(50_000, CancellationToken.None);
        Assert.Equal([TimeSpan.FromSeconds(0.25), TimeSpan.FromSeconds(1.25), TimeSpan.FromSeconds(1.75)], clock.Waits.Select(wait => TimeSpan.FromMilliseconds(Math.Round(wait.TotalMilliseconds))));
        clock.Now = new TimeOnly(20, 0);
        await schedule.TakeAsync(100_000_000, CancellationToken.None);
    }

    private sealed class HandClock : TimeProvider
    {
        public TimeOnly Now { get; set; }

        public List<TimeSpan> Waits { get; } = [];

        public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

        // One second before: what may be sent at once is there from the beginning.
        public override long GetTimestamp() => 0;

        public override DateTimeOffset GetUtcNow() => new(new DateOnly(2026, 1, 1), Now, TimeSpan.Zero);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Waits.Add(dueTime);
            return System.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, period);
        }
    }
}
