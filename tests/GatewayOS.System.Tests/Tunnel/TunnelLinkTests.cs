using System.Text.Json;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.System.Tests.Tunnel;

/// <summary>The tunnel of a running gatewayd over nets that are bad in one way or another.</summary>
[Collection(TunnelGroup.Name)]
public sealed class TunnelLinkTests(TunnelWorld world)
{
    // What 1280 bytes inside are outside: WireGuard's header and tag are 32 bytes (the paper, 5.4.6).
    private const int DatagramBytesOf1280 = 1280 + 32;

    [Fact]
    public void What_is_pinned_never_leaves_by_another_way()
    {
        using var scratch = new ScratchDirectory("pinned");
        world.Mend();
        string bucket = world.MakeBucket();
        Directory.CreateDirectory(scratch["source"]);
        File.WriteAllText(scratch["source/file"], "to be pinned");

        // The service can be reached in the open, too.
        Shell.Run($"ip -n {world.Site.Name} route replace {TunnelWorld.Service}/32 via 192.0.2.1");
        using Appliance appliance = world.StartAppliance(scratch, TunnelWorld.Gate);
        appliance.Enroll("node1").Run("backup", scratch["source"]).Expect(0);

        // A list of vaults that gatewayd does not know: it would sync at times of its own.
        var machine = new Dictionary<string, string>(TunnelWorld.Machine(scratch, "site")) { ["GATEWAY_VAULTS"] = scratch["hand/vaults.json"] };
        Vault("add", "pinned", $"s3://{bucket}/pinned", "--endpoint", world.S3.Endpoint, "--credentials", world.Credentials, "--via-tunnel").Expect(0);
        Vault("add", "loose", $"s3://{bucket}/loose", "--endpoint", world.S3.Endpoint, "--credentials", world.Credentials).Expect(0);
        appliance.Operator("tunnel", "down").Expect(0);
        TunnelWorld.AwaitState(appliance, "off");

        long open = world.Site.PacketsSent("open");
        ProgramRun refused = Sync("pinned").Expect(1);
        Assert.Contains("There is no tunnel on this machine, and what is pinned to it goes no other way", refused.Errors, StringComparison.Ordinal);
        Assert.Contains("gatewayctl tunnel up", refused.Errors, StringComparison.Ordinal);
        Assert.Equal(open, world.Site.PacketsSent("open"));

        // Not even for who believes that there is a device: a name and an address of the open net are of no use to a socket that is bound to what is gone.
        File.WriteAllText(machine["GATEWAY_TUNNEL"], $$"""{"device":"{{TunnelWorld.Device("a")}}","dns":[]}""");
        Vault("add", "another", $"s3://{bucket}/another", "--endpoint", world.S3.Endpoint, "--credentials", world.Credentials, "--via-tunnel").Expect(1);
        Assert.Equal(open, world.Site.PacketsSent("open"));

        // What is not pinned shows that the other way was open all the time.
        Sync("loose").Expect(0);
        Assert.True(world.Site.PacketsSent("open") > open);

        appliance.Operator("tunnel", "up").Expect(0);
        TunnelWorld.AwaitState(appliance, "up");
        open = world.Site.PacketsSent("open");
        Sync("pinned").Expect(0);
        Assert.Equal(open, world.Site.PacketsSent("open"));

        ProgramRun Sync(string vault) => Vault("sync", "--vault", vault, "--store", appliance.Store, "--quiet");

        ProgramRun Vault(params string[] arguments)
        {
            using var program = new BuiltProgram("gatewayctl", ["vault", .. arguments], machine, world.Site);
            return program.Wait();
        }
    }

    [Fact]
    public void A_black_hole_is_found_and_traffic_passes_below_it()
    {
        using var scratch = new ScratchDirectory("black-hole");
        world.Mend();
        (world.Relay.DatagramBytesMax, world.Relay.LossPercent, world.Relay.DelayMs) = (DatagramBytesOf1280, 5, 50);
        using Appliance appliance = world.StartAppliance(scratch, TunnelWorld.Gate);
        Until.Holds(() => TunnelWorld.Status(appliance).GetProperty("mtuFound").GetBoolean(), () => $"the MTU is found; {appliance.Daemon.Log}");
        Assert.Equal(1280, TunnelWorld.Status(appliance).GetProperty("mtuBytes").GetInt32());

        // 100 ms there and back, one datagram in twenty lost, none over 1280: a vault is filled all the same.
        string bucket = world.MakeBucket();
        Directory.CreateDirectory(scratch["source"]);
        Shell.Run($"head -c 2M /dev/urandom > '{scratch["source/file"]}'");
        appliance.Enroll("node1").Run("backup", scratch["source"]).Expect(0);
        appliance.Operator("vault", "add", "cloud", $"s3://{bucket}", "--endpoint", world.S3.Endpoint, "--credentials", world.Credentials, "--via-tunnel").Expect(0);
        appliance.Operator("vault", "sync", "--vault", "cloud", "--store", appliance.Store, "--quiet").Expect(0);
        appliance.Operator("vault", "verify", "--vault", "cloud", "--keyless", "--read-data", "--quiet").Expect(0);
    }

    [Fact]
    public void Another_endpoint_takes_over_and_a_loss_is_told_and_over()
    {
        using var scratch = new ScratchDirectory("fail-over");
        world.Mend();
        using Appliance appliance = world.StartAppliance(scratch, TunnelWorld.Gate, TunnelWorld.SecondGate);
        Assert.Equal(TunnelWorld.Gate, InUse(appliance));

        world.Relay.IsCut = true;
        Until.Holds(() => InUse(appliance) == TunnelWorld.SecondGate, "the second endpoint is used");
        TunnelWorld.AwaitState(appliance, "degraded");

        world.SecondRelay.IsCut = true;
        TunnelWorld.AwaitState(appliance, "down");
        Assert.Contains("The tunnel is down", Alerts(appliance), StringComparison.Ordinal);
        Assert.Equal(1, appliance.Operator("tunnel", "status").ExitCode);
        Assert.Equal(1, appliance.Operator("tunnel", "probe", "--count", "1").ExitCode);

        // The preferred one is back: it is the one in use in the end.
        (world.Relay.IsCut, world.SecondRelay.IsCut) = (false, true);
        TunnelWorld.AwaitState(appliance, "up");
        Assert.Equal(TunnelWorld.Gate, InUse(appliance));
        Until.Holds(() => !Alerts(appliance).Contains("The tunnel is", StringComparison.Ordinal), "the alert is over");

        // Both ends get other addresses: sessions go on.
        world.Relay.ChangeSource();
        Shell.Run($"ip -n {world.Site.Name} address flush dev uplink; ip -n {world.Site.Name} address add 198.51.100.77/24 dev uplink");
        appliance.Operator("tunnel", "probe", "--count", "10").Expect(0);

        static string Alerts(Appliance appliance) => appliance.Operator("alert", "list", "--json").Expect(0).Output;
    }

    private static string InUse(Appliance appliance) =>
        TunnelWorld.Status(appliance).GetProperty("endpoints").EnumerateArray().Single(way => way.GetProperty("inUse").GetBoolean()).GetProperty("endpoint").GetString()!;
}
