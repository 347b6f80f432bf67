using System.ComponentModel;
using System.Diagnostics;

namespace GatewayOS.Cloud.Tunnel;

/// <summary>What a program left.</summary>
/// <param name="ExitCode">Its exit code.</param>
/// <param name="Output">Standard output.</param>
/// <param name="Errors">Standard error, trimmed.</param>
internal sealed record ProgramResult(int ExitCode, string Output, string Errors);

/// <summary>Runs the system's tools for networks: ip(8) and wg(8). Secrets go in by standard input, never as arguments, which every user can read.</summary>
internal static class SystemProgram
{
    private static readonly TimeSpan s_runMax = TimeSpan.FromSeconds(10);

    /// <summary>Runs one to its end.</summary>
    /// <param name="program">Its name on the PATH.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="input">Its standard input.</param>
    /// <exception cref="TunnelException">It is not installed, or does not end.</exception>
    public static ProgramResult Run(string program, IReadOnlyList<string> arguments, string input = "")
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        try
        {
            using Process process = Process.Start(start)!;
            using var limit = new CancellationTokenSource(s_runMax);
            using CancellationTokenRegistration kill = limit.Token.Register(() => process.Kill(entireProcessTree: true));
            Task<string> errors = process.StandardError.ReadToEndAsync();
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            process.StandardInput.Write(input);
            process.StandardInput.Close();
            process.WaitForExit();
            return limit.IsCancellationRequested
                ? throw new TunnelException($"'{program} {string.Join(' ', arguments)}' did not end within {s_runMax.TotalSeconds:0} s.")
                : new ProgramResult(process.ExitCode, output.GetAwaiter().GetResult(), errors.GetAwaiter().GetResult().Trim());
        }
        catch (Win32Exception error)
        {
            throw new TunnelException($"'{program}' cannot be run ({error.Message}): install the packages iproute2 and wireguard-tools.", error);
        }
    }

    /// <summary>Runs one that must succeed.</summary>
    /// <exception cref="TunnelException">It did not; the message is its own, with a remedy.</exception>
    public static string Must(string program, IReadOnlyList<string> arguments, string input = "")
    {
        ProgramResult result = Run(program, arguments, input);
        return result.ExitCode == 0 ? result.Output : throw Failed(program, arguments, result.Errors);
    }

    /// <summary>Says what a failure means.</summary>
    public static TunnelException Failed(string program, IReadOnlyList<string> arguments, string errors) => new(
        errors.Contains("not permitted", StringComparison.Ordinal) || errors.Contains("denied", StringComparison.Ordinal)
            ? $"A tunnel needs CAP_NET_ADMIN and CAP_NET_RAW: run it as root, or as the unit gatewayd.service gives them. ({program} {arguments[0]}: {errors})"
            : $"'{program} {string.Join(' ', arguments)}' failed: {errors}");
}
