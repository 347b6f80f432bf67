using System.Globalization;
using GatewayOS.Sqlite;
using Microsoft.Data.Sqlite;

namespace GatewayOS.Appliance.Catalogue;

/// <summary>
/// The catalogue's tables. A file that does not change from one snapshot to the next costs nothing: a version is stored once, with the range of
/// snapshots that have it, and its range stays open while the newest one has it. Names are stored once for all nodes, escaped
/// (<see cref="GatewayOS.Store.Trees.ByteName"/>), directories as a tree; the trigram index covers names only.
/// </summary>
internal static class CatalogueSchema
{
    /// <summary>End of a range that is still open.</summary>
    public const long Open = long.MaxValue;

    private const int Version = 1;

    private static readonly string s_tables = $"""
        CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
        CREATE TABLE series (id INTEGER PRIMARY KEY, node TEXT NOT NULL, sources TEXT NOT NULL, UNIQUE (node, sources));
        CREATE TABLE snapshot (
            series INTEGER NOT NULL, ordinal INTEGER NOT NULL, id TEXT NOT NULL UNIQUE, started INTEGER NOT NULL, finished INTEGER NOT NULL,
            files INTEGER NOT NULL, bytes INTEGER NOT NULL, problems INTEGER NOT NULL,
            PRIMARY KEY (series, ordinal)) WITHOUT ROWID;
        CREATE INDEX snapshot_finished ON snapshot (finished);
        CREATE TABLE name (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
        CREATE VIRTUAL TABLE name_index USING fts5 (text, content = '', columnsize = 0, detail = none, tokenize = 'trigram');
        CREATE TABLE directory (id INTEGER PRIMARY KEY, name INTEGER NOT NULL, parent INTEGER NOT NULL, UNIQUE (name, parent));
        CREATE TABLE version (
            name INTEGER NOT NULL, directory INTEGER NOT NULL, series INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
            type INTEGER NOT NULL, size INTEGER NOT NULL, modified INTEGER NOT NULL, mode INTEGER NOT NULL, content INTEGER NOT NULL,
            PRIMARY KEY (name, directory, series, first)) WITHOUT ROWID;
        CREATE INDEX version_closed ON version (series, last) WHERE last < {Open};
        """;

    /// <summary>Opens a catalogue; one that is damaged, of another version or of another store is thrown away and begun anew.</summary>
    public static SqliteConnection OpenOrCreate(string path, string storeId)
    {
        string identity = string.Create(CultureInfo.InvariantCulture, $"{Version} {storeId}");
        try
        {
            SqliteConnection connection = SqliteDatabase.Open(path, isDurable: false);
            if (connection.Scalar("SELECT count(*) FROM sqlite_schema WHERE name = 'meta'") is 1L && connection.Scalar("SELECT value FROM meta WHERE key = 'identity'") is string known && known == identity)
            {
                return connection;
            }

            connection.Dispose();
        }
        catch (SqliteException error) when (SqliteDatabase.IsDamage(error))
        {
        }

        SqliteDatabase.Delete(path);
        SqliteConnection made = SqliteDatabase.Open(path, isDurable: false);
        using SqliteTransaction transaction = made.BeginTransaction();
        made.Run(s_tables);
        made.Run("INSERT INTO meta VALUES ('identity', $1)", identity);
        transaction.Commit();
        return made;
    }
}
