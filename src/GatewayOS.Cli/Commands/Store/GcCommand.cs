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

    private static readonly Option<double> s_recluster = new("--max-recluster") { Description = "Bytes that may be copied only to bring what the newest snapshots read into one place, in percent of the used ones", HelpName = "PERCENT", DefaultValueFactory = _ => new GcOptions().MaxReclusterPercent };
    private static readonly Option<Recompression> s_recompress = new("--recompress")
    {
        Description = "What is compressed further (zstd) when it is copied: cold (what no newest snapshot needs), never, or all, which rewrites packs for that",
        HelpName = "WHAT",
        DefaultValueFactory = _ => new GcOptions().Recompress,
        CustomParser = result => What(result.Tokens.Count > 0 ? result.Tokens[0].Value : "") ?? Fail(result),
    };

    public static Command Build() => Verb.Make("gc", "Free the space of removed snapshots; backups and restores may run meanwhile", [s_dryRun, s_maxUnused, s_recluster, s_recompress], Run);

    private static Recompression? What(string text) => text switch
    {
        "cold" => Recompression.Cold,
        "never" => Recompression.Never,
        "all" => Recompression.All,
        _ => null,
    };

    private static Recompression Fail(System.CommandLine.Parsing.ArgumentResult result)
    {
        result.AddError("--recompress takes cold, never or all.");
        return default;
    }

    private static double Percent(VerbContext context, Option<double> option) => context.Arguments.GetValue(option) is >= 0 and <= 100 and double value
        ? value
        : throw new UsageException($"{option.Name} is {context.Arguments.GetValue(option)}; it must be 0 to 100.");

    private static int Run(VerbContext context)
    {
        var monitor = new MaintenanceMonitor();
        var options = new GcOptions
        {
            DryRun = context.Arguments.GetValue(s_dryRun),
            MaxUnusedPercent = Percent(context, s_maxUnused),
            MaxReclusterPercent = Percent(context, s_recluster),
            Recompress = context.Arguments.GetValue(s_recompress),
            Threads = context.Tuning.WorkerThreads,
            Progress = monitor,
        };
        using BackupStore store = context.OpenStore("gc");
        GcReport report;
        using (new ProgressLine(monitor.State, context.Quiet))
        {
            report = GarbageCollector.Run(store, options, context.Cancellation);
        }

        int code = report.Findings.Any(finding => finding.IsDamage) ? ExitCode.Damage : ExitCode.Good;
        FindingText.Write(context, report.Findings, [], "");
        context.Out.WriteLine($"{(options.DryRun ? "Would free" : "Freed")} {Sizes.Bytes(Math.Max(0, report.BytesFreed))} of {Sizes.Bytes(report.BytesBefore)}: {Sizes.Count(report.PacksDeleted)} packs {(options.DryRun ? "to delete" : "deleted")}, {Sizes.Count(report.PacksRewritten)} rewritten ({Sizes.Bytes(report.BytesCopied)} copied).");
        if (report.PacksReclustered > 0)
        {
            context.Out.WriteLine($"{Sizes.Count(report.PacksReclustered)} of these {(options.DryRun ? "would bring" : "brought")} what the newest snapshots read into order: reading them {(options.DryRun ? "begins" : "began")} anew in {Sizes.Count(report.ReadJumps)} places.");
        }

        if (report.BytesRecompressed > 0)
        {
            context.Out.WriteLine($"{Sizes.Bytes(report.BytesRecompressed)} were compressed further, which saves {Sizes.Bytes(report.BytesSaved)}.");
        }

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
                BytesRecompressed = report.BytesRecompressed,
                BytesSaved = report.BytesSaved,
                PacksDeleted = report.PacksDeleted,
                PacksRewritten = report.PacksRewritten,
                PacksReclustered = report.PacksReclustered,
                ReadJumps = report.ReadJumps,
                PacksPending = report.PacksPending,
                WaitingFor = [.. report.WaitingFor.Select(session => session.ToString())],
                Findings = [.. report.Findings.Select(Rows.Of)],
            },
            ContractJson.Default.GcJson);
        return code;
    }
}
