using System.CommandLine;
using System.Text.Json;
using GatewayOS.Api;
using GatewayOS.Cli.Errors;
using GatewayOS.Cli.Json;
using GatewayOS.Store.Chained;
using GatewayOS.Terminal;
using Grpc.Core;

namespace GatewayOS.Cli.Commands.Appliance;

/// <summary><c>audit</c>: what was changed by whom, and whether the record of it is whole.</summary>
internal static class AuditCommands
{
    private const int CountDefault = 50;

    private static readonly Option<int> s_count = new("--count", "-n") { Description = "The last so many records", HelpName = "N", DefaultValueFactory = _ => CountDefault };
    private static readonly Option<string?> s_file = new("--file", "-f") { Description = "Not an appliance's: the log in this directory, for instance a copy of 'audit' from the appliance's state", HelpName = "DIR" };
    private static readonly Option<string?> s_key = new("--audit-key") { Description = "With --file: the log's key, without which forged records are not told from true ones [default: 'key' in the directory, when it is there]", HelpName = "FILE" };
    private static readonly Option<string?> s_anchor = new("--anchor") { Description = "A head that was noted before, for instance from the appliance's journal: it has to be part of the log", HelpName = "COUNT:HASH" };

    public static Command Build()
    {
        var audit = new Command("audit", "The audit log: what people and programs changed") { ApplianceVerb.GatewayOption, Verb.JsonOption, Verb.QuietOption };
        audit.Subcommands.Add(Verb.Make("list", "List the last records", [s_count, s_file, ApplianceVerb.WatchOption], context => ApplianceVerb.Show(context, () => List(context))));
        audit.Subcommands.Add(Verb.Make("verify", "Check that no record was edited, removed, moved or cut off", [s_file, s_key, s_anchor], Verify));
        return audit;
    }

    private static int List(VerbContext context)
    {
        int count = Math.Clamp(context.Arguments.GetValue(s_count), 1, 1000);
        AuditEntryJson[] entries = context.Arguments.GetValue(s_file) is { } directory
            ? [.. ReadLines(directory).TakeLast(count).Select(Row)]
            : [.. ApplianceVerb.Call(context, channel => new AuditLog.AuditLogClient(channel), (client, options) => client.List(new ListAuditRequest { Count = count }, options)).Entries.Select(Row)];
        var table = new TextTable(">record", "time", "who", "what", "to", "outcome");
        foreach (AuditEntryJson entry in entries)
        {
            table.Add(
                Sizes.Count(entry.Sequence), ApplianceVerb.LocalTime(entry.Time), entry.Who, entry.Method.Replace("gatewayos.v1.", "", StringComparison.Ordinal), entry.Target ?? "",
                $"{entry.Outcome}{(entry.Asked is { } asked ? $" (asked in {asked})" : "")}{(entry.Detail is { } detail ? $": {detail}" : "")}");
        }

        table.Write(context.Out);
        context.WriteJson(new AuditEntriesJson(true, entries), OperationsJson.Default.AuditEntriesJson);
        return ExitCode.Good;
    }

    private static int Verify(VerbContext context)
    {
        (long count, string last, List<AuditFindingJson> findings, bool keyed) = context.Arguments.GetValue(s_file) is { } directory ? CheckFiles(context, directory) : CheckAppliance(context);
        foreach (AuditFindingJson finding in findings)
        {
            context.Out.WriteLine($"{(finding.Sequence > 0 ? $"record {finding.Sequence}" : "log")}{(finding.Segment is { } segment ? $" in {segment}" : "")}: {finding.Detail}");
        }

        context.Out.WriteLine(findings.Count == 0
            ? $"The audit log is whole: {Sizes.Count(count)} records.{(keyed ? "" : " Its key was not at hand: somebody who made the whole chain anew would not be noticed.")}"
            : "The audit log was tampered with. Keep its files and the appliance's journal as they are, and find out who could write to the appliance's state.");
        context.Out.WriteLine($"Note this where the log's files are not, for a later --anchor: {count}:{last}");
        context.WriteJson(new AuditVerifyJson(findings.Count == 0, findings.Count == 0 ? ExitCode.Good : ExitCode.Damage, count, last, keyed, findings), OperationsJson.Default.AuditVerifyJson);
        return findings.Count == 0 ? ExitCode.Good : ExitCode.Damage;
    }

    private static (long Count, string Last, List<AuditFindingJson> Findings, bool Keyed) CheckAppliance(VerbContext context)
    {
        if (context.Arguments.GetValue(s_anchor) is not null)
        {
            throw new UsageException("--anchor needs the log's files: copy 'audit' from the appliance's state, and give it with --file.");
        }

        VerifyAuditReply reply = ApplianceVerb.Call(context, channel => new AuditLog.AuditLogClient(channel), (client, options) => client.Verify(new VerifyAuditRequest(), options));
        return (reply.Count, reply.Last, [.. reply.Findings.Select(finding => new AuditFindingJson(finding.Segment.Length > 0 ? finding.Segment : null, finding.Sequence, finding.Detail))], true);
    }

    private static (long Count, string Last, List<AuditFindingJson> Findings, bool Keyed) CheckFiles(VerbContext context, string directory)
    {
        RequireLog(directory);
        string keyPath = context.Arguments.GetValue(s_key) ?? Path.Join(directory, ChainedLog.KeyFile);
        byte[] key = context.Arguments.GetValue(s_key) is not null || File.Exists(keyPath) ? ReadKey(keyPath) : [];
        (ChainedReport report, _) = ChainedLogCheck.Run(directory, key);
        List<AuditFindingJson> findings = [.. report.Findings.Select(finding => new AuditFindingJson(finding.Segment.Length > 0 ? finding.Segment : null, finding.Sequence, finding.Detail))];
        if (context.Arguments.GetValue(s_anchor) is { } anchor && AnchorFinding(directory, anchor) is { } missing)
        {
            findings.Add(missing);
        }

        return (report.Count, report.Last, findings, report.IsKeyed);
    }

    private static AuditFindingJson? AnchorFinding(string directory, string anchor)
    {
        string[] parts = anchor.Split(':');
        if (parts.Length != 2 || !long.TryParse(parts[0], System.Globalization.CultureInfo.InvariantCulture, out long count))
        {
            throw new UsageException($"'{anchor}' is no anchor: one is a number of records and a hash, as COUNT:HASH.");
        }

        return ChainedLogCheck.Contains(directory, new ChainedHead(count, parts[1])) ? null : new AuditFindingJson(null, count, "the log does not contain the record that was noted as its last one: an older or another log was put in its place");
    }

    private static byte[] ReadKey(string path)
    {
        try
        {
            return ChainedLog.ReadKey(File.ReadAllBytes(path));
        }
        catch (InvalidDataException error)
        {
            throw new UsageException($"{path}: {error.Message}");
        }
    }

    private static IEnumerable<ChainedLine> ReadLines(string directory)
    {
        RequireLog(directory);
        return ChainedLogCheck.Read(directory);
    }

    private static void RequireLog(string directory)
    {
        if (!Directory.Exists(directory) || ChainedLogCheck.SegmentsOf(directory).Count == 0)
        {
            throw new UsageException($"There is no audit log in {directory}: it should hold files as segment-000001.log.");
        }
    }

    private static AuditEntryJson Row(AuditEntry entry) => new(
        entry.Sequence, DateTimeOffset.FromUnixTimeMilliseconds(entry.TimeUnixMs), entry.Who, entry.Method, NullIfEmpty(entry.Target), entry.Outcome, NullIfEmpty(entry.Detail), entry.Asked == 0 ? null : entry.Asked);

    private static AuditEntryJson Row(ChainedLine line)
    {
        try
        {
            AuditBodyJson body = JsonSerializer.Deserialize(line.Body.Span, OperationsJson.Default.AuditBodyJson)!;
            return new AuditEntryJson(line.Sequence, body.Time, body.Who, body.Method, NullIfEmpty(body.Target), body.Outcome.ToLowerInvariant(), NullIfEmpty(body.Detail), body.Asked == 0 ? null : body.Asked);
        }
        catch (JsonException)
        {
            return new AuditEntryJson(line.Sequence, default, "?", "?", null, "unreadable", null, null);
        }
    }

    private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
