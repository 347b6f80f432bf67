using GatewayOS.Terminal;

namespace GatewayOS.Cli.Tests;

/// <summary>Numbers for people and from them.</summary>
public sealed class SizesTests
{
    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(999, "999 B")]
    [InlineData(1024, "1.00 KiB")]
    [InlineData(1536, "1.50 KiB")]
    [InlineData(123456789, "118 MiB")]
    [InlineData(5L << 40, "5.00 TiB")]
    public void A_size_shows_three_digits_that_count(long bytes, string expected) => Assert.Equal(expected, Sizes.Bytes(bytes));

    [Theory]
    [InlineData("0", 0)]
    [InlineData("500", 500)]
    [InlineData("2k", 2048)]
    [InlineData("1.5M", 1572864)]
    [InlineData("2GiB", 2147483648)]
    [InlineData("3 T", 3298534883328)]
    public void A_size_is_read(string text, long expected)
    {
        Assert.True(Sizes.TryParse(text, out long bytes));
        Assert.Equal(expected, bytes);
    }

    [Theory]
    [InlineData("")]
    [InlineData("many")]
    [InlineData("-1")]
    [InlineData("5X")]
    [InlineData("5KM")]
    public void Nonsense_is_no_size(string text) => Assert.False(Sizes.TryParse(text, out _));

    [Fact]
    public void Progress_tells_share_rate_and_time_left()
    {
        string text = ProgressLine.Format(new ProgressState("backup", 250 << 20, 1000 << 20, IsBytes: true), TimeSpan.FromSeconds(10), bar: true);
        Assert.Equal("backup [######..................] 25.0 %  250 MiB of 0.98 GiB, 30 s left  25.0 MiB/s", text);
    }
}
