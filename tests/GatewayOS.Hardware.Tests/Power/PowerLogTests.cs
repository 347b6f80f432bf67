using GatewayOS.Appliance.Power;
using GatewayOS.Hardware.Power;
using GatewayOS.Store.Storage;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Hardware.Tests.Power;

/// <summary>Records of power failures, whole, torn and wrapped around.</summary>
public sealed class PowerLogTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new("power-log");

    public void Dispose() => _scratch.Dispose();

    private PowerLog Open() => PowerLog.Open(new PosixDisk(_scratch.Path));

    [Fact]
    public void A_record_is_read_as_it_was_written()
    {
        using (PowerLog log = Open())
        {
            log.Write(Failure(1));
        }

        using PowerLog again = Open();
        PowerFailure read = Assert.Single(again.Read());
        Assert.Equivalent(Failure(1) with { Number = 1, RanOnMs = 9 }, read);
    }

    [Fact]
    public void The_last_that_the_machine_went_dark_with_is_told_of_once()
    {
        using (PowerLog log = Open())
        {
            log.Write(Failure(1));
            log.RanOn(37, PowerOutcome.Lost);
        }

        using PowerLog again = Open();
        Assert.Equal(37, again.TakeUnreported()!.RanOnMs);
        Assert.Null(again.TakeUnreported());
        Assert.Equal(37, Assert.Single(again.Read()).RanOnMs);
        again.Write(Failure(2));
        again.RanOn(3, PowerOutcome.Resumed);
        Assert.Null(again.TakeUnreported());
    }

    [Fact]
    public void The_oldest_gives_way()
    {
        using PowerLog log = Open();
        for (int i = 1; i <= PowerLog.SlotsMax + 3; i++)
        {
            log.Write(Failure(i));
            log.RanOn(i, PowerOutcome.Resumed);
        }

        IReadOnlyList<PowerFailure> read = log.Read();
        Assert.Equal(Enumerable.Range(4, PowerLog.SlotsMax).Select(number => (long)number), read.Select(failure => failure.Number));
        Assert.All(read, failure => Assert.Equal(failure.Number, failure.RanOnMs));
    }

    // Power fails while the record of its failing is written: any byte may be the last.
    [Theory]
    [InlineData(0, 512, 1)]
    [InlineData(512, 1024, 2)]
    public void A_torn_record_is_left_out_and_a_torn_end_costs_only_itself(int from, int to, int left)
    {
        for (int at = from; at < to; at += 31)
        {
            File.Delete(_scratch["power.log"]);
            using (PowerLog log = Open())
            {
                log.Write(Failure(1));
                log.Write(Failure(2));
                log.RanOn(70, PowerOutcome.Resumed);
            }

            byte[] bytes = File.ReadAllBytes(_scratch["power.log"]);
            bytes[(2 * 1024) + at] ^= 0xff;
            File.WriteAllBytes(_scratch["power.log"], bytes);
            using PowerLog again = Open();
            Assert.Equal(left, again.Read().Count);
            Assert.Equal(9, again.Read()[^1].RanOnMs);
        }
    }

    [Fact]
    public void Writing_changes_neither_length_nor_blocks()
    {
        using PowerLog log = Open();
        string before = Shell.Run($"stat -c '%s %b' '{_scratch["power.log"]}'");
        log.Write(Failure(1));
        log.RanOn(5, PowerOutcome.Lost);
        Assert.Equal(before, Shell.Run($"stat -c '%s %b' '{_scratch["power.log"]}'"));
    }

    private static PowerFailure Failure(int second) => new(0, DateTimeOffset.FromUnixTimeSeconds(second), 120, 9500, ["trusted time"], ["packs"], 16, 7, 0, PowerOutcome.Lost);
}
