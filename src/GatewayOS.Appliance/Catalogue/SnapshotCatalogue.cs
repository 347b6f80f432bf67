using System.Buffers.Binary;
using GatewayOS.Sqlite;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Trees;
using Microsoft.Data.Sqlite;

namespace GatewayOS.Appliance.Catalogue;

/// <summary>
/// What is in which snapshot, for looking things up without reading the store. A cache in one SQLite file: lost, damaged or foreign, it is made anew
/// from the store and holds the same again. One writer at a time, any number of readers beside it. Thread-safe.
/// </summary>
public sealed class SnapshotCatalogue : IDisposable
{
    private readonly string _path;
    private readonly Lock _writing = new();
    private readonly SqliteConnection _writer;

    /// <summary>Opens the catalogue, making it when there is none that can be used.</summary>
    /// <param name="path">Its file.</param>
    /// <param name="storeId">The store it is of.</param>
    public SnapshotCatalogue(string path, string storeId)
    {
        _path = path;
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        _writer = CatalogueSchema.OpenOrCreate(path, storeId);
    }

    /// <summary>IDs of the snapshots it covers.</summary>
    public IReadOnlySet<string> SnapshotIds
    {
        get
        {
            lock (_writing)
            {
                return _writer.All("SELECT id FROM snapshot", row => row.GetString(0)).ToHashSet(StringComparer.Ordinal);
            }
        }
    }

    /// <summary>The newest snapshot that it covers of a series.</summary>
    /// <returns>Its ID and when it was committed; null when it covers none.</returns>
    public (string Id, DateTimeOffset Finished)? Newest(SnapshotRecord of)
    {
        lock (_writing)
        {
            return _writer.All(
                "SELECT s.id, s.finished FROM snapshot s JOIN series r ON r.id = s.series WHERE r.node = $1 AND r.sources = $2 ORDER BY s.ordinal DESC LIMIT 1",
                row => ((string, DateTimeOffset)?)(row.GetString(0), Time(row.GetInt64(1))), OwnerOf(of), SourcesOf(of)).FirstOrDefault();
        }
    }

    /// <summary>Adds a snapshot as the newest of its series, in one step.</summary>
    /// <param name="snapshot">The snapshot.</param>
    /// <param name="changes">What differs from the series' newest before; everything for the first.</param>
    /// <param name="cancellation">Stops it; then nothing of it is in.</param>
    public void Add(SnapshotRecord snapshot, IEnumerable<CatalogueChange> changes, CancellationToken cancellation)
    {
        lock (_writing)
        {
            using SqliteTransaction transaction = _writer.BeginTransaction();
            long series = (long?)_writer.Scalar("SELECT id FROM series WHERE node = $1 AND sources = $2", OwnerOf(snapshot), SourcesOf(snapshot))
                ?? (long)_writer.Scalar("INSERT INTO series (node, sources) VALUES ($1, $2) RETURNING id", OwnerOf(snapshot), SourcesOf(snapshot))!;
            long ordinal = (long)_writer.Scalar("SELECT coalesce(max(ordinal), 0) + 1 FROM snapshot WHERE series = $1", series)!;
            using (var entries = new CatalogueEntries(_writer))
            {
                foreach (CatalogueChange change in changes)
                {
                    cancellation.ThrowIfCancellationRequested();
                    entries.Apply(series, ordinal, change);
                }
            }

            SnapshotCounts counts = snapshot.Draft.Counts;
            _writer.Run(
                "INSERT INTO snapshot VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                series, ordinal, snapshot.Id, snapshot.Draft.StartedUtc.ToUnixTimeMilliseconds(), snapshot.FinishedUtc.ToUnixTimeMilliseconds(), counts.Files, counts.Bytes, snapshot.Draft.ProblemCount);
            transaction.Commit();
        }
    }

    /// <summary>Removes a snapshot that was forgotten, with what only it had.</summary>
    /// <returns>False when it was the newest of its series: then the whole series is removed, to be added anew from what is left.</returns>
    public bool Remove(string snapshotId)
    {
        lock (_writing)
        {
            (long Series, long Ordinal)? place = _writer.All("SELECT series, ordinal FROM snapshot WHERE id = $1", row => ((long, long)?)(row.GetInt64(0), row.GetInt64(1)), snapshotId).FirstOrDefault();
            if (place is not { } at)
            {
                return true;
            }

            using SqliteTransaction transaction = _writer.BeginTransaction();
            bool isNewest = _writer.Scalar("SELECT 1 FROM snapshot WHERE series = $1 AND ordinal > $2 LIMIT 1", at.Series, at.Ordinal) is null;
            if (isNewest)
            {
                RemoveSeries(at.Series);
            }
            else
            {
                CatalogueEntries.RemoveOrdinal(_writer, at.Series, at.Ordinal);
                _writer.Run("DELETE FROM snapshot WHERE series = $1 AND ordinal = $2", at.Series, at.Ordinal);
            }

            transaction.Commit();
            return !isNewest;
        }
    }

    /// <summary>Removes a whole series, to be added anew.</summary>
    public void RemoveSeriesOf(SnapshotRecord snapshot)
    {
        lock (_writing)
        {
            if (_writer.Scalar("SELECT id FROM series WHERE node = $1 AND sources = $2", OwnerOf(snapshot), SourcesOf(snapshot)) is long series)
            {
                using SqliteTransaction transaction = _writer.BeginTransaction();
                RemoveSeries(series);
                transaction.Commit();
            }
        }
    }

    /// <summary>Opens a reader for one thread; dispose of it.</summary>
    public CatalogueReader OpenReader() => new(SqliteDatabase.Open(_path, isDurable: false));

    /// <inheritdoc/>
    public void Dispose() => _writer.Dispose();

    internal static DateTimeOffset Time(long unixMs) => DateTimeOffset.FromUnixTimeMilliseconds(unixMs);

    internal static string SourcesOf(SnapshotRecord snapshot) => string.Join('\n', snapshot.Draft.Sources);

    // A number that tells contents apart. Its parts are hashes already: mixing a few bytes of each will do.
    internal static long ContentTag(TreeNode node)
    {
        ulong tag = 14695981039346656037;
        Span<byte> hash = stackalloc byte[GatewayOS.Store.ContentHash.SizeBytes];
        foreach (ContentPart part in node.Content.Parts)
        {
            ulong value = (ulong)part.LengthBytes;
            if (part.Kind == PartKind.Chunk)
            {
                part.Hash.CopyTo(hash);
                value ^= BinaryPrimitives.ReadUInt64LittleEndian(hash);
            }

            tag = (tag ^ value) * 1099511628211;
        }

        return (long)tag;
    }

    // A backup made on the store's own machine has no node; its host stands for one.
    private static string OwnerOf(SnapshotRecord snapshot) => snapshot.Draft.NodeId.Length > 0 ? snapshot.Draft.NodeId : $"host:{snapshot.Draft.Host}";

    // Reads every version: rare, after a series' newest snapshot was forgotten or one was added behind others.
    private void RemoveSeries(long series)
    {
        _writer.Run("DELETE FROM version WHERE series = $1", series);
        _writer.Run("DELETE FROM snapshot WHERE series = $1", series);
        _writer.Run("DELETE FROM series WHERE id = $1", series);
    }
}
