using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace GatewayOS.TestKit.Programs;

/// <summary>A gatewayd of a test's own on the loopback, with an operator who is logged in.</summary>
public sealed class Appliance : IDisposable
{
    private readonly ScratchDirectory _scratch;
    private readonly string[] _options;
    private readonly IReadOnlyDictionary<string, string>? _environment;
    private readonly NetworkSpace? _space;
    private BuiltProgram? _daemon;

    /// <summary>Starts it.</summary>
    /// <param name="scratch">Where it keeps everything.</param>
    /// <param name="options">Further options of gatewayd.</param>
    public Appliance(ScratchDirectory scratch, params string[] options)
        : this(scratch, null, options)
    {
    }

    /// <summary>Starts it in an environment, which its agents and its operator get too.</summary>
    /// <param name="scratch">Where it keeps everything.</param>
    /// <param name="environment">Added to this process's; null for nothing.</param>
    /// <param name="options">Further options of gatewayd.</param>
    public Appliance(ScratchDirectory scratch, IReadOnlyDictionary<string, string>? environment, params string[] options)
        : this(scratch, environment, space: null, options)
    {
    }

    /// <summary>Starts it in a network of its own, with its agents and its operator.</summary>
    /// <param name="scratch">Where it keeps everything.</param>
    /// <param name="environment">Added to this process's; null for nothing.</param>
    /// <param name="space">The network; null for this process's.</param>
    /// <param name="options">Further options of gatewayd.</param>
    public Appliance(ScratchDirectory scratch, IReadOnlyDictionary<string, string>? environment, NetworkSpace? space, params string[] options)
    {
        (_scratch, _environment, _space, _options) = (scratch, environment, space, options);
        Address = $"127.0.0.1:{FreePort()}";
        Start();
        Operator("login", Address, "--token", File.ReadAllText(_scratch["appliance/state/first-login-token"]).Trim(), "--name", "tester").Expect(0);
    }

    /// <summary>Where it listens.</summary>
    public string Address { get; }

    /// <summary>The running program.</summary>
    public BuiltProgram Daemon => _daemon!;

    /// <summary>Its state directory.</summary>
    public string State => _scratch["appliance/state"];

    /// <summary>Its store.</summary>
    public string Store => _scratch["appliance/store"];

    /// <summary>Starts it again after it was stopped or killed.</summary>
    public void Start()
    {
        _daemon?.Dispose();
        _daemon = new BuiltProgram("gatewayd", ["--state", State, "--store", Store, "--listen", Address, .. _options.Contains("--metrics") ? [] : (string[])["--metrics", "off"], .. _options.Contains("--web") ? [] : (string[])["--web", "off"], .. _options.Contains("--profile") ? [] : (string[])["--profile", "dev"], .. _options.Contains("--tpm") ? [] : (string[])["--tpm", "off"], .. _options], _environment, _space);
        _daemon.WaitFor("serves on");
    }

    /// <summary>Runs gatewayctl as the logged-in operator.</summary>
    public ProgramRun Operator(params string[] arguments)
    {
        using var program = new BuiltProgram("gatewayctl", arguments, new Dictionary<string, string>(_environment ?? new Dictionary<string, string>()) { ["GATEWAY_LOGIN"] = _scratch["operator"] }, _space);
        return program.Wait();
    }

    /// <summary>Logs the operator in anew: a login ends after thirty days.</summary>
    public void LogInAgain() =>
        Operator("login", Address, "--token", Operator("node", "token", "--operator", "--quiet").Expect(0).Output.Trim(), "--name", "tester2").Expect(0);

    /// <summary>A new token for a node.</summary>
    public string NodeToken() => Operator("node", "token", "--quiet").Expect(0).Output.Trim();

    /// <summary>An enrolled agent.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="through">The address it reaches the appliance by; null for the appliance's own.</param>
    public Agent Enroll(string name, string? through = null)
    {
        var agent = new Agent(_scratch, name, _environment, _space);
        agent.Run("enroll", "--gateway", through ?? Address, "--token", NodeToken(), "--name", name).Expect(0);
        return agent;
    }

    /// <summary>Runs a store verb of gatewayctl on its store.</summary>
    public ProgramRun StoreVerb(params string[] arguments)
    {
        using var program = new BuiltProgram("gatewayctl", ["store", .. arguments, "--store", Store, "--key-file", Path.Join(State, "store.key")], _environment, _space);
        return program.Wait();
    }

    /// <summary>Requires that every byte of the store is as it was written.</summary>
    public void VerifyStore() => StoreVerb("verify", "--read-data", "--quiet").Expect(0);

    /// <inheritdoc/>
    public void Dispose() => _daemon?.Dispose();

    /// <summary>A port that is free now.</summary>
    public static string FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);
    }
}

/// <summary>A gateway-agent of a test's own.</summary>
public sealed class Agent(ScratchDirectory scratch, string name, IReadOnlyDictionary<string, string>? environment = null, NetworkSpace? space = null)
{
    /// <summary>Its name.</summary>
    public string Name => name;

    /// <summary>Its state directory.</summary>
    public string State => scratch[$"agents/{name}"];

    /// <summary>Starts it.</summary>
    public BuiltProgram Start(params string[] arguments) => new("gateway-agent", [.. arguments, "--state", State], environment, space);

    /// <summary>Runs it to its end.</summary>
    public ProgramRun Run(params string[] arguments)
    {
        using BuiltProgram program = Start(arguments);
        return program.Wait();
    }
}
