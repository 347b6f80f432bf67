using System.Net;
using System.Text.Json;
using GatewayOS.Appliance.Accounts;

namespace GatewayOS.Web.Tests;

/// <summary>Who may ask for what: every endpoint that there is, for every role and for nobody.</summary>
[Collection(ServedGroup.Name)]
public sealed class EndpointAccessTests(ServedAppliance served)
{
    // The page's own endpoints and what the table of access calls them. A new one is put here, or the test fails.
    private static readonly Dictionary<string, string> s_own = new(StringComparer.Ordinal)
    {
        ["get session"] = "Session",
        ["post session"] = "LogIn",
        ["delete session"] = "LogOut",
        ["post session/second-factor"] = "SecondFactor",
        ["delete session/second-factor"] = "SecondFactor",
        ["get setup"] = "Setup",
        ["post setup"] = "Setup",
        ["post setup/claim"] = "Setup",
        ["get openapi.json"] = "Contract",
        ["get overview"] = "Overview",
        ["get events"] = "Events",
        ["get panel"] = "Panel",
        ["get certificate"] = "Certificate",
        ["post certificate"] = "ReplaceCertificate",
        ["delete certificate"] = "ReplaceCertificate",
        ["get logs"] = "Logs",
        ["get browse"] = "Browse",
        ["get compare"] = "Compare",
        ["get download"] = "Download",
    };

    [Fact]
    public async Task A_running_appliance_does_what_the_table_says_for_every_endpoint_and_role()
    {
        var wrong = new List<string>();
        foreach (Role? role in (Role?[])[null, .. Enum.GetValues<Role>().Select(role => (Role?)role)])
        {
            using Browser browser = role is { } one ? await served.BrowserOfAsync(one) : served.NewBrowser();
            foreach ((string verb, string path, string access) in await EndpointsAsync())
            {
                // By logging out the session ends: that comes last.
                if (access != "web/LogOut")
                {
                    await CheckAsync(browser, role, verb, path, access, wrong);
                }
            }

            await CheckAsync(browser, role, "delete", "/api/v1/session", "web/LogOut", wrong);
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public async Task Every_endpoint_has_its_line_in_the_table_of_access()
    {
        (string Verb, string Path, string Access)[] endpoints = await EndpointsAsync();
        Assert.All(endpoints, endpoint => Assert.Contains(endpoint.Access, AccessTable.Methods));
        Assert.Equal(s_own.Count, endpoints.Count(endpoint => endpoint.Access.StartsWith(AccessTable.Web, StringComparison.Ordinal)));

        // What gives certificates out, what nodes call and what tells about the server is for programs alone.
        foreach (string closed in (string[])["gatewayos.v1.Enrolment/Login", "gatewayos.v1.SignIn/WithPassword", "gatewayos.v1.BackupRuns/Begin", "gatewayos.v1.Agents/Attend", "gatewayos.v1.DataPath/Read", "grpc.health.v1.Health/Check"])
        {
            using Browser browser = await served.BrowserOfAsync(Role.Administrator);
            (await browser.PostAsync($"/api/v1/{closed}", new { })).Expect(HttpStatusCode.NotFound);
            Assert.NotEqual(HttpStatusCode.OK, (await browser.PostAsync($"/{closed}", new { })).Status);
        }
    }

    private static async Task CheckAsync(Browser browser, Role? role, string verb, string path, string access, List<string> wrong)
    {
        Answer answer = await browser.SendAsync(new HttpMethod(verb.ToUpperInvariant()), path, verb == "get" ? null : "{}");
        bool isOpen = AccessTable.Allows(access, Callers.None);
        bool admitted = role is null ? answer.Status != HttpStatusCode.Unauthorized || access is "web/LogIn" or "web/Session" : !(answer.Status == HttpStatusCode.Forbidden && answer.Text.Contains("Your role does not allow", StringComparison.Ordinal));
        if (admitted != (role is { } one ? AccessTable.Allows(access, one.AsCaller()) : isOpen))
        {
            wrong.Add($"{role?.ToString() ?? "nobody"} {verb} {path}: {answer.Status} {answer.Text}");
        }
    }

    private async Task<(string Verb, string Path, string Access)[]> EndpointsAsync()
    {
        using Browser browser = await served.BrowserOfAsync(Role.Viewer);
        JsonElement paths = (await browser.GetAsync("/api/v1/openapi.json")).Expect(HttpStatusCode.OK).Json.GetProperty("paths");
        return
        [
            .. from path in paths.EnumerateObject()
               from verb in path.Value.EnumerateObject()
               let name = path.Name["/api/v1/".Length..]
               select (verb.Name, path.Name, name.Contains('.', StringComparison.Ordinal) && name != "openapi.json" ? name : AccessTable.Web + s_own[$"{verb.Name} {name}"]),
        ];
    }
}
