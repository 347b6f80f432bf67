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

    /// <summary>Takes a node out.</summary>
    /// <returns>False when another connection of it has taken this one's place.</returns>
    public bool Leave(string nodeId, NodePresence presence)
    {
        presence.Orders.Writer.TryComplete();
        return _present.TryRemove(KeyValuePair.Create(nodeId, presence));
    }

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
