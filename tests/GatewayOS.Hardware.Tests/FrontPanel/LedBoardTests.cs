using GatewayOS.Hardware.FrontPanel;
using GatewayOS.Hardware.Profiles;

namespace GatewayOS.Hardware.Tests.FrontPanel;

/// <summary>When which LED is lit, to the millisecond, on a clock that is handed in.</summary>
public sealed class LedBoardTests
{
    private readonly LedBoard _board = new(Leds(), [new BayProfile(1, "1", "a", "bay1"), new BayProfile(2, "2", "b", "bay2")]);

    [Fact]
    public void A_pattern_is_kept_to_the_millisecond()
    {
        _board.Show("warning", 0, isSo: true);
        Assert.Equal([(0, true), (100, false), (200, true), (300, false), (1000, true), (1100, false)], Changes(led: 0, untilMs: 1150));
    }

    [Fact]
    public void LEDs_with_one_pattern_blink_together()
    {
        _board.Show("bay-locate", 1, isSo: true);
        _board.Show("bay-locate", 2, isSo: true);
        Assert.All(Enumerable.Range(0, 2000), ms => Assert.Equal(_board.IsLit(1, ms), _board.IsLit(2, ms)));
    }

    [Fact]
    public void Locate_is_four_a_second_and_rebuild_one()
    {
        _board.Show("bay-locate", 1, isSo: true);
        _board.Show("bay-rebuild", 2, isSo: true);
        Assert.Equal(8, Changes(led: 1, untilMs: 1000).Count);
        Assert.Equal(2, Changes(led: 2, untilMs: 1000).Count);
    }

    [Fact]
    public void The_higher_priority_shows_and_what_was_below_comes_back()
    {
        _board.Show("bay-fault", 1, isSo: true);
        Assert.Equal("on", _board.PatternOf(1));
        _board.Show("bay-locate", 1, isSo: true);
        Assert.Equal("locate", _board.PatternOf(1));
        _board.Show("bay-locate", 1, isSo: false);
        Assert.Equal("on", _board.PatternOf(1));
    }

    [Fact]
    public void A_lamp_test_lights_everything_and_ends()
    {
        _board.Show("bay-locate", 1, isSo: true);
        _board.TestUntil(500);
        Assert.All(Enumerable.Range(0, 3), led => Assert.True(_board.IsLit(led, 499)));
        Assert.Equal(500, _board.NextChangeMs(10));
        Assert.False(_board.IsLit(0, 500));
    }

    [Fact]
    public void What_stands_still_is_never_due()
    {
        Assert.Equal(long.MaxValue, _board.NextChangeMs(0));
        _board.Show("bay-fault", 1, isSo: true);
        Assert.Equal(long.MaxValue, _board.NextChangeMs(0));
    }

    [Fact]
    public void What_the_profile_shows_nowhere_is_accepted() => Assert.False(_board.Show("cloud-up", 0, isSo: true));

    private List<(int Ms, bool Lit)> Changes(int led, int untilMs)
    {
        var changes = new List<(int, bool)>();
        bool before = false;
        for (long ms = 0; ms < untilMs; ms = _board.NextChangeMs(ms))
        {
            if (_board.IsLit(led, ms) != before)
            {
                before = !before;
                changes.Add(((int)ms, before));
            }
        }

        return changes;
    }

    internal static LedProfile Leds() => new()
    {
        Lines = [new LedLineProfile("alert", HardwareProfile.Virtual, "alert"), new LedLineProfile("bay1", HardwareProfile.Virtual, "bay1"), new LedLineProfile("bay2", HardwareProfile.Virtual, "bay2", ActiveLow: true)],
        Patterns = new Dictionary<string, LedPatternProfile>
        {
            ["locate"] = new(PeriodMs: 250, DutyPercent: 50),
            ["rebuild"] = new(PeriodMs: 1000, DutyPercent: 50),
            ["double"] = new(StepsMs: [100, 100, 100, 700]),
        },
        Groups =
        [
            new LedGroupProfile("warning", 10, [new LedMemberProfile("alert", "double")]),
            new LedGroupProfile("bay-locate", 30, [new LedMemberProfile(LedProfile.Bay, "locate")]),
            new LedGroupProfile("bay-fault", 20, [new LedMemberProfile(LedProfile.Bay, "on")]),
            new LedGroupProfile("bay-rebuild", 10, [new LedMemberProfile(LedProfile.Bay, "rebuild")]),
        ],
    };
}
