using GatewayOS.Store.Index;
using GatewayOS.Store.Packs;
using GatewayOS.Store.Pipeline;
using GatewayOS.Store.Reading;
using GatewayOS.Store.Sessions;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Maintenance;

/// <summary>
/// Deletes what no snapshot needs, while backups and restores run. It condemns packs first and deletes them only when every session that may
/// have met them is gone and what newer snapshots still need of them has been copied (LOCKING.md has the argument). Live records are checked
/// and encrypted anew when copied; a pack with a bad record is never rewritten.
/// </summary>
public static class GarbageCollector
{
    // New snapshots may appear between marking and deleting; each round accounts for them. More rounds than this means backups commit
    // faster than gc can look, and the rest waits for the next run.
    private const int RoundsMax = 3;

    /// <summary>Collects garbage.</summary>
    /// <param name="store">The store.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellation">Stops the run with <see cref="OperationCanceledException"/>; what is done stays done.</param>
    /// <exception cref="StoreUnusableException">Another gc or repair runs.</exception>
    /// <exception cref="StoreDamagedException">A snapshot or tree cannot be read: nothing can be called garbage then.</exception>
    public static GcReport Run(BackupStore store, GcOptions options, CancellationToken cancellation)
    {
        using IStoreLock held = MaintenanceLock.Take(store, "collect garbage");
        var report = new GcReport();
        var findings = new FindingList();
        if (!options.DryRun)
        {
            PackSalvage.Run(store);
            CondemnedList.DeleteDamaged(store.Disk);
        }

        HashSet<string>? segments = null;
        for (int round = 0; round < RoundsMax; round++)
        {
            var run = new GcRound(store, options, report, findings, segments, cancellation);
            bool again = options.DryRun ? run.Preview() : run.Run(first: round == 0);
            if (!again)
            {
                break;
            }

            segments = run.Segments;
        }

        report.Findings = findings.ToSorted();
        return report;
    }
}

/// <summary>One round: mark, rescue, delete what is ready, copy, condemn.</summary>
/// <param name="store">The store.</param>
/// <param name="options">How.</param>
/// <param name="report">Gets what was done.</param>
/// <param name="findings">Gets damage met.</param>
/// <param name="segments">What <see cref="Segments"/> of the round before was; null in the first.</param>
/// <param name="cancellation">Stops the round.</param>
internal sealed class GcRound(BackupStore store, GcOptions options, GcReport report, FindingList findings, HashSet<string>? segments, CancellationToken cancellation)
{
    private readonly List<CondemnedList> _condemned = CondemnedList.ReadAll(store.Disk, []);
    private readonly HashSet<string> _marked = [];
    private SnapshotRecord[] _newest = [];

    /// <summary>
    /// Segments that hold an entry, in a pack on no list, of all that was marked or rescued. Null when that is not known: then the next round marks again.
    /// </summary>
    public HashSet<string>? Segments { get; private set; } = segments;

    /// <summary>Runs the round.</summary>
    /// <param name="first">True for the first round of a run, which alone looks for new garbage.</param>
    /// <returns>True when another round could delete what this one condemned.</returns>
    public bool Run(bool first)
    {
        // A gc that was cut off left these open. Whoever lives now may have met their packs before.
        foreach (CondemnedList unfinished in _condemned.Where(list => list.Sessions is null))
        {
            NoteSessions(unfinished, settled: false);
        }

        // Sessions are looked at before the snapshots are marked: what a dead one committed is then among the snapshots.
        List<CondemnedList> ready = [.. _condemned.Where(list => list.Sessions is { } sessions && !sessions.Any(name => SessionLock.IsLiving(store.Disk, name)))];
        if (!first && NothingNewSince(ready) && HasSegmentsOfMark())
        {
            Delete(Settled(ready));
            return Pending();
        }

        using GcMark mark = Mark();
        GcPlan plan = first ? GcPlan.Make(store, mark, options) : GcPlan.Nothing;
        if (first)
        {
            report.BytesBefore = plan.TotalBytes;
            report.BytesLive = plan.LiveBytes;
            report.ReadJumps = mark.Scatter.Jumps;
        }

        CopyLive(mark, plan);
        if (mark.Missing.Count == 0)
        {
            // What the index knows nowhere may stand in just these packs: while anything is missing they wait for a repair.
            Delete(Settled(ready));
        }

        Condemn(plan, mark);

        // An index read anew since the marking may have been merged by others, and then names another copy of a chunk than the one that was marked.
        Segments = IsAsMarked(mark) && mark.Missing.Count == 0 ? SegmentNames() : null;
        return Pending();
    }

    /// <summary>Fills the report with what a run would do.</summary>
    public bool Preview()
    {
        using GcMark mark = Mark();
        GcPlan plan = GcPlan.Make(store, mark, options);
        report.BytesBefore = plan.TotalBytes;
        report.BytesLive = plan.LiveBytes;
        report.BytesCopied = plan.BytesToCopy;
        report.BytesFreed = plan.BytesToFree;
        report.PacksRewritten = plan.Rewrite.Count;
        report.PacksReclustered = plan.Scattered.Count;
        report.ReadJumps = mark.Scatter.Jumps;
        report.PacksDeleted = plan.Unused.Count + plan.Rewrite.Count;
        return false;
    }

    private GcMark Mark()
    {
        // A deletion that was cut off before its sync shows as done and comes back with a power cut: then its chunks must not be gone.
        store.Disk.SyncDirectory(StoreLayout.Snapshots);
        SnapshotList snapshots = store.Snapshots();
        if (snapshots.Damaged.Count > 0)
        {
            if (snapshots.Damaged[0].ReadFailure is { } failure)
            {
                throw failure;
            }

            throw new StoreDamagedException(
                snapshots.Damaged[0].FileName,
                $"Snapshot file {snapshots.Damaged[0].FileName} cannot be read ({snapshots.Damaged[0].Reason}). What it needs is unknown, so nothing is collected. Run repair first.");
        }

        // The index is read after the list of snapshots, so that it knows the packs of every snapshot on the list.
        bool alone = MaintenanceLock.Others(store).Count == 0;
        store.Reload();

        // Packs that no segment covers are a crash's, or of a backup under way. Only when nobody else is there are they surely nobody's, and
        // get the index entries that make them this run's business. Without a merge: that would drop entries of condemned packs, and what only
        // those hold is yet to be found and rescued.
        if (alone && store.Index.Loose.Values.Any(location => store.IsPresent(location.Pack)))
        {
            store.AddSegment([], [], merge: false);
        }

        // The newest of each series first: these are met in full and in the order in which a restore reads them.
        _newest = [.. snapshots.Records.GroupBy(Retention.SeriesOf).Select(series => series.Last())];
        SnapshotRecord[] records = [.. _newest, .. snapshots.Records.Except(_newest)];
        var mark = new GcMark(store);
        try
        {
            Walk(mark, records);
        }
        catch
        {
            mark.Dispose();
            throw;
        }

        foreach ((ChunkId id, string reason) in mark.Missing)
        {
            findings.Add(FindingKind.ChunkMissing, id.ToString(), reason, StoreVerifier.Remedy);
        }

        return mark;
    }

    private void Walk(GcMark mark, SnapshotRecord[] records)
    {
        using ChunkReader reader = store.OpenReader();
        var reach = new Reachability(reader, mark);
        for (int i = 0; i < records.Length; i++)
        {
            mark.IsNewest = i < _newest.Length;
            reach.Walk(records[i].Draft.Root, cancellation);
            _marked.Add(records[i].Id);
            options.Progress?.Report(new MaintenanceProgress("marking", 0, 0, i + 1, records.Length));
        }
    }

    // The lists say which snapshots were accounted for when they were made: without newer ones there is nothing to rescue.
    private bool NothingNewSince(List<CondemnedList> ready)
    {
        store.Disk.SyncDirectory(StoreLayout.Snapshots);
        SnapshotList now = store.Snapshots();
        return now.Damaged.Count == 0 && now.Records.All(record => ready.TrueForAll(list => list.Snapshots.Contains(record.Id)));
    }

    // A backup's merge keeps one entry of a chunk, and one that did not know the condemned list may have kept that in a condemned pack. Then the
    // chunk counts as rescued only after another mark.
    private bool HasSegmentsOfMark()
    {
        store.Reload();
        return Segments?.IsSubsetOf(SegmentNames()) == true;
    }

    private bool IsAsMarked(GcMark mark) => store.IndexLoads == mark.IndexLoads;

    private HashSet<string> SegmentNames() => [.. store.Index.Segments.ToArray().Select(segment => segment.Name)];

    private void CopyLive(GcMark mark, GcPlan plan)
    {
        List<IndexEntry> toCopy = [.. mark.Rescue.Select(entry => new IndexEntry(entry.Key, entry.Value))];
        toCopy.AddRange(plan.LiveEntriesOf(plan.Rewrite));
        if (toCopy.Count == 0)
        {
            return;
        }

        var copier = new GcCopier(store, options, findings, cancellation);
        HashSet<int> untouched = copier.Copy(GcOrder.Sort(store, _newest, toCopy, cancellation), report);
        plan.Rewrite.ExceptWith(untouched);
        report.PacksRewritten += plan.Rewrite.Count;
        report.PacksReclustered += plan.Scattered.Count(plan.Rewrite.Contains);
    }

    private void Delete(List<CondemnedList> ready)
    {
        foreach (CondemnedList list in ready)
        {
            // A rescue that failed left its chunk where it is: such a pack is damaged and stays, for repair.
            var shards = new SortedSet<string>(StringComparer.Ordinal);
            ChunkId[] packs = [.. list.Packs.Where(pack => store.Packs.TryFind(pack, out int known) && store.Packs.State(known) == PackState.Condemned && !findings.Touches(pack))];
            if (packs.Length > 0)
            {
                GonePacks.Add(store.Disk, store.Guid, store.NextTemporaryName(), packs);
            }

            foreach (ChunkId pack in packs)
            {
                store.Packs.TryFind(pack, out int number);
                DurableFile.DeleteIfPresent(store.Disk, StoreLayout.PackPath(pack));
                store.Packs.SetState(number, PackState.Unusable);
                shards.Add(StoreLayout.PackShard(pack));
                report.PacksDeleted++;
                report.BytesFreed += store.Packs.LengthBytes(number);
            }

            foreach (string shard in shards)
            {
                store.Disk.SyncDirectory(shard);
            }

            list.Delete(store.Disk);
        }

        if (ready.Count > 0)
        {
            store.Disk.SyncDirectory(StoreLayout.Condemned);
            store.DropGoneFromIndex();
        }
    }

    private void Condemn(GcPlan plan, GcMark mark)
    {
        int[] packs = [.. plan.Unused.Concat(plan.Rewrite).Order()];
        if (packs.Length == 0)
        {
            return;
        }

        // A list that accounts for no snapshot has the next round mark again before it deletes anything.
        string[] accounted = IsAsMarked(mark) ? [.. _marked] : [];
        ChunkId[] ids = [.. packs.Select(store.Packs.Id)];
        CondemnedList list = CondemnedList.Create(store.Disk, store.NextTemporaryName(), store.Entropy, ids, accounted);
        Array.ForEach(packs, number => store.Packs.SetState(number, PackState.Condemned));

        // Whoever opens the store from here on sees the list; whoever opened it before has a session file now.
        NoteSessions(list, settled: false);
        store.DropGoneFromIndex();
    }

    // Whoever opened the store since a list was made may be reading, from its packs, a snapshot that was committed meanwhile and has been
    // forgotten already: no mark sees that. What any snapshot needs has been copied by now, and later sessions read the copies; so the list
    // waits once more, for the sessions that live now.
    private List<CondemnedList> Settled(List<CondemnedList> ready)
    {
        if (ready.Count == 0 || MaintenanceLock.Others(store).Count == 0)
        {
            return ready;
        }

        foreach (CondemnedList list in ready.Where(list => !list.IsSettled))
        {
            NoteSessions(list, settled: true);
        }

        return ready.FindAll(list => list.IsSettled);
    }

    private void NoteSessions(CondemnedList list, bool settled)
    {
        string[] sessions = [.. MaintenanceLock.Others(store).Select(session => session.Name)];
        list.WithSessions(store.Disk, store.NextTemporaryName(), sessions, settled);
    }

    private bool Pending()
    {
        List<CondemnedList> lists = CondemnedList.ReadAll(store.Disk, []);
        string[] names = [.. lists.SelectMany(list => list.Sessions ?? []).Distinct().Where(name => SessionLock.IsLiving(store.Disk, name))];
        report.WaitingFor = [.. names.Select(name => new BlockingSession(name, SessionLock.Describe(store.Disk, name)))];
        ChunkId[] packs = [.. lists.SelectMany(list => list.Packs).Distinct()];
        report.PacksPending = packs.Length;
        report.BytesPending = packs.Sum(id => store.Packs.TryFind(id, out int number) ? store.Packs.LengthBytes(number) : 0);
        return lists.Any(list => list.Sessions is { } sessions && !sessions.Any(names.Contains));
    }
}
