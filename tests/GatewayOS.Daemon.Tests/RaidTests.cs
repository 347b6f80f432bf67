using System.Text.Json.Nodes;
using GatewayOS.TestKit.Arrays;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Daemon.Tests;

/// <summary>Arrays on a machine that has none of what they need: that is said, and everything else goes on. And virtual ones, which never stand in for real ones.</summary>
public sealed class RaidTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new("arrays");

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Without_udisks2_or_a_bus_it_says_so()
    {
        Directory.CreateDirectory(_scratch["appliance"]);
        using var bus = new PrivateBus(_scratch);
        using var appliance = new Appliance(_scratch, new Dictionary<string, string> { ["DBUS_SYSTEM_BUS_ADDRESS"] = bus.Address });
        Until.Holds(() => Status(appliance).Contains("unknown: no udisks2 on the system bus", StringComparison.Ordinal), "the missing udisks2 is told");
        bus.Stop();
        Until.Holds(() => Status(appliance).Contains("unknown: there is no system bus", StringComparison.Ordinal), "the missing bus is told");
        Assert.Contains("there is no system bus", appliance.Operator("raid", "replace", "--bay", "1", "--yes").Expect(1).Errors, StringComparison.Ordinal);
        Assert.Contains("there is no system bus", appliance.Operator("raid", "check").Expect(1).Errors, StringComparison.Ordinal);
        Assert.Contains("No disk is being replaced", appliance.Operator("raid", "replace", "--cancel").Expect(1).Errors, StringComparison.Ordinal);
        bus.Start();
        Until.Holds(() => Status(appliance).Contains("unknown: no udisks2 on the system bus", StringComparison.Ordinal), "the bus that is back is found");
        appliance.Operator("status").Expect(0);
    }

    [Fact]
    public void A_controllers_volumes_are_shown_with_the_alert_of_its_battery()
    {
        Directory.CreateDirectory(_scratch["appliance"]);
        string fixture = Path.Join(Gatewayctl.Root, "tests/GatewayOS.Hardware.Tests/Raid/Storcli/battery-failed.json");
        File.WriteAllText(_scratch["storcli"], $"#!/bin/sh\ncat '{fixture}'\n");
        File.SetUnixFileMode(_scratch["storcli"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var profile = JsonNode.Parse(File.ReadAllText(Path.Join(Gatewayctl.Root, "hw-profiles/dev.json")))!;
        profile["storage"]!["mode"] = "hwraid";
        profile["controller"] = new JsonObject { ["driver"] = "storcli", ["cacheProtection"] = "battery" };
        File.WriteAllText(_scratch["controller.json"], profile.ToJsonString());
        using var appliance = new Appliance(_scratch, new Dictionary<string, string> { ["PATH"] = $"{_scratch.Path}:{Environment.GetEnvironmentVariable("PATH")}" }, "--profile", _scratch["controller.json"]);
        Until.Holds(() => Status(appliance).Contains("NOT PROTECTED", StringComparison.Ordinal), "the battery is told");
        Assert.Contains("raid6 of 8 disks", Status(appliance), StringComparison.Ordinal);
        Assert.Contains("CacheUnprotected", appliance.Operator("alert", "list").Expect(0).Output, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("write cache is not protected", appliance.Operator("status").Expect(0).Errors, StringComparison.Ordinal);
        Assert.Contains("controller", appliance.Operator("raid", "check").Expect(1).Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Virtual_disks_live_through_the_story_that_real_ones_do()
    {
        using var machine = new VirtualMachine();
        ArrayConformance.Run(machine);
    }

    [Fact]
    public void A_real_models_bays_are_never_pretended()
    {
        using var program = new BuiltProgram("gatewayd", ["--state", _scratch["state"], "--store", _scratch["store"], "--profile", "gw-1000", "--virtual-array", "--tpm", "off", "--metrics", "off", "--web", "off", "--listen", "127.0.0.1:0"]);
        Assert.Contains("--virtual-array pretends disks, and the profile 'gw-1000' has real bays", program.Wait().Expect(1).Errors, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_scratch["state"]));
    }

    private static string Status(Appliance appliance) => appliance.Operator("raid", "status").Expect(0).Output;
}
