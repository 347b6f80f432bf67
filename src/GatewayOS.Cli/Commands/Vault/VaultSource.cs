using System.CommandLine;
using System.CommandLine.Parsing;
using GatewayOS.Cli.Secrets;
using GatewayOS.Cloud.Vault;
using GatewayOS.Store;
using GatewayOS.Store.Keys;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;
using GatewayOS.Store.Tuning;

namespace GatewayOS.Cli.Commands.Vault;

/// <summary>The vault that a verb works on: by name, by path, or the only one there is.</summary>
internal sealed class VaultSource(ParseResult arguments, CancellationToken cancellation) : IDisposable
{
    public const string CommandName = "vault";
    public const string Variable = "GATEWAY_VAULT";

    // Each request waits for the link, so there are more threads than processors, and longer reads.
    private const int ReadThreads = 8;
    private const int ReadAheadBytes = 8 * 1024 * 1024;

    public static readonly Option<string?> VaultOption = new("--vault") { Description = $"Name of the vault, or path of one in a directory (or {Variable}); not needed when only one is known", HelpName = "VAULT", Recursive = true };

    public static readonly Option<DateTimeOffset?> AsOfOption = new("--as-of") { Description = "Show the vault as it was then, whatever was deleted or replaced since; of a bucket that keeps versions", HelpName = "TIME", Recursive = true };

    private readonly SnapshotCache _known = new();
    private RetryingMedium? _medium;
    private VaultDisk? _disk;
    private StoreSecret? _secret;

    public static PipelineTuning Tuning { get; } = PipelineTuning.Default with { RestoreThreads = ReadThreads, VerifyThreads = ReadThreads, ReadAheadBytes = ReadAheadBytes };

    /// <summary>The name as it was given; null when the only vault is meant.</summary>
    public string? Name { get; } = arguments.GetValue(VaultOption) ?? (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named ? named : null);

    public VaultPlace Place => VaultFile.OfMachine.Find(Name);

    public RetryingMedium Medium => _medium ??= Place.Open(TimeProvider.System, new RetryPolicy { Seed = Environment.ProcessId }, arguments.GetValue(AsOfOption));

    public VaultDisk Disk => _disk ??= VaultDisk.OpenAsync(Medium, cancellation).GetAwaiter().GetResult();

    /// <summary>The same for reading alone: what an attach has left in the directory --store is read from there.</summary>
    public VaultDisk NearDisk => arguments.GetValue(Verb.StoreOption) is { } directory ? new VaultDisk(Medium, Disk.Listing, cancellation, new PosixDisk(directory)) : Disk;

    /// <summary>What the vault is to have. Asks for the key of the store only when the vault has tasks.</summary>
    public VaultScope Scope => VaultFile.OfMachine.Scope(Name, OpenStore);

    public VaultLedger Ledger() => VaultFile.OfMachine.Ledger(Name);

    /// <summary>Keeps others of this machine from changing the vault meanwhile.</summary>
    public IDisposable Hold() => VaultFile.OfMachine.Hold(Name);

    /// <summary>Opens the store whose copy the vault is.</summary>
    public BackupStore OpenStore() =>
        BackupStore.Open(new PosixDisk(Verb.StoreDirectory(arguments)), _secret ??= SecretSource.Get(arguments), new OpenOptions { Purpose = CommandName, KnownSnapshots = _known });

    /// <summary>True for a verb below <c>vault</c>.</summary>
    public static bool IsChosen(ParseResult arguments)
    {
        for (CommandResult? command = arguments.CommandResult; command is not null; command = command.Parent as CommandResult)
        {
            if (command.Command.Name == CommandName)
            {
                return true;
            }
        }

        return false;
    }

    public void Dispose() => _medium?.Dispose();
}
