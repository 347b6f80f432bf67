using System.CommandLine;
using GatewayOS.Cli.Errors;
using GatewayOS.Cli.Json;
using GatewayOS.Cloud.Vault;
using GatewayOS.Store.Sealed;
using GatewayOS.Store.Storage;
using GatewayOS.Terminal;

namespace GatewayOS.Cli.Commands.Vault;

/// <summary><c>vault gc</c>: deletes from the vault what the store has not had for a while.</summary>
internal static class VaultGcCommand
{
    private const int KeepDaysMax = 36_500;

    private static readonly Option<int> s_keepDays = new("--keep-days") { Description = "Days for which a snapshot stays in the vault after the store has forgotten it", HelpName = "DAYS", DefaultValueFactory = _ => new VaultGcOptions().KeepDays };
    private static readonly Option<bool> s_dryRun = new("--dry-run", "-n") { Description = "Only tell what would go" };

    public static Command Build() => Verb.Make("gc", "Delete from the vault snapshots that the store has forgotten or no task takes any more, and packs that none needs; breaks no lock, and needs the key only when there are tasks", [s_keepDays, s_dryRun], Run);

    private static int Run(VerbContext context)
    {
        int keepDays = context.Arguments.GetValue(s_keepDays);
        var options = new VaultGcOptions
        {
            KeepDays = keepDays is >= 0 and <= KeepDaysMax ? keepDays : throw new UsageException($"--keep-days is {keepDays}; it must be 0 to {KeepDaysMax}."),
            DryRun = context.Arguments.GetValue(s_dryRun),
            Scope = context.Vault.Scope,
        };
        using IDisposable held = context.Vault.Hold();
        using SealedStore store = SealedStore.Open(new PosixDisk(context.StoreDirectory), "vault gc", TimeProvider.System);
        VaultGcReport report = VaultGc.Run(store, context.Vault.Medium, context.Vault.Ledger(), options, context.Cancellation);
        context.Out.WriteLine($"{(options.DryRun ? "Would delete" : "Deleted")} {Sizes.Count(report.Snapshots)} snapshots and {Sizes.Count(report.Packs)} packs, {Sizes.Bytes(report.Bytes)}.");
        if (report.SnapshotsWaiting > 0)
        {
            context.Out.WriteLine($"{Sizes.Count(report.SnapshotsWaiting)} snapshots that are not meant for it any more, and {Sizes.Count(report.PacksWaiting)} packs, stay for now: for their {keepDays} days, or because they are locked.");
        }

        context.WriteJson(new VaultGcJson(true, options.DryRun, report.Snapshots, report.Packs, report.Bytes, report.SnapshotsWaiting, report.PacksWaiting), VaultJson.Default.VaultGcJson);
        return ExitCode.Good;
    }
}
