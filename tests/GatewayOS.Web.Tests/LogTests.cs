using System.Net;
using System.Text.Json;
using GatewayOS.Appliance.Accounts;

namespace GatewayOS.Web.Tests;

/// <summary>The log, as it is shown to those who look into what happened.</summary>
[Collection(ServedGroup.Name)]
public sealed class LogTests(ServedAppliance served)
{
    [Fact]
    public async Task Lines_are_found_by_level_and_text_the_newest_first()
    {
        using Browser browser = await served.BrowserOfAsync(Role.Auditor);
        JsonElement log = (await browser.GetAsync("/api/v1/logs?text=SERVES%20ON")).Expect(HttpStatusCode.OK).Json;
        JsonElement line = Assert.Single(log.GetProperty("lines").EnumerateArray().ToArray());
        Assert.Equal(("information", "gatewayd"), (line.GetProperty("level").GetString(), line.GetProperty("source").GetString()));
        Assert.Empty((await browser.GetAsync("/api/v1/logs?text=serves%20on&least=warning")).Expect(HttpStatusCode.OK).Json.GetProperty("lines").EnumerateArray());
        long[] numbers = [.. (await browser.GetAsync("/api/v1/logs")).Expect(HttpStatusCode.OK).Json.GetProperty("lines").EnumerateArray().Select(one => one.GetProperty("number").GetInt64())];
        Assert.Equal(numbers.OrderDescending(), numbers);
        Assert.Contains("'loud' is no level", (await browser.GetAsync("/api/v1/logs?least=loud")).Expect(HttpStatusCode.BadRequest).Json.GetProperty("message").GetString(), StringComparison.Ordinal);
    }
}
