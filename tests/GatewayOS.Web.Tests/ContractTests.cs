using System.Net;
using System.Text.Json.Nodes;
using GatewayOS.Appliance.Accounts;

namespace GatewayOS.Web.Tests;

/// <summary>What the contract says, against what is served.</summary>
[Collection(ServedGroup.Name)]
public sealed class ContractTests(ServedAppliance served)
{
    [Fact]
    public async Task The_pages_types_are_what_the_document_gives()
    {
        using Browser browser = await served.BrowserOfAsync(Role.Viewer);
        Answer answer = (await browser.GetAsync("/api/v1/openapi.json")).Expect(HttpStatusCode.OK);
        ContractFile.AssertIs("src/api/types.ts", JsonNode.Parse(answer.Text)!.AsObject());
    }

    [Fact]
    public async Task Answers_have_the_fields_that_the_document_promises()
    {
        using Browser browser = await served.BrowserOfAsync(Role.Administrator);
        JsonObject document = JsonNode.Parse((await browser.GetAsync("/api/v1/openapi.json")).Text)!.AsObject();
        foreach ((string path, string schema) in ((string, string)[])[("overview", "OverviewDocument"), ("panel", "PanelDocument"), ("session", "SessionDocument"), ("setup", "SetupStateDocument")])
        {
            JsonObject answer = JsonNode.Parse((await browser.GetAsync($"/api/v1/{path}")).Expect(HttpStatusCode.OK).Text)!.AsObject();
            JsonObject promised = document["components"]!["schemas"]![schema]!.AsObject();
            Assert.All(promised["required"]!.AsArray(), name => Assert.True(answer.ContainsKey((string)name!), $"{path} has no {name}"));
            Assert.All(answer, field => Assert.True(promised["properties"]!.AsObject().ContainsKey(field.Key), $"{path} has {field.Key}, which is not promised"));
        }

        // Proto3 JSON: enums by name, numbers of 64 bits as text, what is the default absent.
        (await browser.CallAsync("Management/CreateToken", new { lifetimeSeconds = 60 })).Expect(HttpStatusCode.OK);
        JsonObject status = JsonNode.Parse((await browser.CallAsync("Management/GetStatus")).Expect(HttpStatusCode.OK).Text)!.AsObject();
        Assert.Equal(System.Text.Json.JsonValueKind.String, status["diskTotalBytes"]!.GetValueKind());
        Assert.Equal(System.Text.Json.JsonValueKind.Number, status["nodesMax"]!.GetValueKind());
        Assert.False(status.ContainsKey("runs"));
        JsonObject sensors = JsonNode.Parse((await browser.CallAsync("Hardware/GetSensors")).Expect(HttpStatusCode.OK).Text)!.AsObject();
        Assert.Contains(sensors["sensors"]!.AsArray(), sensor => (string?)sensor!["verdict"] == "GOOD");

        // And the same on the way in: what is no name of the enum's is refused, not taken for its first.
        (await browser.CallAsync("Power/ShutDown", new { how = "UNSPECIFIED" })).Expect(HttpStatusCode.BadRequest);
        (await browser.CallAsync("Power/ShutDown", new { how = "EXPLODE" })).Expect(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Events_tell_what_has_changed_and_streams_end_with_their_job()
    {
        using Browser browser = await served.BrowserOfAsync(Role.Operator);
        string line = await browser.ReadLineAsync(HttpMethod.Get, "/api/v1/events", null, line => line.StartsWith("data: ", StringComparison.Ordinal) && line.Contains("jobs", StringComparison.Ordinal), async () =>
            (await browser.CallAsync("Jobs/OrderJob", new { kind = "gc" })).Expect(HttpStatusCode.OK));
        Assert.Contains("\"topics\":[", line, StringComparison.Ordinal);
        string job = (string)JsonNode.Parse((await browser.CallAsync("Jobs/ListJobs", new { most = 1 })).Text)!["jobs"]![0]!["id"]!;
        Assert.Equal("event: end", await browser.ReadLineAsync(HttpMethod.Post, "/api/v1/gatewayos.v1.Jobs/WatchJob", $"{{\"id\":\"{job}\"}}", line => line.StartsWith("event: ", StringComparison.Ordinal)));
    }
}
