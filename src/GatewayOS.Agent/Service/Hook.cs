using System.Diagnostics;
using GatewayOS.Agent.Connection;
using GatewayOS.Api;

namespace GatewayOS.Agent.Service;

/// <summary>
/// A program of this machine that runs before or after a backup. The appliance names it; what there is stands in the agent's directory
/// <c>hooks</c>, so that who runs the appliance cannot run programs of his choice here.
/// </summary>
internal static class Hook
{
    public const string DirectoryName = "hooks";

    private const int ErrorCharactersMax = 500;

    /// <summary>Runs a hook to its end.</summary>
    /// <param name="state">The agent's files.</param>
    /// <param name="call">Which, and how long it may take.</param>
    /// <param name="jobId">Given to it as GATEWAY_JOB.</param>
    /// <param name="cancellation">Kills it.</param>
    /// <exception cref="AgentException">It failed, is not there, or took too long, and may not.</exception>
    public static void Run(AgentState state, HookCall call, string jobId, CancellationToken cancellation)
    {
        try
        {
            RunStrictly(state, call, jobId, cancellation);
        }
        catch (AgentException error) when (call.MayFail)
        {
            Console.Error.WriteLine($"gateway-agent: warning: {error.Message}");
        }
    }

    private static void RunStrictly(AgentState state, HookCall call, string jobId, CancellationToken cancellation)
    {
        string directory = Path.Join(state.Location, DirectoryName);
        string path = Path.Join(directory, call.Name);
        if (call.Name.Contains('/', StringComparison.Ordinal) || call.Name.StartsWith('.') || !File.Exists(path))
        {
            throw new AgentException($"There is no hook '{call.Name}' on this node. Put the program into {directory}, executable, or take it out of the policy.");
        }

        var start = new ProcessStartInfo(path) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardError = true, WorkingDirectory = "/", Environment = { ["GATEWAY_JOB"] = jobId } };
        using Process process = Start(start, call.Name);
        process.StandardInput.Close();
        Task<string> errors = process.StandardError.ReadToEndAsync(cancellation);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(TimeSpan.FromSeconds(call.TimeoutSeconds));
        try
        {
            process.WaitForExitAsync(limit.Token).GetAwaiter().GetResult();
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            cancellation.ThrowIfCancellationRequested();
            throw new AgentException($"The hook '{call.Name}' took more than {call.TimeoutSeconds} s and was killed.");
        }

        if (process.ExitCode != 0)
        {
            // A child that it left behind may hold the pipe open: what came so far will do.
            string said = errors.Wait(TimeSpan.FromSeconds(1), CancellationToken.None) ? errors.Result.Trim() : "";
            throw new AgentException($"The hook '{call.Name}' ended with {process.ExitCode}{(said.Length > 0 ? ": " + said[..Math.Min(said.Length, ErrorCharactersMax)] : ".")}");
        }
    }

    private static Process Start(ProcessStartInfo start, string name)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception error)
        {
            throw new AgentException($"The hook '{name}' cannot be run: {error.Message}. Make it executable.", inner: error);
        }
    }
}
