using GatewayOS.Appliance.Ingest;
using GatewayOS.Backup.Files;
using GatewayOS.Sqlite;
using GatewayOS.Store;
using GatewayOS.Store.Reading;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;
using GatewayOS.Store.Trees;
using Microsoft.Data.Sqlite;

namespace GatewayOS.Appliance.Catalogue;

/// <summary>
/// Keeps the catalogue as the store is, on a thread of its own and behind all backups: what was committed is added, what was forgotten removed.
/// Each round compares both, so that nothing has to be remembered: a wake-up that is lost, a crash or a deleted file cost time only. A round takes
/// one snapshot after the other, each in one step.
/// </summary>
public sealed class CatalogueFeed : IDisposable
{
    /// <summary>How long a change that nobody told of waits.</summary>
    public static readonly TimeSpan RoundInterval = TimeSpan.FromMinutes(5);

    // After a round it rests for so many times as long as that took, so that a store with very many snapshots, all of which a round reads the records
    // of, does not cost a core.
    private const int RestFactor = 9;
    private static readonly TimeSpan s_restMax = TimeSpan.FromMinutes(1);

    private readonly SnapshotCatalogue _catalogue;
    private readonly StoreHost _host;
    private readonly Action<string> _warn;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _end = new();
    private readonly AutoResetEvent _wake = new(initialState: true);
    private readonly Thread _thread;
    private int _pending;

    /// <summary>Begins to feed.</summary>
    /// <param name="catalogue">The catalogue; borrowed.</param>
    /// <param name="host">The store; borrowed.</param>
    /// <param name="warn">Told what went wrong; it is tried again.</param>
    /// <param name="time">The clock.</param>
    public CatalogueFeed(SnapshotCatalogue catalogue, StoreHost host, Action<string> warn, TimeProvider time)
    {
        (_catalogue, _host, _warn, _time) = (catalogue, host, warn, time);
        _thread = new Thread(Work) { Name = "catalogue", IsBackground = true, Priority = ThreadPriority.BelowNormal };
        _thread.Start();
    }

    /// <summary>Snapshots that were seen in the store and are not in the catalogue yet.</summary>
    public int Pending => Volatile.Read(ref _pending);

    /// <summary>Has it look at the store now.</summary>
    public void Wake() => _wake.Set();

    /// <inheritdoc/>
    public void Dispose()
    {
        _end.Cancel();
        _wake.Set();
        _thread.Join();
        _wake.Dispose();
        _end.Dispose();
    }

    /// <summary>Brings the catalogue to what the store has.</summary>
    /// <param name="catalogue">The catalogue.</param>
    /// <param name="store">The store.</param>
    /// <param name="pending">Told how many snapshots remain.</param>
    /// <param name="warn">Told which snapshot could not be read; it is left out until the next round.</param>
    /// <param name="cancellation">Stops between entries; what is done stays.</param>
    public static void Reconcile(SnapshotCatalogue catalogue, BackupStore store, Action<int> pending, Action<string> warn, CancellationToken cancellation)
    {
        IReadOnlyList<SnapshotRecord> records = store.Snapshots().Records;
        Dictionary<string, SnapshotRecord> byId = records.ToDictionary(record => record.Id, StringComparer.Ordinal);
        foreach (string gone in catalogue.SnapshotIds.Where(id => !byId.ContainsKey(id)))
        {
            cancellation.ThrowIfCancellationRequested();
            catalogue.Remove(gone);
        }

        RemoveDisordered(catalogue, records);
        IReadOnlySet<string> covered = catalogue.SnapshotIds;
        SnapshotRecord[] missing = [.. InOrder(records.Where(record => !covered.Contains(record.Id)))];
        using ChunkReader reader = store.OpenReader();
        for (int i = 0; i < missing.Length; i++)
        {
            pending(missing.Length - i);
            try
            {
                SnapshotRecord? before = catalogue.Newest(missing[i]) is { } newest ? byId.GetValueOrDefault(newest.Id) : null;
                catalogue.Add(missing[i], Changes(reader, before, missing[i]), cancellation);
            }
            catch (StoreDamagedException error)
            {
                warn($"Snapshot {missing[i].ShortId} is not in the catalogue: {error.Message}");
            }
        }

        pending(0);
    }

    // A range of versions follows the order of commits. One that comes in behind a later one (mended, or copied back) has its series made anew.
    private static void RemoveDisordered(SnapshotCatalogue catalogue, IReadOnlyList<SnapshotRecord> records)
    {
        IReadOnlySet<string> covered = catalogue.SnapshotIds;
        foreach (SnapshotRecord late in InOrder(records.Where(record => !covered.Contains(record.Id))))
        {
            if (catalogue.Newest(late) is { } newest && Compare(late.FinishedUtc, late.Id, newest.Finished, newest.Id) < 0)
            {
                catalogue.RemoveSeriesOf(late);
            }
        }
    }

    // In milliseconds, as the catalogue keeps them.
    private static int Compare(DateTimeOffset left, string leftId, DateTimeOffset right, string rightId) =>
        left.ToUnixTimeMilliseconds().CompareTo(right.ToUnixTimeMilliseconds()) is int order and not 0 ? order : string.CompareOrdinal(leftId, rightId);

    private static IEnumerable<SnapshotRecord> InOrder(IEnumerable<SnapshotRecord> records) =>
        records.OrderBy(record => record.FinishedUtc.ToUnixTimeMilliseconds()).ThenBy(record => record.Id, StringComparer.Ordinal);

    private static IEnumerable<CatalogueChange> Changes(ContentReader reader, SnapshotRecord? before, SnapshotRecord after)
    {
        SnapshotRecord from = before ?? after with { Draft = after.Draft with { Root = ContentRef.Empty } };
        foreach (DiffEntry difference in SnapshotDiff.Compare(reader, from, after))
        {
            // What the catalogue does not keep makes no version.
            if (difference.Before is not { } old || difference.After is not { } now || Kept(old) != Kept(now))
            {
                yield return new CatalogueChange(difference.Path, difference.After);
            }
        }
    }

    private static (NodeType Type, long Size, long Modified, uint Mode, long Content) Kept(TreeNode node) => node.Type switch
    {
        NodeType.File => (node.Type, node.SizeBytes, node.ModifiedNs, node.Mode, SnapshotCatalogue.ContentTag(node)),
        NodeType.Directory => (node.Type, 0, 0, node.Mode, 0),
        _ => (node.Type, 0, node.ModifiedNs, node.Mode, 0),
    };

    private void Work()
    {
        while (!_end.IsCancellationRequested)
        {
            _wake.WaitOne(RoundInterval);
            long start = _time.GetTimestamp();
            try
            {
                using StoreLease lease = _host.Lease();
                Reconcile(_catalogue, lease.Store, left => Volatile.Write(ref _pending, left), _warn, _end.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (ObjectDisposedException) when (_end.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error) when (error is StoreIoException or StoreDamagedException or StoreUnusableException or SqliteException or IOException)
            {
                _warn($"The catalogue is behind the store: {error.Message} It tries again in {RoundInterval.TotalMinutes:0} minutes.");
            }

            TimeSpan rest = RestFactor * _time.GetElapsedTime(start);
            _end.Token.WaitHandle.WaitOne(rest < s_restMax ? rest : s_restMax);
        }
    }
}
