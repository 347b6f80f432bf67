using System.Text.Json;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.System.Tests;

/// <summary>The whole measurement, on this machine's disk.</summary>
public sealed class BenchmarkTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new("benchmark");

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void What_is_measured_is_chosen_kept_and_used()
    {
        var store = new Gatewayctl(_scratch["store"], new Dictionary<string, string> { ["GATEWAY_KEY_FILE"] = _scratch["key"], ["GATEWAY_TUNING"] = _scratch["tuning.json"] });
        store.Expect(0, "init");
        JsonElement made = store.Expect(0, "benchmark", "--json", "--quiet").Json;
        Assert.All(made.GetProperty("measured").GetProperty("randomReads").EnumerateArray(), rate => Assert.True(rate.GetProperty("bytesPerSecond").GetDouble() > 0));
        JsonElement[] shown = [.. store.Expect(0, "benchmark", "--show", "--json").Json.GetProperty("values").EnumerateArray()];
        Assert.All(shown, value => Assert.Equal("measured", value.GetProperty("origin").GetString()));
        Assert.Empty(Directory.GetFiles(Path.Join(store.Store, "tmp")));
        File.WriteAllText(_scratch["file"], "content");
        store.Expect(0, "backup", _scratch["file"]);
        store.Expect(0, "restore", "latest", "--target", _scratch["out"]);
        Assert.Equal("content", File.ReadAllText(_scratch["out"] + _scratch["file"]));
        store.Expect(0, "verify", "--read-data");
    }
}
