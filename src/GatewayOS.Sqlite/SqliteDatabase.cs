using System.Reflection;
using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace GatewayOS.Sqlite;

/// <summary>Opens SQLite files with Debian's library (package libsqlite3-0).</summary>
public static class SqliteDatabase
{
    private const string Library = "libsqlite3.so.0";
    private const int CacheKibibytes = 64 * 1024;
    private const int BusySeconds = 30;
    private const int ErrorCorrupt = 11;
    private const int ErrorNotADatabase = 26;

    private static readonly Lock s_gate = new();
    private static bool s_isReady;

    /// <summary>Opens a file, making it when there is none. Readers do not wait for the writer nor it for them (write-ahead log).</summary>
    /// <param name="path">The file.</param>
    /// <param name="isDurable">True when what is committed has to survive a power cut; false for what can be made anew: then a cut may cost the last commits, and never tears one.</param>
    /// <returns>The connection, for one thread at a time; the caller's.</returns>
    /// <exception cref="DllNotFoundException">The library is missing; the message names its Debian package.</exception>
    /// <exception cref="SqliteException">The file is damaged or no database (<see cref="IsDamage"/>).</exception>
    /// <exception cref="IOException">It cannot be opened or written.</exception>
    public static SqliteConnection Open(string path, bool isDurable)
    {
        Prepare();
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false, DefaultTimeout = BusySeconds }.ToString());
        try
        {
            connection.Open();
            connection.Run($"PRAGMA journal_mode = WAL; PRAGMA synchronous = {(isDurable ? "FULL" : "NORMAL")}; PRAGMA cache_size = -{CacheKibibytes}; PRAGMA temp_store = MEMORY");
            return connection;
        }
        catch (SqliteException error)
        {
            connection.Dispose();
            if (IsDamage(error))
            {
                throw;
            }

            throw new IOException($"{path} cannot be used: {error.Message} Look at the disk's space and the file's permissions.", error);
        }
    }

    /// <summary>True when an error says that the file is no database, or a damaged one.</summary>
    public static bool IsDamage(SqliteException error) => error.SqliteErrorCode is ErrorCorrupt or ErrorNotADatabase;

    /// <summary>Removes a database with its log.</summary>
    public static void Delete(string path)
    {
        foreach (string suffix in (string[])["", "-wal", "-shm"])
        {
            File.Delete(path + suffix);
        }
    }

    /// <summary>Runs a statement.</summary>
    /// <returns>Rows changed.</returns>
    public static int Run(this SqliteConnection connection, string sql, params ReadOnlySpan<object?> values)
    {
        using SqliteCommand command = connection.Statement(sql, values);
        return command.ExecuteNonQuery();
    }

    /// <summary>The first column of the first row, or null.</summary>
    public static object? Scalar(this SqliteConnection connection, string sql, params ReadOnlySpan<object?> values)
    {
        using SqliteCommand command = connection.Statement(sql, values);
        return command.ExecuteScalar() is { } value and not DBNull ? value : null;
    }

    /// <summary>All rows, each turned into something.</summary>
    public static List<T> All<T>(this SqliteConnection connection, string sql, Func<SqliteDataReader, T> row, params ReadOnlySpan<object?> values)
    {
        using SqliteCommand command = connection.Statement(sql, values);
        using SqliteDataReader reader = command.ExecuteReader();
        var all = new List<T>();
        while (reader.Read())
        {
            all.Add(row(reader));
        }

        return all;
    }

    /// <summary>Makes a statement with parameters <c>$1</c>, <c>$2</c>, … that is run many times; the caller's.</summary>
    public static SqliteCommand Statement(this SqliteConnection connection, string sql, params ReadOnlySpan<object?> values)
    {
        SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        for (int i = 0; i < values.Length; i++)
        {
            command.Parameters.AddWithValue($"${i + 1}", values[i] ?? DBNull.Value);
        }

        return command;
    }

    /// <summary>Gives a statement's parameters other values.</summary>
    public static SqliteCommand With(this SqliteCommand command, params ReadOnlySpan<object?> values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            command.Parameters[i].Value = values[i] ?? DBNull.Value;
        }

        return command;
    }

    private static void Prepare()
    {
        lock (s_gate)
        {
            if (s_isReady)
            {
                return;
            }

            NativeLibrary.SetDllImportResolver(typeof(SQLite3Provider_e_sqlite3).Assembly, Resolve);
            raw.SetProvider(new SQLite3Provider_e_sqlite3());
            s_isReady = true;
        }
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? search) =>
        name != "e_sqlite3" ? 0
        : NativeLibrary.TryLoad(Library, out nint handle) ? handle
        : throw new DllNotFoundException($"{Library} is missing: install the Debian package libsqlite3-0. A retry helps after that.");
}
