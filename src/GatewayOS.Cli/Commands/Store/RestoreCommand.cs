using System.CommandLine;
using GatewayOS.Backup.Files;
using GatewayOS.Cli.Errors;
using GatewayOS.Cli.Json;
using GatewayOS.Store;
using GatewayOS.Store.Profiling;
using GatewayOS.Store.Snapshots;
using GatewayOS.Terminal;

namespace GatewayOS.Cli.Commands.Store;

/// <summary><c>store restore</c>: writes a snapshot back to a file system.</summary>
internal static class RestoreCommand
{
    private static readonly Argument<string> s_snapshot = new("SNAPSHOT") { Description = "Snapshot ID, a unique beginning of one, or 'latest'" };
    private static readonly Option<string> s_target = new("--target", "-t") { Description = "Directory to restore into; '/' restores in place", HelpName = "DIR", Required = true };
    private static readonly Option<string[]> s_paths = new("--path", "-p") { Description = "Restore only this path and what is below; may be repeated", HelpName = "PATH" };
    private static readonly Option<string[]> s_includes = new("--include", "-i") { Description = "Restore only what matches this gitignore pattern; may be repeated", HelpName = "PATTERN" };
    private static readonly Option<string[]> s_excludes = new("--exclude", "-e") { Description = "Leave out what matches; may be repeated", HelpName = "PATTERN" };
    private static readonly Option<OverwritePolicy> s_overwrite = new("--overwrite")
    {
        Description = "What to do with files that are there: if-changed (size or time differ), always, if-newer, never",
        HelpName = "POLICY",
        DefaultValueFactory = _ => OverwritePolicy.IfChanged,
        CustomParser = result => Policy(result.Tokens.Count > 0 ? result.Tokens[0].Value : "") ?? Fail(result),
    };

    private static readonly Option<bool> s_verify = new("--verify") { Description = "Read every restored file back from the disk and compare" };
    private static readonly Option<bool> s_dryRun = new("--dry-run", "-n") { Description = "Only count what would be restored" };
    private static readonly Option<int?> s_threads = new("--threads") { Description = "Threads that read and write; without it what 'store benchmark' chose, else as many as suit the number of cores", HelpName = "N" };
    private static readonly Option<bool> s_profile = new("--profile") { Description = "Show what each stage spent its time on" };

    public static Command Build() => Verb.Make(
        "restore", "Restore a snapshot, or a part of it", [s_snapshot, s_target, s_paths, s_includes, s_excludes, s_overwrite, s_verify, s_dryRun, s_threads, s_profile], Run);

    private static OverwritePolicy? Policy(string text) => text switch
    {
        "if-changed" => OverwritePolicy.IfChanged,
        "always" => OverwritePolicy.Always,
        "if-newer" => OverwritePolicy.IfNewer,
        "never" => OverwritePolicy.Never,
        _ => null,
    };

    private static OverwritePolicy Fail(System.CommandLine.Parsing.ArgumentResult result)
    {
        result.AddError("--overwrite takes if-changed, always, if-newer or never.");
        return default;
    }

    private static int Run(VerbContext context)
    {
        ParseResult arguments = context.Arguments;
        int threads = arguments.GetValue(s_threads) ?? context.Tuning.RestoreThreads;
        var options = new RestoreOptions
        {
            Target = RawArguments.Bytes(Path.GetFullPath(arguments.GetValue(s_target)!)),
            Paths = [.. (arguments.GetValue(s_paths) ?? []).Select(ListCommand.PathBytes)],
            Includes = new PatternSet(arguments.GetValue(s_includes) ?? []),
            Excludes = new PatternSet(arguments.GetValue(s_excludes) ?? []),
            Overwrite = arguments.GetValue(s_overwrite),
            Verify = arguments.GetValue(s_verify),
            DryRun = arguments.GetValue(s_dryRun),
            Threads = threads is >= 1 and <= 64 ? threads : throw new UsageException($"The number of threads is {threads}; it must be 1 to 64."),
        };
        using BackupStore store = context.OpenStore("restore");
        SnapshotRecord snapshot = store.FindSnapshot(arguments.GetValue(s_snapshot)!);
        var progress = new RestoreProgress();
        TimeSpan elapsed;
        using (var line = new ProgressLine(() => State(progress), context.Quiet))
        {
            FileRestore.Run(store, snapshot, options, progress, context.Cancellation);
            elapsed = line.Elapsed;
        }

        int code = progress.Damaged ? ExitCode.Damage : progress.ProblemCount > 0 ? ExitCode.Incomplete : ExitCode.Good;
        Print(context, snapshot, options, progress, elapsed);
        IReadOnlyList<StageStatistics>? stages = arguments.GetValue(s_profile) ? options.Profile.Stages : null;
        if (stages is not null)
        {
            StageTable.Write(context.Out, Rows.Shown(stages), elapsed);
        }

        context.WriteJson(
            new RestoreJson
            {
                Ok = code != ExitCode.Damage,
                ExitCode = code,
                Snapshot = snapshot.Id,
                Target = arguments.GetValue(s_target)!,
                DryRun = options.DryRun,
                Files = progress.Files,
                Skipped = progress.Skipped,
                Others = progress.Others,
                Bytes = progress.Bytes,
                Seconds = elapsed.TotalSeconds,
                ProblemCount = progress.ProblemCount,
                Problems = [.. progress.Problems.Select(problem => new RestoreProblemJson(problem.Path, problem.Reason, problem.IsDamage))],
                Stages = stages is null ? null : Rows.Of(stages),
                Bottleneck = stages is null ? null : StageTable.Bottleneck(Rows.Shown(stages))?.Name,
            },
            ContractJson.Default.RestoreJson);
        return code;
    }

    private static ProgressState State(RestoreProgress progress) => new(
        "restore", progress.Bytes, progress.ExpectedBytes, IsBytes: true, $"{Sizes.Count(progress.Files)} files{(progress.ProblemCount > 0 ? $", {Sizes.Count(progress.ProblemCount)} problems" : "")}");

    private static void Print(VerbContext context, SnapshotRecord snapshot, RestoreOptions options, RestoreProgress progress, TimeSpan elapsed)
    {
        foreach (RestoreProblem problem in progress.Problems)
        {
            context.Warn($"{problem.Path}: {problem.Reason}");
        }

        if (progress.ProblemCount > progress.Problems.Count)
        {
            context.Warn($"and {Sizes.Count(progress.ProblemCount - progress.Problems.Count)} more problems");
        }

        context.Out.WriteLine($"{(options.DryRun ? "Would restore" : "Restored")} {Sizes.Count(progress.Files)} files, {Sizes.Bytes(progress.Bytes)}, and {Sizes.Count(progress.Others)} other entries of snapshot {snapshot.ShortId} to {context.Arguments.GetValue(s_target)}");
        context.Out.WriteLine($"  in {Sizes.Time(elapsed)}, {Sizes.Rate(progress.Bytes, elapsed)}{(progress.Skipped > 0 ? $"; {Sizes.Count(progress.Skipped)} were there and left as they are" : "")}");
    }
}
