using GatewayOS.Hardware.FrontPanel;

namespace GatewayOS.Hardware.Tests.FrontPanel;

/// <summary>Bouncing is no pressing.</summary>
public sealed class ButtonDebouncerTests
{
    private readonly ButtonDebouncer _button = new(debounceMs: 20);

    [Fact]
    public void A_level_counts_once_it_has_stood()
    {
        _button.Feed(level: true, 100);
        Assert.False(_button.Settle(119, out _));
        Assert.True(_button.Settle(120, out long held));
        Assert.True(_button.IsDown);
        Assert.Equal(20, held);
        Assert.False(_button.Settle(121, out _));
    }

    [Fact]
    public void Bouncing_is_one_press_from_its_last_bounce_on()
    {
        foreach ((long ms, bool level) in ((long, bool)[])[(100, true), (103, false), (105, true), (110, false), (112, true)])
        {
            _button.Feed(level, ms);
            Assert.False(_button.Settle(ms, out _));
        }

        Assert.False(_button.Settle(131, out _));
        Assert.True(_button.Settle(132, out _));
    }

    [Fact]
    public void A_glitch_is_nothing()
    {
        _button.Feed(level: true, 100);
        _button.Feed(level: false, 110);
        Assert.False(_button.Settle(200, out _));
        Assert.False(_button.IsDown);
    }

    [Fact]
    public void A_hold_is_measured_from_edge_to_edge()
    {
        _button.Feed(level: true, 100);
        _button.Settle(130, out _);
        Assert.False(_button.Settle(4000, out long held));
        Assert.Equal(3900, held);
        _button.Feed(level: false, 5000);
        Assert.True(_button.Settle(5020, out held));
        Assert.Equal(4900, held);
    }
}
