using GatewayOS.Sqlite;
using Microsoft.Data.Sqlite;

namespace GatewayOS.Appliance.Fleet;

/// <summary>Where a command stands on the appliance.</summary>
public enum CommandState
{
    /// <summary>It is kept, and will be dealt with.</summary>
    Accepted,

    /// <summary>It is being carried out: whether it has had its effect is to be looked at after a restart.</summary>
    Begun,

    /// <summary>A job does it.</summary>
    Running,

    /// <summary>It is done.</summary>
    Done,

    /// <summary>It failed.</summary>
    Failed,

    /// <summary>The appliance does not do it.</summary>
    Refused,
}

/// <summary>A command of the control plane.</summary>
public sealed record LedgerCommand
{
    /// <summary>Its ID.</summary>
    public required string Id { get; init; }

    /// <summary>Its number; ascending.</summary>
    public required long Sequence { get; init; }

    /// <summary>What it does.</summary>
    public required string Kind { get; init; }

    /// <summary>The order, as it came.</summary>
    public required byte[] Order { get; init; }

    /// <summary>Who ordered it, as the control plane says.</summary>
    public required string OrderedBy { get; init; }

    /// <summary>It is not begun later.</summary>
    public required DateTimeOffset Expires { get; init; }

    /// <summary>When it came.</summary>
    public DateTimeOffset Taken { get; init; }

    /// <summary>Where it stands.</summary>
    public CommandState State { get; init; }

    /// <summary>Ascending with every change.</summary>
    public long Revision { get; init; }

    /// <summary>In words.</summary>
    public string Detail { get; init; } = "";

    /// <summary>The job that does it; empty for none.</summary>
    public string JobId { get; init; } = "";

    /// <summary>The answer, as it goes back; null for none.</summary>
    public byte[]? Reply { get; init; }

    /// <summary>Who does it, in the appliance's records: by this it is known whether it has had its effect.</summary>
    public string Who => $"control:{OrderedBy}/{Id}";

    /// <summary>True when nothing more comes.</summary>
    public bool IsEnded => State is CommandState.Done or CommandState.Failed or CommandState.Refused;
}

/// <summary>
/// Every command that the control plane has sent, and what became of it. A command is here before it is carried out and is carried out once, however often
/// it is sent; what became of it stays until the control plane has taken it. One SQLite file, durable. Thread-safe.
/// </summary>
public sealed class CommandLedger : IDisposable
{
    /// <summary>Most commands that are not dealt with.</summary>
    public const int OpenMax = 1000;

    /// <summary>How long ended commands are kept.</summary>
    public static readonly TimeSpan KeepMax = TimeSpan.FromDays(90);

    private const string Columns = "id, sequence, kind, fleet_order, ordered_by, expires, taken, state, revision, detail, job_id, reply";
    private const string Ended = "state IN ('Done', 'Failed', 'Refused')";

    private const string Tables = """
        CREATE TABLE IF NOT EXISTS membership (appliance TEXT NOT NULL, highest INTEGER NOT NULL);
        CREATE TABLE IF NOT EXISTS command (
            id TEXT PRIMARY KEY, sequence INTEGER NOT NULL, kind TEXT NOT NULL, fleet_order BLOB NOT NULL, ordered_by TEXT NOT NULL, expires INTEGER NOT NULL, taken INTEGER NOT NULL,
            state TEXT NOT NULL, revision INTEGER NOT NULL, reported INTEGER NOT NULL, detail TEXT NOT NULL, job_id TEXT NOT NULL, reply BLOB) WITHOUT ROWID;
        CREATE INDEX IF NOT EXISTS command_sequence ON command (sequence);
        """;

    private readonly SqliteConnection _connection;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();

    /// <summary>Opens the ledger, making it when there is none.</summary>
    /// <param name="path">Its file.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="InvalidDataException">The file cannot be used; the message says what to do.</exception>
    public CommandLedger(string path, TimeProvider time)
    {
        _time = time;
        try
        {
            _connection = SqliteDatabase.Open(path, isDurable: true);
            _connection.Run(Tables);
        }
        catch (SqliteException error)
        {
            throw new InvalidDataException(
                $"The control plane's commands in {path} cannot be used: {error.Message} Restore the file from a backup of the state; or leave the fleet by removing it with fleet.json, and join with a new claim code: commands must not be done twice.", error);
        }
    }

    /// <summary>Told that there is something to do or to report.</summary>
    public event Action? Changed;

    /// <summary>Begins for a membership. What is here of another one, nobody waits for any more.</summary>
    /// <param name="applianceId">The ID in the fleet.</param>
    public void Begin(string applianceId)
    {
        lock (_gate)
        {
            using SqliteTransaction transaction = _connection.BeginTransaction();
            if ((string?)_connection.Scalar("SELECT appliance FROM membership") != applianceId)
            {
                _connection.Run("DELETE FROM membership");
                _connection.Run("DELETE FROM command");
                _connection.Run("INSERT INTO membership VALUES ($1, 0)", applianceId);
            }

            long oldest = Ms(_time.GetUtcNow() - KeepMax);
            _connection.Run($"DELETE FROM command WHERE {Ended} AND reported = revision AND taken < $1", oldest);
            transaction.Commit();
        }
    }

    /// <summary>Takes a command. Durable when it returns. One that is known already is not taken again, and where it stands is reported anew.</summary>
    /// <returns>False when too many are open: it will be sent again with the next connection.</returns>
    public bool Take(LedgerCommand command)
    {
        lock (_gate)
        {
            using SqliteTransaction transaction = _connection.BeginTransaction();
            bool isKnown = _connection.Run("UPDATE command SET reported = 0 WHERE id = $1", command.Id) == 1;
            if (!isKnown && command.Sequence > (long)_connection.Scalar("SELECT highest FROM membership")!)
            {
                if ((long)_connection.Scalar($"SELECT COUNT(*) FROM command WHERE NOT ({Ended})")! >= OpenMax)
                {
                    return false;
                }

                _connection.Run(
                    "INSERT INTO command VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, 0, '', '', NULL)",
                    command.Id, command.Sequence, command.Kind, command.Order, command.OrderedBy, Ms(command.Expires), Ms(_time.GetUtcNow()), nameof(CommandState.Accepted));
                _connection.Run("UPDATE membership SET highest = $1", command.Sequence);
            }

            transaction.Commit();
        }

        Changed?.Invoke();
        return true;
    }

    /// <summary>The command to be carried out next: one that was begun and not ended, or the oldest that waits.</summary>
    /// <returns>Null when there is none.</returns>
    public LedgerCommand? Next() => All($"SELECT {Columns} FROM command WHERE state IN ('Accepted', 'Begun') ORDER BY sequence LIMIT 1").FirstOrDefault();

    /// <summary>The commands that jobs do now, oldest first.</summary>
    public IReadOnlyList<LedgerCommand> Running() => All($"SELECT {Columns} FROM command WHERE state = 'Running' ORDER BY sequence");

    /// <summary>The newest commands, newest first.</summary>
    public IReadOnlyList<LedgerCommand> List(int count) => All($"SELECT {Columns} FROM command ORDER BY sequence DESC LIMIT $1", count);

    /// <summary>Commands of which the control plane does not know where they stand, oldest first.</summary>
    public IReadOnlyList<LedgerCommand> Unreported(int count) => All($"SELECT {Columns} FROM command WHERE reported < revision ORDER BY sequence LIMIT $1", count);

    /// <summary>Notes where a command stands. Durable when it returns.</summary>
    /// <param name="id">Which.</param>
    /// <param name="state">Where it stands.</param>
    /// <param name="detail">In words.</param>
    /// <param name="jobId">The job that does it.</param>
    /// <param name="reply">The answer.</param>
    public void Put(string id, CommandState state, string detail = "", string jobId = "", byte[]? reply = null)
    {
        lock (_gate)
        {
            _connection.Run("UPDATE command SET state = $2, detail = $3, job_id = $4, reply = $5, revision = revision + 1 WHERE id = $1", id, state.ToString(), detail, jobId, reply);
        }

        Changed?.Invoke();
    }

    /// <summary>Notes that the control plane knows where a command stands.</summary>
    public void Reported(string id, long revision)
    {
        lock (_gate)
        {
            _connection.Run("UPDATE command SET reported = $2 WHERE id = $1 AND reported < $2", id, revision);
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

    private static long Ms(DateTimeOffset time) => time.ToUnixTimeMilliseconds();

    private static LedgerCommand Row(SqliteDataReader row) => new()
    {
        Id = row.GetString(0),
        Sequence = row.GetInt64(1),
        Kind = row.GetString(2),
        Order = row.GetFieldValue<byte[]>(3),
        OrderedBy = row.GetString(4),
        Expires = DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(5)),
        Taken = DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(6)),
        State = Enum.Parse<CommandState>(row.GetString(7)),
        Revision = row.GetInt64(8),
        Detail = row.GetString(9),
        JobId = row.GetString(10),
        Reply = row.IsDBNull(11) ? null : row.GetFieldValue<byte[]>(11),
    };

    private List<LedgerCommand> All(string sql, params ReadOnlySpan<object?> values)
    {
        lock (_gate)
        {
            return _connection.All(sql, Row, values);
        }
    }
}
