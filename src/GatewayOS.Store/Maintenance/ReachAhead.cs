using System.Runtime.ExceptionServices;
using GatewayOS.Store.Index;
using GatewayOS.Store.Profiling;
using GatewayOS.Store.Reading;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Maintenance;

/// <summary>
/// Walks what snapshots reach while the packs are still being checked, and remembers only which packs hold it. A sound store needs no more: when every
/// one of these packs turns out whole, nothing is lost. Anything else is a doubt, and <see cref="ReachCheck"/> walks again and says what it is about.
/// </summary>
internal sealed class ReachAhead : IReachVisitor, IDisposable
{
    private readonly BackupStore _store;
    private readonly ChunkMarks _seen;
    private readonly HashSet<int> _packs = [];
    private readonly CancellationTokenSource _stop;
    private readonly Thread? _thread;
    private ExceptionDispatchInfo? _failure;
    private volatile bool _shown;
    private bool _doubt;

    /// <summary>Begins the walk: on a thread of its own, or with one thread right here.</summary>
    public ReachAhead(BackupStore store, IReadOnlyList<SnapshotRecord> snapshots, VerifyOptions options, CancellationToken cancellation)
    {
        _store = store;
        _seen = new ChunkMarks(store.LeaseIndex(), static _ => true);
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        if (options.Threads <= 1)
        {
            // Nothing else has progress to show meanwhile.
            _shown = true;
            Walk(snapshots, options);
            return;
        }

        _thread = new Thread(() => Walk(snapshots, options)) { Name = "reach", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Waits for the end of the walk, from here on with its progress.</summary>
    /// <param name="packs">What checking the packs found.</param>
    /// <returns>True when all that snapshots reach is in packs without a fault.</returns>
    public bool Holds(PackSurvey packs)
    {
        _shown = true;
        _thread?.Join();
        _failure?.Throw();
        return !_doubt && packs.BadRecords.Count == 0 && _packs.All(pack => packs.IsWhole(_store.Packs.Id(pack)));
    }

    public bool Visit(ChunkId id, ChunkKind kind, long plainBytes)
    {
        if (!_seen.Mark(id))
        {
            return false;
        }

        if (!StoreVerifier.LocateQuietly(_store, id, out ChunkLocation location) || !location.Fits(kind, plainBytes))
        {
            _doubt = true;
            return false;
        }

        _packs.Add(location.Pack);
        return kind != ChunkKind.Data;
    }

    public void Unreadable(ChunkId id, ChunkKind kind, string reason) => _doubt = true;

    public void Dispose()
    {
        _stop.Cancel();
        _thread?.Join();
        _stop.Dispose();
        _seen.Dispose();
    }

    private void Walk(IReadOnlyList<SnapshotRecord> snapshots, VerifyOptions options)
    {
        StageCounters counters = options.Profile.NewCounters();
        long start = StageCounters.Start();
        try
        {
            using ChunkReader reader = _store.OpenReader();
            var reach = new Reachability(reader, this);
            for (int i = 0; i < snapshots.Count && !_doubt; i++)
            {
                reach.Walk(snapshots[i].Draft.Root, _stop.Token);
                if (_shown)
                {
                    options.Progress?.Report(new MaintenanceProgress("walking snapshots", 0, 0, i + 1, snapshots.Count));
                }
            }
        }
        catch (Exception error) when (error is StoreIoException or StoreDamagedException)
        {
            // The check of the packs meets it too, or gc deleted the pack meanwhile.
            _doubt = true;
        }
        catch (Exception error)
        {
            _failure = ExceptionDispatchInfo.Capture(error);
        }

        counters.Busy(Stage.Walk, ref start);
    }
}
