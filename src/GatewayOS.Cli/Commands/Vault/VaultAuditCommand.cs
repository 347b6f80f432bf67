using System.CommandLine;
using System.Globalization;
using GatewayOS.Cli.Commands.Store;
using GatewayOS.Cli.Errors;
using GatewayOS.Cli.Json;
using GatewayOS.Cloud.Vault;
using GatewayOS.Terminal;

namespace GatewayOS.Cli.Commands.Vault;

/// <summary><c>vault audit</c>: reads a part of a vault back.</summary>
internal static class VaultAuditCommand
{
    private static readonly Option<int?> s_days = new("--days") { Description = "Read what is due to have read all within so many days; without it what the vault was added with", HelpName = "DAYS" };
    private static readonly Option<bool> s_all = new("--all") { Description = "Read everything now" };

    public static Command Build() => Verb.Make("audit", "Read back what is due of the vault and check every byte of it; needs neither key nor store. What is damaged is put again by the next sync", [s_days, s_all, VaultSyncCommand.ThreadsOption], Run);

    private static int Run(VerbContext context)
    {
        int days = context.Arguments.GetValue(s_days) ?? (context.Vault.Place.AuditDays is { } known and > 0 ? known : VaultAuditOptions.PeriodDaysDefault);
        var options = new VaultAuditOptions
        {
            PeriodDays = days is >= VaultAuditOptions.PeriodDaysMin and <= VaultAuditOptions.PeriodDaysMax ? days : throw new UsageException($"--days is {days}; it must be {VaultAuditOptions.PeriodDaysMin} to {VaultAuditOptions.PeriodDaysMax}."),
            All = context.Arguments.GetValue(s_all),
            Threads = VaultSyncCommand.Options(context).Threads,
        };
        using IDisposable held = context.Vault.Hold();
        VaultAuditReport report;
        using (new ProgressLine(() => new ProgressState(options.Progress.Stage, options.Progress.Done, options.Progress.Total, IsBytes: false), context.Quiet))
        {
            report = VaultAudit.Run(context.Vault.Medium, context.Vault.Ledger(), VaultFile.OfMachine.AuditNote(context.Vault.Name), options, context.Cancellation);
        }

        VaultSyncCommand.Write(context, report.Findings);
        int code = report.Findings.Count > 0 ? ExitCode.Damage : ExitCode.Good;
        context.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Read {Sizes.Count(report.Checked)} objects, {Sizes.Bytes(report.Bytes)}: {Sizes.Count(report.Findings.Count)} damaged. {report.PassShare:P0} of the vault is read in this pass, which takes {days} days."));
        context.Out.WriteLine(report.WholeUntil is { } time ? $"All that was in the vault at {SnapshotsCommand.LocalTime(time)} has been read since." : "Not all of the vault has been read yet.");
        context.WriteJson(
            new VaultAuditJson(code == ExitCode.Good, code, report.Checked, report.Bytes, report.PassBegan, report.PassShare, report.WholeUntil, [.. report.Findings.Select(VaultSyncCommand.Row)]),
            VaultJson.Default.VaultAuditJson);
        return code;
    }
}
