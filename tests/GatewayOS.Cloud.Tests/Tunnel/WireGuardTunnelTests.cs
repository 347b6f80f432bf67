using GatewayOS.Cloud.Tunnel;
using GatewayOS.Store.Storage;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Cloud.Tests.Tunnel;

/// <summary>The tunnel's life, without a network.</summary>
public sealed class WireGuardTunnelTests
{
    [Fact]
    public void One_that_was_never_started_ends_in_peace()
    {
        using var scratch = new ScratchDirectory("tunnel");
        var tunnel = new WireGuardTunnel(new TunnelSurroundings { File = new TunnelFile(new StateDirectory(scratch["state"])), Time = TimeProvider.System, Log = _ => { } });
        Assert.Null(Record.Exception(tunnel.Dispose));
    }
}
