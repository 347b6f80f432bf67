using GatewayOS.Appliance.Raid;
using GatewayOS.Hardware.Profiles;
using GatewayOS.Hardware.Raid;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Hardware.Tests.Raid;

/// <summary>A controller's volumes from files in the format that the vendor documents; no controller was at hand.</summary>
public sealed class StorcliReportTests
{
    private static readonly DateTimeOffset s_now = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly BayProfile[] s_bays = [.. Enumerable.Range(0, 8).Select(slot => new BayProfile(slot + 1, $"Bay {slot + 1}", $"252:{slot}"))];

    [Theory]
    [InlineData("optimal", ArrayState.Optimal)]
    [InlineData("degraded", ArrayState.Degraded)]
    [InlineData("rebuilding", ArrayState.Rebuilding)]
    [InlineData("failed", ArrayState.Failed)]
    public void A_volume_has_a_state(string name, ArrayState state)
    {
        RaidReading reading = Read(name);
        Assert.Null(reading.Problem);
        ArrayReading volume = Assert.Single(reading.Arrays);
        Assert.Equal(("vd 0/239", "store", "raid6", 8), (volume.Id, volume.Name, volume.Level, volume.Slots));
        Assert.Equal(state, ArrayHealth.Of(volume).State);
    }

    [Fact]
    public void Disks_have_bays_and_sizes()
    {
        DiskReading[] disks = [.. Read("degraded").Disks];
        Assert.Equal(9, disks.Length);
        Assert.Equal(("252:3", 4, "ST4000NM0295"), (disks[3].Device, disks[3].Bay, disks[3].Model));
        Assert.Equal(3_998_921_743_466, disks[3].SizeBytes, tolerance: 1_000_000_000);
        Assert.Null(disks[8].Bay);
        Assert.Equal(MemberState.Faulty, Read("degraded").Arrays[0].Members[3].State);
    }

    [Theory]
    [InlineData("optimal", "supercap", "CacheVault CVPM02", "Optimal", true)]
    [InlineData("battery-failed", "battery", "battery BBU", "Failed", false)]
    [InlineData("no-cache-protection", "battery", "battery", "absent", false)]
    public void The_cache_is_protected_or_not(string name, string promised, string kind, string state, bool isProtected) =>
        Assert.Equal(new CacheReading(kind, state, isProtected), StorcliReport.Read(Text(name), promised, s_bays, s_now).Cache);

    [Fact]
    public void Without_a_cache_to_protect_nothing_is_missing() => Assert.Null(StorcliReport.Read(Text("no-cache-protection"), "none", s_bays, s_now).Cache);

    [Theory]
    [InlineData("", "cannot be read")]
    [InlineData("[]", "no controller")]
    [InlineData("""{"Controllers":[]}""", "no controller")]
    [InlineData("""{"Controllers":[{}]}""", "Failure")]
    public void Odd_output_is_a_problem_and_no_crash(string json, string problem) => Assert.Contains(problem, StorcliReport.Read(json, "none", s_bays, s_now).Problem, StringComparison.Ordinal);

    [Fact]
    public void A_missing_controller_is_told_in_its_words() => Assert.Contains("No Controller found", Read("no-controller").Problem, StringComparison.Ordinal);

    [Fact]
    public void The_tool_is_run_and_a_missing_one_is_named()
    {
        using var scratch = new ScratchDirectory("storcli");
        File.WriteAllText(scratch["storcli"], $"#!/bin/sh\n[ \"$*\" = '/cALL show all J' ] && cat '{Fixture("optimal")}'\n");
        File.SetUnixFileMode(scratch["storcli"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        using var present = new StorcliRaid(scratch["storcli"], "supercap", s_bays, TimeProvider.System);
        Assert.Equal(ArrayState.Optimal, ArrayHealth.Of(Assert.Single(present.Read().Arrays)).State);
        Assert.False(present.Request(present.Read().Arrays[0], SyncRequest.Check).IsDone);
        using var missing = new StorcliRaid(scratch["nowhere"], "supercap", s_bays, TimeProvider.System);
        Assert.Contains(scratch["nowhere"], missing.Read().Problem, StringComparison.Ordinal);
    }

    private static RaidReading Read(string name) => StorcliReport.Read(Text(name), "supercap", s_bays, s_now);

    private static string Text(string name) => File.ReadAllText(Fixture(name));

    private static string Fixture(string name) => Path.Join(Gatewayctl.Root, "tests/GatewayOS.Hardware.Tests/Raid/Storcli", name + ".json");
}
