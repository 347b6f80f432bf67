using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using GatewayOS.Appliance.Panel;
using GatewayOS.Hardware.FrontPanel;
using GatewayOS.Hardware.Gpio;
using GatewayOS.Hardware.Profiles;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Hardware.Tests.FrontPanel;

/// <summary>The panel of the profile 'dev' as a whole, on its virtual chip.</summary>
public sealed class FrontPanelTests : IPanelActions, IPanelTrouble, IDisposable
{
    private readonly HardwareProfile _profile = WithShortHolds(HardwareProfile.Load("dev"));
    private readonly VirtualChips _chips;
    private readonly ScratchDirectory _scratch = new("panel");
    private readonly ConcurrentQueue<string> _done = new();
    private readonly ConcurrentQueue<string> _trouble = new();
    private string[] _service = [];
    private FrontPanelDevice _panel;

    public FrontPanelTests()
    {
        _chips = new VirtualChips(_profile.AllLines(), TimeProvider.System);
        _panel = new FrontPanelDevice(_profile, _chips, new VirtualDisplay(), this, this, TimeProvider.System);
        _panel.Start();
    }

    public void Dispose()
    {
        _panel.Dispose();
        _scratch.Dispose();
    }

    PanelFacts IPanelActions.Facts() => new("vault-7", "OK", [], [], []) { Service = _service };

    bool IPanelActions.OffersService => _service.Length > 0;

    void IPanelActions.OpenService() => _done.Enqueue("open");

    void IPanelActions.CloseService() => _done.Enqueue("close");

    void IPanelActions.ShutDown(bool isReboot) => _done.Enqueue(isReboot ? "restart" : "shut down");

    void IPanelActions.ResetAccess() => _done.Enqueue("reset");

    void IPanelActions.Vouched(DateTimeOffset until) => _done.Enqueue("present");

    void IPanelTrouble.Chip(string chipLabel, string use, string? problem) => _trouble.Enqueue($"{use} {(problem is null ? "well" : "lost")}");

    void IPanelTrouble.Display(string? problem) => _trouble.Enqueue($"display {(problem is null ? "well" : "lost")}");

    [Fact]
    public void Buttons_turn_the_pages()
    {
        Shows("vault-7");
        Press("down");
        Shows("Network");
        Press("back");
        Shows("vault-7");
    }

    [Fact]
    public void A_held_power_button_shuts_down_once_and_a_short_press_does_not()
    {
        Press("power");
        Press("power", holdMs: 2500);
        Until.Holds(() => !_done.IsEmpty, "it shuts down");
        Press("down");
        Shows("Network");
        Assert.Equal(["shut down"], _done);
    }

    [Fact]
    public void Presence_takes_a_hold_and_serves_one_deed()
    {
        Assert.False(_panel.UsePresence());
        Press("up");
        Shows("I am here");
        Press("enter", holdMs: 2500);
        Until.Holds(() => _panel.PresentUntil is not null, "somebody is there");
        Assert.True(_panel.UsePresence());
        Assert.False(_panel.UsePresence());
        Assert.Null(_panel.View().PresentUntil);
    }

    [Fact]
    public void A_service_code_is_seen_from_afar_only_where_the_display_is_drawn_only()
    {
        _service = ["AAAAA-BBBBB"];
        Restart(_profile, new VirtualDisplay());
        Press("up");
        Shows("Service code");
        Assert.Equal("AAAAA-BBBBB", _panel.View().Lines[1].TrimEnd());

        var display = new VirtualDisplay();
        Restart(_profile with { Panel = _profile.Panel with { Lcd = _profile.Panel.Lcd! with { Device = "/dev/lcd" } } }, display);
        Press("up");
        Shows("Service code");
        Assert.Equal("AAAAA-BBBBB", display.Lines[1].TrimEnd());
        Assert.Equal("on the display", _panel.View().Lines[1]);
    }

    [Fact]
    public void The_identify_button_has_its_lamp_blink_until_it_is_pressed_again()
    {
        Press("identify");
        Until.Holds(() => Led("identify").Pattern == "locate", "it blinks");
        Press("identify");
        Until.Holds(() => Led("identify").Pattern == "off", "it is dark");
    }

    [Fact]
    public void The_schema_knows_the_signals_that_are_shown_and_no_other()
    {
        using JsonDocument schema = JsonDocument.Parse(ProfileSchema.Text);
        IEnumerable<string> published = schema.RootElement.GetProperty("properties").GetProperty("leds").GetProperty("properties").GetProperty("groups").GetProperty("items").GetProperty("properties").GetProperty("signal").GetProperty("enum").EnumerateArray().Select(signal => signal.GetString()!);
        Assert.Equal(published.Where(signal => !signal.StartsWith("bay-", StringComparison.Ordinal)).Order(StringComparer.Ordinal), Enum.GetValues<PanelSignal>().Select(FrontPanelDevice.NameOf).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void What_cannot_be_pressed_is_refused_in_words()
    {
        Assert.Contains("up, down, enter", _panel.Press("eject", TimeSpan.Zero), StringComparison.Ordinal);
        Assert.Contains("30 seconds", _panel.Press("up", TimeSpan.FromMinutes(1)), StringComparison.Ordinal);
        Assert.Null(_panel.Press("up", TimeSpan.FromSeconds(1)));
        Assert.Contains("already", _panel.Press("down", TimeSpan.Zero), StringComparison.Ordinal);
    }

    [Fact]
    public void A_real_panel_is_pressed_by_fingers_alone()
    {
        using var real = new FrontPanelDevice(HardwareProfile.Load("gw-1000"), new GpiodChips(), display: null, this, this, TimeProvider.System);
        Assert.Contains("finger", real.Press("enter", TimeSpan.FromSeconds(6)), StringComparison.Ordinal);
        Assert.Empty(real.View().Buttons);
    }

    [Fact]
    public void A_lost_chip_lets_go_of_no_button_and_comes_back()
    {
        Shows("vault-7");
        _chips.Drive(HardwareProfile.Virtual, "button-power", level: false);
        _chips.Plug(HardwareProfile.Virtual, isThere: false);
        Until.Holds(() => _trouble.Contains("buttons lost"), "the loss is told of");
        _chips.Drive(HardwareProfile.Virtual, "button-power", level: true);
        _chips.Plug(HardwareProfile.Virtual, isThere: true);
        Until.Holds(() => _trouble.Contains("buttons well"), "the return is told of");
        Press("down");
        Shows("Network");
        Assert.Empty(_done);
    }

    [Fact]
    public void A_display_behind_the_kernels_driver_gets_both_lines_and_is_taken_up_again()
    {
        string device = _scratch["lcd"];
        Restart(_profile, new CharacterDisplay(new LcdProfile(16, 2, device)));
        Until.Holds(() => _trouble.Contains("display lost"), "the missing display is told of");
        File.WriteAllText(device, "");
        Until.Holds(() => _trouble.Contains("display well"), "the display is back");
        Assert.Equal("\e[Lb\e[Lc\e[Lx000y000;vault-7         \e[Lx000y001;OK              ", File.ReadAllText(device, Encoding.ASCII));
    }

    private static HardwareProfile WithShortHolds(HardwareProfile profile) => profile with { Panel = profile.Panel with { HoldMs = new HoldProfile(Confirm: 1500, Power: 1500, Presence: 1500) } };

    private void Restart(HardwareProfile profile, IDisplay display)
    {
        _panel.Dispose();
        _panel = new FrontPanelDevice(profile, new VirtualChips(profile.AllLines(), TimeProvider.System), display, this, this, TimeProvider.System);
        _panel.Start();
    }

    private void Shows(string first) => Until.Holds(() => _panel.View().Lines[0].TrimEnd() == first, $"the display shows '{first}'");

    private PanelLed Led(string name) => _panel.View().Leds.Single(led => led.Name == name);

    // One press after the other, as a finger does.
    private void Press(string button, int holdMs = 60) => Until.Holds(() => _panel.Press(button, TimeSpan.FromMilliseconds(holdMs)) is null, $"'{button}' is pressed");
}
