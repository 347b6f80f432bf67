using System.CommandLine;
using GatewayOS.Cli.Errors;
using GatewayOS.Cli.Json;
using GatewayOS.Store;
using GatewayOS.Store.Maintenance;
using GatewayOS.Terminal;

namespace GatewayOS.Cli.Commands.Store;

/// <summary><c>store gc</c>: frees what no snapshot needs.</summary>
internal static class GcCommand
{
    private static readonly Option<bool> s_dryRun = new("--dry-run", "-n") { Description = "Only show what would be freed" };
    private static readonly Option<double> s_maxUnused = new("--max-unused") { Description = "Unused bytes that may stay, in percent of the used ones", HelpName = "PERCENT", DefaultValueFactory = _ => new GcOptions().MaxUnusedPercent };

    public static Command Build() => Verb.Make("gc", "Free the space of removed snapshots; backups and restores may run meanwhile", [s_dryRun, s_maxUnused], Run);

    private static int Run(VerbContext context)
    {
        double maxUnused = context.Arguments.GetValue(s_maxUnused);
        if (maxUnused is < 0 or > 100 or double.NaN)
        {
            throw new UsageException($"--max-unused is {maxUnused}; it must be 0 to 100.");
        }

        var monitor = new MaintenanceMonitor();
        var options = new GcOptions { DryRun = context.Arguments.GetValue(s_dryRun), MaxUnusedPercent = maxUnused, Progress = monitor };
        using BackupStore store = context.OpenStore("gc");
        GcReport report;
        using (new ProgressLine(monitor.State, context.Quiet))
        {
            report = GarbageCollector.Run(store, options, context.Cancellation);
        }

        int code = report.Findings.Any(finding => finding.IsDamage) ? ExitCode.Damage : ExitCode.Good;
        FindingText.Write(context, report.Findings, [], "");
        context.Out.WriteLine($"{(options.DryRun ? "Would free" : "Freed")} {Sizes.Bytes(Math.Max(0, report.BytesFreed))} of {Sizes.Bytes(report.BytesBefore)}: {Sizes.Count(report.PacksDeleted)} packs {(options.DryRun ? "to delete" : "deleted")}, {Sizes.Count(report.PacksRewritten)} rewritten ({Sizes.Bytes(report.BytesCopied)} copied).");
        if (report.PacksPending > 0)
        {
            context.Out.WriteLine($"{Sizes.Bytes(report.BytesPending)} in {Sizes.Count(report.PacksPending)} packs wait until these have ended; the next gc deletes them:");
            foreach (BlockingSession session in report.WaitingFor)
            {
                context.Out.WriteLine($"  {session}");
            }
        }

        context.WriteJson(
            new GcJson
            {
                Ok = code == ExitCode.Good,
                ExitCode = code,
                DryRun = options.DryRun,
                BytesBefore = report.BytesBefore,
                BytesLive = report.BytesLive,
                BytesFreed = report.BytesFreed,
                BytesCopied = report.BytesCopied,
                BytesPending = report.BytesPending,
                PacksDeleted = report.PacksDeleted,
                PacksRewritten = report.PacksRewritten,
                PacksPending = report.PacksPending,
                WaitingFor = [.. report.WaitingFor.Select(session => session.ToString())],
                Findings = [.. report.Findings.Select(Rows.Of)],
            },
            ContractJson.Default.GcJson);
        return code;
    }
}
