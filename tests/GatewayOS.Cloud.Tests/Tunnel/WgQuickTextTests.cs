using GatewayOS.Cloud.Tunnel;

namespace GatewayOS.Cloud.Tests.Tunnel;

/// <summary>Configurations as providers hand them out, and as people get them wrong.</summary>
public sealed class WgQuickTextTests
{
    private const string Key = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=";
    private const string Other = "TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0=";
    private const string Private = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";

    private const string Ordinary = $"""
        [Interface]
        # Made by a provider
        PrivateKey = {Private}
        Address = 10.7.0.2/24, fd00:7::2/64
        DNS = 10.7.0.1, corp.example

        [Peer]
        PublicKey = {Key}
        PresharedKey = {Other}
        AllowedIPs = 0.0.0.0/0, ::/0
        Endpoint = vpn.example.org:51820
        Endpoint = [2001:db8::1]:443
        PersistentKeepalive = 15
        """;

    [Fact]
    public void What_a_provider_hands_out_is_understood()
    {
        TunnelReadResult read = WgQuickText.Read(Ordinary.ReplaceLineEndings("\r\n"));
        Assert.Empty(read.Errors);
        Assert.Equal(Private, read.PrivateKey);
        TunnelConfig config = read.Config!;
        Assert.Equal(["10.7.0.2/24", "fd00:7::2/64"], config.Addresses.Select(address => address.ToString()));
        Assert.Equal("10.7.0.1", config.ProbeTarget!.ToString());
        Assert.Equal(["vpn.example.org:51820", "[2001:db8::1]:443"], config.Ways.Select(way => way.Endpoint.ToString()));
        Assert.Equal((Key, Other, 15), (config.Peers[0].PublicKey, config.Peers[0].PresharedKey, config.Peers[0].KeepaliveSeconds));
        Assert.Contains("corp.example", Assert.Single(read.Notes), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_written_is_read_as_the_same()
    {
        TunnelConfig config = WgQuickText.Read(Ordinary).Config! with { MtuBytes = 1380, ListenPort = 5555, Device = "other0", IsOn = false };
        string text = WgQuickText.Write(config, withSecrets: true);
        TunnelReadResult again = WgQuickText.Read(text);
        Assert.Empty(again.Errors);
        Assert.Equal(text, WgQuickText.Write(again.Config!, withSecrets: true));
        Assert.Equal((1380, 5555, "other0", false), (again.Config!.MtuBytes, again.Config.ListenPort, again.Config.Device, again.Config.IsOn));
        Assert.DoesNotContain(Private, text, StringComparison.Ordinal);
        Assert.DoesNotContain(Other, WgQuickText.Write(config, withSecrets: false), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_error_comes_at_once_with_its_line()
    {
        TunnelReadResult read = WgQuickText.Read($"""
            MTU = 1400
            [Interface]
            Address = 10.7
            MTU = 70000
            PostUp = iptables -F
            Colour = blue
            [Pear]
            [Peer]
            PublicKey = {Private[..20]}
            AllowedIPs = 10.0.0.0/40
            Endpoint = vpn.example.org
            PersistentKeepalive = often
            """);
        Assert.Null(read.Config);
        string[] begins = ["line 1: ", "line 3: ", "line 4: ", "line 5: ", "line 6: ", "line 7: ", "line 9: ", "line 10: ", "line 11: ", "line 12: "];
        Assert.All(begins, begin => Assert.Contains(read.Errors, error => error.StartsWith(begin, StringComparison.Ordinal)));
        Assert.Equal(begins.Length, read.Errors.Count);
    }

    [Fact]
    public void A_key_in_a_wrong_line_is_not_repeated_in_the_error() =>
        Assert.All(WgQuickText.Read($"[Interface]\nPrivateKey = {Private}x\n").Errors, error => Assert.DoesNotContain(Private, error, StringComparison.Ordinal));

    [Theory]
    [InlineData("[Interface]\nAddress = 10.7.0.2\n", "There is no [Peer]")]
    [InlineData($"[Interface]\nAddress = 10.7.0.2\n[Peer]\nPublicKey = {Key}\nAllowedIPs = 10.7.0.0/24\n", "has no Endpoint")]
    [InlineData($"[Interface]\n[Peer]\nPublicKey = {Key}\nAllowedIPs = 10.7.0.0/24\nEndpoint = 192.0.2.1:1\n", "has no Address")]
    [InlineData($"[Interface]\nAddress = 10.7.0.2\n[Peer]\nPublicKey = {Key}\nAllowedIPs = 192.0.2.0/24\nEndpoint = 192.0.2.1:1\n", "inside of its own tunnel")]
    [InlineData($"[Interface]\nAddress = 10.7.0.2\nDNS = 9.9.9.9\n[Peer]\nPublicKey = {Key}\nAllowedIPs = 10.7.0.0/24\nEndpoint = 192.0.2.1:1\n", "name server 9.9.9.9 is not reached")]
    [InlineData($"[Interface]\nAddress = fd00::2\nMTU = 1200\n[Peer]\nPublicKey = {Key}\nAllowedIPs = fd00::/64\nEndpoint = 192.0.2.1:1\n", "MTU of 1200 is outside 1280")]
    [InlineData($"[Interface]\nAddress = 10.7.0.2\n[Peer]\nPublicKey = {Key}\nAllowedIPs = 10.7.0.0/24\nEndpoint = 192.0.2.1:1\n[Peer]\nPublicKey = {Other}\nAllowedIPs = 10.8.0.0/24\nEndpoint = 192.0.2.2:1\n", "other AllowedIPs")]
    [InlineData($"[Interface]\nAddress = 10.7.0.2\nDevice = a name that is too long\n[Peer]\nPublicKey = {Key}\nAllowedIPs = 10.7.0.0/24\nEndpoint = 192.0.2.1:1\n", "no name of a device")]
    [InlineData($"[Interface]\nAddress = 10.7.0.2\nAddress = 10.7.0.3\nMTU = 1400\nMTU = 1300\n[Peer]\nPublicKey = {Key}\nAllowedIPs = 10.7.0.0/24\nEndpoint = 192.0.2.1:1\n", "MTU stands there twice")]
    public void What_fits_nowhere_is_refused_with_a_remedy(string text, string expected)
    {
        TunnelReadResult read = WgQuickText.Read(text);
        Assert.Null(read.Config);
        Assert.Contains(expected, Assert.Single(read.Errors), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("10.7.0.2/24", "10.7.0.0/24")]
    [InlineData("10.7.0.2", "10.7.0.2/32")]
    [InlineData("10.255.255.255/12", "10.240.0.0/12")]
    [InlineData("fd00:7:ffff::2/33", "fd00:7:8000::/33")]
    [InlineData("0.0.0.0/0", "0.0.0.0/0")]
    public void A_prefix_without_its_host_bits_is_a_network(string text, string network)
    {
        Assert.True(IpPrefix.TryParse(text, out IpPrefix prefix));
        Assert.Equal(network, prefix.Network.ToString());
    }
}
