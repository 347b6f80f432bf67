using GatewayOS.Appliance.Ingest;
using GatewayOS.Store;
using GatewayOS.Store.Reading;
using GatewayOS.Store.Snapshots;

namespace GatewayOS.Appliance.Jobs;

/// <summary>
/// The right of a node to read a restore point, perhaps another node's, that an operator has it restore. The right is the job itself: it lasts
/// while the job is at work on that node, and covers what that one restore point consists of, nothing else. Thread-safe.
/// </summary>
/// <param name="directory">Where lists of chunks are made, one directory a job; what is left there by a crash is removed at the start.</param>
/// <param name="engine">The jobs.</param>
public sealed class RestoreRights(string directory, JobEngine engine)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Use> _uses = new(StringComparer.Ordinal);

    /// <summary>Removes what a crash left behind.</summary>
    public void Clear()
    {
        if (Directory.Exists(directory))
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    /// <summary>True while a node may read for an attempt of a job.</summary>
    public bool Holds(string nodeId, string attemptId) => SpecOf(nodeId, attemptId) is not null;

    /// <summary>Takes the list of chunks that a node may read for an attempt of a job. Dispose of the lease.</summary>
    /// <returns>Null when it has no such right.</returns>
    public LedgerLease? TryOpen(string nodeId, string attemptId, BackupStore store)
    {
        if (SpecOf(nodeId, attemptId) is not { } spec || store.Snapshots().Records.FirstOrDefault(record => record.Id == spec.SnapshotId) is not { } snapshot)
        {
            return null;
        }

        Use use;
        lock (_gate)
        {
            use = _uses.TryGetValue(attemptId, out Use? known) ? known : new Use();
            _uses[attemptId] = use;
            use.Users++;
        }

        try
        {
            lock (use)
            {
                use.Ledger ??= Make(attemptId, store, snapshot);
                return new LedgerLease(use.Ledger, () => Release(attemptId));
            }
        }
        catch
        {
            Release(attemptId);
            throw;
        }
    }

    private RestoreSpec? SpecOf(string nodeId, string attemptId) =>
        engine.RunningAttempt(nodeId, attemptId) is { Kind: JobKind.Restore, Restore: { } spec } ? spec : null;

    private NodeLedger Make(string attemptId, BackupStore store, SnapshotRecord snapshot) =>
        NodeLedger.Open(PathOf(attemptId), [snapshot.Id], found => SnapshotChunks.Walk(store, [snapshot], found, CancellationToken.None));

    private void Release(string attemptId)
    {
        lock (_gate)
        {
            Use use = _uses[attemptId];
            if (--use.Users > 0)
            {
                return;
            }

            _uses.Remove(attemptId);
            if (use.Ledger is { } ledger)
            {
                ledger.Dispose();
                Directory.Delete(PathOf(attemptId), recursive: true);
            }
        }
    }

    private string PathOf(string attemptId) => Path.Join(directory, attemptId);

    private sealed class Use
    {
        public NodeLedger? Ledger { get; set; }

        public int Users { get; set; }
    }
}
