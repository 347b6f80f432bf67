using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace GatewayOS.TestKit.Programs;

/// <summary>What a finished run of a program left.</summary>
/// <param name="ExitCode">Its exit code; above 128 when a signal ended it.</param>
/// <param name="Output">Standard output.</param>
/// <param name="Errors">Standard error.</param>
public sealed record ProgramRun(int ExitCode, string Output, string Errors)
{
    /// <summary>Standard output as one JSON object.</summary>
    public JsonElement Json => JsonDocument.Parse(Output).RootElement;

    /// <summary>Requires an exit code.</summary>
    public ProgramRun Expect(int exitCode) => ExitCode == exitCode
        ? this
        : throw new InvalidOperationException($"It ended with {ExitCode} instead of {exitCode}.\n{Output}\n{Errors}");
}

/// <summary>A running program of artifacts/bin, as a user's script or systemd would start it. Disposing kills it.</summary>
public sealed class BuiltProgram : IDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _errors = new();

    /// <summary>Starts it.</summary>
    /// <param name="name">Its file in artifacts/bin, or the path of another one.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="environment">Added to this process's.</param>
    /// <param name="space">The network it runs in; null for this process's.</param>
    public BuiltProgram(string name, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null, NetworkSpace? space = null)
    {
        string program = Path.Combine(Gatewayctl.Root, "artifacts/bin", name);
        ProcessStartInfo start = space is null ? new(program, arguments) : new("ip", ["netns", "exec", space.Name, program, .. arguments]);
        start.UseShellExecute = false;
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        foreach ((string variable, string value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[variable] = value;
        }

        _process = Process.Start(start)!;
        _process.StandardInput.Close();
        _process.OutputDataReceived += (_, line) => Append(_output, line.Data);
        _process.ErrorDataReceived += (_, line) => Append(_errors, line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Its process ID.</summary>
    public int Id => _process.Id;

    /// <summary>True when it has ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>When it ended.</summary>
    public DateTimeOffset Ended => new(_process.ExitTime);

    /// <summary>What it has written so far, both streams.</summary>
    public string Log
    {
        get
        {
            lock (_output)
            {
                return _output.ToString() + _errors;
            }
        }
    }

    /// <summary>Waits for its end.</summary>
    /// <param name="limit">Beyond which something hangs: it is killed and the test fails.</param>
    public ProgramRun Wait(TimeSpan? limit = null)
    {
        if (!_process.WaitForExit(limit ?? TimeSpan.FromMinutes(5)))
        {
            _process.Kill();
            throw new TimeoutException($"It hangs.\n{Log}");
        }

        _process.WaitForExit();
        lock (_output)
        {
            return new ProgramRun(_process.ExitCode, _output.ToString(), _errors.ToString());
        }
    }

    /// <summary>Kills it with SIGKILL unless it ends by itself before.</summary>
    /// <returns>True when it was killed.</returns>
    public bool KillAfter(TimeSpan delay)
    {
        if (_process.WaitForExit(delay))
        {
            return false;
        }

        _process.Kill();
        _process.WaitForExit();
        return true;
    }

    /// <summary>Sends a signal.</summary>
    public void Signal(string name) => Shell.Run($"kill -{name} {Id} 2>/dev/null || true");

    /// <summary>Waits until it has written something.</summary>
    public void WaitFor(string text)
    {
        Until.Holds(() => Log.Contains(text, StringComparison.Ordinal) || (HasExited ? throw new InvalidOperationException($"It ended before it said '{text}'.\n{Log}") : false), $"it says '{text}'; it says {Log}");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit();
        }

        _process.Dispose();
    }

    private void Append(StringBuilder to, string? line)
    {
        if (line is not null)
        {
            lock (_output)
            {
                to.Append(line).Append('\n');
            }
        }
    }
}

/// <summary>Waits for conditions.</summary>
public static class Until
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);

    /// <summary>Waits until something holds.</summary>
    /// <param name="condition">Asked again and again.</param>
    /// <param name="what">Said when it never does.</param>
    public static void Holds(Func<bool> condition, string what) => Holds(condition, () => what);

    /// <summary>The same for what is known only then.</summary>
    public static void Holds(Func<bool> condition, Func<string> what)
    {
        using var pause = new ManualResetEventSlim();
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(start) > s_patience)
            {
                throw new TimeoutException($"It never came about that {what()}.");
            }

            pause.Wait(TimeSpan.FromMilliseconds(50));
        }
    }
}
