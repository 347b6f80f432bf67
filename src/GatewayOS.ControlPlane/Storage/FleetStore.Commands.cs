using System.Data.Common;
using GatewayOS.Api;
using Google.Protobuf;

namespace GatewayOS.ControlPlane.Storage;

/// <content>Commands and alerts.</content>
internal sealed partial class FleetStore
{
    /// <summary>Most commands that wait for one appliance.</summary>
    public const int QueuedMax = 1000;

    private const string CommandColumns = "id, appliance, sequence, kind, fleet_order, ordered_by, ordered, expires, state, changed, detail, job_id, reply";

    /// <summary>Keeps a command for an appliance, and tells the instance that holds its stream.</summary>
    /// <returns>The command; null when the appliance is none that is seen and heard, or too many wait.</returns>
    public Task<CommandRow?> OrderAsync(Scope scope, string applianceId, string kind, FleetOrder order, string by, TimeSpan valid, CancellationToken cancellation) => database.TransactAsync(
        async transaction =>
        {
            string id = NewId();
            long now = Now;
            CommandRow? command = await transaction.FirstAsync(
                $"UPDATE appliance SET command_sequence = command_sequence + 1 WHERE {InScope} AND id = $2 AND state = 'active' AND (SELECT COUNT(*) FROM command WHERE command.appliance = $2 AND command.state = 'queued') < $3 RETURNING command_sequence, tenant",
                row => new CommandRow
                {
                    Id = id,
                    ApplianceId = applianceId,
                    Sequence = row.GetInt64(0),
                    Kind = kind,
                    Order = order,
                    OrderedBy = by,
                    Ordered = At(now),
                    Changed = At(now),
                    Expires = At(now) + valid,
                    State = CommandRow.Queued,
                },
                scope.Tenant, applianceId, (long)QueuedMax).ConfigureAwait(false);
            if (command is null)
            {
                return null;
            }

            await transaction.RunAsync(
                "INSERT INTO command SELECT $1, id, tenant, $3, $4, $5, $6, $7, $8, 'queued', 0, $7, '', '', NULL FROM appliance WHERE id = $2",
                id, applianceId, command.Sequence, kind, order.ToByteArray(), by, now, Ms(command.Expires)).ConfigureAwait(false);
            transaction.Signals.Add(applianceId);
            return command;
        },
        cancellation);

    /// <summary>Commands that an appliance is to be sent, in order.</summary>
    /// <param name="applianceId">Which.</param>
    /// <param name="session">Its stream.</param>
    /// <param name="after">Those with a higher number alone.</param>
    /// <param name="count">Most of them.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>Null when the stream is not heard any more.</returns>
    public Task<List<CommandRow>?> PendingAsync(string applianceId, string session, long after, int count, CancellationToken cancellation) => database.TransactAsync(
        async transaction =>
        {
            if (await transaction.FirstAsync("SELECT session FROM appliance WHERE id = $1", row => row.GetString(0), applianceId).ConfigureAwait(false) != session)
            {
                return null;
            }

            await ExpireAsync(transaction).ConfigureAwait(false);
            return (List<CommandRow>?)await transaction.AllAsync(
                $"SELECT {CommandColumns} FROM command WHERE appliance = $1 AND state = 'queued' AND sequence > $2 ORDER BY sequence LIMIT $3", Command, applianceId, after, (long)count).ConfigureAwait(false);
        },
        cancellation);

    /// <summary>Keeps what an appliance says of a command. What it said already, or before, changes nothing.</summary>
    public Task ReportAsync(string applianceId, CommandReport report, CancellationToken cancellation) => database.TransactAsync(
        async transaction =>
        {
            string[]? changed = await transaction.FirstAsync(
                "UPDATE command SET state = $3, revision = $4, changed = $5, detail = $6, job_id = $7, reply = $8 WHERE id = $1 AND appliance = $2 AND revision < $4 RETURNING tenant, kind",
                row => (string[])[row.GetString(0), row.GetString(1)],
                report.Id, applianceId, report.State, report.Revision, Now, report.Detail, report.JobId, report.Reply?.ToByteArray() ?? []).ConfigureAwait(false);
            if (changed is not null && report.State is "done" or "failed" or "refused")
            {
                await NoteAsync(transaction, changed![0], $"appliance:{applianceId}", $"command {changed[1]}", $"command:{report.Id}", report.State == "done" ? "done" : "failed", report.Detail).ConfigureAwait(false);
            }

            return true;
        },
        cancellation);

    /// <summary>Finds a command.</summary>
    public Task<CommandRow?> FindCommandAsync(Scope scope, string id, CancellationToken cancellation) => database.TransactAsync(
        async transaction =>
        {
            await ExpireAsync(transaction).ConfigureAwait(false);
            return await transaction.FirstAsync($"SELECT {CommandColumns} FROM command WHERE {InScope} AND id = $2", Command, scope.Tenant, id).ConfigureAwait(false);
        },
        cancellation);

    /// <summary>Commands that are seen, newest first.</summary>
    /// <param name="scope">Whose.</param>
    /// <param name="applianceId">Of one appliance; empty for all.</param>
    /// <param name="cancellation">Gives up.</param>
    public Task<List<CommandRow>> CommandsAsync(Scope scope, string applianceId, CancellationToken cancellation) => database.TransactAsync(
        async transaction =>
        {
            await ExpireAsync(transaction).ConfigureAwait(false);
            return await transaction.AllAsync($"SELECT {CommandColumns} FROM command WHERE {InScope} AND ($2 = '' OR appliance = $2) ORDER BY id DESC LIMIT {ListedMax}", Command, scope.Tenant, applianceId).ConfigureAwait(false);
        },
        cancellation);

    /// <summary>Calls a command off that its appliance has not got.</summary>
    /// <returns>The command as it is now; null when there is none that is seen.</returns>
    public Task<CommandRow?> CancelAsync(Scope scope, string id, string by, CancellationToken cancellation) => database.TransactAsync(
        async transaction =>
        {
            await transaction.RunAsync(
                $"UPDATE command SET state = 'cancelled', changed = $3, detail = $4 WHERE {InScope} AND id = $2 AND state = 'queued'", scope.Tenant, id, Now, $"Called off by {by}.").ConfigureAwait(false);
            return await transaction.FirstAsync($"SELECT {CommandColumns} FROM command WHERE {InScope} AND id = $2", Command, scope.Tenant, id).ConfigureAwait(false);
        },
        cancellation);

    /// <summary>Keeps an alert. One that is kept already changes nothing.</summary>
    public Task AddAlertAsync(string applianceId, string key, byte[] document, CancellationToken cancellation) => database.TransactAsync(
        async transaction =>
        {
            // The appliance's row first: alerts of one appliance are numbered one after the other.
            await transaction.RunAsync("UPDATE appliance SET last_seen = $2 WHERE id = $1", applianceId, Now).ConfigureAwait(false);
            return await transaction.RunAsync(
                "INSERT INTO alert SELECT id, $2, tenant, (SELECT COALESCE(MAX(number), 0) + 1 FROM alert WHERE alert.appliance = $1), $3, $4 FROM appliance WHERE id = $1 ON CONFLICT (appliance, alert_key) DO NOTHING",
                applianceId, key, Now, document).ConfigureAwait(false);
        },
        cancellation);

    /// <summary>Alerts that are seen, newest first.</summary>
    /// <param name="scope">Whose.</param>
    /// <param name="applianceId">Of one appliance; empty for all.</param>
    /// <param name="cancellation">Gives up.</param>
    public Task<List<AlertRow>> AlertsAsync(Scope scope, string applianceId, CancellationToken cancellation) => database.TransactAsync(
        transaction => transaction.AllAsync(
            $"SELECT appliance, alert_key, received, document FROM alert WHERE {InScope} AND ($2 = '' OR appliance = $2) ORDER BY received DESC, number DESC LIMIT {ListedMax}",
            row => new AlertRow(row.GetString(0), row.GetString(1), At(row.GetInt64(2)), row.GetFieldValue<byte[]>(3)), scope.Tenant, applianceId),
        cancellation);

    private static CommandRow Command(DbDataReader row) => new()
    {
        Id = row.GetString(0),
        ApplianceId = row.GetString(1),
        Sequence = row.GetInt64(2),
        Kind = row.GetString(3),
        Order = FleetOrder.Parser.ParseFrom(row.GetFieldValue<byte[]>(4)),
        OrderedBy = row.GetString(5),
        Ordered = At(row.GetInt64(6)),
        Expires = At(row.GetInt64(7)),
        State = row.GetString(8),
        Changed = At(row.GetInt64(9)),
        Detail = row.GetString(10),
        JobId = row.GetString(11),
        Reply = Bytes(row, 12) is { Length: > 0 } reply ? FleetOrderReply.Parser.ParseFrom(reply) : null,
    };

    private Task<int> ExpireAsync(FleetTransaction transaction) => transaction.RunAsync(
        "UPDATE command SET state = 'expired', changed = $1, detail = 'The appliance was not there in time.' WHERE state = 'queued' AND expires < $1", Now);
}
