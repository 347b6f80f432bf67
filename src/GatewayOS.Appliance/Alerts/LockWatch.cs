using System.Text.Json;
using System.Text.Json.Serialization;
using GatewayOS.Store;
using GatewayOS.Store.Locks;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;

namespace GatewayOS.Appliance.Alerts;

/// <summary>
/// Notices when somebody has taken retention locks out of the store, shortened them or moved the store's count of time, and puts the locks back. It
/// goes by a copy in the state directory with a count of time of its own. Not thread-safe.
/// </summary>
/// <param name="state">Keeps the copy.</param>
/// <param name="clock">The machine's clocks.</param>
/// <param name="alerts">Where alerts go; borrowed.</param>
public sealed class LockWatch(StateDirectory state, IBootClock clock, IAlertSink alerts)
{
    private const string FileName = "locks.json";
    private const string LocksSubject = "locks";
    private const string ClockSubject = "store clock";

    // Both counts move on by the same rule, at different moments.
    private static readonly TimeSpan s_toleranceMax = TimeSpan.FromHours(1);

    /// <summary>Compares the store's locks with the copy.</summary>
    /// <param name="store">The store.</param>
    /// <param name="records">All its snapshots.</param>
    /// <exception cref="InvalidDataException">The copy is damaged.</exception>
    public void Look(BackupStore store, IReadOnlyList<SnapshotRecord> records)
    {
        LockCopy? old = Load();
        IReadOnlyDictionary<string, SnapshotLock> holding;
        TrustedMark mark;
        try
        {
            holding = store.HoldingLocks();
            if (old is null && holding.Count == 0)
            {
                return;
            }

            DateTimeOffset counted = store.TrustedNow();
            mark = old is null ? TrustedTime.Begin(clock.Read(), counted) : TrustedTime.Advance(old.Mark, clock.Read());
            if (CheckClock(store, counted, mark.Trusted))
            {
                holding = store.HoldingLocks();
            }

            alerts.Clear(AlertKind.LockTampering, LocksSubject);
        }
        catch (StoreDamagedException error)
        {
            alerts.Raise(new AlertEvent(AlertKind.LockTampering, AlertSeverity.Critical, LocksSubject, error.Message, "Find out who writes to the store's disk; restore the file from a copy of the store. Nothing is forgotten until then."));
            return;
        }

        Dictionary<string, SnapshotRecord> byId = records.ToDictionary(record => record.Id, StringComparer.Ordinal);
        var kept = holding.Values.ToDictionary(held => held.SnapshotId, held => held.Until, StringComparer.Ordinal);
        foreach ((string id, DateTimeOffset until) in old?.Until ?? new Dictionary<string, DateTimeOffset>())
        {
            if (until - mark.Trusted <= s_toleranceMax)
            {
                alerts.Clear(AlertKind.LockTampering, SubjectOf(id));
            }
            else if (!kept.TryGetValue(id, out DateTimeOffset now) || until - now > s_toleranceMax)
            {
                Tell(id, until, byId.ContainsKey(id));
                if (byId.TryGetValue(id, out SnapshotRecord? record))
                {
                    store.LockSnapshot(record, until - mark.Trusted);
                    kept[id] = until;
                }
            }
        }

        var copy = new LockCopy { Mark = mark, Until = kept };
        state.Replace(FileName, JsonSerializer.SerializeToUtf8Bytes(copy, LockCopyJson.Default.LockCopy));
    }

    private static string SubjectOf(string id) => $"snapshot {id[..SnapshotRecord.ShortIdDigits]}";

    private bool CheckClock(BackupStore store, DateTimeOffset counted, DateTimeOffset known)
    {
        if (counted - known <= s_toleranceMax)
        {
            return false;
        }

        alerts.Raise(new AlertEvent(
            AlertKind.LockTampering, AlertSeverity.Critical, ClockSubject,
            $"The store's count of time, by which locks hold, stood at {counted:yyyy-MM-dd HH:mm} UTC, where {known:yyyy-MM-dd HH:mm} UTC is certain. It is put back.",
            "Somebody writes to the store's disk past the appliance, or the machine's clock was far ahead when it started. Find out which; look at its battery."));
        store.TurnTrustedTimeBack(known);
        return true;
    }

    private void Tell(string id, DateTimeOffset until, bool isThere) => alerts.Raise(new AlertEvent(
        AlertKind.LockTampering,
        AlertSeverity.Critical,
        SubjectOf(id),
        isThere
            ? $"The lock until {until:yyyy-MM-dd HH:mm} UTC was taken off {SubjectOf(id)}, or shortened. It is put back."
            : $"{SubjectOf(id)} is gone from the store, though it was locked until {until:yyyy-MM-dd HH:mm} UTC.",
        "Somebody writes to the store's disk past the appliance. Find out who, change the credentials of its operators, and take a copy of the store away before looking further."));

    private LockCopy? Load()
    {
        if (state.Read(FileName) is not { } bytes)
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize(bytes, LockCopyJson.Default.LockCopy) ?? throw new JsonException("It is empty.");
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{state.PathOf(FileName)} is damaged: {error.Message} It tells whether somebody takes locks off. Restore it from a backup of the state; or delete it, and the store's own locks are believed.", error);
        }
    }
}

internal sealed record LockCopy
{
    public required TrustedMark Mark { get; init; }

    public required IReadOnlyDictionary<string, DateTimeOffset> Until { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(LockCopy))]
internal sealed partial class LockCopyJson : JsonSerializerContext;
