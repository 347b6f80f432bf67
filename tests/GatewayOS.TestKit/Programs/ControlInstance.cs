namespace GatewayOS.TestKit.Programs;

/// <summary>A running gateway-control, and its first administrator. Disposing kills it.</summary>
public sealed class ControlInstance : IDisposable
{
    /// <summary>The file with the first administrator's token, in the state directory.</summary>
    public const string FirstToken = "first-admin-token";

    private readonly BuiltProgram _program;
    private readonly string _state;

    /// <summary>Starts it, and waits until it serves.</summary>
    /// <param name="state">Its state directory.</param>
    /// <param name="address">Where it listens.</param>
    /// <param name="database">PostgreSQL's connection string; null for SQLite.</param>
    /// <param name="options">Further options.</param>
    public ControlInstance(string state, string address, string? database, params string[] options)
    {
        (_state, Address) = (state, address);
        _program = Start(state, address, database, options);
        _program.WaitFor("serves on");
    }

    /// <summary>Where it listens.</summary>
    public string Address { get; }

    /// <summary>Its process ID.</summary>
    public int Id => _program.Id;

    /// <summary>The first administrator's token.</summary>
    public string Token => File.ReadAllText(Path.Join(_state, FirstToken)).Trim();

    /// <summary>What it has logged.</summary>
    public string Log => _program.Log;

    /// <summary>Starts one, whatever becomes of it.</summary>
    /// <param name="state">Its state directory.</param>
    /// <param name="address">Where it listens.</param>
    /// <param name="database">PostgreSQL's connection string; null for SQLite.</param>
    /// <param name="options">Further options.</param>
    public static BuiltProgram Start(string state, string address, string? database, params string[] options) =>
        new("gateway-control", ["--state", state, "--listen", address, .. options.Contains("--console") ? [] : (string[])["--console", "off"], .. options], database is null ? null : new Dictionary<string, string> { ["GATEWAY_CONTROL_DATABASE"] = database });

    /// <summary>Runs a verb of <c>gatewayctl fleet</c> against it.</summary>
    public ProgramRun Fleet(params string[] arguments)
    {
        var environment = new Dictionary<string, string> { ["GATEWAY_CONTROL"] = Address, ["GATEWAY_FLEET_TOKEN"] = Token };
        using var program = new BuiltProgram("gatewayctl", ["fleet", .. arguments], environment);
        return program.Wait();
    }

    /// <summary>Kills it in the middle of whatever it does.</summary>
    public void Kill()
    {
        _program.Signal("KILL");
        _program.Wait();
    }

    /// <inheritdoc/>
    public void Dispose() => _program.Dispose();
}
