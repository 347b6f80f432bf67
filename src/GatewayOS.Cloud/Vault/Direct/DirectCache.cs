using System.Collections.Concurrent;
using GatewayOS.Store;
using GatewayOS.Store.Maintenance;
using GatewayOS.Store.Sealed;
using GatewayOS.Store.Storage;

namespace GatewayOS.Cloud.Vault.Direct;

/// <summary>
/// Brings the cache of a direct vault up to what the vault has: nothing to do as a rule, everything when the cache was lost or the machine set back. What is taken is checked before it counts. Tells which packs of the vault may be referred to.
/// </summary>
/// <param name="near">The cache's store.</param>
/// <param name="far">The vault.</param>
/// <param name="ledger">What was put there.</param>
/// <param name="config">The store's config file.</param>
/// <param name="options">Threads and progress.</param>
/// <param name="cancellation">Stops it; what is here stays.</param>
internal sealed class DirectCache(IStoreDisk near, VaultDisk far, VaultLedger ledger, byte[] config, DirectOptions options, CancellationToken cancellation)
{
    private const string ConfigName = "config.json";

    private readonly Guid _storeId = SealedStore.IdIn(config, far.Location);
    private readonly ConcurrentQueue<VaultFinding> _findings = new();
    private readonly ConcurrentQueue<SealedFile> _damaged = new();

    /// <summary>What was found wrong.</summary>
    public IEnumerable<VaultFinding> Findings => _findings;

    /// <summary>Packs that were put and that the vault does not have any more.</summary>
    public IReadOnlyList<string> Vanished { get; private set; } = [];

    /// <summary>Packs of the vault that are damaged there. What is whole in them was left in the cache for the next writer.</summary>
    public IEnumerable<SealedFile> Damaged => _damaged;

    /// <summary>Packs of the vault that are as they were put, and that gc has not taken.</summary>
    /// <remarks>One that nobody knows to have been put — the ledger is older than it — is looked at first; one that is not as it was put is read.</remarks>
    public IReadOnlyList<string> UsablePacks()
    {
        ILookup<VaultPresence, SealedFile> packs = Files().Where(file => file.Kind == SealedKind.Pack && !ledger.IsGone(file.Name)).ToLookup(file => VaultPut.Look(far.Listing, ledger, file.Name));
        var usable = new ConcurrentBag<string>(packs[VaultPresence.There].Select(file => file.Name));

        // What is here too is sent, or looked at, as what waits is.
        SealedFile[] strange = [.. packs[VaultPresence.Unknown].Concat(packs[VaultPresence.Altered]).Where(file => !IsHere(file.Name))];
        options.Progress.Begin("looking at packs", strange.Length);
        OwnedThreads.Run(options.Threads, strange, () => new Fetcher(this), (fetcher, file) =>
        {
            if (fetcher.IsRight(file))
            {
                ledger.Set(far.Listing.Find(file.Name)!);
                usable.Add(file.Name);
            }

            options.Progress.AddDone();
        }, cancellation);

        Vanished = [.. ledger.Objects.Where(known => SealedFile.TryParse(known.Name, out SealedFile file) && file.Kind == SealedKind.Pack && far.Listing.Find(known.Name) is null && !ledger.IsGone(known.Name)).Select(known => known.Name)];
        foreach (string name in Vanished)
        {
            _findings.Enqueue(new VaultFinding(name, "it has gone from the vault", "What this machine still has of it is sent again. Snapshots made before may lack the rest: 'gateway-agent vault verify' tells."));
        }

        return [.. usable];
    }

    /// <summary>Fetches key slots, segments, lists and records that are lacking here, and the config file last.</summary>
    /// <param name="usable">Packs that may be referred to.</param>
    public void Refresh(IReadOnlyList<string> usable)
    {
        DropForgotten();
        SealedFile[] lacking = [.. Files().Where(file => file.Kind is SealedKind.KeySlot or SealedKind.Gone or SealedKind.Snapshot && IsMeant(file) && !IsHere(file.Name)), .. LackingSegments(usable)];
        options.Progress.Begin("fetching", lacking.Length);
        OwnedThreads.Run(options.Threads, lacking, () => new Fetcher(this), (fetcher, file) => fetcher.Take(file), cancellation);
        if (!IsHere(ConfigName))
        {
            using var content = new SealedContent();
            content.Load(config);
            SealedStore.Place(near, "direct-config", new SealedFile(SealedKind.Config, ConfigName), content);
        }

        ledger.Save();
    }

    /// <summary>Packs that are on this machine: what an interrupted run has left. One that is damaged is removed, for no snapshot needs it.</summary>
    public IReadOnlyList<(SealedFile File, long Bytes)> Staged()
    {
        var staged = new List<(SealedFile File, long Bytes)>();
        using var check = new SealedCheck(_storeId, config);
        foreach (StoreEntry shard in near.List("packs").Where(entry => entry.IsDirectory))
        {
            foreach (StoreEntry entry in near.List($"packs/{shard.Name}"))
            {
                if (!SealedFile.TryParse($"packs/{shard.Name}/{entry.Name}", out SealedFile file))
                {
                    continue;
                }

                using IStoreFile content = near.OpenReadStreamed(file.Name);
                if (check.Whole(file, content) is not { } reason)
                {
                    staged.Add((file, entry.LengthBytes));
                    continue;
                }

                near.Delete(file.Name);
                near.SyncDirectory($"packs/{shard.Name}");
                _findings.Enqueue(new VaultFinding(file.Name, $"it was damaged on this machine before it was sent: {reason}", "It was removed; what was in it is sent anew."));
            }
        }

        return staged;
    }

    private IEnumerable<SealedFile> Files() => far.Listing.Objects.Select(there => SealedFile.TryParse(there.Name, out SealedFile file) ? file : default).Where(file => file.Name is not null);

    // A list that the ledger knows and that is not here was replaced.
    private bool IsMeant(SealedFile file) => file.Kind switch
    {
        SealedKind.Snapshot => !ledger.IsGone(file.Name),
        SealedKind.Gone => ledger.Find(file.Name) is null,
        _ => true,
    };

    // Noted as gone first and deleted here after: a crash between the two.
    private void DropForgotten()
    {
        foreach (string name in near.ListNames("snapshots").Select(name => $"snapshots/{name}").Where(ledger.IsGone))
        {
            near.Delete(name);
        }
    }

    // What merges have replaced here may be in the vault yet. It is worth fetching only for packs that nothing here covers.
    private List<SealedFile> LackingSegments(IReadOnlyList<string> usable)
    {
        using var check = new SealedCheck(_storeId, config);
        SealedFile[] away = [.. Files().Where(file => file.Kind == SealedKind.Index && !IsHere(file.Name))];
        if (away.Length == 0)
        {
            return [];
        }

        HashSet<ChunkId> uncovered = [.. usable.Select(name => SealedFile.TryParse(name, out SealedFile file) ? file.Id : default)];
        foreach (string name in near.ListNames("index").Select(name => $"index/{name}"))
        {
            if (SealedFile.TryParse(name, out SealedFile file) && file.Kind == SealedKind.Index)
            {
                uncovered.ExceptWith(PacksOf(near, name));
            }
        }

        // The largest first: it may stand for all the others.
        var lacking = new List<SealedFile>();
        foreach (SealedFile file in away.OrderByDescending(file => far.Listing.Find(file.Name)!.LengthBytes))
        {
            IReadOnlyList<ChunkId> packs = PacksOf(far, file.Name);
            if (packs.Any(uncovered.Contains))
            {
                lacking.Add(file);
                uncovered.ExceptWith(packs);
            }
        }

        return lacking;

        IReadOnlyList<ChunkId> PacksOf(IStoreDisk disk, string name)
        {
            using IStoreFile segment = disk.OpenRead(name);
            return check.PacksOf(segment);
        }
    }

    private bool IsHere(string name)
    {
        try
        {
            near.OpenRead(name).Dispose();
            return true;
        }
        catch (StoreIoException error) when (error.Failure == StoreIoFailure.Missing)
        {
            return false;
        }
    }

    private sealed class Fetcher(DirectCache cache) : IDisposable
    {
        private readonly SealedCheck _check = new(cache._storeId, cache.Config);
        private readonly SealedContent _content = new();

        // One that was put is read whole: somebody has put something else in its place, perhaps the same once more.
        public bool IsRight(SealedFile pack)
        {
            using IStoreFile there = cache.Far.OpenReadStreamed(pack.Name);
            string? reason;
            try
            {
                reason = cache.Ledger.Find(pack.Name) is null ? _check.Structure(pack, there) : WholeIn(pack, there);
                if (reason is null)
                {
                    return true;
                }

                _content.Load(pack, there);
                SealedStore.LeaveForSalvage(cache.Near, pack, _content);
            }
            catch (StoreDamagedException error)
            {
                reason = error.Message;
            }

            cache._damaged.Enqueue(pack);
            cache._findings.Enqueue(new VaultFinding(pack.Name, $"it was altered in the vault: {reason}", "What is whole in it is put there anew, and what this machine still has of the rest is sent again. Then it is deleted there. Snapshots made before may lack something: 'gateway-agent vault verify' tells."));
            return false;
        }

        public void Take(SealedFile file)
        {
            using IStoreFile source = cache.Far.OpenReadStreamed(file.Name);
            IStoreFile content = _content.Of(file, source);
            if (_check.Whole(file, content) is { } reason)
            {
                cache._findings.Enqueue(new VaultFinding(file.Name, $"it is damaged in the vault: {reason}", file.Kind == SealedKind.Snapshot ? "The restore point is lost, unless another copy of the vault has it." : "It is done without."));
            }
            else
            {
                SealedStore.Place(cache.Near, $"direct-{file.Name[(file.Name.LastIndexOf('/') + 1)..]}", file, content);
                if (cache.Ledger.Find(file.Name) is null)
                {
                    cache.Ledger.Set(cache.Far.Listing.Find(file.Name)!);
                }
            }

            cache.Progress.AddDone();
        }

        public void Dispose()
        {
            _check.Dispose();
            _content.Dispose();
        }

        private string? WholeIn(SealedFile pack, IStoreFile there)
        {
            _content.Load(pack, there);
            return _check.Whole(pack, _content);
        }
    }

    private byte[] Config => config;

    private VaultDisk Far => far;

    private IStoreDisk Near => near;

    private VaultLedger Ledger => ledger;

    private VaultSyncProgress Progress => options.Progress;
}
