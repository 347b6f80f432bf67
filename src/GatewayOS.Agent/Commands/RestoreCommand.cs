using System.CommandLine;
using System.Text;
using GatewayOS.Backup.Files;
using GatewayOS.Store;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Trees;
using GatewayOS.Terminal;

namespace GatewayOS.Agent.Commands;

/// <summary><c>restore</c> and <c>snapshots</c>.</summary>
internal static class RestoreCommand
{
    // The appliance takes a few streams more of a node than this.
    private const int ThreadsMax = 16;

    private static readonly Argument<string> s_snapshot = new("SNAPSHOT") { Description = "ID, beginning of one, or 'latest'" };
    private static readonly Argument<string[]> s_paths = new("PATH") { Description = "What to restore; none: everything", Arity = ArgumentArity.ZeroOrMore };
    private static readonly Option<string> s_target = new("--target", "-t") { Description = "Directory to restore into", HelpName = "DIR", Required = true };
    private static readonly Option<bool> s_verify = new("--verify") { Description = "Read back what was written" };
    private static readonly Option<int> s_threads = new("--threads") { Description = $"Files written at once, each over a stream of its own; 1 to {ThreadsMax}", HelpName = "N", DefaultValueFactory = _ => 4 };

    public static Command BuildRestore() => AgentCommand.Make("restore", "Restore this machine's files from the appliance or the vault", [s_snapshot, s_paths, s_target, s_verify, s_threads], Restore);

    public static Command BuildSnapshots() => AgentCommand.Make("snapshots", "List this machine's snapshots", [], List);

    private static int List(AgentContext context)
    {
        using SnapshotSource source = SnapshotSource.Open(context, "snapshots");
        SnapshotList list = source.Store.Snapshots();
        if (list.Records.Count == 0)
        {
            context.Out.WriteLine("No snapshots yet. 'gateway-agent backup' makes one.");
        }
        else
        {
            var table = new TextTable("ID", "time", ">files", ">size", "problems", "sources");
            foreach (SnapshotRecord record in list.Records)
            {
                table.Add(
                    record.ShortId,
                    record.Draft.StartedUtc.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", System.Globalization.CultureInfo.InvariantCulture),
                    Sizes.Count(record.Draft.Counts.Files),
                    Sizes.Bytes(record.Draft.Counts.Bytes),
                    record.Draft.ProblemCount == 0 ? "" : Sizes.Count(record.Draft.ProblemCount),
                    string.Join(", ", record.Draft.Sources));
            }

            table.Write(context.Out);
        }

        context.WriteJson(new SnapshotsJson(true, [.. list.Records.Select(BackupCommand.Row)]), AgentOutputJson.Default.SnapshotsJson);
        return AgentCommand.Good;
    }

    private static int Restore(AgentContext context)
    {
        ParseResult arguments = context.Arguments;
        string target = Path.GetFullPath(arguments.GetValue(s_target)!);
        int threads = arguments.GetValue(s_threads);
        if (threads is < 1 or > ThreadsMax)
        {
            throw new InvalidJobException($"--threads {threads}: give 1 to {ThreadsMax}.");
        }

        var options = new RestoreOptions
        {
            Target = RawArguments.Bytes(target),
            Paths = [.. arguments.GetValue(s_paths)!.Select(PathBytes)],
            Verify = arguments.GetValue(s_verify),
            Threads = threads,
        };
        using SnapshotSource source = SnapshotSource.Open(context, "restore");
        ISnapshotStore store = source.Store;
        SnapshotRecord snapshot = store.FindSnapshot(arguments.GetValue(s_snapshot)!);
        var progress = new RestoreProgress();
        TimeSpan elapsed;
        using (var line = new ProgressLine(() => new ProgressState("restore", progress.Bytes, progress.ExpectedBytes, IsBytes: true, $"{Sizes.Count(progress.Files)} files"), context.Quiet))
        {
            FileRestore.Run(store, snapshot, options, progress, context.Cancellation);
            elapsed = line.Elapsed;
        }

        foreach (RestoreProblem problem in progress.Problems)
        {
            Console.Error.WriteLine($"gateway-agent: warning: {problem.Path}: {problem.Reason}");
        }

        int code = progress.Damaged ? AgentCommand.Damage : progress.ProblemCount > 0 ? AgentCommand.Incomplete : AgentCommand.Good;
        context.Out.WriteLine($"Restored {Sizes.Count(progress.Files)} files, {Sizes.Bytes(progress.Bytes)}, of snapshot {snapshot.ShortId} to {target}");
        context.Out.WriteLine($"  in {Sizes.Time(elapsed)}, {Sizes.Rate(progress.Bytes, elapsed)}");
        context.WriteJson(
            new RestoreJson(code != AgentCommand.Damage, code, snapshot.Id, target, progress.Files, progress.Bytes, elapsed.TotalSeconds, [.. progress.Problems.Select(problem => new ProblemJson(problem.Path, problem.Reason))]),
            AgentOutputJson.Default.RestoreJson);
        return code;
    }

    private static byte[] PathBytes(string path)
    {
        byte[] raw = RawArguments.Bytes(path);
        return raw.AsSpan().Contains((byte)'\\') ? ByteName.Unescape(Encoding.UTF8.GetString(raw)) : raw;
    }
}
