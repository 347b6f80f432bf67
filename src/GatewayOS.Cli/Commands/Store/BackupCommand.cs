using System.CommandLine;
using GatewayOS.Backup.Files;
using GatewayOS.Cli.Errors;
using GatewayOS.Cli.Json;
using GatewayOS.Store;
using GatewayOS.Store.Pipeline;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Tuning;
using GatewayOS.Terminal;

namespace GatewayOS.Cli.Commands.Store;

/// <summary><c>store backup</c>: backs files and directories up.</summary>
internal static class BackupCommand
{
    private static readonly Argument<string[]> s_paths = new Argument<string[]>("PATH") { Description = "Files and directories to back up", Arity = ArgumentArity.OneOrMore }.RefuseOptions();
    private static readonly Option<string[]> s_tags = new("--tag") { Description = "Tag of the snapshot; may be repeated", HelpName = "TAG" };
    private static readonly Option<string[]> s_excludes = new("--exclude", "-e") { Description = "Leave out what matches this gitignore pattern; may be repeated", HelpName = "PATTERN" };
    private static readonly Option<string[]> s_excludeFiles = new("--exclude-file") { Description = "File with such patterns, one a line", HelpName = "FILE" };
    private static readonly Option<bool> s_forceRead = new("--force-read") { Description = "Read every file, also those that look unchanged" };
    private static readonly Option<bool> s_oneFileSystem = new("--one-file-system", "-x") { Description = "Do not cross mount points" };
    private static readonly Option<bool> s_excludeCaches = new("--exclude-caches") { Description = "Of directories with a CACHEDIR.TAG take only the tag" };
    private static readonly Option<string?> s_excludeIfPresent = new("--exclude-if-present") { Description = "Leave out the content of directories holding a file of this name", HelpName = "NAME" };
    private static readonly Option<string?> s_excludeLarger = new("--exclude-larger-than") { Description = "Leave out larger files, for instance 2G", HelpName = "SIZE" };
    private static readonly Option<string> s_host = new("--host") { Description = "Host name in the snapshot", HelpName = "NAME", DefaultValueFactory = _ => Environment.MachineName };
    private static readonly Option<string?> s_parent = new("--parent") { Description = "Snapshot to compare with, instead of the newest of the same host and paths", HelpName = "SNAPSHOT" };
    private static readonly Option<int?> s_readers = new("--read-threads") { Description = "Threads that read files; without it what 'store benchmark' chose, else 2", HelpName = "N" };
    private static readonly Option<int?> s_workers = new("--workers") { Description = "Threads that hash, compress and encrypt; without it what 'store benchmark' chose, else as many as suit the number of cores", HelpName = "N" };
    private static readonly Option<bool> s_profile = new("--profile") { Description = "Show what each stage of the pipeline spent its time on" };

    public static Command Build() => Verb.Make(
        "backup",
        "Back up files and directories as a snapshot",
        [s_paths, s_tags, s_excludes, s_excludeFiles, s_forceRead, s_oneFileSystem, s_excludeCaches, s_excludeIfPresent, s_excludeLarger, s_host, s_parent, s_readers, s_workers, s_profile],
        Run);

    private static int Run(VerbContext context)
    {
        BackupOptions options = Options(context);
        if (options.Errors() is { Count: > 0 } errors)
        {
            throw new UsageException(string.Join(' ', errors));
        }

        using BackupStore store = context.OpenStore("backup");
        var progress = new BackupProgress();
        BackupResult result;
        TimeSpan elapsed;
        using (var line = new ProgressLine(() => State(progress), context.Quiet))
        {
            result = FileBackup.Run(store, options, progress, context.Cancellation);
            elapsed = line.Elapsed;
        }

        int code = result.Snapshot.Marked ? ExitCode.Incomplete : ExitCode.Good;
        Print(context, result, elapsed);
        context.WriteJson(
            new BackupJson
            {
                Ok = true,
                ExitCode = code,
                Snapshot = Rows.Of(result.Snapshot),
                Problems = [.. result.Snapshot.Draft.Problems.Select(problem => new ProblemJson(problem.Path, problem.Reason))],
                Seconds = elapsed.TotalSeconds,
                Stages = context.Arguments.GetValue(s_profile) ? Rows.Of(result.Statistics.Stages) : null,
                Bottleneck = context.Arguments.GetValue(s_profile) ? StageTable.Bottleneck(Rows.Shown(result.Statistics.Stages))?.Name : null,
            },
            ContractJson.Default.BackupJson);
        return code;
    }

    private static BackupOptions Options(VerbContext context)
    {
        ParseResult arguments = context.Arguments;
        long? larger = null;
        if (arguments.GetValue(s_excludeLarger) is { } text)
        {
            larger = Sizes.TryParse(text, out long bytes) ? bytes : throw new UsageException($"'{text}' is no size. Write for instance 500M or 2G.");
        }

        PipelineTuning tuning = context.Tuning;
        return new BackupOptions
        {
            Sources = [.. arguments.GetValue(s_paths)!.Select(RawArguments.Bytes)],
            Tags = arguments.GetValue(s_tags) ?? [],
            Excludes = Patterns(arguments.GetValue(s_excludes), arguments.GetValue(s_excludeFiles)),
            ForceRead = arguments.GetValue(s_forceRead),
            OneFileSystem = arguments.GetValue(s_oneFileSystem),
            ExcludeCaches = arguments.GetValue(s_excludeCaches),
            ExcludeIfPresent = arguments.GetValue(s_excludeIfPresent),
            ExcludeLargerThanBytes = larger,
            Host = arguments.GetValue(s_host)!,
            Parent = arguments.GetValue(s_parent),
            Readers = arguments.GetValue(s_readers) ?? tuning.ReadThreads,
            Workers = Math.Max(1, arguments.GetValue(s_workers) ?? tuning.WorkerThreads),
        };
    }

    internal static PatternSet Patterns(string[]? patterns, string[]? files)
    {
        var all = new List<string>();
        foreach (string file in files ?? [])
        {
            try
            {
                all.AddRange(File.ReadLines(file));
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new UsageException($"The pattern file {file} cannot be read: {error.Message}");
            }
        }

        all.AddRange(patterns ?? []);
        return new PatternSet(all);
    }

    private static ProgressState State(BackupProgress progress) => new(
        "backup",
        progress.Bytes,
        progress.ExpectedBytes > progress.Bytes ? progress.ExpectedBytes : 0,
        IsBytes: true,
        $"{Sizes.Count(progress.Files)} files{(progress.ProblemCount > 0 ? $", {Sizes.Count(progress.ProblemCount)} problems" : "")}");

    private static void Print(VerbContext context, BackupResult result, TimeSpan elapsed)
    {
        SnapshotRecord snapshot = result.Snapshot;
        SnapshotCounts counts = snapshot.Draft.Counts;
        foreach (SnapshotProblem problem in snapshot.Draft.Problems)
        {
            context.Warn($"{problem.Path}: {problem.Reason}");
        }

        if (snapshot.Draft.ProblemCount > snapshot.Draft.Problems.Count)
        {
            context.Warn($"and {Sizes.Count(snapshot.Draft.ProblemCount - snapshot.Draft.Problems.Count)} more problems");
        }

        TextWriter output = context.Out;
        output.WriteLine($"Snapshot {snapshot.ShortId} of {string.Join(", ", snapshot.Draft.Sources)}{(snapshot.Marked ? " (marked: not everything could be read)" : "")}");
        output.WriteLine($"  {Sizes.Count(counts.Files)} files ({Sizes.Count(counts.FilesNew)} new, {Sizes.Count(counts.FilesChanged)} changed, {Sizes.Count(counts.FilesUnmodified)} unmodified), {Sizes.Count(counts.Directories)} directories, {Sizes.Count(counts.Others)} others");
        output.WriteLine($"  {Sizes.Bytes(counts.Bytes)} in {Sizes.Time(elapsed)}, {Sizes.Rate(counts.Bytes, elapsed)}");
        output.WriteLine($"  {Sizes.Bytes(counts.NewBytes)} new, stored in {Sizes.Bytes(counts.StoredBytes)} (ratio {Sizes.Ratio(counts.NewBytes, counts.StoredBytes)})");
        if (context.Arguments.GetValue(s_profile))
        {
            StageTable.Write(output, Rows.Shown(result.Statistics.Stages), elapsed);
        }
    }
}
