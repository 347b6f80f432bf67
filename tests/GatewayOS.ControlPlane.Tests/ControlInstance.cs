using GatewayOS.TestKit.Programs;

namespace GatewayOS.ControlPlane.Tests;

/// <summary>A running gateway-control, and its first administrator. Disposing kills it.</summary>
internal sealed class ControlInstance : IDisposable
{
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

    /// <summary>What it has logged.</summary>
    public string Log => _program.Log;

    /// <summary>Starts one, whatever becomes of it.</summary>
    public static BuiltProgram Start(string state, string address, string? database, params string[] options) =>
        new("gateway-control", ["--state", state, "--listen", address, .. options], database is null ? null : new Dictionary<string, string> { ["GATEWAY_CONTROL_DATABASE"] = database });

    /// <summary>Runs a verb of <c>gatewayctl fleet</c> against it.</summary>
    public ProgramRun Fleet(params string[] arguments)
    {
        var environment = new Dictionary<string, string> { ["GATEWAY_CONTROL"] = Address, ["GATEWAY_FLEET_TOKEN"] = File.ReadAllText(Path.Join(_state, FirstToken)) };
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
