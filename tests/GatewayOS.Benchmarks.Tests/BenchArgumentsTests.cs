using GatewayOS.Benchmarks.Results;

namespace GatewayOS.Benchmarks.Tests;

/// <summary>What a suite cannot make sense of is refused by name.</summary>
public sealed class BenchArgumentsTests
{
    [Theory]
    [InlineData("there is no option '--round'", "--round", "3")]
    [InlineData("--rounds needs a value", "--rounds")]
    [InlineData("--rounds is 'many'", "--rounds", "many")]
    [InlineData("--rounds is '0'", "--rounds", "0")]
    [InlineData("--size is 'big'", "--size", "big")]
    [InlineData("--tools names 'tar'", "--tools", "borg,tar")]
    public void Wrong_options_are_named(string message, params string[] arguments)
    {
        BenchRefusedException refused = Assert.Throws<BenchRefusedException>(() =>
        {
            var read = new BenchArguments(arguments, "--rounds", "--size", "--tools");
            read.Number("--rounds", 1);
            read.Bytes("--size", "1G");
            read.Names("--tools", "restic", "borg");
        });
        Assert.Contains(message, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_that_are_there_are_read_and_others_have_their_defaults()
    {
        var read = new BenchArguments(["--size", "8G"], "--rounds", "--size", "--tools");
        Assert.Equal(8L << 30, read.Bytes("--size", "1G"));
        Assert.Equal(3, read.Number("--rounds", 3));
        Assert.Equal(["restic", "borg"], read.Names("--tools", "restic", "borg"));
    }
}
