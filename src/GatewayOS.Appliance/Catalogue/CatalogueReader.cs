using GatewayOS.Sqlite;
using GatewayOS.Store.Trees;
using Microsoft.Data.Sqlite;

namespace GatewayOS.Appliance.Catalogue;

/// <summary>Asks the catalogue. For one thread.</summary>
public sealed class CatalogueReader : IDisposable
{
    /// <summary>Longest pattern, in characters.</summary>
    public const int PatternCharactersMax = 4096;

    private const string VersionColumns = "SELECT directory, series, first, last, type, size, modified FROM version WHERE name = $1";
    private const int DirectoriesCachedMax = 100_000;

    private readonly SqliteConnection _connection;
    private readonly Dictionary<long, string> _directories = new() { [0] = "" };

    internal CatalogueReader(SqliteConnection connection) => _connection = connection;

    /// <summary>Finds versions of entries by name or path.</summary>
    /// <param name="query">What to look for.</param>
    /// <param name="pendingSnapshots">Snapshots that are not covered yet, for the result.</param>
    /// <param name="cancellation">Gives up.</param>
    public CatalogueResult Find(CatalogueQuery query, int pendingSnapshots, CancellationToken cancellation)
    {
        var pattern = new CataloguePattern(query.Pattern);
        int limit = Math.Clamp(query.Limit, 1, CatalogueQuery.HitsMax);
        Dictionary<long, string> series = SeriesOf(query.NodeId);
        var hits = new List<CatalogueHit>();
        using SqliteCommand versions = _connection.Statement(VersionColumns, 0L);
        using SqliteCommand names = pattern.Grams is { } grams
            ? _connection.Statement("SELECT n.id, n.text FROM name_index f JOIN name n ON n.id = f.rowid WHERE name_index MATCH $1", grams)
            : _connection.Statement("SELECT id, text FROM name");
        using SqliteDataReader name = names.ExecuteReader();
        while (hits.Count <= limit && name.Read())
        {
            cancellation.ThrowIfCancellationRequested();
            if (pattern.IsName(name.GetString(1)))
            {
                Collect(pattern, versions.With(name.GetInt64(0)), name.GetString(1), series, hits, limit);
            }
        }

        bool isTruncated = hits.Count > limit;
        return new CatalogueResult(
            [.. hits.Take(limit).OrderBy(hit => hit.Path, StringComparer.Ordinal).ThenBy(hit => hit.NodeId, StringComparer.Ordinal).ThenBy(hit => hit.FirstTime)], isTruncated, pendingSnapshots);
    }

    /// <summary>Lists the versions of one path of a node, newest first.</summary>
    /// <param name="nodeId">The node.</param>
    /// <param name="path">Escaped absolute path.</param>
    /// <param name="limit">Most of them.</param>
    /// <param name="pendingSnapshots">Snapshots that are not covered yet, for the result.</param>
    public CatalogueResult Versions(string nodeId, string path, int limit, int pendingSnapshots)
    {
        string trimmed = path.TrimEnd('/');
        int slash = trimmed.LastIndexOf('/');
        if (slash < 0 || NameId(trimmed[(slash + 1)..]) is not { } name || DirectoryId(trimmed[..slash]) is not { } directory)
        {
            return new CatalogueResult([], IsTruncated: false, pendingSnapshots);
        }

        Dictionary<long, string> series = SeriesOf(nodeId);
        CatalogueHit[] hits =
        [
            .. _connection.All($"{VersionColumns} AND directory = $2", row => series.ContainsKey(row.GetInt64(1)) ? Hit(row, nodeId, trimmed) : null, name, directory)
                .OfType<CatalogueHit>().OrderByDescending(hit => hit.LastTime).ThenByDescending(hit => hit.FirstTime),
        ];
        return new CatalogueResult([.. hits.Take(limit)], hits.Length > limit, pendingSnapshots);
    }

    /// <summary>All nodes that have snapshots, at a glance.</summary>
    public IReadOnlyList<CatalogueNode> Nodes() => _connection.All(
        """
        SELECT node, sum(snapshots), max(finished), files, bytes, problems FROM (
          SELECT r.node, (SELECT count(*) FROM snapshot c WHERE c.series = r.id) AS snapshots, s.finished, s.files, s.bytes, s.problems
          FROM series r JOIN snapshot s ON s.series = r.id AND s.ordinal = (SELECT max(ordinal) FROM snapshot m WHERE m.series = r.id))
        GROUP BY node ORDER BY node
        """,
        row => new CatalogueNode(row.GetString(0), row.GetInt64(1), SnapshotCatalogue.Time(row.GetInt64(2)), row.GetInt64(3), row.GetInt64(4), row.GetInt64(5)));

    /// <summary>Snapshots, newest first.</summary>
    /// <param name="nodeId">Only of this node; null for all.</param>
    /// <param name="before">Only those committed earlier, for the next page; null for the first.</param>
    /// <param name="count">Most of them.</param>
    public IReadOnlyList<CatalogueSnapshot> Snapshots(string? nodeId, DateTimeOffset? before, int count) => _connection.All(
        """
        SELECT s.id, r.node, r.sources, s.started, s.finished, s.files, s.bytes, s.problems FROM snapshot s JOIN series r ON r.id = s.series
        WHERE s.finished < $1 AND ($2 IS NULL OR r.node = $2) ORDER BY s.finished DESC, s.id LIMIT $3
        """,
        row => new CatalogueSnapshot(
            row.GetString(0), row.GetString(1), row.GetString(2).Split('\n'), SnapshotCatalogue.Time(row.GetInt64(3)), SnapshotCatalogue.Time(row.GetInt64(4)), row.GetInt64(5), row.GetInt64(6), row.GetInt64(7)),
        before?.ToUnixTimeMilliseconds() ?? long.MaxValue, nodeId, count);

    /// <inheritdoc/>
    public void Dispose() => _connection.Dispose();

    /// <summary>Everything, in an order and with words that do not depend on how it came in: equal for equal catalogues.</summary>
    internal IReadOnlyList<string> Dump()
    {
        List<string> lines = _connection.All(
            "SELECT r.node, r.sources, s.id, s.started, s.finished, s.files, s.bytes, s.problems FROM snapshot s JOIN series r ON r.id = s.series",
            row => "snapshot " + string.Join('|', Enumerable.Range(0, row.FieldCount).Select(row.GetValue)));
        lines.AddRange(_connection.All(
            "SELECT n.text, v.directory, r.node, r.sources, v.series, v.first, v.last, v.type, v.size, v.modified, v.mode, v.content FROM version v JOIN name n ON n.id = v.name JOIN series r ON r.id = v.series",
            row => $"version {row.GetString(2)}|{row.GetString(3)}|{PathOf(row.GetInt64(1))}/{row.GetString(0)}|{string.Join('|', Enumerable.Range(7, 5).Select(row.GetValue))}|{RangeOf(row.GetInt64(4), row.GetInt64(5), row.GetInt64(6))}"));
        lines.AddRange(_connection.All("SELECT DISTINCT n.text FROM name n JOIN version v ON v.name = n.id", row => "name " + row.GetString(0)));
        lines.Sort(StringComparer.Ordinal);
        return lines;
    }

    private void Collect(CataloguePattern pattern, SqliteCommand versions, string name, Dictionary<long, string> series, List<CatalogueHit> hits, int limit)
    {
        using SqliteDataReader row = versions.ExecuteReader();
        while (hits.Count <= limit && row.Read())
        {
            if (!series.TryGetValue(row.GetInt64(1), out string? node))
            {
                continue;
            }

            string path = $"{PathOf(row.GetInt64(0))}/{name}";
            if (pattern.NeedsPath && !pattern.IsPath(path))
            {
                continue;
            }

            if (Hit(row, node, path) is { } hit)
            {
                hits.Add(hit);
            }
        }
    }

    private CatalogueHit? Hit(SqliteDataReader row, string node, string path) => RangeOf(row.GetInt64(1), row.GetInt64(2), row.GetInt64(3)) is not { } range ? null : new CatalogueHit(
        node, path, (NodeType)row.GetInt64(4), row.GetInt64(5), row.GetInt64(6), range.First, range.FirstTime, range.Last, range.LastTime, range.Count, row.GetInt64(3) == CatalogueSchema.Open);

    private Dictionary<long, string> SeriesOf(string? nodeId) => _connection.All("SELECT id, node FROM series", row => (Id: row.GetInt64(0), Node: row.GetString(1)))
        .Where(one => nodeId is null || one.Node == nodeId)
        .ToDictionary(one => one.Id, one => one.Node);

    private long? NameId(string name) => (long?)_connection.Scalar("SELECT id FROM name WHERE text = $1", name);

    private long? DirectoryId(string path)
    {
        long? id = 0;
        foreach (string part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            id = NameId(part) is { } name ? (long?)_connection.Scalar("SELECT id FROM directory WHERE name = $1 AND parent = $2", name, id) : null;
            if (id is null)
            {
                return null;
            }
        }

        return id;
    }

    private SnapshotRange? RangeOf(long series, long first, long last)
    {
        List<(string Id, long Finished)> ends = _connection.All(
            """
            SELECT * FROM (SELECT id, finished FROM snapshot WHERE series = $1 AND ordinal BETWEEN $2 AND $3 ORDER BY ordinal LIMIT 1)
            UNION ALL SELECT * FROM (SELECT id, finished FROM snapshot WHERE series = $1 AND ordinal BETWEEN $2 AND $3 ORDER BY ordinal DESC LIMIT 1)
            """,
            row => (row.GetString(0), row.GetInt64(1)), series, first, last);
        return ends.Count == 0 ? null : new SnapshotRange(
            ends[0].Id, SnapshotCatalogue.Time(ends[0].Finished), ends[1].Id, SnapshotCatalogue.Time(ends[1].Finished),
            (long)_connection.Scalar("SELECT count(*) FROM snapshot WHERE series = $1 AND ordinal BETWEEN $2 AND $3", series, first, last)!);
    }

    private string PathOf(long directory)
    {
        if (_directories.TryGetValue(directory, out string? known))
        {
            return known;
        }

        (long parent, string name) = _connection.All("SELECT d.parent, n.text FROM directory d JOIN name n ON n.id = d.name WHERE d.id = $1", row => (row.GetInt64(0), row.GetString(1)), directory)[0];
        string path = $"{PathOf(parent)}/{name}";
        if (_directories.Count >= DirectoriesCachedMax)
        {
            _directories.Clear();
            _directories[0] = "";
        }

        return _directories[directory] = path;
    }

    private sealed record SnapshotRange(string First, DateTimeOffset FirstTime, string Last, DateTimeOffset LastTime, long Count);
}
