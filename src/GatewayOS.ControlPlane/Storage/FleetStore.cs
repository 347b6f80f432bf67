using System.Data.Common;
using System.Globalization;
using System.Security.Cryptography;

namespace GatewayOS.ControlPlane.Storage;

/// <summary>
/// What a control plane knows. Whatever people ask for is asked with a <see cref="Scope"/>, and every statement that answers them carries it: what is another
/// tenant's does not exist. Every method is one transaction. Thread-safe.
/// </summary>
internal sealed partial class FleetStore(IFleetDatabase database, TimeProvider time)
{
    /// <summary>Most rows that a list gives.</summary>
    public const int ListedMax = 1000;

    /// <summary>Most tenants.</summary>
    public const int TenantsMax = 10_000;

    private const string InScope = "($1 = '' OR tenant = $1)";

    // An ended command is asked about by its appliance no more than CommandLedger keeps it; an alert's row keeps a repetition out while its appliance may still send it.
    private static readonly string[] s_forgotten =
    [
        "DELETE FROM alert WHERE (appliance, alert_key) IN (SELECT appliance, alert_key FROM alert WHERE received < $1 LIMIT $2)",
        "DELETE FROM command WHERE id IN (SELECT id FROM command WHERE changed < $1 AND state IN ('done', 'failed', 'refused', 'cancelled', 'expired') LIMIT $2)",
        "DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE time < $1 LIMIT $2)",
        "DELETE FROM claim WHERE id IN (SELECT id FROM claim WHERE expires < $1 LIMIT $2)",
        "DELETE FROM token WHERE id IN (SELECT id FROM token WHERE expires < $1 LIMIT $2)",
        "DELETE FROM certificate WHERE serial IN (SELECT serial FROM certificate WHERE expires < $1 LIMIT $2)",
    ];

    private const string TokenColumns = "id, tenant, role, note, secret_hash, expires, revoked";

    /// <summary>The database.</summary>
    public IFleetDatabase Database => database;

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Adds a tenant.</summary>
    /// <returns>Its ID; null when the name is taken, or there are too many.</returns>
    public Task<string?> AddTenantAsync(string name, CancellationToken cancellation) => database.TransactAsync(
        async transaction =>
        {
            string id = NewId();
            return await transaction.RunAsync(
                "INSERT INTO tenant SELECT $1, $2, $3 WHERE (SELECT COUNT(*) FROM tenant) < $4 ON CONFLICT (name) DO NOTHING", id, name, Now, (long)TenantsMax).ConfigureAwait(false) == 1 ? id : null;
        },
        cancellation);

    /// <summary>The tenants that are seen, by name.</summary>
    public Task<List<(string Id, string Name)>> TenantsAsync(Scope scope, CancellationToken cancellation) => database.TransactAsync(
        transaction => transaction.AllAsync("SELECT id, name FROM tenant WHERE ($1 = '' OR id = $1) ORDER BY name", row => (row.GetString(0), row.GetString(1)), scope.Tenant), cancellation);

    /// <summary>Keeps a new token.</summary>
    public Task AddTokenAsync(TokenRow token, CancellationToken cancellation) => database.TransactAsync(transaction => AddTokenAsync(transaction, token), cancellation);

    /// <summary>Finds a token that is valid now.</summary>
    /// <param name="id">Its ID.</param>
    /// <param name="secret">Its secret.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>Null when there is none.</returns>
    public async Task<TokenRow?> CheckTokenAsync(string id, byte[] secret, CancellationToken cancellation)
    {
        TokenRow? token = await database.TransactAsync(transaction => transaction.FirstAsync($"SELECT {TokenColumns} FROM token WHERE id = $1", Token, id), cancellation).ConfigureAwait(false);
        return token is { Revoked: false } && Ms(token.Expires) > Now && CryptographicOperations.FixedTimeEquals(token.SecretHash, SHA256.HashData(secret)) ? token : null;
    }

    /// <summary>Keeps the first token there is, and only that.</summary>
    /// <param name="token">The token.</param>
    /// <param name="publish">Done before the token counts, when it is to be the first: a crash after it leaves no token that nobody knows. May be done again.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>False when there are tokens already.</returns>
    public Task<bool> AddFirstTokenAsync(TokenRow token, Action publish, CancellationToken cancellation) => database.TransactAloneAsync(
        async transaction =>
        {
            if (await transaction.FirstAsync("SELECT id FROM token LIMIT 1", row => row.GetString(0)).ConfigureAwait(false) is not null)
            {
                return false;
            }

            publish();
            await AddTokenAsync(transaction, token).ConfigureAwait(false);
            return true;
        },
        cancellation);

    /// <summary>Holds an instance's certificate authority against that of the fleet, which is the one of the instance that started first.</summary>
    /// <param name="keyHash">SHA-256 of the authority's key.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>False when it is another one: its certificates would be worth nothing elsewhere.</returns>
    public Task<bool> HoldsAuthorityAsync(byte[] keyHash, CancellationToken cancellation) => database.TransactAloneAsync(
        async transaction =>
        {
            await transaction.RunAsync("INSERT INTO authority SELECT $1 WHERE NOT EXISTS (SELECT 1 FROM authority)", keyHash).ConfigureAwait(false);
            return (await transaction.AllAsync("SELECT key_hash FROM authority", row => row.GetFieldValue<byte[]>(0)).ConfigureAwait(false)).Single().AsSpan().SequenceEqual(keyHash);
        },
        cancellation);

    /// <summary>The tokens that are seen.</summary>
    public Task<List<TokenRow>> TokensAsync(Scope scope, CancellationToken cancellation) => database.TransactAsync(
        transaction => transaction.AllAsync($"SELECT {TokenColumns} FROM token WHERE {InScope} ORDER BY created DESC LIMIT {ListedMax}", Token, scope.Tenant), cancellation);

    /// <summary>Revokes a token.</summary>
    /// <returns>Null when there is none.</returns>
    public Task<TokenRow?> RevokeTokenAsync(Scope scope, string id, CancellationToken cancellation) => database.TransactAsync(
        transaction => transaction.FirstAsync($"UPDATE token SET revoked = 1 WHERE {InScope} AND id = $2 RETURNING {TokenColumns}", Token, scope.Tenant, id), cancellation);

    /// <summary>Puts something on record.</summary>
    /// <returns>The record's ID.</returns>
    public Task<string> NoteAsync(string tenant, string who, string method, string target, string outcome, string detail, CancellationToken cancellation) =>
        database.TransactAsync(transaction => NoteAsync(transaction, tenant, who, method, target, outcome, detail), cancellation);

    /// <summary>Puts the outcome of what was asked for on record.</summary>
    public Task CloseAsync(string record, string? failure, CancellationToken cancellation) => database.TransactAsync(
        transaction => transaction.RunAsync("UPDATE audit SET outcome = $2, detail = $3 WHERE id = $1", record, failure is null ? "done" : "failed", failure ?? ""), cancellation);

    /// <summary>The records that are seen, newest first.</summary>
    public Task<List<AuditRow>> AuditAsync(Scope scope, CancellationToken cancellation) => database.TransactAsync(
        transaction => transaction.AllAsync(
            $"SELECT id, tenant, time, who, method, target, outcome, detail FROM audit WHERE {InScope} ORDER BY id DESC LIMIT {ListedMax}",
            row => new AuditRow(row.GetString(0), row.GetString(1), At(row.GetInt64(2)), row.GetString(3), row.GetString(4), row.GetString(5), row.GetString(6), row.GetString(7)),
            scope.Tenant),
        cancellation);

    /// <summary>Forgets what nobody asks for any more: alerts, ended commands and records older than <paramref name="keep"/>, and codes and tokens whose time was over that long ago. What still waits is kept, however old.</summary>
    /// <param name="keep">How long.</param>
    /// <param name="countMax">Most rows of each kind in this transaction.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>Rows gone.</returns>
    public Task<int> ForgetAsync(TimeSpan keep, int countMax, CancellationToken cancellation) => database.TransactAsync(
        async transaction =>
        {
            long before = Ms(time.GetUtcNow() - keep);
            int gone = 0;
            foreach (string old in s_forgotten)
            {
                gone += await transaction.RunAsync(old, before, (long)countMax).ConfigureAwait(false);
            }

            return gone;
        },
        cancellation);

    private static long Ms(DateTimeOffset instant) => instant.ToUnixTimeMilliseconds();

    private static DateTimeOffset At(long ms) => DateTimeOffset.FromUnixTimeMilliseconds(ms);

    private static byte[]? Bytes(DbDataReader row, int column) => row.IsDBNull(column) ? null : row.GetFieldValue<byte[]>(column);

    private static TokenRow Token(DbDataReader row) => new(row.GetString(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetFieldValue<byte[]>(4), At(row.GetInt64(5)), row.GetInt64(6) != 0);

    private Task<int> AddTokenAsync(FleetTransaction transaction, TokenRow token) => transaction.RunAsync(
        "INSERT INTO token (id, tenant, role, note, secret_hash, created, expires, revoked) VALUES ($1, $2, $3, $4, $5, $6, $7, 0)",
        token.Id, token.Tenant, token.Role, token.Note, token.SecretHash, Now, Ms(token.Expires));

    private async Task<string> NoteAsync(FleetTransaction transaction, string tenant, string who, string method, string target, string outcome, string detail)
    {
        string id = NewId();
        await transaction.RunAsync("INSERT INTO audit VALUES ($1, $2, $3, $4, $5, $6, $7, $8)", id, tenant, Now, who, method, target, outcome, detail).ConfigureAwait(false);
        return id;
    }

    // The time in front sorts by age; the rest cannot be guessed or met twice.
    private string NewId() => string.Create(CultureInfo.InvariantCulture, $"{Now:x12}{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(10))}");
}
