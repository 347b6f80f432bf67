using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using GatewayOS.Sqlite;
using Microsoft.Data.Sqlite;

namespace GatewayOS.Appliance.Alerts;

/// <summary>A receiver of alerts, as far as it decides what is put into its outbox.</summary>
/// <param name="Name">Its name; what waits for it is known by that.</param>
/// <param name="Least">It gets nothing less bad.</param>
public sealed record AlertSubscription(string Name, AlertSeverity Least);

/// <summary>
/// Keeps alerts, and with each, in the same step, the messages that are to go out: whatever happens to this process or a receiver, no message is
/// lost and none is made twice. One SQLite file, durable. Thread-safe.
/// </summary>
public sealed class AlertCentre : IAlertSink, IDisposable
{
    /// <summary>Most messages that wait for one receiver; beyond, the oldest gives way.</summary>
    public const int WaitingMax = 10_000;

    /// <summary>How long cleared alerts and delivered messages are kept.</summary>
    public static readonly TimeSpan KeepMax = TimeSpan.FromDays(90);

    private const int StandingKept = 1000;
    private const string Columns = "id, kind, severity, subject, summary, remedy, first, last, count, acknowledged_by, acknowledged, cleared";

    private const string Tables = """
        CREATE TABLE IF NOT EXISTS identity (id TEXT NOT NULL);
        CREATE TABLE IF NOT EXISTS alert (
            id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, severity TEXT NOT NULL, subject TEXT NOT NULL, summary TEXT NOT NULL, remedy TEXT NOT NULL,
            first INTEGER NOT NULL, last INTEGER NOT NULL, count INTEGER NOT NULL, acknowledged_by TEXT, acknowledged INTEGER, cleared INTEGER);
        CREATE UNIQUE INDEX IF NOT EXISTS alert_standing ON alert (kind, subject) WHERE cleared IS NULL;
        CREATE TABLE IF NOT EXISTS message (
            id INTEGER PRIMARY KEY AUTOINCREMENT, alert INTEGER NOT NULL, receiver TEXT NOT NULL, key TEXT NOT NULL, body BLOB NOT NULL,
            attempts INTEGER NOT NULL, due INTEGER NOT NULL, delivered INTEGER, problem TEXT, UNIQUE (receiver, key));
        CREATE INDEX IF NOT EXISTS message_waiting ON message (receiver, id) WHERE delivered IS NULL;
        CREATE INDEX IF NOT EXISTS message_alert ON message (alert);
        CREATE TABLE IF NOT EXISTS watched (series TEXT PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS capacity (time INTEGER PRIMARY KEY, used INTEGER NOT NULL, total INTEGER NOT NULL);
        """;

    private readonly TimeProvider _time;
    private readonly Func<IReadOnlyList<AlertSubscription>> _subscriptions;
    private readonly Action<string> _warn;
    private readonly Lock _gate = new();
    private readonly SqliteConnection _connection;
    private readonly string _identity;
    private IReadOnlyList<AlertRecord>? _standing;

    /// <summary>Opens the alerts.</summary>
    /// <param name="path">Their file.</param>
    /// <param name="appliance">The appliance's name, for receivers.</param>
    /// <param name="subscriptions">Says who is to be told, asked with each alert.</param>
    /// <param name="warn">Told what could not be kept.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="InvalidDataException">The file cannot be used; the message says what to do.</exception>
    public AlertCentre(string path, string appliance, Func<IReadOnlyList<AlertSubscription>> subscriptions, Action<string> warn, TimeProvider time)
    {
        (ApplianceName, _subscriptions, _warn, _time) = (appliance, subscriptions, warn, time);
        _connection = Open(path);
        _connection.Run("INSERT INTO identity SELECT $1 WHERE NOT EXISTS (SELECT 1 FROM identity)", Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8)));
        _identity = (string)_connection.Scalar("SELECT id FROM identity")!;
    }

    /// <summary>The appliance's name, for receivers of the alerts to come.</summary>
    public string ApplianceName { get; set; }

    /// <summary>Told that there are new messages.</summary>
    public event Action? MessagesAdded;

    /// <inheritdoc/>
    public void Raise(AlertEvent alert) => Keep(alert.Summary, () =>
    {
        long now = Now;
        if (Standing(alert.Kind, alert.Subject) is not { } standing)
        {
            long id = (long)_connection.Scalar(
                "INSERT INTO alert (kind, severity, subject, summary, remedy, first, last, count) VALUES ($1, $2, $3, $4, $5, $6, $6, 1) RETURNING id",
                alert.Kind.ToString(), alert.Severity.ToString(), alert.Subject, alert.Summary, alert.Remedy, now)!;
            return AddMessages("raised", id, 1, alert);
        }

        bool isWorse = alert.Severity > standing.Event.Severity;
        _connection.Run(
            $"UPDATE alert SET severity = $2, summary = $3, remedy = $4, last = $5, count = count + 1{(isWorse ? ", acknowledged_by = NULL, acknowledged = NULL" : "")} WHERE id = $1",
            standing.Id, (isWorse ? alert.Severity : standing.Event.Severity).ToString(), alert.Summary, alert.Remedy, now);
        return isWorse && AddMessages("worse", standing.Id, standing.Count + 1, alert);
    });

    /// <inheritdoc/>
    public void Clear(AlertKind kind, string subject) => Keep($"{kind} of {subject} is over", () =>
    {
        if (Standing(kind, subject) is not { } standing)
        {
            return false;
        }

        _connection.Run("UPDATE alert SET cleared = $2 WHERE id = $1", standing.Id, Now);
        return AddMessages("cleared", standing.Id, standing.Count, standing.Event);
    });

    /// <summary>Marks an alert as seen to.</summary>
    /// <returns>Null when there is none of that number.</returns>
    public AlertRecord? Acknowledge(long id, string who)
    {
        lock (_gate)
        {
            _connection.Run("UPDATE alert SET acknowledged_by = $2, acknowledged = $3 WHERE id = $1", id, who, Now);
            _standing = null;
            return Find(id);
        }
    }

    /// <summary>Finds an alert by its number.</summary>
    public AlertRecord? Find(long id)
    {
        lock (_gate)
        {
            return _connection.All($"SELECT {Columns} FROM alert WHERE id = $1", Record, id).FirstOrDefault();
        }
    }

    /// <summary>Alerts, the worst and newest first.</summary>
    /// <param name="withCleared">True for those too whose reason is gone.</param>
    /// <param name="count">Most of them.</param>
    public IReadOnlyList<AlertRecord> List(bool withCleared, int count)
    {
        lock (_gate)
        {
            if (withCleared || count > StandingKept)
            {
                return Select(withCleared, count);
            }

            // Panel and pages ask every second, and alerts change rarely: the file is asked once after each change.
            _standing ??= Select(withCleared: false, StandingKept);
            return [.. _standing.Take(count)];
        }
    }

    /// <summary>The messages about an alert.</summary>
    public IReadOnlyList<AlertMessage> MessagesOf(long alertId)
    {
        lock (_gate)
        {
            return _connection.All("SELECT id, alert, receiver, key, body, attempts, delivered, problem FROM message WHERE alert = $1 ORDER BY id", Message, alertId);
        }
    }

    /// <summary>The message that a receiver is to get next.</summary>
    /// <returns>Null when none waits, or it is not due yet: those behind it wait too.</returns>
    public AlertMessage? Next(string receiver)
    {
        lock (_gate)
        {
            return _connection.All(
                "SELECT * FROM (SELECT id, alert, receiver, key, body, attempts, delivered, problem, due FROM message WHERE receiver = $1 AND delivered IS NULL ORDER BY id LIMIT 1) WHERE due <= $2", Message, receiver, Now).FirstOrDefault();
        }
    }

    /// <summary>Notes that a receiver took a message. Durable when it returns.</summary>
    public void Delivered(AlertMessage message)
    {
        lock (_gate)
        {
            _connection.Run("UPDATE message SET delivered = $2, problem = NULL WHERE id = $1", message.Id, Now);
        }
    }

    /// <summary>Notes that a receiver did not take a message.</summary>
    /// <param name="message">The message.</param>
    /// <param name="problem">Why.</param>
    /// <param name="wait">After how long it is tried again.</param>
    public void Failed(AlertMessage message, string problem, TimeSpan wait)
    {
        lock (_gate)
        {
            _connection.Run("UPDATE message SET attempts = attempts + 1, due = $2, problem = $3 WHERE id = $1", message.Id, Now + (long)wait.TotalMilliseconds, problem);
        }
    }

    /// <summary>How many messages wait for a receiver.</summary>
    public long Waiting(string receiver)
    {
        lock (_gate)
        {
            return (long)_connection.Scalar("SELECT COUNT(*) FROM message WHERE receiver = $1 AND delivered IS NULL", receiver)!;
        }
    }

    /// <summary>Drops what waits for a receiver that is none any more.</summary>
    public void Forget(string receiver)
    {
        lock (_gate)
        {
            _connection.Run("DELETE FROM message WHERE receiver = $1 AND delivered IS NULL", receiver);
        }
    }

    /// <summary>Keeps a sample of how full the store's disk is.</summary>
    public void AddCapacity(CapacitySample sample)
    {
        lock (_gate)
        {
            _connection.Run("INSERT OR REPLACE INTO capacity VALUES ($1, $2, $3)", sample.Time.ToUnixTimeMilliseconds(), sample.UsedBytes, sample.TotalBytes);
        }
    }

    /// <summary>The samples kept, oldest first.</summary>
    public IReadOnlyList<CapacitySample> Capacity()
    {
        lock (_gate)
        {
            return _connection.All("SELECT time, used, total FROM capacity ORDER BY time", row => new CapacitySample(DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(0)), row.GetInt64(1), row.GetInt64(2)));
        }
    }

    /// <summary>Up to which commit a series' snapshots were looked at.</summary>
    public DateTimeOffset WatchedUntil(string series)
    {
        lock (_gate)
        {
            return Time((long?)_connection.Scalar("SELECT until FROM watched WHERE series = $1", series) ?? 0);
        }
    }

    /// <summary>Notes up to which commit a series' snapshots were looked at.</summary>
    public void Watched(string series, DateTimeOffset until)
    {
        lock (_gate)
        {
            _connection.Run("INSERT INTO watched VALUES ($1, $2) ON CONFLICT DO UPDATE SET until = excluded.until", series, until.ToUnixTimeMilliseconds());
        }
    }

    /// <summary>Forgets what is older than <see cref="KeepMax"/> and over.</summary>
    public void Prune()
    {
        lock (_gate)
        {
            long oldest = Now - (long)KeepMax.TotalMilliseconds;
            _connection.Run("DELETE FROM alert WHERE cleared < $1", oldest);
            _connection.Run("DELETE FROM message WHERE delivered < $1 OR due < $1", oldest);
            _connection.Run("DELETE FROM capacity WHERE time < $1", oldest);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _connection.Dispose();
        }
    }

    private long Now => _time.GetUtcNow().ToUnixTimeMilliseconds();

    private static SqliteConnection Open(string path)
    {
        try
        {
            SqliteConnection connection = SqliteDatabase.Open(path, isDurable: true);
            connection.Run(Tables);
            return connection;
        }
        catch (SqliteException error)
        {
            throw new InvalidDataException($"The alerts in {path} cannot be used: {error.Message} Restore the file from a backup of the state; or remove it, and with it alerts and what waits for receivers.", error);
        }
    }

    private static DateTimeOffset Time(long unixMs) => DateTimeOffset.FromUnixTimeMilliseconds(unixMs);

    private static AlertMessage Message(SqliteDataReader row) => new(
        row.GetInt64(0), row.GetInt64(1), row.GetString(2), row.GetString(3), row.GetFieldValue<byte[]>(4), row.GetInt32(5), row.IsDBNull(6) ? null : Time(row.GetInt64(6)), row.IsDBNull(7) ? null : row.GetString(7));

    private static AlertRecord Record(SqliteDataReader row) => new()
    {
        Id = row.GetInt64(0),
        Event = new AlertEvent(Enum.Parse<AlertKind>(row.GetString(1)), Enum.Parse<AlertSeverity>(row.GetString(2)), row.GetString(3), row.GetString(4), row.GetString(5)),
        First = Time(row.GetInt64(6)),
        Last = Time(row.GetInt64(7)),
        Count = row.GetInt64(8),
        AcknowledgedBy = row.IsDBNull(9) ? null : row.GetString(9),
        Acknowledged = row.IsDBNull(10) ? null : Time(row.GetInt64(10)),
        Cleared = row.IsDBNull(11) ? null : Time(row.GetInt64(11)),
    };

    // A sink does not throw: the job that raises an alert must not fail because of it.
    private void Keep(string summary, Func<bool> change)
    {
        bool hasMessages;
        try
        {
            lock (_gate)
            {
                using SqliteTransaction transaction = _connection.BeginTransaction();
                hasMessages = change();
                transaction.Commit();
                _standing = null;
            }
        }
        catch (SqliteException error)
        {
            _warn($"An alert could not be kept ({error.Message}): {summary}");
            return;
        }

        if (hasMessages)
        {
            MessagesAdded?.Invoke();
        }
    }

    // From here on under the gate.
    private IReadOnlyList<AlertRecord> Select(bool withCleared, int count) => _connection.All(
        $"SELECT {Columns} FROM alert WHERE cleared IS NULL OR $1 ORDER BY cleared IS NOT NULL, CASE severity WHEN 'Critical' THEN 0 WHEN 'Warning' THEN 1 ELSE 2 END, last DESC LIMIT $2", Record, withCleared, count);

    private AlertRecord? Standing(AlertKind kind, string subject) =>
        _connection.All($"SELECT {Columns} FROM alert WHERE kind = $1 AND subject = $2 AND cleared IS NULL", Record, kind.ToString(), subject).FirstOrDefault();

    private bool AddMessages(string what, long id, long count, AlertEvent alert)
    {
        string key = string.Create(CultureInfo.InvariantCulture, $"{_identity}-{id}-{what}-{count}");
        AlertSubscription[] told = [.. _subscriptions().Where(subscription => alert.Severity >= subscription.Least || alert.Kind == AlertKind.Test)];
        byte[] body = JsonSerializer.SerializeToUtf8Bytes(
            new AlertDocument
            {
                What = what,
                Key = key,
                Appliance = ApplianceName,
                Id = id,
                Kind = alert.Kind,
                Severity = alert.Severity,
                Subject = alert.Subject,
                Summary = alert.Summary,
                Remedy = alert.Remedy,
                Time = _time.GetUtcNow(),
            },
            AlertJson.Default.AlertDocument);
        foreach (AlertSubscription subscription in told)
        {
            _connection.Run(
                "DELETE FROM message WHERE id IN (SELECT id FROM message WHERE receiver = $1 AND delivered IS NULL ORDER BY id DESC LIMIT -1 OFFSET $2)", subscription.Name, WaitingMax - 1);
            _connection.Run("INSERT INTO message (alert, receiver, key, body, attempts, due) VALUES ($1, $2, $3, $4, 0, $5)", id, subscription.Name, key, body, Now);
        }

        return told.Length > 0;
    }
}
