using System.Net.Sockets;
using System.Text;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Daemon.Tests;

/// <summary>What systemd is told (sd_notify(3)), by a socket that stands in for its.</summary>
public sealed class ServiceManagerTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new("notify");
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
    private readonly List<string> _told = [];

    public ServiceManagerTests()
    {
        _socket.Bind(new UnixDomainSocketEndPoint(_scratch["notify"]));
        _socket.ReceiveTimeout = 100;
    }

    public void Dispose()
    {
        _socket.Dispose();
        _scratch.Dispose();
    }

    [Fact]
    public void The_appliance_says_that_it_is_ready_lives_and_stops()
    {
        using var daemon = new BuiltProgram(
            "gatewayd",
            ["--state", _scratch["state"], "--store", _scratch["store"], "--listen", $"127.0.0.1:{Appliance.FreePort()}", "--metrics", "off", "--web", "off", "--profile", "dev"],
            new Dictionary<string, string> { ["NOTIFY_SOCKET"] = _scratch["notify"], ["WATCHDOG_USEC"] = "400000" });
        Until.Holds(() => Told("READY=1"), "it is ready");
        Until.Holds(() => Told("WATCHDOG=1"), "the watchdog is fed");
        daemon.Signal("TERM");
        Assert.Equal(0, daemon.Wait().ExitCode);
        Assert.True(Told("STOPPING=1"));
    }

    [Fact]
    public void The_agent_says_so_too()
    {
        using var appliance = new Appliance(_scratch);
        Agent agent = appliance.Enroll("node1");
        using var service = new BuiltProgram("gateway-agent", ["run", "--state", agent.State], new Dictionary<string, string> { ["NOTIFY_SOCKET"] = _scratch["notify"] });
        Until.Holds(() => Told("READY=1"), "it is ready");
        Until.Holds(() => Told("WATCHDOG=1"), "the watchdog is fed");
        service.Signal("TERM");
        Assert.Equal(0, service.Wait().ExitCode);
        Assert.True(Told("STOPPING=1"));
    }

    private bool Told(string what)
    {
        byte[] buffer = new byte[4096];
        while (_socket.Poll(TimeSpan.FromMilliseconds(50), SelectMode.SelectRead))
        {
            _told.Add(Encoding.UTF8.GetString(buffer, 0, _socket.Receive(buffer)));
        }

        return _told.Contains(what);
    }
}
