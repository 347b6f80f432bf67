using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using GatewayOS.Store;
using GatewayOS.Store.Storage;

namespace GatewayOS.Appliance.Ingest;

/// <summary>
/// Which chunks a node owns: those it has sent itself, every byte, and those its own snapshots consist of. Only of these is the node told
/// that the appliance has them, only these may its snapshots name, and only these may it read. The ledger is what keeps nodes apart in a
/// store that shares equal content between them: a chunk that only another node has sent does not exist for this one, and it sends it once
/// more to own it too, which costs the wire and not the disk. Thread-safe.
/// </summary>
/// <remarks>
/// A cache: it can be made anew from the node's snapshots, then only what interrupted backups had sent is sent again. What a snapshot rests on
/// is durable before the snapshot is listed here, and is counted: a ledger that has fewer entries than it was left with is made anew, for a
/// node that does not own what its snapshots consist of could not restore them. Files in its directory: sorted runs in tiers, a log of the
/// newest entries, and the list of snapshots, whose first line is the number of entries that it rests on. Each step is durable before what
/// rests on it: a run before the log is emptied or the runs merged into it are deleted, the list's end before anything is made anew.
/// </remarks>
public sealed class NodeLedger : IDisposable
{
    // Entries in memory before they become a run: 64 Ki of 16 bytes, some 3 MiB in a hash set.
    private const int RecentKeysMax = 64 * 1024;
    private const string LogName = "recent.log";
    private const string BasisName = "snapshots";
    private const string RunSuffix = ".run";
    private const int LogReadBytes = 1024 * LedgerRun.KeyBytes;

    private readonly IStoreDisk _disk;
    private readonly int _recentKeysMax;
    private readonly Lock _gate = new();
    private readonly HashSet<UInt128> _recent = [];
    private readonly List<LedgerRun> _runs = [];
    private HashSet<string> _basis = new(StringComparer.Ordinal);
    private readonly IStoreFile _log;
    private long _logBytes;
    private int _nextRun;
    private bool _isListed;

    private NodeLedger(IStoreDisk disk, int recentKeysMax) => (_disk, _recentKeysMax, _log) = (disk, recentKeysMax, OpenLog(disk));

    /// <summary>Number of entries; a chunk entered twice counts twice.</summary>
    public long Count
    {
        get
        {
            lock (_gate)
            {
                return _recent.Count + _runs.Sum(run => run.Count);
            }
        }
    }

    /// <summary>Opens a node's ledger, making it anew when snapshots it rests on are gone: what only those held is not the node's any more.</summary>
    /// <param name="directory">Its directory; made when missing.</param>
    /// <param name="snapshotIds">The node's snapshots now.</param>
    /// <param name="rebuild">Calls back for every chunk of those snapshots.</param>
    /// <exception cref="StoreIoException">It cannot be read or written.</exception>
    public static NodeLedger Open(string directory, IReadOnlyCollection<string> snapshotIds, Action<Action<ChunkId>> rebuild)
    {
        Directory.CreateDirectory(directory);
        return Open(new PosixDisk(directory), snapshotIds, rebuild);
    }

    /// <summary>The same on a disk whose root is the ledger's directory.</summary>
    internal static NodeLedger Open(IStoreDisk disk, IReadOnlyCollection<string> snapshotIds, Action<Action<ChunkId>> rebuild, int recentKeysMax = RecentKeysMax)
    {
        var ledger = new NodeLedger(disk, recentKeysMax);
        try
        {
            if (!ledger.Load() || !ledger._basis.SetEquals(snapshotIds))
            {
                ledger.Rebuild(snapshotIds, rebuild);
            }

            return ledger;
        }
        catch
        {
            ledger.Dispose();
            throw;
        }
    }

    /// <summary>True when the node owns the chunk.</summary>
    public bool Owns(ChunkId id)
    {
        UInt128 key = LedgerRun.KeyOf(id);
        lock (_gate)
        {
            return _recent.Contains(key) || _runs.Exists(run => run.Contains(key));
        }
    }

    /// <summary>Enters chunks that the node has just sent and that were checked.</summary>
    public void Add(ReadOnlySpan<ChunkId> ids)
    {
        byte[] bytes = new byte[ids.Length * LedgerRun.KeyBytes];
        int length = 0;
        lock (_gate)
        {
            foreach (ChunkId id in ids)
            {
                UInt128 key = LedgerRun.KeyOf(id);
                if (_recent.Add(key))
                {
                    BinaryPrimitives.WriteUInt128BigEndian(bytes.AsSpan(length), key);
                    length += LedgerRun.KeyBytes;
                }
            }

            _log.WriteAt(bytes.AsSpan(0, length), _logBytes);
            _logBytes += length;
            if (_recent.Count >= _recentKeysMax)
            {
                MakeRun();
            }
        }
    }

    /// <summary>Notes that the node has a new snapshot; its chunks have been entered before.</summary>
    public void AddSnapshot(string snapshotId)
    {
        lock (_gate)
        {
            _log.Sync();
            _basis.Add(snapshotId);
            WriteBasis();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _log.Dispose();
            _runs.ForEach(run => run.Dispose());
            _runs.Clear();
        }
    }

    private static IStoreFile OpenLog(IStoreDisk disk)
    {
        try
        {
            return disk.OpenWrite(LogName);
        }
        catch (StoreIoException error) when (error.Failure == StoreIoFailure.Missing)
        {
            // Entries count only once they are synced, and the file's name with them.
            IStoreFile log = disk.Create(LogName);
            disk.SyncDirectory("");
            return log;
        }
    }

    private bool Load()
    {
        HashSet<string> files = [.. _disk.ListNames("")];
        if (!files.Contains(BasisName))
        {
            return false;
        }

        string[] lines = Encoding.ASCII.GetString(DurableFile.Read(_disk, BasisName)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        if (lines is [] || !long.TryParse(lines[0], NumberStyles.None, CultureInfo.InvariantCulture, out long entries))
        {
            return false;
        }

        _basis = [.. lines[1..]];
        foreach (string name in files.Where(name => name.EndsWith(RunSuffix, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            if (LedgerRun.TryOpen(_disk, name) is not { } run)
            {
                return false;
            }

            _runs.Add(run);
            _nextRun = Math.Max(_nextRun, int.TryParse(Path.GetFileNameWithoutExtension(name), out int number) ? number + 1 : 0);
        }

        // An entry cut off by a crash is overwritten.
        _logBytes = _log.LengthBytes / LedgerRun.KeyBytes * LedgerRun.KeyBytes;
        byte[] block = new byte[LogReadBytes];
        for (long at = 0; at < _logBytes; at += block.Length)
        {
            int length = _log.ReadAt(block, at) / LedgerRun.KeyBytes * LedgerRun.KeyBytes;
            for (int i = 0; i < length; i += LedgerRun.KeyBytes)
            {
                // Zeros are what a power cut leaves of an entry that never reached the disk.
                if (BinaryPrimitives.ReadUInt128BigEndian(block.AsSpan(i)) is var key && key != 0)
                {
                    _recent.Add(key);
                }
            }
        }

        _isListed = Count >= entries;
        return _isListed;
    }

    private void Rebuild(IReadOnlyCollection<string> snapshotIds, Action<Action<ChunkId>> rebuild)
    {
        // Without the list of snapshots the directory counts as nothing, so a crash in between only means beginning again.
        _isListed = false;
        DurableFile.DeleteIfPresent(_disk, BasisName);
        _disk.SyncDirectory("");
        _runs.ForEach(run => run.Dispose());
        _runs.Clear();
        _recent.Clear();
        foreach (string name in _disk.ListNames("").Where(name => name.Contains(RunSuffix, StringComparison.Ordinal)))
        {
            _disk.Delete(name);
        }

        EmptyLog();
        rebuild(id =>
        {
            _recent.Add(LedgerRun.KeyOf(id));
            if (_recent.Count >= _recentKeysMax)
            {
                MakeRun();
            }
        });
        MakeRun();
        _basis = new HashSet<string>(snapshotIds, StringComparer.Ordinal);
        _isListed = true;
        WriteBasis();
    }

    // Runs that are not much larger are merged in, so their number grows with the logarithm and each key is rewritten as often.
    private void MakeRun()
    {
        if (_recent.Count == 0)
        {
            return;
        }

        UInt128[] sorted = [.. _recent];
        Array.Sort(sorted);
        IEnumerable<UInt128> keys = sorted;
        long count = sorted.Length;
        var merged = new List<LedgerRun>();
        foreach (LedgerRun run in _runs.OrderBy(run => run.Count).TakeWhile(run => run.Count <= 2 * count))
        {
            keys = Merge(keys, run.Keys());
            count += run.Count;
            merged.Add(run);
        }

        _runs.Add(LedgerRun.Write(_disk, $"{_nextRun++:d8}{RunSuffix}", keys));
        foreach (LedgerRun run in merged)
        {
            _runs.Remove(run);
            run.Dispose();
            _disk.Delete(run.Name);
        }

        _recent.Clear();
        EmptyLog();

        // Merging drops doubles.
        if (_isListed)
        {
            WriteBasis();
        }
    }

    private void EmptyLog()
    {
        _log.SetLength(0);
        _logBytes = 0;
    }

    // An older list is one that has to be made anew, which costs a walk through every snapshot: so it is durable, too.
    private void WriteBasis() => DurableFile.ReplaceVia(
        _disk,
        BasisName + ".tmp",
        BasisName,
        Encoding.ASCII.GetBytes(string.Join('\n', [Count.ToString(CultureInfo.InvariantCulture), .. _basis.Order(StringComparer.Ordinal)]) + "\n"));

    private static IEnumerable<UInt128> Merge(IEnumerable<UInt128> left, IEnumerable<UInt128> right)
    {
        using IEnumerator<UInt128> a = left.GetEnumerator(), b = right.GetEnumerator();
        bool hasA = a.MoveNext(), hasB = b.MoveNext();
        while (hasA || hasB)
        {
            bool takeA = hasA && (!hasB || a.Current <= b.Current);
            bool takeB = hasB && (!hasA || b.Current <= a.Current);
            yield return takeA ? a.Current : b.Current;
            hasA = takeA ? a.MoveNext() : hasA;
            hasB = takeB ? b.MoveNext() : hasB;
        }
    }
}
