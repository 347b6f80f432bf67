using System.Collections.Concurrent;
using GatewayOS.Store.Packs;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Maintenance;

/// <summary>A record's place, by pack ID rather than by number.</summary>
internal readonly record struct RecordPlace(ChunkId Pack, uint Offset);

/// <summary>What checking all pack files found. Holds the exceptions only: a sound store of any size makes a small survey.</summary>
internal sealed class PackSurvey
{
    private const string KeylessRemedy = "Run verify with the key to learn which snapshots it touches, then repair.";

    private readonly ConcurrentDictionary<ChunkId, byte> _whole = new();
    private readonly ConcurrentDictionary<ChunkId, IReadOnlyDictionary<uint, RecordHead>> _torn = new();
    private readonly ConcurrentDictionary<RecordPlace, RecordHead> _badRecords = new();
    private readonly BackupStore? _store;
    private readonly FindingList _findings;
    private long _records;
    private long _bytes;
    private long _notIndexed;

    private PackSurvey(BackupStore? store, FindingList findings) => (_store, _findings) = (store, findings);

    /// <summary>Packs whose directory is good.</summary>
    public ICollection<ChunkId> Whole => _whole.Keys;

    /// <summary>Packs without a good directory, with the whole records found in them by offset.</summary>
    public IReadOnlyDictionary<ChunkId, IReadOnlyDictionary<uint, RecordHead>> Torn => _torn;

    /// <summary>Bad records in packs whose directory is good.</summary>
    public IReadOnlyDictionary<RecordPlace, RecordHead> BadRecords => _badRecords;

    /// <summary>Good records that the index does not know.</summary>
    public long NotIndexed => _notIndexed;

    /// <summary>Checks all packs; foreign files are reported on the way.</summary>
    public static PackSurvey Run(IStoreDisk disk, Guid storeId, BackupStore? store, VerifyOptions options, FindingList findings, CancellationToken cancellation)
    {
        var survey = new PackSurvey(store, findings);
        List<(ChunkId Id, long Bytes)> packs = StoreFiles.ListPacks(disk, findings);
        long total = packs.Sum(pack => pack.Bytes);
        long done = 0;
        long items = 0;
        OwnedThreads.Run(
            options.Threads,
            packs,
            () => new PackCheck(storeId, store?.Keys, options.Profile.NewCounters()),
            (check, pack) =>
            {
                survey.CheckPack(disk, storeId, check, pack.Id, options.ReadData);
                long bytes = Interlocked.Add(ref done, pack.Bytes);
                options.Progress?.Report(new MaintenanceProgress(options.ReadData ? "reading packs" : "checking packs", bytes, total, Interlocked.Increment(ref items), packs.Count));
            },
            cancellation);
        return survey;
    }

    /// <summary>True when the pack has a good directory.</summary>
    public bool IsWhole(ChunkId pack) => _whole.ContainsKey(pack);

    /// <summary>True when the record at this place is whole.</summary>
    public bool IsGood(RecordPlace place) =>
        _torn.TryGetValue(place.Pack, out IReadOnlyDictionary<uint, RecordHead>? whole)
            ? whole.ContainsKey(place.Offset)
            : _whole.ContainsKey(place.Pack) && !_badRecords.ContainsKey(place);

    public VerifyReport ToReport(FindingList findings, IReadOnlyList<AffectedPath> affected, long snapshots) => new()
    {
        Findings = findings.ToSorted(),
        Affected = affected,
        SnapshotsChecked = snapshots,
        PacksChecked = _whole.Count + _torn.Count,
        ChunksChecked = _records,
        BytesChecked = _bytes,
    };

    private void CheckPack(IStoreDisk disk, Guid storeId, PackCheck check, ChunkId id, bool readData)
    {
        try
        {
            string path = StoreLayout.PackPath(id);
            using IStoreFile file = readData ? disk.OpenReadStreamed(path) : disk.OpenRead(path);
            if (readData)
            {
                long before = check.Bytes;
                int records = check.Run(file, id, (record, reason) => AddBad(id, record, reason));
                Interlocked.Add(ref _bytes, check.Bytes - before);
                Interlocked.Add(ref _records, records);
            }
            else
            {
                Interlocked.Add(ref _records, check.ReadDirectory(file, id));
            }

            CountNotIndexed(id, check.Heads);
            _whole.TryAdd(id, 0);
        }
        catch (StoreDamagedException error)
        {
            AddTorn(disk, storeId, id, error.Message);
        }
        catch (StoreIoException error) when (error.Failure == StoreIoFailure.Missing)
        {
            // gc deleted it since it was listed. If anything needs it, the walk of the snapshots says so.
        }
        catch (StoreIoException error)
        {
            AddTorn(disk, storeId, id, error.Message);
        }
    }

    private void AddBad(ChunkId pack, in RecordHead record, string reason)
    {
        _badRecords.TryAdd(new RecordPlace(pack, record.Offset), record);
        _findings.Add(
            FindingKind.RecordDamaged,
            pack + StoreLayout.PackSuffix,
            $"the record at {record.Offset} ({record.Kind} chunk {record.Id}, {record.PlainBytes} bytes) is damaged: {reason}",
            _store is null ? KeylessRemedy : StoreVerifier.Remedy);
    }

    /// <summary>
    /// Places of whole records whose chunks the index places nowhere, or where they are damaged. Means reading every pack's directory again, so
    /// only for a store in which something was found.
    /// </summary>
    public Dictionary<ChunkId, ChunkLocation> BetterCopies()
    {
        var better = new Dictionary<ChunkId, ChunkLocation>();
        foreach ((ChunkId pack, IReadOnlyDictionary<uint, RecordHead> records) in _torn)
        {
            AddBetter(pack, records.Values, better);
        }

        foreach (ChunkId pack in _whole.Keys)
        {
            try
            {
                AddBetter(pack, PackDirectory.Read(_store!.Disk, _store.Guid, pack), better);
            }
            catch (Exception error) when (error is StoreDamagedException or StoreIoException)
            {
                // It was whole a moment ago: what it alone held counts as lost in this report.
            }
        }

        return better;
    }

    private void AddBetter(ChunkId pack, IEnumerable<RecordHead> records, Dictionary<ChunkId, ChunkLocation> better)
    {
        int number = _store!.Packs.TryFind(pack, out int known) ? known : _store.Packs.Add(pack, 0, PackState.Unusable);
        foreach (RecordHead record in records.Where(record => IsGood(new RecordPlace(pack, record.Offset))))
        {
            bool located = StoreVerifier.LocateQuietly(_store, record.Id, out ChunkLocation location);
            if (!located || !IsGood(new RecordPlace(_store.Packs.Id(location.Pack), location.OffsetBytes)))
            {
                better.TryAdd(record.Id, new ChunkLocation(number, record.Offset, record.StoredBytes, record.PlainBytes, record.Kind));
            }
        }
    }

    private void AddTorn(IStoreDisk disk, Guid storeId, ChunkId id, string reason)
    {
        var whole = new Dictionary<uint, RecordHead>();
        try
        {
            using IStoreFile file = disk.OpenRead(StoreLayout.PackPath(id));
            Span<byte> head = stackalloc byte[PackFormat.HeadBytes];
            int read = file.ReadAt(head, 0);
            if (PackFormat.CheckHead(head[..read], storeId) is null)
            {
                // With the key, whole means that it decrypts: a damaged salt leaves every hash right and every key wrong.
                PackKey? key = _store?.Keys.PackKey(PackFormat.Salt(head));
                using var decoder = new RecordDecoder(_store?.Keys.Naming);
                PackScan.Run(file, (in RecordHead record, ReadOnlySpan<byte> bytes) =>
                {
                    if (key is null || decoder.Decode(key, record, bytes, out _) is null)
                    {
                        whole.Add(record.Offset, record);
                    }
                });
            }
        }
        catch (StoreIoException error)
        {
            reason = $"{reason}; {error.Message}";
        }

        _torn.TryAdd(id, whole);
        Interlocked.Add(ref _records, whole.Count);
        _findings.Add(
            FindingKind.PackDamaged,
            id + StoreLayout.PackSuffix,
            $"{reason}; {whole.Count} whole records are in it",
            _store is null ? KeylessRemedy : StoreVerifier.Remedy);
    }

    private void CountNotIndexed(ChunkId id, ReadOnlySpan<RecordHead> heads)
    {
        if (_store is null || !_store.Packs.TryFind(id, out int number) || !_store.IsPresent(number))
        {
            return;
        }

        foreach (RecordHead head in heads)
        {
            if (!StoreVerifier.LocateQuietly(_store, head.Id, out _))
            {
                Interlocked.Increment(ref _notIndexed);
            }
        }
    }
}
