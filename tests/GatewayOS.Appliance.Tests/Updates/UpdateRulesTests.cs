using GatewayOS.Appliance.Updates;

namespace GatewayOS.Appliance.Tests.Updates;

public sealed class UpdateRulesTests
{
    private static readonly SystemSlot s_booted = new("rootfs.0", "A", true, true, "", "", false, 0, null);
    private static readonly SystemSlot s_other = new("rootfs.1", "B", false, true, "", "", false, 0, null);

    [Theory]
    [InlineData("1.2.3", "1.2.3", 0)]
    [InlineData("1.2.3", "1.2.4", -1)]
    [InlineData("1.10.0", "1.9.9", 1)]
    [InlineData("2", "1.9.9", 1)]
    [InlineData("1.2", "1.2.0", 0)]
    [InlineData("1.2.0-rc.1", "1.2.0", -1)]
    [InlineData("1.2.0-rc.2", "1.2.0-rc.10", -1)]
    [InlineData("1.2.0-1", "1.2.0-alpha", -1)]
    [InlineData("1.2.0-alpha", "1.2.0-alpha.1", -1)]
    [InlineData("1.2.0+build.7", "1.2.0+build.1", 0)]
    public void Versions_are_ordered_as_semantic_versions(string left, string right, int order)
    {
        Assert.Equal(order, Math.Sign(BundleVersion.Parse(left)!.Order(BundleVersion.Parse(right)!)));
        Assert.Equal(-order, Math.Sign(BundleVersion.Parse(right)!.Order(BundleVersion.Parse(left)!)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("v1")]
    [InlineData("1..2")]
    [InlineData("-1")]
    [InlineData("1.2-")]
    [InlineData("1.2.3.4.5.6.7")]
    [InlineData("99999999999999999999")]
    public void What_is_no_version_is_none(string text) => Assert.Null(BundleVersion.Parse(text));

    [Theory]
    [InlineData("gw", "1.1.0", "1.0.0", false, "", null)]
    [InlineData("gw", "1.0.0", "1.0.0", false, "", null)]
    [InlineData("gw", "0.9.0", "1.0.0", false, "", "Version 0.9.0 is earlier than 1.0.0")]
    [InlineData("gw", "0.9.0", "1.0.0", true, "", null)]
    [InlineData("gw", "1.0.0-rc.1", "1.0.0", false, "", "is earlier than")]
    [InlineData("gw", "nightly", "1.0.0", false, "", "cannot be told")]
    [InlineData("gw", "nightly", "1.0.0", true, "", null)]
    [InlineData("gw-2000", "1.1.0", "1.0.0", false, "", "The bundle is for 'gw-2000', and this machine is 'gw'")]
    [InlineData("gw-2000", "1.1.0", "1.0.0", true, "", "The bundle is for 'gw-2000'")]
    [InlineData("gw", "1.1.0", "1.0.0", true, "md0 is degraded.", "md0 is degraded.")]
    public void A_bundle_is_refused_by_what_it_is(string compatible, string version, string running, bool allowsDowngrade, string arrays, string? expected) =>
        Check(expected, UpdateRules.Refusal(Slots(), new BundleFacts(compatible, version, ""), running, allowsDowngrade, arrays));

    [Fact]
    public void Nothing_is_installed_where_it_is_not_known_what_runs_or_something_is_under_way()
    {
        var bundle = new BundleFacts("gw", "1.1.0", "");
        Check("no RAUC on the system bus", UpdateRules.Refusal(SlotsReading.Unknown("no RAUC on the system bus"), bundle, "1.0.0", false, ""));
        Check("Which slot runs is not known", UpdateRules.Refusal(Slots() with { Slots = [s_booted with { IsBooted = false }, s_other] }, bundle, "1.0.0", false, ""));
        Check("Which slot runs is not known", UpdateRules.Refusal(Slots() with { Slots = [s_booted] }, bundle, "1.0.0", false, ""));
        Check("being installed already", UpdateRules.Refusal(Slots() with { IsInstalling = true }, bundle, "1.0.0", false, ""));
        Check("not signed", UpdateRules.Refusal(Slots(), BundleFacts.Refused("It is not signed."), "1.0.0", true, ""));
    }

    private static SlotsReading Slots() => new("", "gw", false, "rootfs.0", [s_booted, s_other]);

    private static void Check(string? expected, string? refusal)
    {
        if (expected is null)
        {
            Assert.Null(refusal);
        }
        else
        {
            Assert.Contains(expected, refusal, StringComparison.Ordinal);
        }
    }
}
