using GatewayOS.Appliance.Raid;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Appliance.Tests.Raid;

/// <summary>What disks say of themselves over time.</summary>
public sealed class DiskHistoryTests : IDisposable
{
    private static readonly DateTimeOffset s_begin = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly ScratchDirectory _scratch = new("disk-history");

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Samples_are_an_hour_apart_and_survive_a_restart()
    {
        using (DiskHistory history = Open())
        {
            for (int minutes = 0; minutes <= 180; minutes += 10)
            {
                history.Note(Reading("A", s_begin.AddMinutes(minutes), celsius: minutes));
            }

            // One that says nothing of some of it, and one that says nothing at all.
            history.Note(Reading("B", s_begin, celsius: null));
            history.Note(new RaidReading { Time = s_begin, Source = "test", Disks = [new DiskReading { Device = "sdc", Serial = "C" }] });
        }

        using DiskHistory again = Open();
        again.Note(Reading("A", s_begin.AddMinutes(190), celsius: 190));
        Assert.Equal([0, 60, 120, 180], again.Of("A").Select(sample => sample.Celsius));
        Assert.Equal(new SmartSample(s_begin, null, 3, 1000, "success"), Assert.Single(again.Of("B")));
        Assert.Empty(again.Of("C"));
    }

    [Fact]
    public void What_is_older_than_the_bound_goes_and_so_many_disks_are_kept()
    {
        using DiskHistory history = Open();
        history.Note(Reading("old", s_begin, celsius: 20));
        for (int i = 0; i < DiskHistory.DisksMax + 5; i++)
        {
            history.Note(Reading($"disk {i}", s_begin.AddDays(DiskHistory.DaysMax), celsius: 20));
        }

        Assert.Single(history.Of("old"));
        Assert.Empty(history.Of($"disk {DiskHistory.DisksMax}"));
        history.Note(Reading("old", s_begin.AddDays(DiskHistory.DaysMax).AddHours(1), celsius: 30));
        Assert.Equal(30, Assert.Single(history.Of("old")).Celsius);
    }

    [Fact]
    public void A_damaged_file_is_begun_anew_and_told()
    {
        File.WriteAllText(_scratch["disks.db"], new string('x', 5000));
        var told = new List<string>();
        using var history = new DiskHistory(_scratch["disks.db"], told.Add);
        Assert.Contains("disks.db is damaged", Assert.Single(told), StringComparison.Ordinal);
        history.Note(Reading("A", s_begin, celsius: 20));
        Assert.Single(history.Of("A"));
    }

    private static RaidReading Reading(string serial, DateTimeOffset time, double? celsius) => new()
    {
        Time = time,
        Source = "test",
        Disks = [new DiskReading { Device = "sda", Serial = serial, Smart = new SmartReading { Updated = time, Celsius = celsius, BadSectors = 3, PoweredHours = 1000, SelfTest = "success" } }],
    };

    private DiskHistory Open() => new(_scratch["disks.db"], Assert.Fail);
}
