using System.CommandLine;
using GatewayOS.Agent.Direct;
using GatewayOS.Agent.Service;
using GatewayOS.Backup.Files;
using GatewayOS.Cloud.Vault;
using GatewayOS.Cloud.Vault.Direct;
using GatewayOS.Store.Snapshots;
using GatewayOS.Terminal;

namespace GatewayOS.Agent.Commands;

/// <summary><c>backup</c>: backs up now.</summary>
internal static class BackupCommand
{
    private static readonly Argument<string[]> s_paths = new("PATH") { Description = "Files and directories; none: what the configuration says", Arity = ArgumentArity.ZeroOrMore };
    private static readonly Option<string[]> s_tags = new("--tag") { Description = "Tag of the snapshot; may be repeated", HelpName = "TAG" };
    private static readonly Option<string[]> s_excludes = new("--exclude", "-e") { Description = "Leave out what matches this gitignore pattern; may be repeated", HelpName = "PATTERN" };
    private static readonly Option<bool> s_forceRead = new("--force-read") { Description = "Read every file, also those that look unchanged" };
    private static readonly Option<bool> s_oneFileSystem = new("--one-file-system", "-x") { Description = "Do not cross mount points" };
    private static readonly Option<int> s_readers = new("--read-threads") { Description = "Threads that read files", HelpName = "N", DefaultValueFactory = _ => 2 };
    private static readonly Option<bool> s_profile = new("--profile") { Description = "Show what each stage of the pipeline spent its time on" };

    private static readonly Option<bool> s_refill = new("--refill") { Description = "To a vault alone: fill it anew, although it has lost everything or its config file. Without this it is refused then, for the disk may not be mounted" };

    public static Command Build() => AgentCommand.Make("backup", "Back up now: to the appliance, or to the vault of 'vault init'", [s_paths, s_tags, s_excludes, s_forceRead, s_oneFileSystem, s_readers, s_profile, s_refill], Run);

    public static SnapshotJson Row(SnapshotRecord record) => new(
        record.Id, record.Draft.StartedUtc, record.FinishedUtc, record.Draft.Sources, record.Draft.Counts.Files, record.Draft.Counts.Bytes, record.Draft.ProblemCount);

    private static int Run(AgentContext context)
    {
        ParseResult arguments = context.Arguments;
        BackupOptions options = BackupJob.Options(context.State, [.. arguments.GetValue(s_paths)!.Select(RawArguments.Bytes)]);
        options = options with
        {
            Tags = arguments.GetValue(s_tags) ?? [],
            Excludes = arguments.GetValue(s_excludes) is { Length: > 0 } patterns ? new PatternSet(patterns) : options.Excludes,
            ForceRead = arguments.GetValue(s_forceRead),
            OneFileSystem = options.OneFileSystem || arguments.GetValue(s_oneFileSystem),
            Readers = arguments.GetValue(s_readers),
        };
        var progress = new BackupProgress();
        DirectConfig? direct = context.State.Vault.Config;
        bool refill = arguments.GetValue(s_refill);
        if (refill && direct is null)
        {
            throw new InvalidJobException("--refill goes with a vault; this machine has none.");
        }

        VaultBackup? vault = direct is null ? null : new VaultBackup(context.State, direct, refill);
        BackupResult result;
        TimeSpan elapsed;
        using (var line = new ProgressLine(() => vault?.Sending ?? State(progress), context.Quiet))
        {
            result = vault is null
                ? BackupJob.Run(context.State, options, begun => progress = begun, context.Cancellation)
                : vault.Run(options, progress, context.Cancellation);
            elapsed = line.Elapsed;
        }

        foreach (VaultFinding finding in vault?.Findings ?? [])
        {
            Console.Error.WriteLine($"gateway-agent: warning: {finding.Object}: {finding.Detail}. {finding.Remedy}");
        }

        SnapshotRecord snapshot = result.Snapshot;
        SnapshotCounts counts = snapshot.Draft.Counts;
        foreach (SnapshotProblem problem in snapshot.Draft.Problems)
        {
            Console.Error.WriteLine($"gateway-agent: warning: {problem.Path}: {problem.Reason}");
        }

        int code = snapshot.Marked ? AgentCommand.Incomplete : AgentCommand.Good;
        context.Out.WriteLine($"Snapshot {snapshot.ShortId} of {string.Join(", ", snapshot.Draft.Sources)}{(snapshot.Marked ? " (marked: not everything could be read)" : "")}");
        context.Out.WriteLine($"  {Sizes.Count(counts.Files)} files ({Sizes.Count(counts.FilesNew)} new, {Sizes.Count(counts.FilesChanged)} changed, {Sizes.Count(counts.FilesUnmodified)} unmodified), {Sizes.Count(counts.Directories)} directories, {Sizes.Count(counts.Others)} others");
        context.Out.WriteLine($"  {Sizes.Bytes(counts.Bytes)} in {Sizes.Time(elapsed)}, {Sizes.Rate(counts.Bytes, elapsed)}");
        context.Out.WriteLine($"  {Sizes.Bytes(counts.NewBytes)} sent, as {Sizes.Bytes(result.Statistics.StoredBytes)}");
        if (arguments.GetValue(s_profile))
        {
            StageTable.Write(context.Out, [.. result.Statistics.Stages.Select(stage => new StageRow(stage.Name, stage.Busy, stage.Stalled, stage.Bytes))], elapsed);
        }

        context.WriteJson(
            new BackupJson(true, code, Row(snapshot), counts.NewBytes, result.Statistics.StoredBytes, elapsed.TotalSeconds, [.. snapshot.Draft.Problems.Select(problem => new ProblemJson(problem.Path, problem.Reason))])
            {
                VaultFindings = vault is null ? null : [.. vault.Findings.Select(finding => new VaultFindingJson(finding.Object, finding.Detail, finding.Remedy))],
            },
            AgentOutputJson.Default.BackupJson);
        return code;
    }

    private static ProgressState State(BackupProgress progress) => new(
        "backup", progress.Bytes, progress.ExpectedBytes > progress.Bytes ? progress.ExpectedBytes : 0, IsBytes: true, $"{Sizes.Count(progress.Files)} files");
}
