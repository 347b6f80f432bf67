using System.Security.Cryptography;
using GatewayOS.Store;
using GatewayOS.Store.Pipeline;
using GatewayOS.Store.Reading;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;

namespace GatewayOS.Appliance.Ingest;

/// <summary>All backup runs in progress, and the ledgers of their nodes. The entry to the appliance's data path.</summary>
public sealed class IngestSessions : IDisposable
{
    /// <summary>How long a session waits for its node to come back.</summary>
    public static readonly TimeSpan ResumeWindow = TimeSpan.FromMinutes(15);

    /// <summary>Most runs of one node at once.</summary>
    public const int SessionsPerNodeMax = 4;

    private static readonly TimeSpan s_sweepInterval = TimeSpan.FromSeconds(30);

    private readonly StoreHost _host;
    private readonly string _directory;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly Dictionary<Guid, IngestSession> _sessions = [];
    private readonly Dictionary<string, LedgerUse> _ledgers = new(StringComparer.Ordinal);
    private readonly DataProgressCounter _progress = new();
    private readonly ITimer _sweeper;

    /// <summary>Makes the registry.</summary>
    /// <param name="host">The store; borrowed.</param>
    /// <param name="directory">Where ledgers are kept, one directory a node.</param>
    /// <param name="time">The clock.</param>
    public IngestSessions(StoreHost host, string directory, TimeProvider time)
    {
        (_host, _directory, _time) = (host, directory, time);
        _sweeper = time.CreateTimer(_ => Sweep(), null, s_sweepInterval, s_sweepInterval);
    }

    /// <summary>Told about every snapshot once it is durable, on the thread that committed it: hand on, do not work.</summary>
    public event Action<SnapshotRecord>? Committed;

    /// <summary>Runs in progress.</summary>
    public IReadOnlyList<IngestSession> Current
    {
        get
        {
            lock (_gate)
            {
                return [.. _sessions.Values];
            }
        }
    }

    /// <summary>Whether the data path gets on.</summary>
    public DataProgress Progress => _progress.Now;

    /// <summary>Begins a run.</summary>
    /// <param name="nodeId">The node, authenticated.</param>
    /// <returns>The session, or null when the node has as many as it may.</returns>
    /// <exception cref="GatewayOS.Store.Storage.StoreUnusableException">The store is of a format that nodes cannot back up into.</exception>
    public IngestSession? Begin(string nodeId)
    {
        lock (_gate)
        {
            if (_sessions.Values.Count(session => session.NodeId == nodeId) >= SessionsPerNodeMax && !DropIdlest(nodeId))
            {
                return null;
            }
        }

        StoreLease lease = _host.Lease();
        try
        {
            if (!lease.Store.AcceptsNodes)
            {
                throw new StoreUnusableException($"The store in {lease.Store.Location} has format 1, into which nodes cannot back up. Make a new store; the old one can still be restored from.");
            }

            NodeLedger ledger = TakeLedger(nodeId, lease.Store);
            var session = new IngestSession(new Guid(RandomNumberGenerator.GetBytes(16)), nodeId, lease, ledger, _ => ReleaseLedger(nodeId), record => Committed?.Invoke(record), _progress, _time);
            lock (_gate)
            {
                _sessions.Add(session.Id, session);
            }

            return session;
        }
        catch
        {
            lease.Dispose();
            throw;
        }
    }

    /// <summary>Finds a node's session.</summary>
    /// <returns>Null when it has none of that ID: another node's session does not exist for this one.</returns>
    public IngestSession? Find(Guid id, string nodeId)
    {
        lock (_gate)
        {
            return _sessions.TryGetValue(id, out IngestSession? session) && session.NodeId == nodeId ? session : null;
        }
    }

    /// <summary>Ends a session, committed or not.</summary>
    public void End(IngestSession session)
    {
        lock (_gate)
        {
            _sessions.Remove(session.Id);
        }

        session.Dispose();
    }

    /// <summary>Ends all of a node's sessions: it was revoked.</summary>
    public void EndAll(string nodeId)
    {
        foreach (IngestSession session in Current.Where(session => session.NodeId == nodeId))
        {
            End(session);
        }
    }

    /// <summary>Takes a node's ledger for reading its snapshots. Dispose of the use.</summary>
    public LedgerLease OpenLedger(string nodeId, BackupStore store) => new(TakeLedger(nodeId, store), () => ReleaseLedger(nodeId));

    /// <inheritdoc/>
    public void Dispose()
    {
        _sweeper.Dispose();
        foreach (IngestSession session in Current)
        {
            End(session);
        }
    }

    private NodeLedger TakeLedger(string nodeId, BackupStore store)
    {
        LedgerUse use;
        lock (_gate)
        {
            use = _ledgers.TryGetValue(nodeId, out LedgerUse? known) ? known : new LedgerUse();
            _ledgers[nodeId] = use;
            use.Users++;
        }

        try
        {
            lock (use)
            {
                return use.Ledger ??= OpenLedgerFile(nodeId, store);
            }
        }
        catch
        {
            ReleaseLedger(nodeId);
            throw;
        }
    }

    private NodeLedger OpenLedgerFile(string nodeId, BackupStore store)
    {
        IReadOnlyList<SnapshotRecord> snapshots = NodeSnapshots.Of(store, nodeId);
        return NodeLedger.Open(
            Path.Join(_directory, nodeId),
            [.. snapshots.Select(record => record.Id)],
            found => SnapshotChunks.Walk(store, snapshots, found, CancellationToken.None));
    }

    private void ReleaseLedger(string nodeId)
    {
        lock (_gate)
        {
            LedgerUse use = _ledgers[nodeId];
            if (--use.Users == 0)
            {
                _ledgers.Remove(nodeId);
                use.Ledger?.Dispose();
            }
        }
    }

    // Under the gate. A node that lost its connections and begins anew must not be kept out by what it left behind.
    private bool DropIdlest(string nodeId)
    {
        IngestSession? idlest = _sessions.Values.Where(session => session.NodeId == nodeId && session.Idle > TimeSpan.Zero).MaxBy(session => session.Idle);
        if (idlest is not null)
        {
            _sessions.Remove(idlest.Id);
            idlest.Dispose();
        }

        return idlest is not null;
    }

    private void Sweep()
    {
        foreach (IngestSession session in Current.Where(session => session.Idle > ResumeWindow))
        {
            End(session);
        }
    }

    private sealed class LedgerUse
    {
        public NodeLedger? Ledger { get; set; }

        public int Users { get; set; }
    }
}

/// <summary>The use of a ledger until disposal.</summary>
public sealed class LedgerLease : IDisposable
{
    private readonly Action _release;
    private int _released;

    internal LedgerLease(NodeLedger ledger, Action release) => (Ledger, _release) = (ledger, release);

    /// <summary>The ledger; borrowed.</summary>
    public NodeLedger Ledger { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _released, 1) == 0)
        {
            _release();
        }
    }
}
