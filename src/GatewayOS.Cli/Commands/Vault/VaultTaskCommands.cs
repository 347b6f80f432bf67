using System.CommandLine;
using GatewayOS.Cli.Commands.Store;
using GatewayOS.Cli.Errors;
using GatewayOS.Cli.Json;
using GatewayOS.Cloud.Vault;
using GatewayOS.Store;
using GatewayOS.Store.Snapshots;
using GatewayOS.Terminal;

namespace GatewayOS.Cli.Commands.Vault;

/// <summary><c>vault task</c>: what a vault is filled by, when it is not to have everything.</summary>
internal static class VaultTaskCommands
{
    private static readonly Argument<string> s_name = new("TASK") { Description = "Name of the task" };
    private static readonly Argument<string?> s_anyName = new("TASK") { Description = "Name of the task; without it all of the vault", Arity = ArgumentArity.ZeroOrOne };
    private static readonly Option<string[]> s_nodes = new("--node") { Description = "Take snapshots of nodes whose host name or ID begins so; may be repeated", HelpName = "PREFIX" };
    private static readonly Option<string[]> s_tags = new("--tag") { Description = "Take snapshots one of whose tags begins so; may be repeated. With --node both must hold", HelpName = "PREFIX" };
    private static readonly Option<bool> s_all = new("--all") { Description = "Take all snapshots" };

    public static Command Build()
    {
        var task = new Command("task", "Say which snapshots a vault gets, and watch it get them");
        foreach (Command command in (Command[])
        [
            Verb.Make("add", "Let the vault get what a new task takes, beside what its other tasks take", [s_name, s_nodes, s_tags, s_all], Add),
            Verb.Make("change", "Let a task take something else; what no task takes any more goes with 'vault gc'", [s_name, s_nodes, s_tags, s_all], Alter),
            Verb.Make("remove", "Forget a task; what it has put stays until 'vault gc'", [s_name], Remove),
            Verb.Make("pause", "Send nothing new of a task; what it has put stays", [s_name], context => Pause(context, paused: true)),
            Verb.Make("resume", "Go on with a task", [s_name], context => Pause(context, paused: false)),
            Verb.Make("list", "List the tasks of all vaults; needs no key", [], List),
            Verb.Make("show", "Show how far tasks have come, with history and with what is new; needs the key of the store", [s_anyName], Show),
        ])
        {
            task.Subcommands.Add(command);
        }

        return task;
    }

    /// <summary>Tells how far tasks have come.</summary>
    public static void Write(VerbContext context, IReadOnlyList<VaultTaskProgress> tasks)
    {
        foreach (VaultTaskProgress row in tasks)
        {
            context.Out.WriteLine($"Task {row.Task.Name} ({row.Task}{(row.Task.Paused ? "; paused" : "")}): history {Sizes.Count(row.HistoryThere)} of {Sizes.Count(row.History)} snapshots, new ones {Sizes.Count(row.TailThere)} of {Sizes.Count(row.Tail)}{(row.OldestLacking is { } oldest ? $", lacking since {SnapshotsCommand.LocalTime(oldest)}" : "")}.");
        }
    }

    /// <summary>The same for programs; null for none.</summary>
    public static IReadOnlyList<VaultTaskJson>? Rows(IReadOnlyList<VaultTaskProgress> tasks) => tasks.Count == 0 ? null : [.. tasks.Select(row => Row(row.Task) with
    {
        History = row.History, HistoryThere = row.HistoryThere, Tail = row.Tail, TailThere = row.TailThere, OldestLacking = row.OldestLacking,
    })];

    private static VaultTaskJson Row(VaultTask task) => new() { Name = task.Name, Nodes = task.Nodes, Tags = task.Tags, Paused = task.Paused, Since = task.Since };

    private static int Add(VerbContext context)
    {
        VaultTask task = Taking(context, new VaultTask { Name = context.Arguments.GetValue(s_name)! });
        return Change(context, "Added", tasks => tasks.All(known => known.Name != task.Name)
            ? [.. tasks, task]
            : throw new UsageException($"There is a task {task.Name} already. 'gatewayctl vault task change {task.Name}' lets it take something else."));
    }

    private static int Alter(VerbContext context) => Change(context, "Changed", tasks => [.. tasks.Select(task => IsNamed(context, task) ? Taking(context, task) : task)], mustBe: true);

    private static int Remove(VerbContext context) => Change(context, "Removed", tasks => [.. tasks.Where(task => !IsNamed(context, task))], mustBe: true);

    private static int Pause(VerbContext context, bool paused) =>
        Change(context, paused ? "Paused" : "Resumed", tasks => [.. tasks.Select(task => IsNamed(context, task) ? task with { Paused = paused } : task)], mustBe: true);

    private static bool IsNamed(VerbContext context, VaultTask task) => task.Name == context.Arguments.GetValue(s_name);

    private static VaultTask Taking(VerbContext context, VaultTask task)
    {
        (string[] nodes, string[] tags, bool all) = (context.Arguments.GetValue(s_nodes) ?? [], context.Arguments.GetValue(s_tags) ?? [], context.Arguments.GetValue(s_all));
        return all == (nodes.Length + tags.Length == 0)
            ? task with { Nodes = nodes, Tags = tags, Since = TimeProvider.System.GetUtcNow() }
            : throw new UsageException("Say what the task takes: --all, or --node PREFIX and --tag PREFIX.");
    }

    private static int Change(VerbContext context, string done, Func<IReadOnlyList<VaultTask>, VaultTask[]> change, bool mustBe = false)
    {
        (string vault, VaultPlace before) = VaultFile.OfMachine.Named(context.Vault.Name);
        if (mustBe)
        {
            _ = Known(vault, before, context.Arguments.GetValue(s_name)!);
        }

        VaultPlace after = VaultFile.OfMachine.Change(vault, place => place with { Tasks = change(place.Tasks ?? []) });
        string name = context.Arguments.GetValue(s_name)!;
        VaultTask? task = after.Tasks!.FirstOrDefault(known => known.Name == name);
        context.Out.WriteLine($"{done} the task {name} of the vault {vault}{(task is null ? "" : $": {task}")}.");
        context.Out.WriteLine(after.Tasks!.Count == 0
            ? "The vault has no task now: nothing more is put there."
            : before.Tasks is null ? "Until now the vault got everything; from now on it gets what its tasks take." : "The next sync goes by it.");
        context.WriteJson(new VaultTasksJson(true, [.. after.Tasks.Select(Row)]), VaultJson.Default.VaultTasksJson);
        return ExitCode.Good;
    }

    private static VaultTask Known(string vault, VaultPlace place, string name) => place.Tasks?.FirstOrDefault(task => task.Name == name)
        ?? throw new UsageException($"The vault {vault} has no task {name}. {(place.Tasks is { Count: > 0 } tasks ? $"It has: {string.Join(", ", tasks.Select(task => task.Name))}." : "'gatewayctl vault task add' makes one.")}");

    private static int List(VerbContext context)
    {
        var table = new TextTable("vault", "task", "takes", "since", "state");
        var rows = new List<VaultTaskJson>();
        foreach ((string vault, VaultPlace place) in VaultFile.OfMachine.Read())
        {
            foreach (VaultTask task in place.Tasks ?? [])
            {
                table.Add(vault, task.Name, task.ToString(), SnapshotsCommand.LocalTime(task.Since), task.Paused ? "paused" : "runs");
                rows.Add(Row(task) with { Vault = vault });
            }
        }

        if (rows.Count == 0)
        {
            context.Out.WriteLine("No tasks. A vault without any gets everything, unless it was added with --by-tasks.");
        }
        else
        {
            table.Write(context.Out);
        }

        context.WriteJson(new VaultTasksJson(true, rows), VaultJson.Default.VaultTasksJson);
        return ExitCode.Good;
    }

    private static int Show(VerbContext context)
    {
        (string vault, VaultPlace place) = VaultFile.OfMachine.Named(context.Vault.Name);
        VaultTask[] tasks = context.Arguments.GetValue(s_anyName) is { } name ? [Known(vault, place, name)] : [.. place.Tasks ?? []];
        VaultListing there = context.Vault.Disk.Listing;
        using BackupStore store = context.Vault.OpenStore();
        IReadOnlyList<SnapshotRecord> records = store.Snapshots().Records;
        VaultTaskProgress[] progress = [.. tasks.Select(task => VaultTaskProgress.Measure(task, records, there))];
        Write(context, progress);
        if (progress.Length == 0)
        {
            context.Out.WriteLine($"The vault {vault} has no task. {(place.Tasks is null ? "It gets everything." : "It gets nothing.")}");
        }

        context.WriteJson(new VaultTasksJson(true, Rows(progress) ?? []), VaultJson.Default.VaultTasksJson);
        return ExitCode.Good;
    }
}
