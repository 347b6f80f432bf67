using System.CommandLine;
using GatewayOS.Cli.Errors;
using GatewayOS.Cli.Json;
using GatewayOS.Store;
using GatewayOS.Store.Locks;
using GatewayOS.Store.Maintenance;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;
using GatewayOS.Terminal;

namespace GatewayOS.Cli.Commands.Store;

/// <summary><c>store forget</c>: removes snapshots, named or by rule.</summary>
internal static class ForgetCommand
{
    private static readonly Argument<string[]> s_snapshots = new Argument<string[]>("SNAPSHOT") { Description = "Snapshots to remove; none when a rule chooses", Arity = ArgumentArity.ZeroOrMore }.RefuseOptions();
    private static readonly Option<int?> s_last = Keep("--keep-last", "Keep the newest N");
    private static readonly Option<int?> s_hourly = Keep("--keep-hourly", "Keep the newest of each of the last N hours with a snapshot");
    private static readonly Option<int?> s_daily = Keep("--keep-daily", "The same for days");
    private static readonly Option<int?> s_weekly = Keep("--keep-weekly", "The same for weeks (Monday to Sunday)");
    private static readonly Option<int?> s_monthly = Keep("--keep-monthly", "The same for months");
    private static readonly Option<int?> s_yearly = Keep("--keep-yearly", "The same for years");
    private static readonly Option<string?> s_within = new("--keep-within") { Description = "Keep everything younger, for instance 30d, 12h or 1y6m", HelpName = "SPAN" };
    private static readonly Option<string[]> s_keepTags = new("--keep-tag") { Description = "Keep what has this tag; may be repeated", HelpName = "TAG" };
    private static readonly Option<string?> s_host = new("--host") { Description = "Look only at snapshots of this host", HelpName = "NAME" };
    private static readonly Option<string[]> s_tags = new("--tag") { Description = "Look only at snapshots with all of these tags", HelpName = "TAG" };
    private static readonly Option<bool> s_dryRun = new("--dry-run", "-n") { Description = "Only show what would be removed" };

    public static Command Build() => Verb.Make(
        "forget",
        "Remove snapshots by a retention rule or by ID; gc then frees the space",
        [s_snapshots, s_last, s_hourly, s_daily, s_weekly, s_monthly, s_yearly, s_within, s_keepTags, s_host, s_tags, s_dryRun],
        Run);

    private static Option<int?> Keep(string name, string description) => new(name) { Description = description, HelpName = "N" };

    private static int Run(VerbContext context)
    {
        bool dryRun = context.Arguments.GetValue(s_dryRun);
        string[] named = context.Arguments.GetValue(s_snapshots) ?? [];
        RetentionRule? rule = named.Length > 0 ? null : Rule(context.Arguments);
        using BackupStore store = context.OpenStore("forget");
        IReadOnlyList<RetentionDecision> decisions = rule is null
            ? [.. named.Select(store.FindSnapshot).DistinctBy(snapshot => snapshot.Id).Select(snapshot => new RetentionDecision(snapshot, []))]
            : Planned(context, store, rule);
        decisions = WithLocks(store, decisions, isNamed: rule is null);
        Print(context, decisions);
        int removed = 0;
        foreach (RetentionDecision decision in decisions.Where(decision => !decision.Keep))
        {
            context.Cancellation.ThrowIfCancellationRequested();
            if (!dryRun)
            {
                store.DeleteSnapshot(decision.Snapshot);
            }

            removed++;
        }

        context.Out.WriteLine($"{(dryRun ? "Would remove" : "Removed")} {Sizes.Count(removed)} of {Sizes.Count(decisions.Count)} snapshots.{(removed > 0 && !dryRun ? " 'gatewayctl store gc' frees their space." : "")}");
        context.WriteJson(
            new ForgetJson(true, dryRun, decisions.Count - removed, removed, [.. decisions.Select(Row)]),
            ContractJson.Default.ForgetJson);
        return ExitCode.Good;
    }

    // A rule passes locked snapshots over; who names one is refused before anything is removed.
    private static IReadOnlyList<RetentionDecision> WithLocks(BackupStore store, IReadOnlyList<RetentionDecision> decisions, bool isNamed)
    {
        IReadOnlyDictionary<string, SnapshotLock> locks = store.HoldingLocks();
        if (isNamed)
        {
            foreach (RetentionDecision decision in decisions)
            {
                store.RefuseIfLocked(decision.Snapshot);
            }
        }

        return [.. decisions.Select(decision => locks.TryGetValue(decision.Snapshot.Id, out SnapshotLock? held) ? decision with { Reasons = [.. decision.Reasons, $"locked until {held.Until:yyyy-MM-dd HH:mm} UTC"] } : decision)];
    }

    private static RetentionRule Rule(ParseResult arguments)
    {
        TimeSpan? within = null;
        if (arguments.GetValue(s_within) is { } text)
        {
            within = RetentionSpan.TryParse(text, out TimeSpan span) ? span : throw new UsageException($"'{text}' is no span of time. Write for instance 30d, 12h or 1y6m.");
        }

        var rule = new RetentionRule
        {
            Last = arguments.GetValue(s_last),
            Hourly = arguments.GetValue(s_hourly),
            Daily = arguments.GetValue(s_daily),
            Weekly = arguments.GetValue(s_weekly),
            Monthly = arguments.GetValue(s_monthly),
            Yearly = arguments.GetValue(s_yearly),
            Within = within,
            Tags = arguments.GetValue(s_keepTags) ?? [],
        };
        return rule.Errors() is { Count: > 0 } errors ? throw new UsageException(string.Join(' ', errors)) : rule;
    }

    private static IReadOnlyList<RetentionDecision> Planned(VerbContext context, BackupStore store, RetentionRule rule)
    {
        SnapshotList list = store.Snapshots();
        if (list.Damaged.Count > 0)
        {
            throw new StoreDamagedException(list.Damaged[0].FileName, $"Snapshot file {list.Damaged[0].FileName} is damaged: {list.Damaged[0].Reason}. Run repair before a rule chooses what to remove.");
        }

        SnapshotRecord[] chosen = [.. list.Records.Where(record => SnapshotsCommand.Matches(record, context.Arguments.GetValue(s_host), context.Arguments.GetValue(s_tags) ?? []))];
        return Retention.Plan(chosen, rule, TimeProvider.System.GetUtcNow(), TimeZoneInfo.Local);
    }

    private static ForgetRowJson Row(RetentionDecision decision) => new(
        decision.Snapshot.Id, decision.Snapshot.Draft.StartedUtc, decision.Snapshot.Draft.Host, decision.Snapshot.Draft.Sources, decision.Keep, decision.Reasons);

    private static void Print(VerbContext context, IReadOnlyList<RetentionDecision> decisions)
    {
        var table = new TextTable("", "snapshot", "started", "host", "sources", "why");
        foreach (RetentionDecision decision in decisions)
        {
            SnapshotRecord snapshot = decision.Snapshot;
            table.Add(decision.Keep ? "keep" : "remove", snapshot.ShortId, SnapshotsCommand.LocalTime(snapshot.Draft.StartedUtc), snapshot.Draft.Host, string.Join(' ', snapshot.Draft.Sources), string.Join(", ", decision.Reasons));
        }

        table.Write(context.Out);
    }
}
