using System.CommandLine;
using GatewayOS.Cli.Errors;
using GatewayOS.Cli.Json;
using GatewayOS.Cloud.Vault;
using GatewayOS.Store.Sealed;
using GatewayOS.Store.Storage;
using GatewayOS.Terminal;

namespace GatewayOS.Cli.Commands.Vault;

/// <summary><c>vault sync</c>: brings a vault up to date with a store.</summary>
internal static class VaultSyncCommand
{
    private static readonly Option<bool> s_refill = new("--refill") { Description = "Fill a vault in which what was put before is gone: it is not just a disk that is not mounted" };

    public static readonly Option<int> ThreadsOption = new("--threads")
    {
        Description = "Objects on their way at a time; each takes the memory of a pack",
        HelpName = "N",
        DefaultValueFactory = _ => new VaultSyncOptions().Threads,
    };

    public static Command Build() => Verb.Make("sync", "Put into the vault what the store has, or its tasks take of it, and the vault has not; needs the key only when there are tasks", [ThreadsOption, s_refill], Run);

    public static VaultSyncOptions Options(VerbContext context)
    {
        int threads = context.Arguments.GetValue(ThreadsOption);
        return threads is >= 1 and <= VaultSyncOptions.ThreadsMax
            ? new VaultSyncOptions { Threads = threads }
            : throw new UsageException($"The number of threads is {threads}; it must be 1 to {VaultSyncOptions.ThreadsMax}.");
    }

    /// <summary>What the progress line shows.</summary>
    public static ProgressState State(VaultSyncProgress progress, TimeSpan elapsed, RetryingMedium? medium)
    {
        string trouble = medium is { Retries: > 0 } ? $", tried again {Sizes.Count(medium.Retries)} times" : "";
        return new ProgressState(progress.Stage, progress.Done, progress.Total, IsBytes: false, $"{Sizes.Bytes(progress.Bytes)}, {Sizes.Rate(progress.Bytes, elapsed)}{trouble}");
    }

    private static int Run(VerbContext context)
    {
        using IDisposable held = context.Vault.Hold();
        VaultSyncOptions options = Options(context) with { Refill = context.Arguments.GetValue(s_refill), Scope = context.Vault.Scope };
        var disk = new PosixDisk(context.StoreDirectory);
        RetryingMedium medium = context.Vault.Medium;
        VaultSyncReport report;
        TimeSpan elapsed = TimeSpan.Zero;
        ProgressLine? line = null;
        using (line = new ProgressLine(() => State(options.Progress, line?.Elapsed ?? TimeSpan.Zero, medium), context.Quiet))
        {
            report = VaultSync.Run(() => SealedStore.Open(disk, "vault sync", TimeProvider.System), medium, context.Vault.Ledger(), options, context.Cancellation);
            elapsed = line.Elapsed;
        }

        Write(context, report.Findings);
        context.Out.WriteLine($"Put {Sizes.Count(report.Put)} objects, {Sizes.Bytes(report.Bytes)}, into {medium.Location} in {Sizes.Time(elapsed)}, {Sizes.Rate(report.Bytes, elapsed)}: {Sizes.Count(report.Snapshots)} new snapshots, {Sizes.Count(report.Mended)} mended, {Sizes.Count(report.Adopted)} were there{(report.LocksExtended > 0 ? $", {Sizes.Count(report.LocksExtended)} locks made longer" : "")}.");
        VaultTaskCommands.Write(context, options.Progress.Tasks);
        context.Out.WriteLine(report.Complete ? $"The vault has everything that {(context.Vault.Place.Tasks is null ? "the store has" : "its tasks take")}." : report.StoreDamaged ? "The store is damaged: no snapshot was added to the vault." : "More has come into the store meanwhile: sync again.");
        int code = report.StoreDamaged ? ExitCode.Damage : ExitCode.Good;
        context.WriteJson(
            new VaultSyncJson
            {
                Ok = code == ExitCode.Good,
                ExitCode = code,
                Vault = medium.Location,
                Objects = report.Put,
                Bytes = report.Bytes,
                Snapshots = report.Snapshots,
                Mended = report.Mended,
                Adopted = report.Adopted,
                Removed = report.Removed,
                LocksExtended = report.LocksExtended,
                Complete = report.Complete,
                Retries = medium.Retries,
                Seconds = elapsed.TotalSeconds,
                Tasks = VaultTaskCommands.Rows(options.Progress.Tasks),
                Findings = [.. report.Findings.Select(Row)],
            },
            VaultJson.Default.VaultSyncJson);
        return code;
    }

    public static VaultFindingJson Row(VaultFinding finding) => new(finding.Object, finding.Detail, finding.Remedy);

    public static void Write(VerbContext context, IReadOnlyList<VaultFinding> findings)
    {
        foreach (VaultFinding finding in findings)
        {
            context.Out.WriteLine($"{finding.Object}: {finding.Detail}");
            context.Out.WriteLine($"         {finding.Remedy}");
        }
    }
}
