using System.Text.Json;
using System.Text.Json.Serialization;
using GatewayOS.Store.Chained;
using GatewayOS.Store.Storage;

namespace GatewayOS.Appliance.Audit;

/// <summary>What a record of the audit log says.</summary>
public enum AuditOutcome
{
    /// <summary>A call was admitted and is about to be carried out.</summary>
    Asked,

    /// <summary>It was done.</summary>
    Done,

    /// <summary>It failed or was refused.</summary>
    Failed,
}

/// <summary>A record of the audit log.</summary>
public sealed record AuditRecord
{
    /// <summary>When, by the appliance's clock.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>Who: <c>user:NAME</c>, <c>token:ID</c>, <c>operator:NAME</c> (a login token's), <c>appliance</c>.</summary>
    public required string Who { get; init; }

    /// <summary>What: <c>package.Service/Method</c>.</summary>
    public required string Method { get; init; }

    /// <summary>To what: a node, an account, … or empty.</summary>
    public string Target { get; init; } = "";

    /// <summary>Asked for, done or failed.</summary>
    public required AuditOutcome Outcome { get; init; }

    /// <summary>More in words, or empty.</summary>
    public string Detail { get; init; } = "";

    /// <summary>For <see cref="AuditOutcome.Done"/> and <see cref="AuditOutcome.Failed"/>: the record in which it was asked for, or 0 when one record says it all.</summary>
    public long Asked { get; init; }
}

/// <summary>
/// The audit log: everything that people and programs change. A change is on record before it is made, and its outcome after it: a call whose
/// record cannot be written is not carried out. Records survive power cuts and show tampering (<see cref="ChainedLog"/>). Thread-safe.
/// </summary>
public sealed class AuditLog : IDisposable
{
    /// <summary>Its directory within the state.</summary>
    public const string DirectoryName = "audit";

    /// <summary>After how many records the log's head is to be noted elsewhere.</summary>
    public const int AnchorRecords = 100;

    private const int TextCharactersMax = 500;

    private readonly ChainedLog _log;
    private readonly TimeProvider _time;

    /// <summary>Opens the log, making it when there is none.</summary>
    /// <exception cref="IOException">It cannot be read or written.</exception>
    public AuditLog(StateDirectory state, TimeProvider time)
    {
        _time = time;
        _log = new ChainedLog(new StateDirectory(state.PathOf(DirectoryName)));
    }

    /// <summary>Told the head at start and every <see cref="AnchorRecords"/> records: whatever hears it keeps it where the log's files are not.</summary>
    public event Action<ChainedHead>? Anchored;

    /// <summary>What was found when the log was opened; with findings, somebody tampered with it.</summary>
    public ChainedReport OpeningReport => _log.OpeningReport;

    /// <summary>Where the log ends.</summary>
    public ChainedHead Head => _log.Head;

    /// <summary>Puts a call on record before it is carried out.</summary>
    /// <returns>The record's number, for its outcome.</returns>
    /// <exception cref="IOException">It cannot be put on record: do not carry it out.</exception>
    public long Begin(string who, string method, string target) => Append(who, method, target, AuditOutcome.Asked, "", 0);

    /// <summary>Puts a call's outcome on record.</summary>
    public void End(long begun, string who, string method, string target, string? failure) =>
        Append(who, method, target, failure is null ? AuditOutcome.Done : AuditOutcome.Failed, failure ?? "", begun);

    /// <summary>Puts on record in one what is over already, or refused.</summary>
    public void Note(string who, string method, string target, AuditOutcome outcome, string detail) => Append(who, method, target, outcome, detail, 0);

    /// <summary>The last records, oldest of them first.</summary>
    /// <param name="after">Only those with a higher number.</param>
    /// <param name="count">Most of them.</param>
    public IReadOnlyList<(long Sequence, AuditRecord Record)> Last(long after, int count)
    {
        var last = new Queue<(long, AuditRecord)>(count + 1);
        foreach (ChainedLine line in _log.Read().Where(line => line.Sequence > after))
        {
            if (Decode(line) is { } record)
            {
                last.Enqueue((line.Sequence, record));
                if (last.Count > count)
                {
                    last.Dequeue();
                }
            }
        }

        return [.. last];
    }

    /// <summary>Checks the whole log.</summary>
    public ChainedReport Verify() => _log.Check();

    /// <summary>Has the head noted elsewhere now.</summary>
    public void Anchor() => Anchored?.Invoke(_log.Head);

    /// <inheritdoc/>
    public void Dispose() => _log.Dispose();

    private static AuditRecord? Decode(ChainedLine line)
    {
        try
        {
            return JsonSerializer.Deserialize(line.Body.Span, AuditJson.Default.AuditRecord);
        }
        catch (JsonException)
        {
            // A record that was tampered with is found by Verify; it must not keep the others from being read.
            return null;
        }
    }

    private static string Shorten(string text) => text.Length > TextCharactersMax ? text[..TextCharactersMax] + "…" : text;

    private long Append(string who, string method, string target, AuditOutcome outcome, string detail, long asked)
    {
        var record = new AuditRecord { Time = _time.GetUtcNow(), Who = Shorten(who), Method = method, Target = Shorten(target), Outcome = outcome, Detail = Shorten(detail), Asked = asked };
        long sequence = _log.Append(JsonSerializer.SerializeToUtf8Bytes(record, AuditJson.Default.AuditRecord));
        if (sequence % AnchorRecords == 0)
        {
            Anchor();
        }

        return sequence;
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true)]
[JsonSerializable(typeof(AuditRecord))]
internal sealed partial class AuditJson : JsonSerializerContext;
