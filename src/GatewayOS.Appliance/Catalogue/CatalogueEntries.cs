using GatewayOS.Sqlite;
using GatewayOS.Store.Trees;
using Microsoft.Data.Sqlite;

namespace GatewayOS.Appliance.Catalogue;

/// <summary>Writes versions of entries within a transaction.</summary>
internal sealed class CatalogueEntries : IDisposable
{
    // Neighbours in a tree share their directory, and source trees repeat names: a small cache catches nearly all.
    private const int CacheMax = 100_000;

    private readonly Dictionary<string, long> _names = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _directories = new(StringComparer.Ordinal);
    private readonly SqliteCommand _findName;
    private readonly SqliteCommand _addName;
    private readonly SqliteCommand _indexName;
    private readonly SqliteCommand _findDirectory;
    private readonly SqliteCommand _addDirectory;
    private readonly SqliteCommand _close;
    private readonly SqliteCommand _addVersion;

    public CatalogueEntries(SqliteConnection connection)
    {
        _findName = connection.Statement("SELECT id FROM name WHERE text = $1", "");
        _addName = connection.Statement("INSERT INTO name (text) VALUES ($1) RETURNING id", "");
        _indexName = connection.Statement("INSERT INTO name_index (rowid, text) VALUES ($1, $2)", 0L, "");
        _findDirectory = connection.Statement("SELECT id FROM directory WHERE name = $1 AND parent = $2", 0L, 0L);
        _addDirectory = connection.Statement("INSERT INTO directory (name, parent) VALUES ($1, $2) RETURNING id", 0L, 0L);
        _close = connection.Statement($"UPDATE version SET last = $4 WHERE name = $1 AND directory = $2 AND series = $3 AND last = {CatalogueSchema.Open}", 0L, 0L, 0L, 0L);
        _addVersion = connection.Statement(
            $"INSERT INTO version VALUES ($1, $2, $3, $4, {CatalogueSchema.Open}, $5, $6, $7, $8, $9)", 0L, 0L, 0L, 0L, 0L, 0L, 0L, 0L, 0L);
    }

    /// <summary>Enters a change that came with a series' snapshot.</summary>
    public void Apply(long series, long ordinal, CatalogueChange change)
    {
        int slash = change.Path.LastIndexOf('/');
        long directory = DirectoryOf(change.Path[..slash]);
        long name = NameOf(change.Path[(slash + 1)..]);
        _close.With(name, directory, series, ordinal - 1).ExecuteNonQuery();
        if (change.Node is { } node)
        {
            bool isDirectory = node.Type == NodeType.Directory;
            _addVersion.With(
                name, directory, series, ordinal, (long)node.Type, node.Type == NodeType.File ? node.SizeBytes : 0L, isDirectory ? 0L : node.ModifiedNs, (long)node.Mode,
                node.Type == NodeType.File ? SnapshotCatalogue.ContentTag(node) : 0L).ExecuteNonQuery();
        }
    }

    /// <summary>Takes out what only one snapshot had, and joins what only it had kept apart.</summary>
    public static void RemoveOrdinal(SqliteConnection connection, long series, long ordinal)
    {
        long before = (long)connection.Scalar("SELECT coalesce(max(ordinal), 0) FROM snapshot WHERE series = $1 AND ordinal < $2", series, ordinal)!;
        long after = (long)connection.Scalar("SELECT min(ordinal) FROM snapshot WHERE series = $1 AND ordinal > $2", series, ordinal)!;
        List<(long Id, string Text)> names = connection.All(
            $"SELECT DISTINCT n.id, n.text FROM version v JOIN name n ON n.id = v.name WHERE v.series = $1 AND v.last >= $2 AND v.last < $3 AND v.last < {CatalogueSchema.Open} AND v.first > $4",
            row => (row.GetInt64(0), row.GetString(1)), series, ordinal, after, before);
        connection.Run($"DELETE FROM version WHERE series = $1 AND last >= $2 AND last < $3 AND last < {CatalogueSchema.Open} AND first > $4", series, ordinal, after, before);
        Join(connection, series, before, after);
        foreach ((long id, string text) in names)
        {
            if (connection.Scalar("SELECT 1 FROM version WHERE name = $1 LIMIT 1", id) is null && connection.Scalar("SELECT 1 FROM directory WHERE name = $1 LIMIT 1", id) is null)
            {
                connection.Run("INSERT INTO name_index (name_index, rowid, text) VALUES ('delete', $1, $2)", id, text);
                connection.Run("DELETE FROM name WHERE id = $1", id);
            }
        }
    }

    public void Dispose()
    {
        foreach (SqliteCommand command in (SqliteCommand[])[_findName, _addName, _indexName, _findDirectory, _addDirectory, _close, _addVersion])
        {
            command.Dispose();
        }
    }

    // Something may have been away, or different, in the removed snapshot alone: then its versions before and after are one now.
    private static void Join(SqliteConnection connection, long series, long before, long after)
    {
        List<(long Name, long Directory, long First, long Second, long Last)> pairs = connection.All(
            $"""
            SELECT a.name, a.directory, a.first, b.first, b.last FROM version a JOIN version b
              ON b.name = a.name AND b.directory = a.directory AND b.series = a.series AND b.first > a.last AND b.first <= $3
              AND b.type = a.type AND b.size = a.size AND b.modified = a.modified AND b.mode = a.mode AND b.content = a.content
            WHERE a.series = $1 AND a.last >= $2 AND a.last < $3 AND a.last < {CatalogueSchema.Open}
            """,
            row => (row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3), row.GetInt64(4)), series, before, after);
        foreach ((long name, long directory, long first, long second, long last) in pairs)
        {
            connection.Run("DELETE FROM version WHERE name = $1 AND directory = $2 AND series = $3 AND first = $4", name, directory, series, second);
            connection.Run("UPDATE version SET last = $5 WHERE name = $1 AND directory = $2 AND series = $3 AND first = $4", name, directory, series, first, last);
        }
    }

    private long DirectoryOf(string path)
    {
        if (path.Length == 0)
        {
            return 0;
        }

        if (_directories.TryGetValue(path, out long known))
        {
            return known;
        }

        int slash = path.LastIndexOf('/');
        long parent = DirectoryOf(path[..slash]);
        long name = NameOf(path[(slash + 1)..]);
        long id = (long?)_findDirectory.With(name, parent).ExecuteScalar() ?? (long)_addDirectory.With(name, parent).ExecuteScalar()!;
        return Remember(_directories, path, id);
    }

    private long NameOf(string text)
    {
        if (_names.TryGetValue(text, out long known))
        {
            return known;
        }

        long? found = (long?)_findName.With(text).ExecuteScalar();
        if (found is not { } id)
        {
            id = (long)_addName.With(text).ExecuteScalar()!;
            _indexName.With(id, text).ExecuteNonQuery();
        }

        return Remember(_names, text, id);
    }

    private static long Remember(Dictionary<string, long> cache, string key, long id)
    {
        if (cache.Count >= CacheMax)
        {
            cache.Clear();
        }

        return cache[key] = id;
    }
}
