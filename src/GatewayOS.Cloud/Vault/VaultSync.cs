using System.Collections.Concurrent;
using GatewayOS.Cloud.Vault.Classes;
using GatewayOS.Store;
using GatewayOS.Store.Maintenance;
using GatewayOS.Store.Sealed;
using GatewayOS.Store.Storage;

namespace GatewayOS.Cloud.Vault;

/// <summary>
/// Brings a vault up to date with a store, or with the part of it that its tasks take. In rounds, each in a session of its own: the store is listed, and what the vault lacks of it is put there in the order of
/// <see cref="SealedKind"/>, each kind whole before the next; so a snapshot record appears only when everything it may need is there. A round that finds nothing to do
/// is the last. Stopped at any point, the next sync goes on from what is there.
/// </summary>
public sealed class VaultSync
{
    // A store that is backed up into all the time is never quite done; what comes later is the next sync's.
    private const int RoundsMax = 8;

    // A ledger that is older than the vault by so many objects costs a look at each of them after a crash.
    private const int PutsPerSave = 256;

    // A lock that ends sooner than this share of its length from now is made longer.
    private const double LockShareLeft = 0.5;

    private readonly Func<SealedStore> _open;
    private readonly IVaultMedium _medium;
    private readonly VaultLedger _ledger;
    private readonly VaultSyncOptions _options;
    private readonly VaultListing _vault;
    private readonly VaultDisk _disk;
    private readonly CancellationToken _cancellation;
    private readonly ConcurrentQueue<VaultFinding> _findings = new();
    private int _put;
    private int _snapshots;
    private int _mended;
    private int _adopted;
    private int _removed;
    private int _extended;
    private int _damaged;
    private int _vanished;
    private int _postponed;
    private SealedStore _store;
    private VaultContent _content;
    private long _roundBegan;

    private VaultSync(SealedStore first, Func<SealedStore> open, IVaultMedium medium, VaultLedger ledger, VaultListing vault, VaultSyncOptions options, CancellationToken cancellation)
    {
        (_store, _open, _medium, _ledger, _vault, _options, _cancellation) = (first, open, medium, ledger, vault, options, cancellation);
        _disk = new VaultDisk(medium, vault, cancellation);
        _content = new VaultContent([], IsWhole: false, [], [], null);
    }

    /// <summary>Syncs.</summary>
    /// <param name="open">Opens the store: each round has a session of its own, which keeps what is being copied.</param>
    /// <param name="medium">Where the vault is; borrowed. One sync at a time into one vault.</param>
    /// <param name="ledger">What was put there before; borrowed.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellation">Stops the sync with <see cref="OperationCanceledException"/>; what is there stays, and is right.</param>
    /// <exception cref="VaultException">The vault cannot be reached or is full; the same sync goes on later.</exception>
    /// <exception cref="StoreUnusableException">The vault is another store's.</exception>
    public static VaultSyncReport Run(Func<SealedStore> open, IVaultMedium medium, VaultLedger ledger, VaultSyncOptions options, CancellationToken cancellation)
    {
        VaultListing vault = VaultListing.ReadAsync(medium, cancellation).GetAwaiter().GetResult();
        var sync = new VaultSync(open(), open, medium, ledger, vault, options, cancellation);
        try
        {
            VaultIdentity.RequireNoOther(medium, options.IsDirect, cancellation);
            VaultIdentity.Check(sync._store, sync._disk, ledger, options.Refill);
            return sync.RunRounds();
        }
        finally
        {
            sync._ledger.Save();
            sync._store.Dispose();
        }
    }

    private VaultSyncReport RunRounds()
    {
        bool complete = false;
        for (int round = 1; round <= RoundsMax; round += _postponed > 0 ? 0 : 1)
        {
            _roundBegan = _options.Time.GetTimestamp();
            DateTimeOffset begun = _options.Time.GetUtcNow();
            _content = _options.Scope.Read(_store, _vault, _cancellation);
            _options.Progress.Tell(_content.Progress(_vault));
            if (_content.Damage is { } damage)
            {
                // What is meant may be more than is known.
                _damaged++;
                _findings.Enqueue(damage);
            }

            SealedFile[] wanting = [.. _content.Files.Where(file => Look(file) != VaultPresence.There)];
            if (round == 1 || wanting.Length > 0)
            {
                complete = RunRound(wanting);
                _options.Progress.Tell(_content.Progress(_vault));
            }

            if (complete)
            {
                _ledger.SetComplete(begun);
            }

            if (wanting.Length == 0 || _damaged > 0)
            {
                break;
            }

            _store.Dispose();
            _store = _open();
        }

        if (_damaged == 0)
        {
            VaultKit.Put(_medium, _vault, _ledger, _cancellation);
        }

        if (complete)
        {
            ExtendLocks();
            _medium.TidyAsync(_cancellation).GetAwaiter().GetResult();
        }

        return new VaultSyncReport
        {
            Put = _put,
            Bytes = _options.Progress.Bytes,
            Snapshots = _snapshots,
            Mended = _mended,
            Adopted = _adopted,
            Removed = _removed,
            LocksExtended = _extended,
            Complete = complete,
            Classes = ClassUse.Of(_vault),
            StoreDamaged = _damaged > 0,
            Findings = [.. _findings.OrderBy(finding => finding.Object, StringComparer.Ordinal)],
        };
    }

    // Returns true when everything that was listed is in the vault.
    private bool RunRound(SealedFile[] wanting)
    {
        (_vanished, _postponed) = (0, 0);
        foreach (SealedKind kind in Enum.GetValues<SealedKind>())
        {
            // The commit point: no snapshot record before everything it may need. A pack that went away under the listing, is damaged, or was left for the next
            // round may be such.
            if (kind == SealedKind.Snapshot && _vanished + _damaged + _postponed > 0)
            {
                return false;
            }

            if (kind == SealedKind.Index && !_content.IsWhole)
            {
                _removed += new VaultSegments(_store, _medium, _vault, _ledger, _cancellation).Cover(VaultSegments.PacksIn(_vault).ToHashSet(), new HashSet<string>());
            }

            SealedFile[] batch = [.. wanting.Where(file => file.Kind == kind)];
            if (batch.Length > 0)
            {
                _options.Progress.Begin(Describe(kind), batch.Length);
                OwnedThreads.Run(_options.Threads, batch, () => new Worker(this), (worker, file) => worker.See(file), _cancellation);
                _ledger.Save();
            }
        }

        if (_content.IsWhole)
        {
            RemoveReplacedSegments();
        }

        return _vanished == 0 && _damaged == 0;
    }

    private static string Describe(SealedKind kind) => kind switch
    {
        SealedKind.Config or SealedKind.KeySlot => "key slots",
        SealedKind.Pack => "packs",
        SealedKind.Snapshot => "snapshots",
        _ => "index",
    };

    private VaultPresence Look(SealedFile file) => VaultPut.Look(_vault, _ledger, file.Name);

    // A segment goes when those that stay cover every pack of it that the vault has: a snapshot that the store has forgotten, and the vault has not, is found as quickly as others.
    private void RemoveReplacedSegments()
    {
        var current = _content.Files.Where(file => file.Kind is SealedKind.Index or SealedKind.Gone).Select(file => file.Name).ToHashSet(StringComparer.Ordinal);
        SealedFile[] there = [.. _vault.Objects.Select(found => SealedFile.TryParse(found.Name, out SealedFile file) ? file : default).Where(file => file.Kind is SealedKind.Index or SealedKind.Gone && file.Name is not null)];
        SealedFile[] replaced = [.. there.Where(file => !current.Contains(file.Name)).OrderByDescending(file => _vault.Find(file.Name)!.LengthBytes)];
        if (replaced.Length == 0)
        {
            return;
        }

        using var check = new SealedCheck(_store.StoreId, _store.Config);
        HashSet<ChunkId> covered = [.. there.Where(file => current.Contains(file.Name)).SelectMany(PacksOf)];
        foreach (SealedFile file in replaced)
        {
            IReadOnlyList<ChunkId> packs = PacksOf(file);
            if (packs.Any(pack => !covered.Contains(pack) && _vault.Find(SealedFile.Pack(pack).Name) is not null))
            {
                covered.UnionWith(packs);
                continue;
            }

            _medium.DeleteAsync(file.Name, _cancellation).GetAwaiter().GetResult();
            _vault.Remove(file.Name);
            _ledger.Remove(file.Name);
            _removed++;
        }

        IReadOnlyList<ChunkId> PacksOf(SealedFile file)
        {
            if (file.Kind != SealedKind.Index)
            {
                return [];
            }

            using IStoreFile segment = _disk.OpenRead(file.Name);
            return check.PacksOf(segment);
        }
    }

    // Only what the vault is still to have: when a snapshot is forgotten and gc has taken its packs, their locks run out.
    private void ExtendLocks()
    {
        if (_medium.LockDays == 0)
        {
            return;
        }

        DateTimeOffset soon = _options.Time.GetUtcNow().AddDays(_medium.LockDays * LockShareLeft);
        VaultObject[] ending = [.. _content.Files.Select(file => file.Name).Concat(IndexOfPart()).Select(_ledger.Find).OfType<VaultObject>().Where(known => known.LockedUntil is not { } until || until < soon)];
        _options.Progress.Begin("locks", ending.Length);
        OwnedThreads.Run(_options.Threads, ending, () => new Worker(this), (worker, known) => worker.Extend(known), _cancellation);
    }

    private IEnumerable<string> IndexOfPart() =>
        _content.IsWhole ? [] : _vault.Objects.Select(found => found.Name).Where(name => SealedFile.TryParse(name, out SealedFile file) && file.Kind == SealedKind.Index);

    private sealed class Worker(VaultSync sync) : IDisposable
    {
        private readonly VaultPut _put = new(sync._store.Open, sync._store.StoreId, sync._store.Config, sync._medium, sync._disk, sync._ledger, sync._cancellation);

        public void See(SealedFile file)
        {
            if (file.Kind == SealedKind.Pack && sync._options.Time.GetElapsedTime(sync._roundBegan) > sync._options.RoundMax)
            {
                Interlocked.Increment(ref sync._postponed);
                return;
            }

            bool isGone = sync.Look(file) == VaultPresence.Absent;
            switch (_put.Bring(file))
            {
                case VaultPutResult.Adopted:
                    Interlocked.Increment(ref sync._adopted);
                    break;
                case VaultPutResult.Put:
                    CountPut(file);
                    break;
                case VaultPutResult.Mended:
                    CountPut(file);
                    Interlocked.Increment(ref sync._mended);
                    sync._findings.Enqueue(new VaultFinding(file.Name, isGone ? "it had gone from the vault" : "it was altered in the vault", "It was put again."));
                    break;
                case VaultPutResult.Vanished:
                    // gc, a merge or a forget was faster. The next listing has what stands in for it; without a pack's stand-in nothing is committed.
                    Interlocked.Add(ref sync._vanished, file.Kind == SealedKind.Pack ? 1 : 0);
                    break;
                case VaultPutResult.Damaged:
                    Refuse(file, _put.Reason);
                    break;
            }

            sync._options.Progress.AddDone();
        }

        public void Extend(VaultObject known)
        {
            DateTimeOffset until = sync._medium.ExtendLockAsync(known, sync._cancellation).GetAwaiter().GetResult();
            sync._ledger.Set(known with { LockedUntil = until });
            Interlocked.Increment(ref sync._extended);
            sync._options.Progress.AddDone();
        }

        public void Dispose() => _put.Dispose();

        private void CountPut(SealedFile file)
        {
            sync._options.Progress.AddBytes(_put.BytesPut);
            Interlocked.Add(ref sync._snapshots, file.Kind == SealedKind.Snapshot ? 1 : 0);
            if (Interlocked.Increment(ref sync._put) % PutsPerSave == 0)
            {
                sync._ledger.Save();
            }
        }

        // The index can be made anew, and a restore does without it; all else stops the commit.
        private void Refuse(SealedFile file, string reason)
        {
            if (file.Kind is not (SealedKind.Index or SealedKind.Gone))
            {
                Interlocked.Increment(ref sync._damaged);
            }

            sync._findings.Enqueue(new VaultFinding(file.Name, $"it is damaged in the store: {reason}", "It was not put. 'gatewayctl vault heal' takes a good copy back from a vault that has one; else run 'gatewayctl store repair'."));
        }
    }
}
