using GatewayOS.Api.Tokens;

namespace GatewayOS.Cli.Tests;

/// <summary>A code makes the same keys for ever: gatewayctl and gatewayd need not be of the same version. The keys here are another implementation's, written from the class's description.</summary>
public sealed class ServiceCodeTests
{
    [Theory]
    [InlineData("00000-00000-00000-00000")]
    [InlineData("0000000000 0000000000")]
    [InlineData(" oOooo-ooooo-00000-00000\n")]
    public void A_code_makes_the_keys_that_its_description_says(string typed)
    {
        var code = ServiceCode.Parse(typed);
        Assert.Equal("ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBOt16aRrGKqYqdlLtrD7cFzaWiE8lUDIAi/kJAnWLHj/iT7bJSoZF/1nqO4LwVjI2yVpgIrGgklhaPOdbF5zU1w=", code.ClientKey);
        Assert.Equal("ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBOBg/jYFO7oQ/HklDwEKHlHgUfvOVgW9HLS5p1U+m+0JxyhuoCZjXLPx5oNWyzr49ahdSLApV2mHCpYvrhmWGDk=", code.HostKey);
        Assert.Equal("00000-00000-00000-00000", code.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("00000-00000-00000-0000")]
    [InlineData("00000-00000-00000-000000")]
    [InlineData("00000-00000-00000-0000U")]
    [InlineData("00000-00000-00000-0000é")]
    public void What_is_no_code_is_refused(string typed) => Assert.Contains("'Service code'", Assert.Throws<FormatException>(() => ServiceCode.Parse(typed)).Message, StringComparison.Ordinal);

    [Fact]
    public void Two_codes_are_never_the_same()
    {
        string[] codes = [.. Enumerable.Range(0, 100).Select(_ => ServiceCode.Create().ToString())];
        Assert.Equal(codes.Length, codes.Distinct().Count());
        Assert.All(codes, code => Assert.Equal(code, ServiceCode.Parse(code).ToString()));
    }
}
