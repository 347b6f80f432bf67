using System.Text.Json;
using System.Text.RegularExpressions;
using Cronos;
using GatewayOS.Appliance.Schedule;
using GatewayOS.Store.Maintenance;

namespace GatewayOS.Appliance.Policies;

/// <summary>What reading a policy's document gave: a policy, or everything that is wrong with it.</summary>
/// <param name="Policy">The policy; null when there are errors.</param>
/// <param name="Errors">The errors.</param>
public sealed record PolicyReading(Policy? Policy, IReadOnlyList<PolicyError> Errors);

/// <summary>A policy as operators write it: JSON, described in README.md, "Policies".</summary>
public static partial class PolicyDocument
{
    /// <summary>Longest document taken.</summary>
    public const int CharactersMax = 256 * 1024;

    /// <summary>Most sources or patterns.</summary>
    public const int PathsMax = 1000;

    /// <summary>Shortest distance of backups.</summary>
    public static readonly TimeSpan EveryMin = TimeSpan.FromSeconds(10);

    /// <summary>Shortest lock on a restore point.</summary>
    public static readonly TimeSpan LockMin = TimeSpan.FromMinutes(1);

    /// <summary>Longest lock on a restore point.</summary>
    public static readonly TimeSpan LockMax = TimeSpan.FromDays(10 * 365);

    private static readonly JsonDocumentOptions s_lenient = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    private const int AttemptsMax = 100;
    private const int DrillFilesMax = 1_000_000;
    private static readonly TimeSpan s_jitterMax = TimeSpan.FromHours(12);
    private static readonly TimeSpan s_hookMax = TimeSpan.FromHours(4);
    private static readonly TimeSpan s_checkMin = TimeSpan.FromHours(1);

    /// <summary>Reads a document, whole.</summary>
    /// <param name="json">The document.</param>
    /// <param name="now">The present instant: a schedule has to have a run ahead.</param>
    /// <param name="zoneDefault">Whose clocks count where the document names no zone; null for the machine's.</param>
    public static PolicyReading Read(string json, DateTimeOffset now, TimeZoneInfo? zoneDefault = null)
    {
        if (json.Length > CharactersMax)
        {
            return new PolicyReading(null, [new PolicyError("(document)", $"It is longer than {CharactersMax} characters.", "Name directories rather than files.")]);
        }

        try
        {
            using var document = JsonDocument.Parse(json, s_lenient);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                return new PolicyReading(null, [new PolicyError("(document)", "It is no object.", "Write the fields in braces.")]);
            }

            var errors = new List<PolicyError>();
            Policy policy = ReadPolicy(new DocumentReader(document.RootElement, "", errors), now, zoneDefault ?? TimeZoneInfo.Local);
            return new PolicyReading(errors.Count == 0 ? policy : null, errors);
        }
        catch (JsonException error)
        {
            return new PolicyReading(null, [new PolicyError("(document)", $"It is not JSON: {error.Message}", "Correct that place.")]);
        }
    }

    /// <summary>The name in a document, valid or not, for the record.</summary>
    /// <returns>Empty when there is none.</returns>
    public static string NameOf(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json.Length > CharactersMax ? "" : json, s_lenient);
            return document.RootElement is { ValueKind: JsonValueKind.Object } root && root.TryGetProperty("name", out JsonElement name) && name.ValueKind == JsonValueKind.String && NamePattern().IsMatch(name.GetString()!) ? name.GetString()! : "";
        }
        catch (JsonException)
        {
            return "";
        }
    }

    private static Policy ReadPolicy(DocumentReader reader, DateTimeOffset now, TimeZoneInfo zoneDefault)
    {
        (RetentionRule? retention, TimeSpan? locked) = ReadRetention(reader);
        var policy = new Policy
        {
            Name = ReadName(reader),
            Enabled = reader.Flag("enabled") ?? true,
            Sources = ReadSources(reader),
            Includes = ReadPatterns(reader, "includes"),
            Excludes = ReadPatterns(reader, "excludes"),
            OneFileSystem = reader.Flag("oneFileSystem") ?? false,
            Schedule = ReadSchedule(reader, now, zoneDefault),
            Retention = retention,
            Lock = locked,
            Priority = reader.Word("priority", ("low", PolicyPriority.Low), ("normal", PolicyPriority.Normal), ("high", PolicyPriority.High)) ?? PolicyPriority.Normal,
            BandwidthBytesPerSecond = reader.Number("bandwidthBytesPerSecond", 0, long.MaxValue) ?? 0,
            Before = ReadHook(reader, "before"),
            After = ReadHook(reader, "after"),
            VerifyEvery = ReadDuration(reader, "verifyEvery", s_checkMin, RetentionSpan.Longest),
            Attempts = (int)(reader.Number("attempts", 1, AttemptsMax) ?? 5),
        };
        if (reader.Object("drill") is { } drill)
        {
            TimeSpan? every = ReadDuration(drill, "every", s_checkMin, RetentionSpan.Longest);
            policy = policy with { DrillEvery = every, DrillFiles = (int)(drill.Number("files", 1, DrillFilesMax) ?? policy.DrillFiles) };
            drill.Close();
        }

        reader.Close();
        return policy;
    }

    private static string ReadName(DocumentReader reader)
    {
        string name = reader.Text("name") ?? "";
        if (!NamePattern().IsMatch(name))
        {
            reader.Wrong("name", name.Length == 0 ? "It is missing." : $"'{name}' is no name of a policy.", "Write 1 to 63 of a-z, 0-9, '.', '_' and '-', a letter or digit first.");
        }

        return name;
    }

    private static IReadOnlyList<string> ReadSources(DocumentReader reader)
    {
        IReadOnlyList<string> sources = reader.Texts("sources");
        if (sources.Count is 0 or > PathsMax)
        {
            reader.Wrong("sources", sources.Count == 0 ? "There is nothing to back up." : $"There are {sources.Count}.", $"Name 1 to {PathsMax} files or directories of the node, as [\"/etc\", \"/home\"].");
        }

        foreach (string source in sources.Where(source => !source.StartsWith('/')))
        {
            reader.Wrong("sources", $"'{source}' is no absolute path.", "Begin it with '/'.");
        }

        foreach (IGrouping<string, string> twice in sources.GroupBy(source => source.Length > 1 ? source.TrimEnd('/') : source).Where(group => group.Count() > 1))
        {
            reader.Wrong("sources", $"'{twice.Key}' is named twice.", "Leave one.");
        }

        return sources;
    }

    private static IReadOnlyList<string> ReadPatterns(DocumentReader reader, string field)
    {
        IReadOnlyList<string> patterns = reader.Texts(field);
        if (patterns.Count > PathsMax)
        {
            reader.Wrong(field, $"There are {patterns.Count} patterns.", $"Write at most {PathsMax}.");
        }

        foreach (string pattern in patterns.Where(pattern => pattern.StartsWith('!')))
        {
            reader.Wrong(field, $"'{pattern}' takes something back.", "Write it without '!' under the other of \"includes\" and \"excludes\".");
        }

        return patterns;
    }

    private static ScheduleSpec ReadSchedule(DocumentReader reader, DateTimeOffset now, TimeZoneInfo zoneDefault)
    {
        var fallback = new ScheduleSpec { Zone = TimeZoneInfo.Utc };
        if (reader.Object("schedule") is not { } schedule)
        {
            reader.Wrong("schedule", "It is missing.", "Write {\"cron\": \"0 22 * * *\"} or {\"every\": \"4h\"}.");
            return fallback;
        }

        CronExpression? cron = ReadCron(schedule);
        TimeSpan? every = ReadDuration(schedule, "every", EveryMin, TimeSpan.FromDays(366));
        TimeZoneInfo zone = ReadZone(schedule, zoneDefault);
        RunWindow? window = schedule.Parsed<RunWindow>("window", RunWindow.TryParse, "no window", "Write two different times of day, as 22:00-06:00.");
        TimeSpan jitter = ReadDuration(schedule, "jitter", TimeSpan.FromSeconds(1), s_jitterMax) ?? TimeSpan.Zero;
        MissedRunRule missed = schedule.Word("missed", ("at-once", MissedRunRule.AtOnce), ("in-window", MissedRunRule.InWindow), ("skip", MissedRunRule.Skip))
            ?? (window is null ? MissedRunRule.AtOnce : MissedRunRule.InWindow);
        bool hasCron = schedule.Text("cron") is not null;
        bool hasEvery = schedule.Text("every") is not null;
        if (hasCron == hasEvery)
        {
            schedule.Wrong("cron", hasCron ? "Both \"cron\" and \"every\" are there." : "Neither \"cron\" nor \"every\" is there.", "Write one of them.");
        }

        if (every is { } distance && jitter >= distance)
        {
            schedule.Wrong("jitter", "It is not shorter than \"every\".", "Shorten it: each run has to come before the next.");
        }

        var spec = new ScheduleSpec { Cron = cron, Every = cron is null ? every : null, Zone = zone, Window = window, Jitter = jitter, Missed = missed };
        if ((cron is not null || every is not null) && new RunSchedule(spec, "").NextAfter(now) is null)
        {
            schedule.Wrong(hasCron ? "cron" : "every", window is null ? "It never comes about." : $"It never falls into the window {window}.", "Choose other times; \"every\" counts from midnight UTC.");
        }

        schedule.Close();
        return cron is null && every is null ? fallback : spec;
    }

    private static CronExpression? ReadCron(DocumentReader schedule)
    {
        if (schedule.Text("cron") is not { } text)
        {
            return null;
        }

        try
        {
            return CronExpression.Parse(text, CronFormat.Standard);
        }
        catch (CronFormatException error)
        {
            schedule.Wrong("cron", $"'{text}' is no cron expression: {error.Message}", "Write minute, hour, day of month, month and day of week, as in '30 22 * * 1-5'.");
            return null;
        }
    }

    private static TimeZoneInfo ReadZone(DocumentReader schedule, TimeZoneInfo zoneDefault)
    {
        if (schedule.Text("zone") is not { } name)
        {
            return zoneDefault;
        }

        if (ZoneClock.Find(name, out string error) is { } zone)
        {
            return zone;
        }

        int remedy = error.IndexOf(". ", StringComparison.Ordinal) + 1;
        schedule.Wrong("zone", error[..remedy], error[(remedy + 1)..]);
        return TimeZoneInfo.Utc;
    }

    private static (RetentionRule? Rule, TimeSpan? Lock) ReadRetention(DocumentReader reader)
    {
        if (reader.Object("retention") is not { } retention)
        {
            return (null, null);
        }

        var rule = new RetentionRule
        {
            Last = Count("last"),
            Hourly = Count("hourly"),
            Daily = Count("daily"),
            Weekly = Count("weekly"),
            Monthly = Count("monthly"),
            Yearly = Count("yearly"),
            Within = retention.Parsed<TimeSpan>("within", RetentionSpan.TryParse, "no span of time", "Write for instance 30d, 12h or 1y6m."),
        };
        TimeSpan? locked = ReadDuration(retention, "lock", LockMin, LockMax);
        bool keepsAll = rule == new RetentionRule();
        if (keepsAll && locked is null)
        {
            retention.Wrong("last", "The rule keeps nothing.", "Write at least one of last, hourly, daily, weekly, monthly, yearly and within above 0; or leave \"retention\" out to keep everything.");
        }
        else if (!keepsAll)
        {
            foreach (string error in rule.Errors())
            {
                retention.Wrong("last", error, "Correct the rule.");
            }
        }

        retention.Close();
        return (keepsAll ? null : rule, locked);

        int? Count(string field) => (int?)retention.Number(field, 0, 100_000);
    }

    private static PolicyHook? ReadHook(DocumentReader reader, string field)
    {
        if (reader.Object(field) is not { } hook)
        {
            return null;
        }

        string name = hook.Text("hook") ?? "";
        if (!NamePattern().IsMatch(name))
        {
            hook.Wrong("hook", name.Length == 0 ? "It is missing." : $"'{name}' is no name of a hook.", "Write the file name of a program in the directory 'hooks' of the node's agent.");
        }

        TimeSpan timeout = ReadDuration(hook, "timeout", TimeSpan.FromSeconds(1), s_hookMax) ?? TimeSpan.FromMinutes(5);
        bool mayFail = hook.Flag("mayFail") ?? false;
        hook.Close();
        return new PolicyHook(name, timeout, mayFail);
    }

    private static TimeSpan? ReadDuration(DocumentReader reader, string field, TimeSpan min, TimeSpan max)
    {
        TimeSpan? duration = reader.Parsed<TimeSpan>(field, DurationText.TryParse, "no duration", DurationText.Remedy);
        if (duration < min || duration > max)
        {
            reader.Wrong(field, $"{DurationText.Of(duration.Value)} is out of range.", $"Write {DurationText.Of(min)} to {DurationText.Of(max)}.");
        }

        return duration;
    }

    [GeneratedRegex("^[a-z0-9][a-z0-9._-]{0,62}\\z", RegexOptions.CultureInvariant)]
    private static partial Regex NamePattern();
}
