using System.Text.Json.Nodes;
using GatewayOS.Cloud.Vault;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Cloud.Tests.Vault;

/// <summary>The list of vaults, as people may have written it.</summary>
public sealed class VaultFileTests : IDisposable
{
    private static readonly string[] s_members = ["prefix", "region", "pathStyle", "encryption", "kmsKey", "packClass", "lockDays", "caFile", "credentialsFile", "viaTunnel", "bandwidth"];

    private readonly ScratchDirectory _scratch = new("vault-file");

    public void Dispose() => _scratch.Dispose();

    public static TheoryData<string> Members => [.. s_members];

    [Theory]
    [MemberData(nameof(Members))]
    public void A_member_that_is_left_out_has_its_default(string member)
    {
        // All of them, none as it is by default.
        JsonObject bucket = JsonNode.Parse(
            """
            { "endpoint": "https://s3.example.org", "bucket": "backups", "prefix": "a", "region": "r", "pathStyle": false, "encryption": "aws:kms", "kmsKey": "k", "packClass": "c", "lockDays": 3,
              "caFile": "/ca", "credentialsFile": "/keys", "viaTunnel": true }
            """)!.AsObject();
        var place = new JsonObject { ["bucket"] = bucket, ["bandwidth"] = JsonNode.Parse("""[{ "from": "08:00:00", "to": "18:00:00", "bytesPerSecond": 1000000 }]""") };
        VaultPlace whole = Read(place);
        Assert.True(bucket.Remove(member) || place.Remove(member));
        var defaults = new S3Settings { Endpoint = "https://s3.example.org", Bucket = "backups" };
        VaultPlace read = Read(place);
        S3Settings settings = whole.Bucket!;
        Assert.Equal(member == "bandwidth" ? [] : whole.Bandwidth, read.Bandwidth);
        Assert.Equal(
            member switch
            {
                "prefix" => settings with { Prefix = defaults.Prefix },
                "region" => settings with { Region = defaults.Region },
                "pathStyle" => settings with { PathStyle = defaults.PathStyle },
                "encryption" => settings with { Encryption = null },
                "kmsKey" => settings with { KmsKey = null },
                "packClass" => settings with { PackClass = null },
                "lockDays" => settings with { LockDays = 0 },
                "caFile" => settings with { CaFile = null },
                "credentialsFile" => settings with { CredentialsFile = null },
                "viaTunnel" => settings with { ViaTunnel = false },
                _ => settings,
            },
            read.Bucket);
    }

    [Fact]
    public void Every_member_that_may_be_left_out_is_tested()
    {
        string[] optional = [.. typeof(S3Settings).GetProperties().Select(member => member.Name).Except([nameof(S3Settings.Endpoint), nameof(S3Settings.Bucket)]).Append(nameof(VaultPlace.Bandwidth)).Select(name => System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(name))];
        Assert.Equal(optional.Order(StringComparer.Ordinal), s_members.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("""{ "bucket": { "endpoint": "https://s3.example.org" } }""")]
    [InlineData("""{ "bucket": { "bucket": "backups" } }""")]
    [InlineData("""{ "bucket": { "endpoint": "https://s3.example.org", "bucket": "backups", "prefix": null } }""")]
    public void What_cannot_be_left_out_is_said(string place) => Assert.Contains("cannot be read", Assert.Throws<VaultException>(() => Read(JsonNode.Parse(place)!.AsObject())).Message, StringComparison.Ordinal);

    private VaultPlace Read(JsonObject place)
    {
        File.WriteAllText(_scratch["vaults.json"], new JsonObject { ["v"] = place.DeepClone() }.ToJsonString());
        return new GatewayOS.Cloud.Vault.VaultFile(_scratch["vaults.json"]).Read()["v"];
    }
}
