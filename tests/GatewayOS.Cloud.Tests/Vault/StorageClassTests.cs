using GatewayOS.Cloud.Vault;
using GatewayOS.Cloud.Vault.Classes;

namespace GatewayOS.Cloud.Tests.Vault;

/// <summary>Age rules and prices as operators write them, and what a vault costs.</summary>
public sealed class StorageClassTests
{
    [Fact]
    public void A_rule_is_days_and_a_class()
    {
        Assert.Equal(new StorageClassRule(30, "STANDARD_IA"), StorageClassRule.Parse("30=STANDARD_IA"));
        Assert.Equal("30=STANDARD_IA", new StorageClassRule(30, "STANDARD_IA").ToString());
        foreach (string wrong in (string[])["STANDARD_IA", "x=STANDARD_IA", "-1=COLD", "1.5=COLD", ""])
        {
            Assert.Contains("30=STANDARD_IA", Assert.Throws<VaultException>(() => StorageClassRule.Parse(wrong)).Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(0, "COLD", "0 days")]
    [InlineData(StorageClassRule.DaysMax + 1, "COLD", "days are outside")]
    [InlineData(1, "", "no name")]
    [InlineData(1, "a b", "no name")]
    [InlineData(90, "GLACIER", "wait for hours")]
    [InlineData(90, "deep_archive", "wait for hours")]
    public void What_makes_no_sense_is_refused(int days, string name, string reason)
    {
        Assert.Contains(reason, Assert.Single(StorageClassRule.Validate([new StorageClassRule(days, name)])), StringComparison.Ordinal);
    }

    [Fact]
    public void Two_rules_for_one_age_are_refused()
    {
        Assert.Empty(StorageClassRule.Validate([new(30, "STANDARD_IA"), new(90, "GLACIER_IR")]));
        Assert.Contains("several rules for 30", Assert.Single(StorageClassRule.Validate([new(30, "STANDARD_IA"), new(30, "GLACIER_IR")])), StringComparison.Ordinal);
    }

    [Fact]
    public void A_price_is_for_keeping_and_for_reading()
    {
        Assert.Equal(("COLD", new ClassPrice(0.0125m, 0.01m)), ClassPrice.Parse("COLD=0.0125/0.01"));
        Assert.Equal(("COLD", new ClassPrice(1, 0)), ClassPrice.Parse("COLD=1"));
        foreach (string wrong in (string[])["COLD", "=1", "COLD=", "COLD=-1", "COLD=1/x", "COLD=1,5"])
        {
            Assert.Contains("is no price", Assert.Throws<VaultException>(() => ClassPrice.Parse(wrong)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void What_a_vault_costs_is_summed_by_class_and_what_has_no_price_is_said()
    {
        var vault = new VaultListing();
        vault.Set(new VaultObject("packs/a", 3_000_000_000, "") { Class = "STANDARD" });
        vault.Set(new VaultObject("packs/b", 1_000_000_000, "") { Class = "STANDARD" });
        vault.Set(new VaultObject("packs/c", 2_000_000_000, "") { Class = "STANDARD_IA" });
        vault.Set(new VaultObject("packs/d", 9, "") { Class = "ODD" });
        IReadOnlyList<ClassUse> uses = ClassUse.Of(vault);
        Assert.Equal([new("ODD", 1, 9), new("STANDARD", 2, 4_000_000_000), new("STANDARD_IA", 1, 2_000_000_000)], uses);
        var cost = ClassCost.Of(uses, ClassPrice.AmazonUsEast1);
        Assert.Equal((0.117m, 0.02m), (cost.PerMonth, cost.ToRead));
        Assert.Equal(["ODD"], cost.Unpriced);
        vault.Set(new VaultObject("packs/e", 5, ""));
        Assert.Equal(3, ClassUse.Of(vault).Count);
    }
}
