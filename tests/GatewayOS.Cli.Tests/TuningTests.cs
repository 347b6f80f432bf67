using System.Text.Json;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Cli.Tests;

/// <summary>Threads and sizes are pinned, shown and reset without a key, and wrong ones are refused.</summary>
public sealed class TuningTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new("tuning");
    private readonly Gatewayctl _store;

    public TuningTests() => _store = new Gatewayctl(_scratch["store"], new Dictionary<string, string> { ["GATEWAY_TUNING"] = _scratch["machine/tuning.json"] });

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void A_pinned_value_is_kept_until_it_is_unpinned_or_all_is_reset()
    {
        Assert.Equal(("default", null), Value("worker-threads", "--show"));
        Assert.Equal(("pinned", 5), Value("worker-threads", "--pin", "worker-threads=5", "--pin", "read-ahead-kib=2048"));
        Assert.Equal(("pinned", 5), Value("worker-threads", "--show"));
        Assert.Equal(("default", null), Value("worker-threads", "--unpin", "worker-threads"));
        Assert.Equal(("pinned", 2048), Value("read-ahead-kib", "--show"));
        Assert.Equal(("default", null), Value("read-ahead-kib", "--reset"));
        Assert.Contains("read-ahead-kib", _store.Expect(0, "benchmark", "--show").Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("There is no 'colour' to tune", "--pin", "colour=3")]
    [InlineData("from 1 to 64", "--pin", "worker-threads=0")]
    [InlineData("from 1 to 64", "--pin", "worker-threads")]
    [InlineData("from 64 to 16384", "--pin", "read-ahead-kib=lots")]
    [InlineData("There is no 'colour' to tune", "--unpin", "colour")]
    [InlineData("exclude each other", "--show", "--reset")]
    public void What_makes_no_sense_is_refused_and_changes_nothing(string message, params string[] arguments)
    {
        Assert.Contains(message, _store.Expect(2, ["benchmark", .. arguments]).Errors, StringComparison.Ordinal);
        Assert.False(File.Exists(_scratch["machine/tuning.json"]));
    }

    [Fact]
    public void A_file_that_cannot_be_written_is_named()
    {
        File.WriteAllText(_scratch["machine"], "in the way");
        Assert.Contains("tuning.json", _store.Expect(1, "benchmark", "--pin", "worker-threads=5").Errors, StringComparison.Ordinal);
    }

    // The default depends on the machine.
    private (string Origin, int? Value) Value(string key, params string[] arguments)
    {
        JsonElement value = _store.Expect(0, ["benchmark", "--json", .. arguments]).Json.GetProperty("values").EnumerateArray().First(entry => entry.GetProperty("key").GetString() == key);
        string origin = value.GetProperty("origin").GetString()!;
        return (origin, origin == "default" ? null : value.GetProperty("value").GetInt32());
    }
}
