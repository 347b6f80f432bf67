using System.Diagnostics;
using System.Text.Json;

namespace GatewayOS.TestKit.Programs;

/// <summary>What a finished run of gatewayctl left.</summary>
/// <param name="ExitCode">Its exit code; −1 when it was killed.</param>
/// <param name="Output">Standard output.</param>
/// <param name="Errors">Standard error.</param>
public sealed record GatewayctlRun(int ExitCode, string Output, string Errors)
{
    /// <summary>Standard output as one JSON object.</summary>
    public JsonElement Json => JsonDocument.Parse(Output).RootElement;
}

/// <summary>Runs the built gatewayctl, as a user's script would.</summary>
public sealed class Gatewayctl(string store, IReadOnlyDictionary<string, string> environment)
{
    /// <summary>The repository's root: where the solution is.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The built program.</summary>
    public static string Program { get; } = Path.Join(Root, "artifacts/bin/gatewayctl");

    /// <summary>The store's directory.</summary>
    public string Store { get; } = store;

    /// <summary>Runs a store verb to its end.</summary>
    public GatewayctlRun Run(params string[] arguments) => Start(arguments).Wait();

    /// <summary>Runs a store verb that must end with an exit code.</summary>
    public GatewayctlRun Expect(int exitCode, params string[] arguments)
    {
        GatewayctlRun run = Run(arguments);
        return run.ExitCode == exitCode
            ? run
            : throw new InvalidOperationException($"gatewayctl store {string.Join(' ', arguments)} ended with {run.ExitCode} instead of {exitCode}.\n{run.Output}\n{run.Errors}");
    }

    /// <summary>Starts a store verb.</summary>
    public RunningGatewayctl Start(params string[] arguments) => new(["store", .. arguments, "--store", Store], environment);

    private static string FindRoot()
    {
        string? directory = AppContext.BaseDirectory;
        while (directory is not null && !File.Exists(Path.Join(directory, "GatewayOS.sln")))
        {
            directory = Path.GetDirectoryName(directory);
        }

        return directory ?? throw new InvalidOperationException("The tests run outside the repository.");
    }
}

/// <summary>A running gatewayctl.</summary>
public sealed class RunningGatewayctl
{
    private readonly Process _process;
    private readonly Task<string> _output;
    private readonly Task<string> _errors;

    /// <summary>Starts it.</summary>
    public RunningGatewayctl(IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(Gatewayctl.Program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, UseShellExecute = false };
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        _process = Process.Start(start)!;
        _process.StandardInput.Close();
        _output = _process.StandardOutput.ReadToEndAsync();
        _errors = _process.StandardError.ReadToEndAsync();
    }

    /// <summary>Its process ID.</summary>
    public int Id => _process.Id;

    /// <summary>True when it has ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>Waits for its end.</summary>
    public GatewayctlRun Wait()
    {
        _process.WaitForExit();
        var run = new GatewayctlRun(_process.ExitCode > 128 ? -1 : _process.ExitCode, _output.Result, _errors.Result);
        _process.Dispose();
        return run;
    }

    /// <summary>Kills it with SIGKILL unless it ends by itself before.</summary>
    public GatewayctlRun KillAfter(TimeSpan delay)
    {
        if (!_process.WaitForExit(delay))
        {
            _process.Kill();
        }

        return Wait();
    }
}
