using System.Text.Json;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.System.Tests.Vault;

/// <summary>A service moves packs to another storage class by age: what that costs is shown, and the vault stays what it was.</summary>
public sealed class StorageClassTests
{
    private const string Cold = "COLD";
    private const int FileBytes = 3_000_000;
    private static readonly TimeSpan s_movedMax = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(1);

    [Fact]
    public void Packs_move_by_age_and_the_vault_is_read_as_before()
    {
        using var scratch = new ScratchDirectory("classes");
        using var server = new S3Server(storageClass: Cold);
        var environment = new Dictionary<string, string>
        {
            ["GATEWAY_STORE"] = scratch["store"],
            ["GATEWAY_KEY_FILE"] = scratch["key"],
            ["GATEWAY_VAULTS"] = scratch["vaults.json"],
            ["AWS_ACCESS_KEY_ID"] = S3Server.AccessKey,
            ["AWS_SECRET_ACCESS_KEY"] = S3Server.SecretKey,
        };
        ProgramRun Run(int exit, params string[] arguments)
        {
            using var program = new BuiltProgram("gatewayctl", arguments, environment);
            return program.Wait().Expect(exit);
        }

        Directory.CreateDirectory(scratch["source"]);
        byte[] content = new byte[FileBytes];
        new Random(1).NextBytes(content);
        File.WriteAllBytes(scratch["source/file"], content);
        Run(0, "store", "init");
        Run(0, "store", "backup", scratch["source"]);
        server.Request("PUT", "box");
        Run(0, "vault", "add", "box", "s3://box/site", "--endpoint", server.Endpoint);
        Run(0, "vault", "sync");
        Assert.Empty(Run(0, "vault", "classes", "--json").Json.GetProperty("rules").EnumerateArray());

        // A rule of somebody else in the same bucket stays.
        const string Foreign = "<LifecycleConfiguration><Rule><ID>theirs</ID><Filter><Prefix>other/</Prefix></Filter><Status>Enabled</Status><Expiration><Days>9</Days></Expiration></Rule></LifecycleConfiguration>";
        File.WriteAllText(scratch["rules.xml"], Foreign);
        server.Request("PUT", "box?lifecycle=", scratch["rules.xml"]);
        Assert.Contains("GLACIER", Run(1, "vault", "classes", "--after", "30=GLACIER").Errors, StringComparison.Ordinal);
        Assert.Contains("theirs", server.Request("GET", "box?lifecycle="), StringComparison.Ordinal);

        JsonElement set = Run(0, "vault", "classes", "--after", $"1={Cold}", "--price", "STANDARD=10/0", "--price", $"{Cold}=1/2", "--json").Json;
        Assert.Equal(Cold, Assert.Single(set.GetProperty("rules").EnumerateArray()).GetProperty("class").GetString());
        Assert.Contains("theirs", server.Request("GET", "box?lifecycle="), StringComparison.Ordinal);
        JsonElement now = set;
        Assert.True(
            SpinWait.SpinUntil(() =>
            {
                Thread.Sleep(s_look);
                now = Run(0, "vault", "classes", "--json").Json;
                return BytesOf(now, Cold) >= FileBytes;
            }, s_movedMax),
            now.ToString());
        Assert.True(now.GetProperty("perMonth").GetDecimal() < set.GetProperty("perMonth").GetDecimal() / 2, now.ToString());

        Run(0, "vault", "sync");
        Assert.Equal(0, Run(0, "vault", "status", "--json").Json.GetProperty("altered").GetInt32());
        Run(0, "vault", "verify", "--keyless", "--read-data");
        Run(0, "vault", "restore", "latest", "--target", scratch["out"]);
        Assert.Equal(content, File.ReadAllBytes(scratch["out"] + scratch["source/file"]));

        Assert.Empty(Run(0, "vault", "classes", "--never", "--json").Json.GetProperty("rules").EnumerateArray());
        Assert.Contains("theirs", server.Request("GET", "box?lifecycle="), StringComparison.Ordinal);
    }

    private static long BytesOf(JsonElement classes, string name) =>
        classes.GetProperty("classes").EnumerateArray().Where(row => row.GetProperty("class").GetString() == name).Sum(row => row.GetProperty("bytes").GetInt64());
}
