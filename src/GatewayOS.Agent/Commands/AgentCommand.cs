using System.CommandLine;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using GatewayOS.Agent.Connection;
using GatewayOS.Backup.Files;
using GatewayOS.Store.Storage;

namespace GatewayOS.Agent.Commands;

/// <summary>What a running verb works with.</summary>
internal sealed class AgentContext(ParseResult arguments, CancellationToken cancellation)
{
    private AgentState? _state;

    public ParseResult Arguments => arguments;

    public CancellationToken Cancellation => cancellation;

    public bool Json => arguments.GetValue(AgentCommand.JsonOption);

    public bool Quiet => arguments.GetValue(AgentCommand.QuietOption);

    public AgentState State => _state ??= new AgentState(arguments.GetValue(AgentCommand.StateOption)!);

    /// <summary>Standard output for people; discards everything when JSON goes there.</summary>
    public TextWriter Out => Json ? TextWriter.Null : Console.Out;

    public void WriteJson<T>(T value, JsonTypeInfo<T> type)
    {
        if (Json)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(value, type));
        }
    }
}

/// <summary>Common options, exit codes, and the one place where a failure becomes one of them. The codes are gatewayctl's.</summary>
internal static class AgentCommand
{
    public const int Good = 0;
    public const int Failed = 1;
    public const int Usage = 2;
    public const int Incomplete = 3;
    public const int Damage = 4;

    public const string StateVariable = "GATEWAY_AGENT_STATE";

    public static readonly Option<string> StateOption = new("--state")
    {
        Description = $"Directory of the agent's key, certificate and configuration (or {StateVariable})",
        HelpName = "DIR",
        Recursive = true,
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable(StateVariable) ?? AgentState.DirectoryDefault,
    };

    public static readonly Option<bool> JsonOption = new("--json") { Description = "Print one JSON object on standard output and nothing else there", Recursive = true };

    public static readonly Option<bool> QuietOption = new("--quiet", "-q") { Description = "Show no progress", Recursive = true };

    public static Command Make(string name, string description, IEnumerable<Symbol> symbols, Func<AgentContext, int> action)
    {
        var command = new Command(name, description);
        foreach (Symbol symbol in symbols)
        {
            if (symbol is Argument argument)
            {
                command.Arguments.Add(argument);
            }
            else
            {
                command.Options.Add((Option)symbol);
            }
        }

        command.SetAction(arguments => Run(arguments, action));
        return command;
    }

    private static int Run(ParseResult arguments, Func<AgentContext, int> action)
    {
        using var stop = new CancellationTokenSource();
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        var context = new AgentContext(arguments, stop.Token);
        try
        {
            return action(context);
        }
        catch (Exception error) when (error is AgentException or InvalidJobException or StoreUnusableException or StoreDamagedException or StoreIoException or IOException or UnauthorizedAccessException or OperationCanceledException or ArgumentException)
        {
            string message = error is OperationCanceledException ? "Stopped. No snapshot was made; what was sent is not sent again." : error.Message;
            Console.Error.WriteLine($"gateway-agent: {message}");
            int code = error is StoreDamagedException ? Damage : error is InvalidJobException ? Usage : Failed;
            context.WriteJson(new FailureJson(false, code, message), AgentOutputJson.Default.FailureJson);
            return code;
        }

        // The first signal stops cleanly, the second at once.
        void Stop(PosixSignalContext signal)
        {
            if (!stop.IsCancellationRequested)
            {
                signal.Cancel = true;
                stop.Cancel();
            }
        }
    }
}
