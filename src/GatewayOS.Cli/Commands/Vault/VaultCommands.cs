using System.CommandLine;
using GatewayOS.Cli.Commands.Store;
using GatewayOS.Cli.Errors;
using GatewayOS.Cli.Json;
using GatewayOS.Cli.Secrets;
using GatewayOS.Cloud.Vault;
using GatewayOS.Terminal;

namespace GatewayOS.Cli.Commands.Vault;

/// <summary><c>vault</c>: copies of a store in other places. Verbs that read a store read one in a vault in the same way.</summary>
internal static class VaultCommands
{
    private static readonly Argument<string> s_name = new("NAME") { Description = "Name of the vault" };

    public static Command Build()
    {
        var vault = new Command(VaultSource.CommandName, "Keep copies of a store in a bucket or on another disk, and restore from them");
        foreach (Option option in (Option[])
        [
            VaultSource.VaultOption, VaultSource.AsOfOption, Verb.StoreOption, SecretSource.KeyFileOption, SecretSource.PassphraseFileOption, SecretSource.RecoveryKeyOption, Verb.JsonOption, Verb.QuietOption,
        ])
        {
            vault.Options.Add(option);
        }

        foreach (Command command in (Command[])
        [
            VaultAddCommand.Build(),
            Verb.Make("list", "List the vaults that this machine knows", [], List),
            Verb.Make("remove", "Forget a vault; what is in it stays", [s_name], Remove),
            VaultStatusCommand.Build(), VaultSyncCommand.Build(), VaultHealCommand.Build(), VaultGcCommand.Build(), VaultAttachCommand.Build(), VaultTaskCommands.Build(), VaultAuditCommand.Build(), VaultClassCommand.Build(),
            Verb.Make("kit", "Put this program into the vault beside the instructions, for a recovery with nothing else at hand", [], PutKit),
            SnapshotsCommand.Build(), StatsCommand.Build(), ListCommand.Build(), RestoreCommand.Build(), DiffCommand.Build(), MountCommand.Build(), VerifyCommand.Build(),
        ])
        {
            vault.Subcommands.Add(command);
        }

        return vault;
    }

    private static int List(VerbContext context)
    {
        SortedDictionary<string, VaultPlace> vaults = VaultFile.OfMachine.Read();
        var table = new TextTable("vault", "place", ">lock days", "complete until");
        var rows = new List<VaultRowJson>();
        foreach ((string name, VaultPlace place) in vaults)
        {
            DateTimeOffset? complete = VaultFile.OfMachine.Ledger(name).CompleteUntil;
            table.Add(name, place.ToString(), place.Bucket is { LockDays: > 0 } bucket ? Sizes.Count(bucket.LockDays) : "", complete is { } time ? SnapshotsCommand.LocalTime(time) : "never");
            rows.Add(new VaultRowJson(name, place.ToString(), place.Bucket?.LockDays ?? 0, complete));
        }

        if (rows.Count == 0)
        {
            context.Out.WriteLine("No vaults yet. 'gatewayctl vault add NAME PLACE' makes one known.");
        }
        else
        {
            table.Write(context.Out);
        }

        context.WriteJson(new VaultListJson(true, rows), VaultJson.Default.VaultListJson);
        return ExitCode.Good;
    }

    private static int Remove(VerbContext context)
    {
        string name = context.Arguments.GetValue(s_name)!;
        VaultPlace place = VaultFile.OfMachine.Remove(name);
        context.Out.WriteLine($"Forgot the vault {name}. What is in {place} stays there.");
        context.WriteJson(new VaultChangeJson(true, name, place.ToString()), VaultJson.Default.VaultChangeJson);
        return ExitCode.Good;
    }

    private static int PutKit(VerbContext context)
    {
        using IDisposable held = context.Vault.Hold();
        VaultLedger ledger = context.Vault.Ledger();
        string name = VaultKit.PutProgram(context.Vault.Medium, context.Vault.Disk.Listing, ledger, Environment.ProcessPath!, context.Cancellation);
        ledger.Save();
        context.Out.WriteLine($"Put {name} into {context.Vault.Medium.Location}.");
        context.WriteJson(new VaultChangeJson(true, name, context.Vault.Medium.Location), VaultJson.Default.VaultChangeJson);
        return ExitCode.Good;
    }
}
