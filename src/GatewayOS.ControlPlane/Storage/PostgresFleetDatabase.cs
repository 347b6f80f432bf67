using System.Data.Common;
using Npgsql;

namespace GatewayOS.ControlPlane.Storage;

/// <summary>PostgreSQL, which several instances of a control plane share: signals go from one to the others by LISTEN and NOTIFY.</summary>
internal sealed class PostgresFleetDatabase : IFleetDatabase
{
    /// <summary>Most connections of one instance.</summary>
    public const int ConnectionsMax = 16;

    private const string Channel = "fleet";
    private const int AttemptsMax = 5;

    // Whatever else uses this database's advisory locks: 'GatewayF' in ASCII is nobody else's.
    private const long AloneKey = 0x47617465_77617946;

    private static readonly TimeSpan s_listenAgain = TimeSpan.FromSeconds(1);

    private readonly NpgsqlDataSource _source;
    private readonly CancellationTokenSource _stop = new();
    private readonly TimeProvider _time;
    private Task _listening = Task.CompletedTask;

    /// <summary>Names a database; <see cref="StartListening"/> begins to hear signals.</summary>
    /// <param name="connectionString">As Npgsql takes it: <c>Host=…;Database=…;Username=…</c>.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="InvalidDataException">It makes no sense.</exception>
    public PostgresFleetDatabase(string connectionString, TimeProvider time)
    {
        _time = time;
        try
        {
            var builder = new NpgsqlSlimDataSourceBuilder(connectionString);
            builder.EnableTransportSecurity();
            builder.ConnectionStringBuilder.MaxPoolSize = ConnectionsMax;
            _source = builder.Build();
        }
        catch (ArgumentException error)
        {
            throw new InvalidDataException($"The connection string of the database makes no sense: {error.Message} Write it as Host=…;Database=…;Username=….", error);
        }
    }

    public event Action<string>? Signalled;

    public event Action? Missed;

    /// <summary>Hears signals until it is disposed of, whatever becomes of the server meanwhile.</summary>
    public void StartListening() => _listening = ListenAsync(_stop.Token);

    public async Task<T> TransactAsync<T>(Func<FleetTransaction, Task<T>> work, CancellationToken cancellation)
    {
        for (int attempt = 1; ; attempt++)
        {
            bool mayBeDone = false;
            try
            {
                await using NpgsqlConnection connection = await _source.OpenConnectionAsync(cancellation).ConfigureAwait(false);
                await using DbTransaction transaction = await connection.BeginTransactionAsync(cancellation).ConfigureAwait(false);
                var statements = new FleetTransaction(connection, transaction, namesParameters: false);
                T result = await work(statements).ConfigureAwait(false);
                foreach (string subject in statements.Signals)
                {
                    await statements.RunAsync($"SELECT pg_notify('{Channel}', $1)", subject).ConfigureAwait(false);
                }

                mayBeDone = true;
                await transaction.CommitAsync(CancellationToken.None).ConfigureAwait(false);
                return result;
            }
            catch (NpgsqlException error) when (error.IsTransient && !mayBeDone && attempt < AttemptsMax)
            {
                // The server undid all of it, or the connection was a kept one to a server that was restarted since: once more may do.
            }
            catch (Exception error) when (error is NpgsqlException or TimeoutException)
            {
                throw new FleetDatabaseException($"The fleet's database cannot be used now: {error.Message} Look at the PostgreSQL server.", error);
            }
        }
    }

    public Task<T> TransactAloneAsync<T>(Func<FleetTransaction, Task<T>> work, CancellationToken cancellation) => TransactAsync(
        async transaction =>
        {
            // Until the transaction ends, or the connection does.
            await transaction.RunAsync($"SELECT pg_advisory_xact_lock({AloneKey})").ConfigureAwait(false);
            return await work(transaction).ConfigureAwait(false);
        },
        cancellation);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _listening.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _source.DisposeAsync().ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task ListenAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await using NpgsqlConnection connection = await _source.OpenConnectionAsync(stopping).ConfigureAwait(false);
                connection.Notification += (_, signal) => Signalled?.Invoke(signal.Payload);
                await using (NpgsqlCommand listen = connection.CreateCommand())
                {
                    listen.CommandText = $"LISTEN {Channel}";
                    await listen.ExecuteNonQueryAsync(stopping).ConfigureAwait(false);
                }

                // What was signalled before this is seen by looking.
                Missed?.Invoke();
                while (true)
                {
                    await connection.WaitAsync(stopping).ConfigureAwait(false);
                }
            }
            catch (Exception error) when (error is NpgsqlException or TimeoutException or IOException)
            {
                await Task.Delay(s_listenAgain, _time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }
}
