using System.Text.Json.Nodes;
using GatewayOS.Api;
using GatewayOS.TestKit.Programs;
using GatewayOS.Web.Contract;
using GatewayOS.Web.Endpoints;
using Microsoft.AspNetCore.Http;

namespace GatewayOS.Web.Tests;

/// <summary>What the control plane's console takes for its contract, against the protocol. It is made of the same parts as the appliance's page, and so its types are made here.</summary>
public sealed class ConsoleContractTests
{
    [Fact]
    public void The_consoles_types_are_what_the_protocol_gives() => ContractFile.AssertIs(
        "console/types.ts", OpenApi.Of([.. Fleet.Descriptor.Methods.Select(method => new WebEndpoint(HttpMethods.Post, $"{EndpointTable.Prefix}{method.Service.FullName}/{method.Name}", "", (_, _) => Task.CompletedTask) { Method = method })]));
}

/// <summary>Types that a contract gives, and the file in which the page has them.</summary>
internal static class ContractFile
{
    /// <summary>Requires that the file is what the contract gives.</summary>
    /// <param name="file">Below the page's folder.</param>
    /// <param name="document">The contract.</param>
    public static void AssertIs(string file, JsonObject document)
    {
        string path = Path.Join(Gatewayctl.Root, "src/GatewayOS.Web/ui", file);
        string types = TypeScriptTypes.Of(document);
        if (Environment.GetEnvironmentVariable("GATEWAY_WRITE_TYPES") == "1")
        {
            File.WriteAllText(path, types);
        }

        Assert.True(types == File.ReadAllText(path), $"{path} is not what the contract gives. GATEWAY_WRITE_TYPES=1 has this test write it.");
    }
}
