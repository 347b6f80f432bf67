using System.Net;
using System.Text.Json;
using GatewayOS.Appliance.Accounts;

namespace GatewayOS.Web.Tests;

/// <summary>The tunnel, with a browser: what is wrong with a configuration is said, and what there is shows on the overview.</summary>
[Collection(ServedGroup.Name)]
public sealed class TunnelTests(ServedAppliance served)
{
    [Fact]
    public async Task Every_mistake_of_a_configuration_is_named_and_nothing_is_changed()
    {
        using Browser browser = await served.BrowserOfAsync(Role.Administrator);
        JsonElement reply = (await browser.CallAsync("Tunnel/Set", new { config = "[Interface]\nAddress = nowhere\n[Peer]\nPublicKey = short\n" })).Expect(HttpStatusCode.OK).Json;
        Assert.True(reply.GetProperty("problems").GetArrayLength() >= 2);
        Assert.False(reply.TryGetProperty("status", out _));
        (await browser.CallAsync("Tunnel/Switch", new { to = "UNSPECIFIED" })).Expect(HttpStatusCode.BadRequest);
        JsonElement status = (await browser.CallAsync("Tunnel/GetStatus")).Expect(HttpStatusCode.OK).Json;
        Assert.Equal("OFF", status.GetProperty("state").GetString());
        JsonElement overview = (await browser.GetAsync("/api/v1/overview")).Expect(HttpStatusCode.OK).Json;
        Assert.False(overview.TryGetProperty("tunnel", out _));
        Assert.Equal("absent", overview.GetProperty("subsystems").GetProperty("tunnel").GetString());
    }
}
