using System.Security.Cryptography;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Daemon.Tests;

/// <summary>The support bundle: it holds what helps, it holds no secret, and only its passphrase opens it.</summary>
public sealed class SupportTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new("support");
    private readonly List<string> _secrets = [];

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void A_bundle_tells_what_is_wrong_and_no_secret()
    {
        Directory.CreateDirectory(_scratch["appliance/state"]);
        string vaultKey = Plant();
        File.WriteAllText(_scratch["s3.txt"], $"aws_access_key_id = {Plant()}\naws_secret_access_key = {vaultKey}\n");
        File.WriteAllText(_scratch["vaults.json"], $$"""{ "offsite": { "bucket": { "endpoint": "https://127.0.0.1:1", "bucket": "backups", "credentialsFile": "{{_scratch["s3.txt"]}}" } } }""");
        File.WriteAllText(_scratch["appliance/state/delivery.json"], $$"""
            { "mail": { "host": "127.0.0.1", "port": 1, "from": "gateway@example.org", "to": ["admin@example.org"], "user": "gateway", "password": "{{Plant()}}" },
              "webhooks": [{ "name": "pager", "url": "https://127.0.0.1:1/hook/{{Plant()}}", "secret": "{{Plant()}}" }] }
            """);
        File.WriteAllText(_scratch["appliance/state/tunnel.key"], PlantBytes() + "\n");
        string fleetKey = PlantBytes();
        File.WriteAllText(_scratch["appliance/state/fleet.json"], $$"""
            { "address": "127.0.0.1:1", "controlPlane": "c", "tenant": "t", "applianceId": "a", "caPem": "", "keyPem": "-----BEGIN PRIVATE KEY-----\n{{fleetKey}}\n", "certificatePem": "", "resumeToken": "{{PlantBytes()}}" }
            """);
        var environment = new Dictionary<string, string> { ["GATEWAY_VAULTS"] = _scratch["vaults.json"], ["AWS_SECRET_ACCESS_KEY"] = Plant(), ["GATEWAY_PASSWORD"] = Plant() };
        using var appliance = new Appliance(_scratch, environment);
        _secrets.Add(File.ReadAllText(Path.Join(appliance.State, "store.key")).Split(' ')[1].Trim());
        _secrets.Add(appliance.NodeToken());
        _secrets.Add(appliance.Operator("token", "create", "--role", "viewer", "--quiet").Expect(0).Output.Trim());
        appliance.Operator("user", "add", "vera", "--role", "viewer", "--quiet").Expect(0);
        _secrets.AddRange(JsonValues(Path.Join(appliance.State, "accounts.json"), "hash", "salt", "secretHash"));
        appliance.Enroll("node1").Run("backup", _scratch["s3.txt"]).Expect(0);

        // Something that was refused quotes a secret: that is on record, and must not leave with the record.
        Assert.Contains(vaultKey, appliance.Operator("job", "run", "verify", "--policy", vaultKey).Expect(1).Errors, StringComparison.Ordinal);
        appliance.Operator("job", "run", "verify", "--policy", fleetKey).Expect(1);
        Assert.Contains(vaultKey, appliance.Operator("audit", "list", "--json").Expect(0).Output, StringComparison.Ordinal);

        File.WriteAllText(_scratch["passphrase"], "a long walk in the rain\n");
        string[] passphrase = ["--passphrase-file", _scratch["passphrase"]];
        string[] names = [.. appliance.Operator("support", "preview", "--json").Expect(0).Json.GetProperty("files").EnumerateArray().Select(file => file.GetProperty("name").GetString()!)];
        appliance.Operator(["support", "bundle", "--out", _scratch["bundle"], .. passphrase]).Expect(0);
        appliance.Operator(["support", "bundle", "--out", _scratch["bundle"], .. passphrase]).Expect(2);
        Assert.DoesNotContain("gateway", File.ReadAllText(_scratch["bundle"]), StringComparison.Ordinal);
        appliance.Operator(["support", "open", _scratch["bundle"], "--out", _scratch["opened"], .. passphrase]).Expect(0);
        Assert.Equal(names.Order(StringComparer.Ordinal), Directory.GetFiles(_scratch["opened"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));

        string all = string.Concat(Directory.GetFiles(_scratch["opened"]).Select(File.ReadAllText));
        Assert.DoesNotContain("could not be made", all, StringComparison.Ordinal);
        Assert.All((string[])["node1", "offsite", "pager", "admin@example.org", "serves on", "gatewayos.v1.Support/Make", "MemTotal", "\"model\": \"dev\"", "vera"], word => Assert.Contains(word, all, StringComparison.Ordinal));
        Assert.Contains("(secret left out)", File.ReadAllText(_scratch["opened/audit.json"]), StringComparison.Ordinal);
        Assert.All(_secrets, secret => Assert.DoesNotContain(secret, all, StringComparison.Ordinal));
        Assert.True(_secrets.Count > 12);
    }

    [Fact]
    public void What_is_not_whole_or_not_the_passphrase_leaves_nothing()
    {
        using var appliance = new Appliance(_scratch);
        File.WriteAllText(_scratch["passphrase"], "a long walk in the rain");
        File.WriteAllText(_scratch["other"], "a long walk in the snow");
        File.WriteAllText(_scratch["short"], "rain");
        Assert.Contains("too short", appliance.Operator("support", "bundle", "--out", _scratch["bundle"], "--passphrase-file", _scratch["short"]).Expect(2).Errors, StringComparison.Ordinal);
        Assert.False(File.Exists(_scratch["bundle"]));
        appliance.Operator("support", "bundle", "--out", _scratch["bundle"], "--passphrase-file", _scratch["passphrase"]).Expect(0);
        Assert.Contains("passphrase does not open", appliance.Operator("support", "open", _scratch["bundle"], "--out", _scratch["opened"], "--passphrase-file", _scratch["other"]).Expect(1).Errors, StringComparison.Ordinal);
        byte[] bundle = File.ReadAllBytes(_scratch["bundle"]);
        File.WriteAllBytes(_scratch["cut"], bundle[..^1]);
        appliance.Operator("support", "open", _scratch["cut"], "--out", _scratch["opened"], "--passphrase-file", _scratch["passphrase"]).Expect(1);
        Assert.False(Directory.Exists(_scratch["opened"]));
        Directory.CreateDirectory(_scratch["full/of"]);
        appliance.Operator("support", "open", _scratch["bundle"], "--out", _scratch["full"], "--passphrase-file", _scratch["passphrase"]).Expect(2);
    }

    private static IEnumerable<string> JsonValues(string file, params string[] names) =>
        System.Text.RegularExpressions.Regex.Matches(File.ReadAllText(file), $"\"(?:{string.Join('|', names)})\": \"([^\"]+)\"").Select(match => match.Groups[1].Value);

    private string Plant()
    {
        _secrets.Add("SECRET" + Convert.ToHexString(RandomNumberGenerator.GetBytes(12)));
        return _secrets[^1];
    }

    private string PlantBytes()
    {
        _secrets.Add(Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));
        return _secrets[^1];
    }
}
