using GatewayOS.TestKit.Programs;

namespace GatewayOS.Cli.Tests;

/// <summary>Stores that earlier programs wrote must be read for ever.</summary>
public sealed class FixtureTests
{
    [Theory]
    [InlineData("store-v1", "/tmp/fx/src")]
    [InlineData("store-v2", "/tmp/fx/src")]
    public void A_store_of_an_earlier_version_is_read_whole(string fixture, string source)
    {
        string from = Path.Join(Gatewayctl.Root, "tests/GatewayOS.Fixtures", fixture);
        using var scratch = new ScratchDirectory("fixture");
        Shell.Run($"cp -r '{from}/store' '{from}/key' '{scratch.Path}/' && cd '{scratch["store"]}' && mkdir -p locks tmp condemned damaged && for i in $(seq 0 255); do mkdir -p packs/$(printf %02x $i); done");
        var store = new Gatewayctl(scratch["store"], new Dictionary<string, string> { ["GATEWAY_KEY_FILE"] = scratch["key"] });
        store.Expect(0, "verify", "--read-data");
        store.Expect(0, "verify", "--read-data", "--keyless");
        Assert.Equal(2, store.Expect(0, "snapshots", "--json").Json.GetProperty("snapshots").GetArrayLength());
        store.Expect(0, "restore", "latest", "--target", scratch["out"]);
        Assert.Equal("", Shell.Run($"cd '{scratch["out"]}{source}' && sha256sum --quiet -c '{from}/expected.sha256'"));
        Assert.Equal("a.txt", File.ResolveLinkTarget(scratch["out"] + source + "/link", returnFinalTarget: false)!.Name);

        // And written: what the old format cannot hold would show here.
        Shell.Run($"seq 1 100000 > '{scratch["more"]}'");
        store.Expect(0, "backup", scratch["more"]);
        store.Expect(0, "verify", "--read-data");
    }
}
