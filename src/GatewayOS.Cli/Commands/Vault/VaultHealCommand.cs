using System.CommandLine;
using GatewayOS.Cli.Errors;
using GatewayOS.Cli.Json;
using GatewayOS.Cloud.Vault;
using GatewayOS.Store.Sealed;
using GatewayOS.Store.Storage;
using GatewayOS.Terminal;

namespace GatewayOS.Cli.Commands.Vault;

/// <summary><c>vault heal</c>: heals the store and its vaults from each other.</summary>
internal static class VaultHealCommand
{
    private static readonly Option<string[]> s_vaults = new("--with") { Description = "Another vault to heal and to take from; may be repeated", HelpName = "VAULT" };
    private static readonly Option<bool> s_quick = new("--quick") { Description = "Check heads and directories alone, not every byte" };

    public static Command Build() => Verb.Make("heal", "Check the store and its vaults byte by byte, and put back what is damaged in one from another; needs no key", [s_vaults, s_quick, VaultSyncCommand.ThreadsOption], Run);

    private static int Run(VerbContext context)
    {
        VaultSyncOptions options = VaultSyncCommand.Options(context);
        var storeDisk = new PosixDisk(context.StoreDirectory);
        using SealedStore store = SealedStore.Open(storeDisk, "vault heal", TimeProvider.System);
        string[] others = context.Arguments.GetValue(s_vaults) ?? [];
        var held = new List<IDisposable> { context.Vault.Hold() };
        var more = new List<RetryingMedium>();
        VaultHealReport report;
        try
        {
            var copies = new List<VaultCopy> { new(context.Vault.Name ?? context.Vault.Medium.Location, context.Vault.Medium, context.Vault.Disk, context.Vault.Ledger()) };
            foreach (string name in others)
            {
                held.Add(VaultFile.OfMachine.Hold(name));
                more.Add(VaultFile.OfMachine.Find(name).Open(TimeProvider.System, new RetryPolicy { Seed = Environment.ProcessId }));
                VaultDisk disk = VaultDisk.OpenAsync(more[^1], context.Cancellation).GetAwaiter().GetResult();
                copies.Add(new VaultCopy(name, more[^1], disk, VaultFile.OfMachine.Ledger(name)));
            }

            using var line = new ProgressLine(() => new ProgressState(options.Progress.Stage, options.Progress.Done, options.Progress.Total, IsBytes: false), context.Quiet);
            using var heal = new VaultHeal(store, storeDisk, copies, options);
            report = heal.Run(readData: !context.Arguments.GetValue(s_quick), context.Cancellation);
        }
        finally
        {
            more.ForEach(medium => medium.Dispose());
            held.ForEach(hold => hold.Dispose());
        }

        VaultSyncCommand.Write(context, report.Healed);
        VaultSyncCommand.Write(context, report.Lost);
        int code = report.Lost.Count > 0 ? ExitCode.Damage : ExitCode.Good;
        context.Out.WriteLine($"Checked {Sizes.Count(report.Checked)} packs and snapshots of all copies: {Sizes.Count(report.Healed.Count)} healed, {Sizes.Count(report.Lost.Count)} that no copy has whole.");
        context.WriteJson(
            new VaultHealJson(code == ExitCode.Good, code, report.Checked, [.. report.Healed.Select(VaultSyncCommand.Row)], [.. report.Lost.Select(VaultSyncCommand.Row)]),
            VaultJson.Default.VaultHealJson);
        return code;
    }
}
