using GatewayOS.Api.Tokens;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Daemon.Tests;

/// <summary>An appliance that is nobody's and finds a provisioning file.</summary>
public sealed class ProvisionTests : IDisposable
{
    private const string Password = "correct horse battery";

    // Of that password, by Debian's argon2.
    private const string Hash = "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHRzYWx0$c9hbIQEJA1whX0iewAm0IddMIAzme2UsPp0pTL0vYOE";

    private readonly ScratchDirectory _scratch = new("provision");
    private readonly string _address = $"127.0.0.1:{Appliance.FreePort()}";

    public ProvisionTests() => Directory.CreateDirectory(_scratch["state"]);

    private string FileInState => _scratch["state/gateway-provision.json"];

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void What_the_file_says_is_done_and_the_file_is_gone()
    {
        File.WriteAllText(FileInState, $$"""{ "name": "gateway-berlin", "zone": "Europe/Berlin", "administrator": { "name": "vera", "passwordHash": "{{Hash}}" } }""");
        using BuiltProgram daemon = Start();
        daemon.WaitFor("As the provisioning file says: administrator, vera.");
        Until.Holds(() => !File.Exists(FileInState), "the file is wiped");
        LogIn(daemon, Password).Expect(0);
        Assert.Equal("gateway-berlin", Operator("status", "--json").Expect(0).Json.GetProperty("name").GetString());
        Assert.Contains("provisioning file", Operator("audit", "list").Expect(0).Output, StringComparison.Ordinal);
        Assert.NotEqual(0, LogIn(daemon, "another password").ExitCode);
    }

    [Fact]
    public void One_with_an_error_is_not_followed_and_the_error_is_said()
    {
        File.WriteAllText(FileInState, """{ "name": "gateway-berlin", "administrator": { "name": "vera", "passwordHash": "secret" } }""");
        using BuiltProgram daemon = Start();
        daemon.WaitFor("gateway-provision.json is not followed. The administrator's passwordHash is none");
        Assert.NotEqual(0, LogIn(daemon, "secret").ExitCode);
    }

    [Fact]
    public void A_control_plane_that_is_away_is_asked_again_also_after_a_kill()
    {
        File.WriteAllText(FileInState, $$"""{ "administrator": { "name": "vera", "passwordHash": "{{Hash}}" }, "controlPlane": { "address": "127.0.0.1:{{Appliance.FreePort()}}", "claim": "{{EnrolmentToken.Create(new byte[32]).ToText()}}" } }""");
        using (BuiltProgram daemon = Start())
        {
            daemon.WaitFor("It is tried again.");
            daemon.Signal("KILL");
            daemon.Wait();
        }

        Assert.True(File.Exists(FileInState));
        using BuiltProgram again = Start();
        again.WaitFor("It is tried again.");
        LogIn(again, Password).Expect(0);
    }

    private BuiltProgram Start()
    {
        var daemon = new BuiltProgram("gatewayd", ["--state", _scratch["state"], "--store", _scratch["store"], "--listen", _address, "--metrics", "off", "--web", "off", "--profile", "dev"]);
        daemon.WaitFor("first login with a password:");
        return daemon;
    }

    private ProgramRun LogIn(BuiltProgram daemon, string password)
    {
        string fingerprint = daemon.Log.Split("first login with a password: ")[1][..64];
        return Run(password, "login", _address, "--user", "vera", "--fingerprint", fingerprint);
    }

    private ProgramRun Operator(params string[] arguments) => Run(Password, arguments);

    private ProgramRun Run(string password, params string[] arguments)
    {
        using var program = new BuiltProgram("gatewayctl", arguments, new Dictionary<string, string> { ["GATEWAY_LOGIN"] = _scratch["operator"], ["GATEWAY_PASSWORD"] = password });
        return program.Wait();
    }
}
