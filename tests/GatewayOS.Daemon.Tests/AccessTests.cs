extern alias appliance;
using System.Globalization;
using System.Text.Json;
using appliance::GatewayOS.Appliance.Accounts;
using GatewayOS.Api.Client;
using GatewayOS.TestKit.Programs;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Grpc.Net.Client;

namespace GatewayOS.Daemon.Tests;

/// <summary>Who may call what: the table, and what a running gatewayd makes of it.</summary>
public sealed class AccessTests : IDisposable
{
    private const string Password = "correct horse battery";

    private static readonly Marshaller<byte[]> s_bytes = new(bytes => bytes, bytes => bytes);

    // Served by the control plane, not by an appliance.
    private static readonly string[] s_controlPlane = ["fleet.proto", "fleet_link.proto"];

    private readonly ScratchDirectory _scratch = new("access");

    public void Dispose() => _scratch.Dispose();

    // Whatever is generated from the .proto files; the table must know each method and no other.
    private static IEnumerable<MethodDescriptor> Methods => ((Type[])[typeof(ApplianceChannel), typeof(GrpcChannel)])
        .SelectMany(one => one.Assembly.GetTypes())
        .Where(type => type.Name.EndsWith("Reflection", StringComparison.Ordinal))
        .Select(type => type.GetProperty("Descriptor")?.GetValue(null))
        .OfType<FileDescriptor>()
        .Where(file => !s_controlPlane.Contains(Path.GetFileName(file.Name)))
        .SelectMany(file => file.Services)
        .SelectMany(service => service.Methods);

    [Fact]
    public void The_table_has_every_method_and_no_other() =>
        Assert.Equal(Methods.Select(Name).Order(StringComparer.Ordinal), AccessTable.Methods.Where(method => !method.StartsWith(AccessTable.Web, StringComparison.Ordinal)).Order(StringComparer.Ordinal));

    [Fact]
    public void What_is_not_in_the_table_is_nobodys()
    {
        Assert.False(AccessTable.Allows("gatewayos.v1.Management/NoSuchMethod", Callers.Administrator));
        Assert.False(AccessTable.Allows("/gatewayos.v1.Management/RevokeNode", Callers.Operator));
        Assert.True(AccessTable.Allows("/gatewayos.v1.Management/RevokeNode", Callers.Administrator));
    }

    // The gate for audited calls knows unary and server-streaming ones.
    [Fact]
    public void What_is_audited_has_one_request() => Assert.All(Methods.Where(method => AccessTable.Of(Name(method)).IsAudited), method => Assert.False(method.IsClientStreaming));

    [Fact]
    public async Task A_running_appliance_does_what_the_table_says_for_every_method_and_role()
    {
        using var appliance = new Appliance(_scratch);
        var callers = new List<(Callers Caller, GrpcChannel Channel, Metadata Headers)>
        {
            (Callers.None, ApplianceChannel.Open(appliance.Address, ca: null, certificate: null), []),
            (Callers.Node, ApplianceChannel.Open(appliance.Address, ca: null, await HostileNode.CertificateAsync(appliance, "node1")), []),
        };
        foreach (Role role in Enum.GetValues<Role>())
        {
            string token = appliance.Operator("token", "create", "--role", role.ToText(), "--quiet").Expect(0).Output.Trim();
            callers.Add((role.AsCaller(), ApplianceChannel.Open(appliance.Address, ca: null, certificate: null), new Metadata { { "authorization", $"Bearer {token}" } }));
        }

        var wrong = new List<string>();
        foreach ((Callers caller, GrpcChannel channel, Metadata headers) in callers)
        {
            foreach (string method in Methods.Select(Name))
            {
                bool admitted = await IsAdmittedAsync(channel, headers, method);
                if (admitted != AccessTable.Allows(method, caller))
                {
                    wrong.Add($"{caller} {method}: {(admitted ? "admitted" : "refused")}");
                }
            }

            channel.Dispose();
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public void A_user_logs_in_with_a_password_and_may_what_the_role_allows_until_removed()
    {
        using var appliance = new Appliance(_scratch);
        string fingerprint = AddUser("vera", "viewer");
        Assert.NotEqual(0, Login(appliance, "vera", new string('0', 64)).ExitCode);
        Assert.Contains("wrong", Login(appliance, "vera", fingerprint, "an incorrect password").Expect(1).Errors, StringComparison.Ordinal);
        Login(appliance, "vera", fingerprint).Expect(0);
        As("vera", "status").Expect(0);
        Assert.Contains("role does not allow", As("vera", "node", "token").Expect(1).Errors, StringComparison.Ordinal);
        appliance.Operator("user", "role", "vera", "administrator").Expect(0);
        As("vera", "node", "token").Expect(0);
        appliance.Operator("user", "remove", "vera").Expect(0);
        Assert.Contains("revoked", As("vera", "status").Expect(1).Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_new_password_ends_the_logins_made_with_the_old_one()
    {
        using var appliance = new Appliance(_scratch);
        string fingerprint = AddUser("olga", "operator");
        Login(appliance, "olga", fingerprint).Expect(0);
        Run("operator", new() { ["GATEWAY_PASSWORD"] = "another horse battery" }, "user", "passwd", "olga").Expect(0);
        Assert.Contains("revoked", As("olga", "status").Expect(1).Errors, StringComparison.Ordinal);
        Login(appliance, "olga", fingerprint).Expect(1);
        Login(appliance, "olga", fingerprint, "another horse battery").Expect(0);
    }

    [Fact]
    public void Guessing_locks_an_account_until_it_is_unlocked()
    {
        using var appliance = new Appliance(_scratch);
        string fingerprint = AddUser("lara", "viewer");
        for (int i = 0; i < AccountRegistry.FailuresMax; i++)
        {
            Login(appliance, "lara", fingerprint, "a wrong password").Expect(1);
        }

        Login(appliance, "lara", fingerprint).Expect(1);
        appliance.Operator("user", "unlock", "lara").Expect(0);
        Login(appliance, "lara", fingerprint).Expect(0);
    }

    [Fact]
    public void An_api_token_serves_a_program_until_it_is_revoked()
    {
        using var appliance = new Appliance(_scratch);
        JsonElement made = appliance.Operator("token", "create", "--role", "viewer", "--json", "--quiet").Expect(0).Json;
        string token = made.GetProperty("token").GetString()!;
        WithToken(appliance, token, "status").Expect(0);
        Assert.Contains("role does not allow", WithToken(appliance, token, "user", "list").Expect(1).Errors, StringComparison.Ordinal);
        appliance.Operator("token", "revoke", made.GetProperty("info").GetProperty("id").GetString()!).Expect(0);
        Assert.Contains("not valid", WithToken(appliance, token, "status").Expect(1).Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_change_is_on_record_with_its_outcome_and_tampering_shows()
    {
        using var appliance = new Appliance(_scratch);
        AddUser("vera", "viewer");
        appliance.Operator("node", "revoke", "nosuchnode").Expect(1);
        appliance.Operator("status").Expect(0);
        // The first is the tester's own login.
        string[] entries = [.. appliance.Operator("audit", "list", "--json").Expect(0).Json.GetProperty("entries").EnumerateArray().Skip(1).Select(entry =>
            string.Join(' ', ((string[])["who", "method", "target", "outcome"]).Select(name => entry.GetProperty(name).GetString())))];
        Assert.Equal(
            [
                "operator:tester gatewayos.v1.Accounts/AddUser user:vera role:viewer asked", "operator:tester gatewayos.v1.Accounts/AddUser user:vera role:viewer done",
                "operator:tester gatewayos.v1.Management/RevokeNode node:nosuchnode asked", "operator:tester gatewayos.v1.Management/RevokeNode node:nosuchnode failed",
            ],
            entries);
        JsonElement whole = appliance.Operator("audit", "verify", "--json").Expect(0).Json;
        string audit = Path.Join(appliance.State, "audit");
        string anchor = string.Create(CultureInfo.InvariantCulture, $"{whole.GetProperty("count").GetInt64()}:{whole.GetProperty("last").GetString()}");
        appliance.Operator("audit", "verify", "--file", audit, "--anchor", anchor).Expect(0);
        Shell.Run($"sed -i s/user:vera/user:nora/ '{audit}/segment-000001.log'");
        appliance.Operator("audit", "verify").Expect(4);
        appliance.Operator("audit", "verify", "--file", audit).Expect(4);
    }

    private static string Name(MethodDescriptor method) => $"{method.Service.FullName}/{method.Name}";

    // A gate's refusal is told from a service's by its words.
    private static async Task<bool> IsAdmittedAsync(GrpcChannel channel, Metadata headers, string method)
    {
        string[] parts = method.Split('/');
        try
        {
            await channel.CreateCallInvoker().AsyncUnaryCall(new Method<byte[], byte[]>(MethodType.Unary, parts[0], parts[1], s_bytes, s_bytes), host: null, new CallOptions(headers, TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(8)), []);
            return true;
        }
        catch (RpcException error)
        {
            return !((string[])["A certificate of this appliance", "This is for", "Your role does not allow"]).Any(words => error.Status.Detail.StartsWith(words, StringComparison.Ordinal));
        }
    }

    private string AddUser(string name, string role) =>
        Run("operator", new() { ["GATEWAY_PASSWORD"] = Password }, "user", "add", name, "--role", role).Expect(0).Errors.Split("--fingerprint ")[1][..64];

    private ProgramRun Login(Appliance appliance, string name, string fingerprint, string password = Password) =>
        Run($"users/{name}", new() { ["GATEWAY_PASSWORD"] = password }, "login", appliance.Address, "--user", name, "--fingerprint", fingerprint);

    private ProgramRun As(string name, params string[] arguments) => Run($"users/{name}", [], arguments);

    private ProgramRun WithToken(Appliance appliance, string token, params string[] arguments) =>
        Run("users/program", new() { ["GATEWAY_API_TOKEN"] = token, ["GATEWAY_ADDRESS"] = appliance.Address }, arguments);

    private ProgramRun Run(string login, Dictionary<string, string> environment, params string[] arguments)
    {
        environment["GATEWAY_LOGIN"] = _scratch[login];
        using var program = new BuiltProgram("gatewayctl", arguments, environment);
        return program.Wait();
    }
}
