using System.CommandLine;
using GatewayOS.Cli.Errors;
using GatewayOS.Cli.Json;
using GatewayOS.Cli.Secrets;
using GatewayOS.Cloud.Vault;
using GatewayOS.Store.Storage;
using GatewayOS.Terminal;

namespace GatewayOS.Cli.Commands.Vault;

/// <summary><c>vault attach</c>: makes a store of a vault.</summary>
internal static class VaultAttachCommand
{
    public static Command Build() => Verb.Make(
        "attach", "Make a store of the vault in the empty directory --store, newest snapshots first; until it is done, 'vault restore' reads straight from the vault", [VaultSyncCommand.ThreadsOption], Run);

    private static int Run(VerbContext context)
    {
        VaultSyncOptions options = VaultSyncCommand.Options(context);
        string directory = context.StoreDirectory;
        VaultDisk vault = context.Vault.Disk;
        VaultAttachReport report;
        TimeSpan elapsed;
        ProgressLine? line = null;
        using (line = new ProgressLine(() => VaultSyncCommand.State(options.Progress, line?.Elapsed ?? TimeSpan.Zero, context.Vault.Medium), context.Quiet))
        {
            report = VaultAttach.Run(vault, SecretSource.Get(context.Arguments), new PosixDisk(directory), options, context.Cancellation);
            elapsed = line.Elapsed;
        }

        VaultSyncCommand.Write(context, report.Findings);
        int code = report.Findings.Count > 0 ? ExitCode.Damage : ExitCode.Good;
        context.Out.WriteLine($"Made a store in {Path.GetFullPath(directory)}: {Sizes.Count(report.Snapshots)} snapshots; fetched {Sizes.Count(report.Fetched)} files, {Sizes.Bytes(report.Bytes)}, in {Sizes.Time(elapsed)}, {Sizes.Rate(report.Bytes, elapsed)}{(report.Kept > 0 ? $"; {Sizes.Count(report.Kept)} were there" : "")}.");
        context.WriteJson(
            new VaultAttachJson(code == ExitCode.Good, code, Path.GetFullPath(directory), report.Snapshots, report.Fetched, report.Bytes, report.Kept, elapsed.TotalSeconds, [.. report.Findings.Select(VaultSyncCommand.Row)]),
            VaultJson.Default.VaultAttachJson);
        return code;
    }
}
