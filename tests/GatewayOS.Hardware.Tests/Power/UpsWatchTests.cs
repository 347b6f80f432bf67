using System.Net;
using System.Net.Sockets;
using System.Text;
using GatewayOS.Appliance.Alerts;
using GatewayOS.Appliance.Power;
using GatewayOS.Hardware.Power;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Hardware.Tests.Power;

/// <summary>An uninterruptible supply asked about through Debian's NUT server, with its driver that plays one from a file.</summary>
public sealed class UpsWatchTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new("nut");
    private readonly string _port = TestKit.Programs.Appliance.FreePort();
    private readonly List<string> _running = [];

    public void Dispose()
    {
        _running.ForEach(pid => Shell.Run($"kill {pid} 2>/dev/null || true"));
        _scratch.Dispose();
    }

    [Fact]
    public void The_ladder_goes_from_mains_to_battery_to_shutdown_and_back()
    {
        Start("OL CHRG", charge: 97);
        using UpsWatch ups = Watch();
        UpsState mains = Until("OL CHRG", ups);
        Assert.Equal((Verdict.Good, 97.0), (mains.Reading.Verdict, mains.Reading.Value));
        Assert.Null(mains.Alert);
        Say("OB DISCHRG", charge: 60);
        UpsState battery = Until("OB DISCHRG", ups);
        Assert.Equal((Verdict.Bad, AlertSeverity.Warning, false), (battery.Reading.Verdict, battery.Alert!.Severity, battery.MustShutDown));
        Say("OB DISCHRG LB", charge: 9);
        UpsState low = Until("OB DISCHRG LB", ups);
        Assert.Equal((AlertSeverity.Critical, true), (low.Alert!.Severity, low.MustShutDown));
        Say("OL CHRG LB", charge: 10);
        Assert.False(Until("OL CHRG LB", ups).MustShutDown);
        Say("FSD OL", charge: 50);
        Assert.True(Until("FSD OL", ups).MustShutDown);
        Say("OL RB", charge: 100);
        Assert.Contains("changed", Until("OL RB", ups).Alert!.Summary, StringComparison.Ordinal);
    }

    [Fact]
    public void A_server_that_goes_is_no_power_failure_and_an_alert_only_after_a_while()
    {
        Start("OL", charge: 100);
        using UpsWatch ups = Watch();
        Until("OL", ups);
        _running.ForEach(pid => Shell.Run($"kill -9 {pid}; while kill -0 {pid} 2>/dev/null; do sleep 0.05; done"));
        _running.Clear();
        UpsState[] states = [.. Enumerable.Range(0, BodyVerdicts.UnreadMax).Select(_ => ups.Step())];
        Assert.All(states, state => Assert.Equal((Verdict.Unknown, false), (state.Reading.Verdict, state.MustShutDown)));
        Assert.Equal([false, false, true], states.Select(state => state.Alert is not null));
        Start("OL", charge: 100);
        Until("OL", ups);
    }

    [Fact]
    public void A_supply_the_server_does_not_know_is_said_in_its_words()
    {
        Start("OL", charge: 100);
        using var ups = new UpsWatch(new UpsSettings("other", Port: int.Parse(_port)), TimeProvider.System);
        TestKit.Programs.Until.Holds(() => ups.Step().Reading.Detail.Contains("UNKNOWN-UPS", StringComparison.Ordinal), "the server says so");
    }

    [Fact]
    public void A_server_that_says_nothing_is_not_waited_for()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        using var ups = new UpsWatch(new UpsSettings("ups", Port: ((IPEndPoint)silent.LocalEndpoint).Port), TimeProvider.System);
        Assert.Equal(Verdict.Unknown, ups.Step().Reading.Verdict);
    }

    [Theory]
    [InlineData("""{ "name": "ups" }""", true)]
    [InlineData("""{ "name": "two words" }""", false)]
    [InlineData("""{ "name": "ups", "port": 0 }""", false)]
    [InlineData("""{ "host": "127.0.0.1" }""", false)]
    [InlineData("""{ "name": "ups", "colour": 1 }""", false)]
    [InlineData("rubbish", false)]
    public void Settings_are_right_or_refused_with_what_to_write(string json, bool isRight)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(json);
        if (isRight)
        {
            Assert.Equal(new UpsSettings("ups"), UpsSettings.Parse(bytes));
        }
        else
        {
            Assert.Contains("ups.json", Assert.Throws<InvalidDataException>(() => UpsSettings.Parse(bytes)).Message, StringComparison.Ordinal);
        }
    }

    private UpsWatch Watch() => new(new UpsSettings("dummy", Port: int.Parse(_port)), TimeProvider.System);

    private static UpsState Until(string status, UpsWatch ups)
    {
        UpsState? state = null;
        TestKit.Programs.Until.Holds(() => (state = ups.Step()).Reading.Detail.StartsWith($"{status},", StringComparison.Ordinal), $"the supply says '{status}'");
        return state!;
    }

    private void Say(string status, int charge)
    {
        // The driver reads its file anew when its time changes.
        File.WriteAllText(_scratch["new"], $"ups.status: {status}\nbattery.charge: {charge}\n");
        File.Move(_scratch["new"], _scratch["dummy.dev"], overwrite: true);
    }

    private void Start(string status, int charge)
    {
        Say(status, charge);
        File.WriteAllText(_scratch["nut.conf"], "MODE=standalone\n");
        File.WriteAllText(_scratch["ups.conf"], "pollinterval = 1\n[dummy]\n  driver = dummy-ups\n  port = dummy.dev\n");
        File.WriteAllText(_scratch["upsd.conf"], $"LISTEN 127.0.0.1 {_port}\n");
        File.WriteAllText(_scratch["upsd.users"], "");
        string environment = $"export NUT_CONFPATH='{_scratch.Path}' NUT_STATEPATH='{_scratch.Path}' NUT_PIDPATH='{_scratch.Path}' NUT_ALTPIDPATH='{_scratch.Path}'";
        foreach ((string name, string command) in ((string, string)[])[("driver", "/lib/nut/dummy-ups -F -u root -a dummy"), ("upsd", "/lib/nut/upsd -F -u root")])
        {
            _running.Add(Shell.Run($"{environment}; {command} >'{_scratch[name]}' 2>&1 & echo $!").Trim());
        }
    }
}
