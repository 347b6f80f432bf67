using System.Data.Common;
using GatewayOS.Sqlite;
using Microsoft.Data.Sqlite;

namespace GatewayOS.ControlPlane.Storage;

/// <summary>The embedded database of a control plane with one instance: a file.</summary>
internal sealed class SqliteFleetDatabase : IFleetDatabase
{
    private readonly SqliteConnection _connection;
    private readonly SemaphoreSlim _turn = new(1);
    private readonly string _path;

    /// <summary>Opens the file, making it when there is none.</summary>
    /// <exception cref="InvalidDataException">It is damaged, or no database.</exception>
    /// <exception cref="IOException">It cannot be opened or written.</exception>
    public SqliteFleetDatabase(string path)
    {
        _path = path;
        try
        {
            _connection = SqliteDatabase.Open(path, isDurable: true);
            _connection.Run("PRAGMA foreign_keys = ON");
        }
        catch (SqliteException error)
        {
            throw new InvalidDataException($"The fleet's database {path} cannot be used: {error.Message} Restore the file from a backup.", error);
        }
    }

    public event Action<string>? Signalled;

    // One process writes and hears: no signal is lost.
    public event Action? Missed
    {
        add { }
        remove { }
    }

    public async Task<T> TransactAsync<T>(Func<FleetTransaction, Task<T>> work, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation).ConfigureAwait(false);
        T result;
        List<string> signals;
        try
        {
            await using DbTransaction transaction = _connection.BeginTransaction();
            var statements = new FleetTransaction(_connection, transaction, namesParameters: true);
            result = await work(statements).ConfigureAwait(false);
            await transaction.CommitAsync(CancellationToken.None).ConfigureAwait(false);
            signals = statements.Signals;
        }
        catch (SqliteException error)
        {
            throw new FleetDatabaseException($"The fleet's database {_path} cannot be used now: {error.Message} Look at the disk's space and the file's permissions.", error);
        }
        finally
        {
            _turn.Release();
        }

        signals.ForEach(subject => Signalled?.Invoke(subject));
        return result;
    }

    // One writes at a time as it is.
    public Task<T> TransactAloneAsync<T>(Func<FleetTransaction, Task<T>> work, CancellationToken cancellation) => TransactAsync(work, cancellation);

    public ValueTask DisposeAsync()
    {
        _connection.Dispose();
        _turn.Dispose();
        return ValueTask.CompletedTask;
    }
}
