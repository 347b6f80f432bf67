using GatewayOS.Appliance.Panel;
using GatewayOS.Hardware.FrontPanel;
using GatewayOS.Hardware.Profiles;

namespace GatewayOS.Hardware.Tests.FrontPanel;

/// <summary>The display's menu on a clock that is handed in: what it shows, and what it takes to have it do something.</summary>
public sealed class PanelMenuTests : IPanelActions
{
    private const int HoldMs = 5000;

    private PanelMenu _menu;
    private readonly List<string> _done = [];
    private PanelFacts _facts = new("vault-7", "OK", ["10.0.0.7", "fd00::7"], [], []);
    private long _nowMs = 1000;

    private bool _offersService;

    public PanelMenuTests() => _menu = Menu();

    bool IPanelActions.OffersService => _offersService;

    void IPanelActions.OpenService() => _done.Add("open");

    void IPanelActions.CloseService() => _done.Add("close");

    PanelFacts IPanelActions.Facts() => _facts;

    void IPanelActions.ShutDown(bool isReboot) => _done.Add(isReboot ? "restart" : "shut down");

    void IPanelActions.ResetAccess() => _done.Add("reset");

    void IPanelActions.Vouched(DateTimeOffset until) => _done.Add("present");

    [Fact]
    public void Pages_turn_round_in_both_directions_and_back_goes_home()
    {
        Assert.Equal(("vault-7", "OK"), Shown());
        var titles = new List<string>();
        for (int i = 0; i < 8; i++)
        {
            Press("down");
            titles.Add(Shown().First);
        }

        Assert.Equal(["Network", "Alerts: 0", "Disks", "Shut down?", "Restart?", "Factory reset?", "I am here", "vault-7"], titles);
        Press("up");
        Assert.Equal("I am here", Shown().First);
        Press("back");
        Assert.Equal("vault-7", Shown().First);
    }

    [Fact]
    public void Enter_goes_through_what_a_page_has()
    {
        Press("down");
        Assert.Equal("10.0.0.7", Shown().Second);
        Press("enter");
        Assert.Equal("fd00::7", Shown().Second);
        Press("enter");
        Assert.Equal("10.0.0.7", Shown().Second);
    }

    [Fact]
    public void A_text_that_is_too_long_moves_through()
    {
        const string alert = "The store's disk is 97 % full.";
        _facts = _facts with { Alerts = [alert] };
        Press("down");
        Press("down");
        var seen = new HashSet<string>();
        for (int i = 0; i < 40; i++)
        {
            (string _, string second) = _menu.Render(_nowMs += PanelMenu.ScrollMs);
            Assert.Equal(16, second.Length);
            Assert.Contains(second, alert, StringComparison.Ordinal);
            seen.Add(second);
        }

        Assert.Contains(alert[..16], seen);
        Assert.Contains(alert[^16..], seen);
    }

    [Theory]
    [InlineData(4, "shut down")]
    [InlineData(5, "restart")]
    [InlineData(6, "reset")]
    [InlineData(7, "present")]
    public void What_cannot_be_taken_back_takes_a_whole_hold_and_is_done_once(int page, string deed)
    {
        Turn(page);
        Press("enter");
        Hold(HoldMs - 1);
        Assert.Empty(_done);
        Hold(HoldMs * 3);
        Assert.Equal([deed], _done);
        Assert.Equal("vault-7", Home().First);
    }

    [Fact]
    public void The_display_counts_the_hold_down()
    {
        Turn(4);
        Assert.Equal("hold ENTER 5s", Shown().Second);
        _menu.Key("enter", isDown: true, _nowMs);
        _menu.Held(2100);
        Assert.Equal("keep holding 3", Shown().Second);
        _menu.Key("enter", isDown: false, _nowMs);
        Assert.Equal("hold ENTER 5s", Shown().Second);
    }

    [Fact]
    public void A_hold_that_began_on_another_page_does_nothing()
    {
        Turn(3);
        _menu.Key("enter", isDown: true, _nowMs);
        _menu.Key("down", isDown: true, _nowMs);
        _menu.Key("down", isDown: false, _nowMs);
        _menu.Held(HoldMs * 2);
        Assert.Equal("Shut down?", Shown().First);
        Assert.Empty(_done);
    }

    [Fact]
    public void Left_alone_it_goes_home()
    {
        Turn(6);
        _nowMs += PanelMenu.HomeAfterMs + 1;
        Assert.Equal("vault-7", Shown().First);
    }

    [Fact]
    public void Steps_of_a_disks_replacement_stand_on_their_page()
    {
        _facts = _facts with { Steps = ["Pull bay 3"] };
        Turn(3);
        Assert.Equal(("Disks: to do", "Pull bay 3"), Shown());
    }

    [Fact]
    public void Service_access_is_opened_and_closed_by_a_hold_and_its_code_is_a_page_of_its_own()
    {
        _offersService = true;
        _menu = Menu();
        Turn(8);
        Assert.Equal("Open service?", Shown().First);
        Assert.False(_menu.IsSecret);
        Hold(HoldMs - 1);
        Assert.Empty(_done);
        Hold(HoldMs);
        Press("down");
        Assert.Equal(("Service code", "closed"), Shown());
        _facts = _facts with { Service = ["AAAAA-BBBBB", "CCCCC-DDDDD", "until 17:04Z"] };
        Assert.Equal("AAAAA-BBBBB", Shown().Second);
        Assert.True(_menu.IsSecret);
        Press("enter");
        Assert.Equal("CCCCC-DDDDD", Shown().Second);
        Press("up");
        Assert.Equal("Close service?", Shown().First);
        Hold(HoldMs);
        Assert.Equal(["open", "close"], _done);
    }

    private PanelMenu Menu() => new(16, new HoldProfile(Confirm: HoldMs, Power: 4000, Presence: HoldMs), this, () => DateTimeOffset.UnixEpoch.AddMinutes(1));

    private void Turn(int page)
    {
        for (int i = 0; i < page; i++)
        {
            Press("down");
        }
    }

    private (string First, string Second) Home()
    {
        Press("back");
        return Shown();
    }

    private (string First, string Second) Shown()
    {
        (string first, string second) = _menu.Render(_nowMs);
        Assert.Equal((16, 16), (first.Length, second.Length));
        return (first.TrimEnd(), second.TrimEnd());
    }

    private void Press(string button)
    {
        _menu.Key(button, isDown: true, _nowMs += 50);
        _menu.Key(button, isDown: false, _nowMs += 50);
    }

    private void Hold(long ms)
    {
        _menu.Key("enter", isDown: true, _nowMs);
        for (long held = 0; held <= ms; held += 10)
        {
            _menu.Held(held);
        }

        _menu.Key("enter", isDown: false, _nowMs += ms);
    }
}
