using System.CommandLine;
using GatewayOS.Agent.Direct;
using GatewayOS.Backup.Files;
using GatewayOS.Cloud.Vault;
using GatewayOS.Cloud.Vault.Direct;
using GatewayOS.Store.Maintenance;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;
using GatewayOS.Terminal;

namespace GatewayOS.Agent.Commands;

/// <summary><c>vault forget</c>: removes snapshots, named or by rule, and frees what they took.</summary>
internal static class VaultForgetCommand
{
    private const int KeepDaysMax = 36_500;
    private const double MaxUnusedPercentDefault = 20;

    private static readonly Argument<string[]> s_snapshots = new("SNAPSHOT") { Description = "Snapshots to remove; none when a rule chooses", Arity = ArgumentArity.ZeroOrMore };
    private static readonly Option<int?> s_last = Keep("--keep-last", "Keep the newest N");
    private static readonly Option<int?> s_hourly = Keep("--keep-hourly", "Keep the newest of each of the last N hours with a snapshot");
    private static readonly Option<int?> s_daily = Keep("--keep-daily", "The same for days");
    private static readonly Option<int?> s_weekly = Keep("--keep-weekly", "The same for weeks (Monday to Sunday)");
    private static readonly Option<int?> s_monthly = Keep("--keep-monthly", "The same for months");
    private static readonly Option<int?> s_yearly = Keep("--keep-yearly", "The same for years");
    private static readonly Option<string?> s_within = new("--keep-within") { Description = "Keep everything younger, for instance 30d, 12h or 1y6m", HelpName = "SPAN" };
    private static readonly Option<string[]> s_keepTags = new("--keep-tag") { Description = "Keep what has this tag; may be repeated", HelpName = "TAG" };
    private static readonly Option<int> s_keepDays = new("--keep-days") { Description = "Days for which what is forgotten stays in the vault", HelpName = "DAYS", DefaultValueFactory = _ => new VaultGcOptions().KeepDays };
    private static readonly Option<double> s_maxUnused = new("--max-unused") { Description = "Share of unused bytes that may stay in packs, in percent of the used ones: what is above is fetched and sent anew", HelpName = "PERCENT", DefaultValueFactory = _ => MaxUnusedPercentDefault };
    private static readonly Option<bool> s_dryRun = new("--dry-run", "-n") { Description = "Only show what would be removed" };

    public static Command Build() => AgentCommand.Make(
        "forget",
        "Remove snapshots by a retention rule or by ID, and free their space; breaks no object lock",
        [s_snapshots, s_last, s_hourly, s_daily, s_weekly, s_monthly, s_yearly, s_within, s_keepTags, s_keepDays, s_maxUnused, s_dryRun],
        Run);

    private static Option<int?> Keep(string name, string description) => new(name) { Description = description, HelpName = "N" };

    private static int Run(AgentContext context)
    {
        ParseResult arguments = context.Arguments;
        string[] named = arguments.GetValue(s_snapshots) ?? [];
        RetentionRule? rule = named.Length > 0 ? null : Rule(arguments);
        int keepDays = arguments.GetValue(s_keepDays) is >= 0 and <= KeepDaysMax and var days ? days : throw new InvalidJobException($"--keep-days must be 0 to {KeepDaysMax}.");
        double maxUnused = arguments.GetValue(s_maxUnused) is >= 0 and var percent ? percent : throw new InvalidJobException("--max-unused must not be negative.");
        DirectConfig config = VaultCommands.Config(context);
        using RetryingMedium medium = VaultAccess.OpenMedium(context.State, config);
        using DirectVault vault = VaultAccess.OpenForWriting(context.State, config, medium, context.Cancellation, options => options with { Purpose = "forget" });
        IReadOnlyList<RetentionDecision> decisions = rule is null
            ? [.. named.Select(vault.Store.FindSnapshot).DistinctBy(snapshot => snapshot.Id).Select(snapshot => new RetentionDecision(snapshot, []))]
            : Planned(vault.Store.Snapshots(), rule);
        Print(context, decisions);
        SnapshotRecord[] removed = [.. decisions.Where(decision => !decision.Keep).Select(decision => decision.Snapshot)];
        if (arguments.GetValue(s_dryRun))
        {
            context.Out.WriteLine($"Would remove {Sizes.Count(removed.Length)} of {Sizes.Count(decisions.Count)} snapshots.");
            Write(context, AgentCommand.Good, decisions.Count, removed, null);
            return AgentCommand.Good;
        }

        foreach (SnapshotRecord snapshot in removed)
        {
            vault.Forget(snapshot);
        }

        context.Out.WriteLine($"Removed {Sizes.Count(removed.Length)} of {Sizes.Count(decisions.Count)} snapshots.");
        (GcReport store, VaultGcReport? gone) = vault.Collect(new GcOptions { MaxUnusedPercent = maxUnused, MaxReclusterPercent = 0, Recompress = Recompression.Never }, keepDays);
        if (gone is null)
        {
            Finding bad = store.Findings.First(finding => finding.IsDamage);
            Console.Error.WriteLine($"gateway-agent: nothing was deleted from the vault: {bad.Object}: {bad.Detail}. 'gateway-agent vault verify' tells which snapshots that touches; forget those, or back up again.");
            Write(context, AgentCommand.Damage, decisions.Count, removed, null);
            return AgentCommand.Damage;
        }

        context.Out.WriteLine($"Deleted {Sizes.Count(gone.Snapshots)} snapshots and {Sizes.Count(gone.Packs)} packs from the vault, {Sizes.Bytes(gone.Bytes)}.");
        if (gone.SnapshotsWaiting + gone.PacksWaiting > 0)
        {
            context.Out.WriteLine($"{Sizes.Count(gone.SnapshotsWaiting)} forgotten snapshots and {Sizes.Count(gone.PacksWaiting)} packs stay there for now: for their {keepDays} days, or because they are locked.");
        }

        Write(context, AgentCommand.Good, decisions.Count, removed, gone);
        return AgentCommand.Good;
    }

    private static void Write(AgentContext context, int code, int all, SnapshotRecord[] removed, VaultGcReport? gone) => context.WriteJson(
        new VaultForgetJson(code == AgentCommand.Good, code, context.Arguments.GetValue(s_dryRun), all - removed.Length, [.. removed.Select(snapshot => snapshot.Id)], gone?.Snapshots, gone?.Packs, gone?.Bytes, gone?.SnapshotsWaiting, gone?.PacksWaiting),
        AgentOutputJson.Default.VaultForgetJson);

    private static RetentionRule Rule(ParseResult arguments)
    {
        TimeSpan? within = null;
        if (arguments.GetValue(s_within) is { } text)
        {
            within = RetentionSpan.TryParse(text, out TimeSpan span) ? span : throw new InvalidJobException($"'{text}' is no span of time. Write for instance 30d, 12h or 1y6m.");
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
        return rule.Errors() is { Count: > 0 } errors ? throw new InvalidJobException(string.Join(' ', errors)) : rule;
    }

    private static IReadOnlyList<RetentionDecision> Planned(SnapshotList list, RetentionRule rule) => list.Damaged.Count == 0
        ? Retention.Plan(list.Records, rule, TimeProvider.System.GetUtcNow(), TimeZoneInfo.Local)
        : throw new StoreDamagedException(list.Damaged[0].FileName, $"Snapshot file {list.Damaged[0].FileName} is damaged: {list.Damaged[0].Reason}. No rule chooses what to remove while that is so.");

    private static void Print(AgentContext context, IReadOnlyList<RetentionDecision> decisions)
    {
        var table = new TextTable("", "snapshot", "started", "sources", "why");
        foreach (RetentionDecision decision in decisions)
        {
            table.Add(
                decision.Keep ? "keep" : "remove",
                decision.Snapshot.ShortId,
                decision.Snapshot.Draft.StartedUtc.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", System.Globalization.CultureInfo.InvariantCulture),
                string.Join(", ", decision.Snapshot.Draft.Sources),
                string.Join(", ", decision.Reasons));
        }

        table.Write(context.Out);
    }
}
