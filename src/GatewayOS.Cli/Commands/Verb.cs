using System.CommandLine;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using GatewayOS.Cli.Commands.Vault;
using GatewayOS.Cli.Errors;
using GatewayOS.Cli.Json;
using GatewayOS.Cli.Secrets;
using GatewayOS.Store;
using GatewayOS.Store.Storage;
using GatewayOS.Store.Tuning;

namespace GatewayOS.Cli.Commands;

/// <summary>What a running verb works with: its arguments, its output, and the wish to stop.</summary>
internal sealed class VerbContext(ParseResult arguments, CancellationToken cancellation) : IDisposable
{
    private VaultSource? _vault;

    public ParseResult Arguments { get; } = arguments;

    public CancellationToken Cancellation { get; } = cancellation;

    /// <summary>True when standard output carries one JSON object and nothing else.</summary>
    public bool Json => Arguments.GetValue(Verb.JsonOption);

    /// <summary>True when no progress is to be shown.</summary>
    public bool Quiet => Arguments.GetValue(Verb.QuietOption);

    /// <summary>Standard output for people; discards everything when JSON goes there.</summary>
    public TextWriter Out => Json ? TextWriter.Null : Console.Out;

    public string StoreDirectory => Verb.StoreDirectory(Arguments);

    /// <summary>True for a verb of <c>vault</c>: the store it works on is in a vault.</summary>
    public bool OnVault => VaultSource.IsChosen(Arguments);

    /// <summary>The vault that the verb works on.</summary>
    public VaultSource Vault => _vault ??= new VaultSource(Arguments, Cancellation);

    /// <summary>The disk of the store that the verb works on: a directory, or a vault.</summary>
    public IStoreDisk Disk => OnVault ? Vault.Disk : new PosixDisk(StoreDirectory);

    /// <summary>Threads and sizes for the store's jobs on this machine.</summary>
    public PipelineTuning Tuning => OnVault ? VaultSource.Tuning : TuningFile.OfMachine.Read(StoreDirectory).Effective;

    /// <summary>Opens the store with the secret that options, environment or a prompt give.</summary>
    /// <param name="purpose">What for, in a word.</param>
    /// <param name="readsUncoveredPacks">See <see cref="OpenOptions.ReadsUncoveredPacks"/>.</param>
    /// <param name="near">False for one who checks the vault: nothing is read from where it has been downloaded to.</param>
    public BackupStore OpenStore(string purpose, bool readsUncoveredPacks = true, bool near = true)
    {
        IStoreDisk disk = OnVault && near ? Vault.NearDisk : Disk;
        if (!disk.List("").Any(entry => entry.Name == "config.json"))
        {
            // Before anybody is asked for a passphrase.
            throw new StoreUnusableException(OnVault
                ? $"There is no store in the vault {disk.Location}. 'gatewayctl vault sync' puts one there."
                : $"There is no store in {disk.Location}. Make one with 'gatewayctl store init --store {disk.Location}'.");
        }

        BackupStore store = BackupStore.Open(
            disk,
            SecretSource.Get(Arguments),
            new OpenOptions { Purpose = purpose, ReadAheadBytes = Tuning.ReadAheadBytes, ReadsUncoveredPacks = readsUncoveredPacks });
        // A vault is never written by who reads it: that is no news.
        foreach (string warning in store.Warnings.Where(warning => !(OnVault && warning.StartsWith(disk.Location, StringComparison.Ordinal))))
        {
            Warn(warning);
        }

        return store;
    }

    public void Warn(string message) => Console.Error.WriteLine($"gatewayctl: warning: {message}");

    public void WriteJson<T>(T value, JsonTypeInfo<T> type)
    {
        if (Json)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(value, type));
        }
    }

    public void Dispose() => _vault?.Dispose();
}

/// <summary>Common options of all verbs, and the one place where a verb's failure becomes an exit code.</summary>
internal static class Verb
{
    public const string StoreVariable = "GATEWAY_STORE";

    public static readonly Option<string?> StoreOption = new("--store", "-s") { Description = $"Directory of the store (or {StoreVariable})", HelpName = "DIR", Recursive = true };

    public static readonly Option<bool> JsonOption = new("--json") { Description = "Print one JSON object on standard output and nothing else there", Recursive = true };

    public static readonly Option<bool> QuietOption = new("--quiet", "-q") { Description = "Show no progress", Recursive = true };

    /// <summary>The directory of the store that is named.</summary>
    public static string StoreDirectory(ParseResult arguments) => arguments.GetValue(StoreOption) ?? Environment.GetEnvironmentVariable(StoreVariable)
        ?? throw new UsageException($"No store was named. Use --store DIR or set {StoreVariable}.");

    /// <summary>Makes a command whose action runs with a context.</summary>
    public static Command Make(string name, string description, IEnumerable<Symbol> symbols, Func<VerbContext, int> action)
    {
        var command = new Command(name, description);
        foreach (Symbol symbol in symbols)
        {
            switch (symbol)
            {
                case Argument argument:
                    command.Arguments.Add(argument);
                    break;
                case Option option:
                    command.Options.Add(option);
                    break;
                case Command inner:
                    command.Subcommands.Add(inner);
                    break;
            }
        }

        command.SetAction(arguments => Run(arguments, action));
        return command;
    }

    /// <summary>Refuses values that look like options: a mistyped option must not be taken for a file of that name.</summary>
    public static Argument<string[]> RefuseOptions(this Argument<string[]> argument)
    {
        argument.Validators.Add(result =>
        {
            foreach (System.CommandLine.Parsing.Token token in result.Tokens.Where(token => token.Value.StartsWith('-')))
            {
                result.AddError($"There is no option '{token.Value}'. Write a name that begins with '-' as './{token.Value}'.");
            }
        });
        return argument;
    }

    private static int Run(ParseResult arguments, Func<VerbContext, int> action)
    {
        using var stop = new CancellationTokenSource();
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var context = new VerbContext(arguments, stop.Token);
        try
        {
            return action(context);
        }
        catch (Exception error)
        {
            return Report(error, context.Json);
        }

        // The first signal stops cleanly, the second at once.
        void Stop(PosixSignalContext signal)
        {
            if (stop.IsCancellationRequested)
            {
                return;
            }

            signal.Cancel = true;
            stop.Cancel();
        }
    }

    /// <summary>Prints a failure.</summary>
    /// <returns>The exit code.</returns>
    public static int Report(Exception error, bool json)
    {
        (int code, string kind, string message) = Failures.Describe(error);
        Console.Error.WriteLine($"gatewayctl: {message}");
        if (Environment.GetEnvironmentVariable(Failures.DebugVariable) == "1")
        {
            Console.Error.WriteLine(error);
        }

        if (json)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(new FailureJson { Error = new ErrorJson(kind, message), ExitCode = code }, ContractJson.Default.FailureJson));
        }

        return code;
    }
}
