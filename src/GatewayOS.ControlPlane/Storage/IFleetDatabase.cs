using System.Data.Common;

namespace GatewayOS.ControlPlane.Storage;

/// <summary>
/// Where a control plane keeps what it knows. Two implementations answer the same SQL: PostgreSQL, which several instances share, and SQLite for one.
/// What a transaction wrote is durable when it has returned. Thread-safe.
/// </summary>
internal interface IFleetDatabase : IAsyncDisposable
{
    /// <summary>Told, after a commit, the subject of each signal: in every instance that shares the database. A signal may be lost while the database is away; then <see cref="Missed"/> follows.</summary>
    event Action<string>? Signalled;

    /// <summary>Told that signals may have been lost: look at everything anew.</summary>
    event Action? Missed;

    /// <summary>Does some work whole or not at all.</summary>
    /// <param name="work">The work; it may be done again from the beginning, so it changes nothing but the database.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="FleetDatabaseException">The database cannot be used now; a retry helps when it is back.</exception>
    Task<T> TransactAsync<T>(Func<FleetTransaction, Task<T>> work, CancellationToken cancellation);

    /// <summary>The same, while no instance that shares the database does any other work of this kind: for what has to be there before anything else is.</summary>
    Task<T> TransactAloneAsync<T>(Func<FleetTransaction, Task<T>> work, CancellationToken cancellation);
}

/// <summary>A database that cannot be used now. The message says what to do; a retry helps later.</summary>
internal sealed class FleetDatabaseException : Exception
{
    public FleetDatabaseException(string message, Exception inner)
        : base(message, inner)
    {
    }
}

/// <summary>Statements within a transaction. Parameters are <c>$1</c>, <c>$2</c>, …: text, long or bytes.</summary>
internal sealed class FleetTransaction(DbConnection connection, DbTransaction transaction, bool namesParameters)
{
    /// <summary>What is signalled when the transaction is committed.</summary>
    public List<string> Signals { get; } = [];

    /// <summary>Runs a statement.</summary>
    /// <returns>Rows changed.</returns>
    public async Task<int> RunAsync(string sql, params object?[] values)
    {
        await using DbCommand command = Statement(sql, values);
        return await command.ExecuteNonQueryAsync().ConfigureAwait(false);
    }

    /// <summary>All rows, each turned into something.</summary>
    public async Task<List<T>> AllAsync<T>(string sql, Func<DbDataReader, T> row, params object?[] values)
    {
        await using DbCommand command = Statement(sql, values);
        await using DbDataReader reader = await command.ExecuteReaderAsync().ConfigureAwait(false);
        var all = new List<T>();
        while (await reader.ReadAsync().ConfigureAwait(false))
        {
            all.Add(row(reader));
        }

        return all;
    }

    /// <summary>The first row, or null.</summary>
    public async Task<T?> FirstAsync<T>(string sql, Func<DbDataReader, T> row, params object?[] values)
        where T : class
        => (await AllAsync(sql, row, values).ConfigureAwait(false)).FirstOrDefault();

    private DbCommand Statement(string sql, object?[] values)
    {
        DbCommand command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = sql;
        for (int i = 0; i < values.Length; i++)
        {
            DbParameter parameter = command.CreateParameter();
            parameter.ParameterName = namesParameters ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"${i + 1}") : "";
            parameter.Value = values[i] ?? DBNull.Value;
            command.Parameters.Add(parameter);
        }

        return command;
    }
}
