using System.Collections.Concurrent;
using System.Threading.Channels;
using GatewayOS.Api;

namespace GatewayOS.Daemon.Hosting;

/// <summary>Which nodes are connected, how to reach them, and how to cut them off. Thread-safe.</summary>
internal sealed class NodeConnections : IDisposable
{
    /// <summary>Streams over which one node reads at once: each has a thread's turn and buffers of some 5 MiB.</summary>
    public const int ReadsPerNodeMax = 24;

    /// <summary>Orders that wait for a node to take them.</summary>
    private const int OrdersMax = 16;

    private readonly ConcurrentDictionary<string, NodePresence> _present = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, CancellationTokenSource> _cuts = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Channel<JobReport>> _watchers = new(StringComparer.Ordinal);

    private readonly Lock _readGate = new();
    private readonly Dictionary<string, int> _reads = new(StringComparer.Ordinal);

    public int Count => _present.Count;

    /// <summary>Cancelled when the node is cut off.</summary>
    public CancellationToken CutOf(string nodeId) => _cuts.GetOrAdd(nodeId, static _ => new CancellationTokenSource()).Token;

    /// <summary>Ends every call of a node that is in progress.</summary>
    public void Cut(string nodeId)
    {
        if (_cuts.TryRemove(nodeId, out CancellationTokenSource? cut))
        {
            cut.Cancel();
        }
    }

    /// <summary>Counts a stream over which a node reads.</summary>
    /// <returns>What ends the counting; null when the node has as many as it may.</returns>
    public IDisposable? BeginRead(string nodeId)
    {
        lock (_readGate)
        {
            int now = _reads.GetValueOrDefault(nodeId);
            if (now >= ReadsPerNodeMax)
            {
                return null;
            }

            _reads[nodeId] = now + 1;
            return new ReadTurn(this, nodeId);
        }
    }

    public NodePresence? Find(string nodeId) => _present.GetValueOrDefault(nodeId);

    /// <summary>Takes a node in; a second connection of the same node takes the first one's place.</summary>
    public NodePresence Enter(string nodeId)
    {
        var presence = new NodePresence(Channel.CreateBounded<AgentOrder>(OrdersMax));
        _present.AddOrUpdate(nodeId, presence, (_, old) =>
        {
            old.Orders.Writer.TryComplete();
            return presence;
        });
        return presence;
    }

    public void Leave(string nodeId, NodePresence presence)
    {
        presence.Orders.Writer.TryComplete();
        _ = _present.TryRemove(KeyValuePair.Create(nodeId, presence));
        if (presence.Job is { State: JobReport.Types.State.Running } job)
        {
            Report(presence, new JobReport { JobId = job.JobId, State = JobReport.Types.State.Failed, Message = "The node's connection broke; the backup may go on there. Look at the node's snapshots." });
        }
    }

    /// <summary>Takes a node's report of a job to whoever watches it.</summary>
    public void Report(NodePresence presence, JobReport report)
    {
        presence.Job = report.State == JobReport.Types.State.Running ? report : null;
        if (_watchers.TryGetValue(report.JobId, out Channel<JobReport>? watcher))
        {
            watcher.Writer.TryWrite(report);
            if (report.State != JobReport.Types.State.Running)
            {
                watcher.Writer.TryComplete();
            }
        }
    }

    /// <summary>Begins to watch a job that is about to be ordered.</summary>
    public ChannelReader<JobReport> Watch(string jobId)
    {
        // What is watched too slowly is skipped: only the newest figures matter, and the last one is never dropped.
        var watcher = Channel.CreateBounded<JobReport>(new BoundedChannelOptions(64) { FullMode = BoundedChannelFullMode.DropOldest });
        _watchers[jobId] = watcher;
        return watcher.Reader;
    }

    public void Unwatch(string jobId) => _watchers.TryRemove(jobId, out _);

    public void Dispose()
    {
        foreach (CancellationTokenSource cut in _cuts.Values)
        {
            cut.Dispose();
        }
    }

    private void EndRead(string nodeId)
    {
        lock (_readGate)
        {
            if (--_reads[nodeId] == 0)
            {
                _reads.Remove(nodeId);
            }
        }
    }

    private sealed class ReadTurn(NodeConnections connections, string nodeId) : IDisposable
    {
        private int _ended;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _ended, 1) == 0)
            {
                connections.EndRead(nodeId);
            }
        }
    }
}

/// <summary>A connected node.</summary>
internal sealed class NodePresence(Channel<AgentOrder> orders)
{
    public Channel<AgentOrder> Orders => orders;

    /// <summary>The job it works on.</summary>
    public JobReport? Job { get; set; }
}
