using GatewayOS.Appliance.Raid;

namespace GatewayOS.Appliance.Tests.Raid;

public sealed class RedundancyTests
{
    private const int Near2 = 0x102;
    private const int Far2 = 0x201;

    [Theory]
    [InlineData("raid1", 0, 2, "01", 1)]
    [InlineData("raid1", 0, 2, "1", 0)]
    [InlineData("raid1", 0, 3, "", -1)]
    [InlineData("raid5", 0, 4, "0123", 1)]
    [InlineData("raid5", 0, 4, "013", 0)]
    [InlineData("raid5", 0, 4, "03", -1)]
    [InlineData("raid6", 0, 5, "01234", 2)]
    [InlineData("raid6", 0, 5, "034", 0)]
    [InlineData("raid6", 0, 5, "34", -1)]
    [InlineData("raid0", 0, 2, "01", 0)]
    [InlineData("raid0", 0, 2, "0", -1)]
    [InlineData("raid10", Near2, 4, "0123", 1)]
    [InlineData("raid10", Near2, 4, "012", 0)]
    [InlineData("raid10", Near2, 4, "02", 0)]
    [InlineData("raid10", Near2, 4, "01", -1)]
    [InlineData("raid10", Near2, 3, "012", 1)]
    [InlineData("raid10", Far2, 4, "0123", 1)]
    [InlineData("raid10", Far2, 4, "013", 0)]
    public void Each_level_survives_what_it_can(string level, int layout, int slots, string inSync, int survives) =>
        Assert.Equal(survives, Redundancy.Survives(level, layout, slots, inSync.Select(slot => slot - '0')));

    [Fact]
    public void Of_an_unknown_level_nothing_is_said() => Assert.Null(Redundancy.Survives("raid7", 0, 4, [0, 1, 2, 3]));

    // A mirror may lose every slot but one of each set: the count of failures alone says nothing there.
    [Theory]
    [InlineData("raid1", 0, 4)]
    [InlineData("raid5", 0, 5)]
    [InlineData("raid6", 0, 6)]
    [InlineData("raid10", Near2, 6)]
    [InlineData("raid10", 0x103, 6)]
    public void Whatever_fails_within_what_is_survived_loses_nothing(string level, int layout, int slots)
    {
        for (int present = 0; present < 1 << slots; present++)
        {
            int[] inSync = [.. Enumerable.Range(0, slots).Where(slot => (present >> slot & 1) != 0)];
            int survives = Redundancy.Survives(level, layout, slots, inSync)!.Value;
            foreach (int next in inSync)
            {
                int after = Redundancy.Survives(level, layout, slots, inSync.Where(slot => slot != next))!.Value;
                Assert.True(after >= survives - 1, $"{level} with {string.Join(' ', inSync)} loses more than one by {next}");
                Assert.True(after <= survives, $"{level} with {string.Join(' ', inSync)} gains by losing {next}");
            }

            Assert.True(survives < 0 || inSync.Length == 0 || survives == 0 || inSync.All(next => Redundancy.Survives(level, layout, slots, inSync.Where(slot => slot != next)) >= 0));
            Assert.True(survives != 0 || inSync.Any(next => Redundancy.Survives(level, layout, slots, inSync.Where(slot => slot != next)) < 0), $"{level} with {string.Join(' ', inSync)} survives more than is said");
        }
    }
}
