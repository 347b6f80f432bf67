using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.System.Tests.Twins;

/// <summary>An appliance in the twin that was claimed over its web page, and whose operator is logged in from the host.</summary>
internal sealed class ClaimedTwin
{
    private const string Password = "correct horse battery";

    // Without acceleration, on two cores that others use too.
    private static readonly TimeSpan s_commandMax = TimeSpan.FromMinutes(10);

    private readonly Twin _twin;
    private readonly ScratchDirectory _scratch;

    private ClaimedTwin(Twin twin, ScratchDirectory scratch, string recoveryKey) => (_twin, _scratch, RecoveryKey) = (twin, scratch, recoveryKey);

    /// <summary>The store's recovery key, as the first start shows it.</summary>
    public string RecoveryKey { get; }

    private string Address => $"127.0.0.1:{_twin.GrpcPort}";

    /// <summary>Waits until a twin that starts for the first time offers itself, and claims it.</summary>
    /// <param name="twin">It; borrowed.</param>
    /// <param name="scratch">Gets the operator's login, and what agents keep.</param>
    public static async Task<ClaimedTwin> ClaimAsync(Twin twin, ScratchDirectory scratch)
    {
        string code = twin.WaitFor(@"Claim code for the web page: (\S+)").Groups[1].Value;
        string fingerprint = twin.WaitFor(@"SHA-256 of its certificate: ([0-9a-f]{64})").Groups[1].Value;
        string daemon = twin.WaitFor(@"first login with a password: ([0-9a-f]{64})").Groups[1].Value;
        using var handler = new SocketsHttpHandler { SslOptions = new() { RemoteCertificateValidationCallback = (_, certificate, _, _) => Convert.ToHexStringLower(SHA256.HashData(certificate!.GetRawCertData())) == fingerprint } };
        using var http = new HttpClient(handler) { BaseAddress = new Uri($"https://127.0.0.1:{twin.WebPort}"), Timeout = s_commandMax };
        using HttpResponseMessage claimed = await http.PostAsJsonAsync("/api/v1/setup/claim", new { claimCode = code });
        string setupToken = (await claimed.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>()).GetProperty("setupToken").GetString()!;
        using HttpResponseMessage done = await http.PostAsJsonAsync("/api/v1/setup", new { setupToken, account = "root", password = Password });
        string recoveryKey = (await done.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>()).GetProperty("recoveryKey").GetString()!;
        var appliance = new ClaimedTwin(twin, scratch, recoveryKey);
        appliance.Operator("login", appliance.Address, "--user", "root", "--fingerprint", daemon).Expect(0);
        return appliance;
    }

    /// <summary>Runs gatewayctl on the host as the operator.</summary>
    public ProgramRun Operator(params string[] arguments)
    {
        using var program = new BuiltProgram("gatewayctl", arguments, new Dictionary<string, string> { ["GATEWAY_LOGIN"] = _scratch["operator"], ["GATEWAY_PASSWORD"] = Password });
        return program.Wait(s_commandMax);
    }

    /// <summary>The host as a node of the appliance.</summary>
    /// <param name="name">Its name.</param>
    public Agent Enroll(string name)
    {
        var agent = new Agent(_scratch, name);
        agent.Run("enroll", "--gateway", Address, "--token", Operator("node", "token", "--quiet").Expect(0).Output.Trim(), "--name", name).Expect(0);
        return agent;
    }

    /// <summary>Something to back up.</summary>
    public string MakeSource()
    {
        string source = _scratch["source"];
        Shell.Run($"mkdir -p '{source}' && cp -a /usr/share/zoneinfo '{source}/'");
        return source;
    }

    /// <summary>Restores a node's newest snapshot and requires that it is as the source is.</summary>
    /// <param name="agent">The node.</param>
    /// <param name="source">What it backed up.</param>
    /// <param name="target">Where it is restored to, a name that was not used yet.</param>
    public void RequireRestored(Agent agent, string source, string target)
    {
        agent.Run("restore", "latest", "--target", _scratch[target]).Expect(0);
        Xunit.Assert.Equal("", Shell.Differences(source, _scratch[target] + source));
    }
}
