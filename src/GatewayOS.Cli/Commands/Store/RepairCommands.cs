using System.CommandLine;
using GatewayOS.Cli.Errors;
using GatewayOS.Cli.Json;
using GatewayOS.Store;
using GatewayOS.Store.Maintenance;
using GatewayOS.Terminal;

namespace GatewayOS.Cli.Commands.Store;

/// <summary><c>store repair</c> and <c>store rebuild-index</c>.</summary>
internal static class RepairCommands
{
    private static readonly Option<bool> s_dryRun = new("--dry-run", "-n") { Description = "Only show what is lost and what would be done" };

    public static Command BuildRepair() => Verb.Make("repair", "Make a damaged store whole again: save what is good, tell what is lost", [s_dryRun], Repair);

    public static Command BuildRebuild() => Verb.Make("rebuild-index", "Make the index anew from the packs", [], Rebuild);

    private static int Repair(VerbContext context)
    {
        var monitor = new MaintenanceMonitor();
        bool dryRun = context.Arguments.GetValue(s_dryRun);
        using BackupStore store = context.OpenStore("repair");
        RepairReport report;
        using (new ProgressLine(monitor.State, context.Quiet))
        {
            report = StoreRepair.Run(store, new RepairOptions { DryRun = dryRun, Progress = monitor }, context.Cancellation);
        }

        int code = report.Findings.Any(finding => finding.IsDamage) ? ExitCode.Damage : ExitCode.Good;
        Print(context, report, dryRun);
        context.WriteJson(
            new RepairJson
            {
                Ok = code == ExitCode.Good,
                ExitCode = code,
                DryRun = dryRun,
                Findings = [.. report.Findings.Select(Rows.Of)],
                Lost = [.. report.Lost.Select(Rows.Of)],
                SnapshotsMended = [.. report.SnapshotsMended.Select(pair => new MendedJson(pair.OldId, pair.NewId))],
                MovedAway = report.MovedAway,
                RecordsSaved = report.RecordsSaved,
            },
            ContractJson.Default.RepairJson);
        return code;
    }

    private static void Print(VerbContext context, RepairReport report, bool dryRun)
    {
        FindingText.Write(context, report.Findings, report.Lost, "lost");
        if (report.Findings.Count == 0)
        {
            context.Out.WriteLine("Nothing is damaged.");
            return;
        }

        if (dryRun)
        {
            context.Out.WriteLine("Nothing was changed. Run it without --dry-run to repair.");
            return;
        }

        context.Out.WriteLine($"Saved {Sizes.Count(report.RecordsSaved)} records; moved {Sizes.Count(report.MovedAway.Count)} damaged files to {store(context)}/damaged; mended {Sizes.Count(report.SnapshotsMended.Count)} snapshots.");
        foreach ((string oldId, string newId) in report.SnapshotsMended)
        {
            context.Out.WriteLine($"  snapshot {oldId[..12]} is now {newId[..12]}");
        }

        context.Out.WriteLine("Run a backup now: what is unchanged at the source is stored again. Then verify.");

        static string store(VerbContext context) => context.StoreDirectory.TrimEnd('/');
    }

    private static int Rebuild(VerbContext context)
    {
        var monitor = new MaintenanceMonitor();
        using BackupStore store = context.OpenStore("rebuild-index", readsUncoveredPacks: false);
        RebuildReport report;
        using (new ProgressLine(monitor.State, context.Quiet))
        {
            report = IndexRebuild.Run(store, new RebuildOptions { Progress = monitor }, context.Cancellation);
        }

        int code = report.Findings.Any(finding => finding.IsDamage) ? ExitCode.Damage : ExitCode.Good;
        FindingText.Write(context, report.Findings, [], "");
        context.Out.WriteLine($"The index has {Sizes.Count(report.Entries)} entries of {Sizes.Count(report.Packs)} packs.");
        if (report.PacksDoneBefore > 0)
        {
            context.Out.WriteLine($"An interrupted rebuild had read {Sizes.Count(report.PacksDoneBefore)} of them already.");
        }

        context.WriteJson(new RebuildJson(code == ExitCode.Good, code, report.Packs, report.Entries, [.. report.Findings.Select(Rows.Of)]), ContractJson.Default.RebuildJson);
        return code;
    }
}
