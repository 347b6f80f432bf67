using GatewayOS.Store;
using GatewayOS.Store.Keys;
using GatewayOS.Store.Maintenance;
using GatewayOS.Store.Reading;
using GatewayOS.Store.Sealed;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;

namespace GatewayOS.Cloud.Vault.Direct;

/// <summary>
/// A vault into which this machine backs up straight, open for writing. <see cref="Store"/> is a store like any other; its packs go to the vault while it is written, and <see cref="Finish"/> puts the rest, snapshot records last:
/// <code>
/// lock ─▶ whose vault is it ─▶ cache = what the vault has ─▶ what was left is sent ─▶ Store: packs ─▶ vault ─▶ Finish: index, records ─▶ vault
/// </code>
/// Stopped anywhere, the vault is right, and the next opening goes on from what is there. Why stands in VAULT.md, "Straight into a vault".
/// </summary>
public sealed class DirectVault : IDisposable
{
    private const string LockFile = "direct.lock";
    private const string LedgerFile = "vault.ledger";
    private const string StoreDirectory = "store";

    // A program that this process is just starting holds what was open here until it runs.
    private const int LockAttemptsMax = 20;
    private const int LockPauseMs = 50;

    private readonly IVaultMedium _medium;
    private readonly DirectWriter _writer;
    private readonly DirectOptions _options;
    private readonly IStoreLock _held;
    private readonly IStoreDisk _near;
    private readonly VaultLedger _ledger;
    private readonly CancellationTokenSource _stop;
    private readonly List<VaultFinding> _findings = [];
    private readonly List<Thread> _senders = [];
    private IReadOnlyList<string> _vanished = [];
    private IReadOnlyList<SealedFile> _damaged = [];
    private VaultDisk? _far;
    private DirectStaging? _staging;
    private DirectDisk? _disk;
    private BackupStore? _store;
    private byte[] _config = [];

    private DirectVault(IVaultMedium medium, DirectWriter writer, DirectOptions options, CancellationToken cancellation)
    {
        (_medium, _writer, _options) = (medium, writer, options);
        var cache = new StateDirectory(options.Cache);
        var root = new PosixDisk(cache.Location);
        _held = Take(root, cancellation) ?? throw new StoreUnusableException($"Another run to the vault {medium.Location} uses the cache {cache.Location} now. Wait until it has ended, then try again.");
        _near = new PosixDisk(cache.PathOf(StoreDirectory));
        _ledger = VaultLedger.Open(cache, LedgerFile);
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
    }

    /// <summary>The store, open.</summary>
    public BackupStore Store => _store!;

    /// <summary>What was found wrong with the vault or the cache, and what was done about it.</summary>
    public IReadOnlyList<VaultFinding> Findings => _findings;

    /// <summary>Bytes of packs on this machine that are not in the vault yet.</summary>
    public long StagedBytes => _staging!.Bytes;

    /// <summary>Most there have been since this was opened.</summary>
    public long StagedBytesPeak => _staging!.BytesPeak;

    /// <summary>True when a place holds a store, or part of one.</summary>
    /// <exception cref="VaultException">It cannot be reached.</exception>
    public static bool HoldsStore(IVaultMedium medium, CancellationToken cancellation) =>
        VaultListing.ReadAsync(medium, cancellation).GetAwaiter().GetResult().Objects.Any(there => SealedFile.TryParse(there.Name, out _));

    /// <summary>Makes a store in a place that holds none. Stopped before the config file is there, it may be called again.</summary>
    /// <param name="medium">The place; borrowed.</param>
    /// <param name="secret">What this machine opens it with.</param>
    /// <param name="recovery">What opens it elsewhere.</param>
    /// <param name="writer">This machine.</param>
    /// <param name="store">Sizes.</param>
    /// <param name="options">Where the cache is. What is in there is of no vault any more, and is removed.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="StoreUnusableException">There is a store there.</exception>
    /// <exception cref="VaultException">The place cannot be reached.</exception>
    public static void Make(IVaultMedium medium, StoreSecret secret, StoreSecret recovery, DirectWriter writer, StoreOptions store, DirectOptions options, CancellationToken cancellation)
    {
        // A key slot alone is what a first attempt has left.
        if (VaultListing.ReadAsync(medium, cancellation).GetAwaiter().GetResult().Objects.Any(there => SealedFile.TryParse(there.Name, out SealedFile file) && file.Kind != SealedKind.KeySlot))
        {
            throw new StoreUnusableException($"There is a store in {medium.Location}. Nothing was changed.");
        }

        using var made = new DirectVault(medium, writer, options, cancellation);
        string stale = Path.Join(options.Cache, StoreDirectory);
        if (Directory.Exists(stale))
        {
            Directory.Delete(stale, recursive: true);
        }

        File.Delete(Path.Join(options.Cache, LedgerFile));
        foreach (VaultObject slot in VaultListing.ReadAsync(medium, cancellation).GetAwaiter().GetResult().Objects.Where(there => there.Name.StartsWith("keys/", StringComparison.Ordinal)))
        {
            medium.PurgeAsync(slot.Name, cancellation).GetAwaiter().GetResult();
        }

        using (BackupStore begun = BackupStore.Create(made._near, store, secret, Environment.MachineName, new OpenOptions { Purpose = "init", Time = options.Time }))
        {
            begun.AddKeySlot(recovery, "recovery key");
        }

        writer.Claim(options.TakeOver, cancellation);
        VaultSync.Run(() => SealedStore.Open(made._near, "init", options.Time), medium, VaultLedger.Open(new StateDirectory(options.Cache), LedgerFile), made.SyncOptions, cancellation);
    }

    /// <summary>Opens a vault to write to it.</summary>
    /// <param name="medium">Where it is; borrowed.</param>
    /// <param name="secret">Opens its store.</param>
    /// <param name="writer">This machine.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellation">Stops everything that is done with it.</param>
    /// <exception cref="StoreUnusableException">There is no store in it, it is another's, the secret is wrong, or another run uses the cache.</exception>
    /// <exception cref="VaultException">It cannot be reached.</exception>
    /// <exception cref="StoreIoException">The cache cannot be written, or the vault not be read.</exception>
    public static DirectVault Open(IVaultMedium medium, StoreSecret secret, DirectWriter writer, DirectOptions options, CancellationToken cancellation)
    {
        var opened = new DirectVault(medium, writer, options, cancellation);
        try
        {
            opened.Open(secret);
            return opened;
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    /// <summary>Puts everything that the vault lacks of the store, records last. Only when this returns is a new snapshot one.</summary>
    /// <exception cref="StoreUnusableException">Somebody else has taken the vault over, or it lost meanwhile what snapshots need: no record was put.</exception>
    /// <exception cref="VaultException">The vault cannot be reached or is full.</exception>
    /// <exception cref="StoreIoException">What was staged could not be sent.</exception>
    public VaultSyncReport Finish()
    {
        _staging!.Drain(_stop.Token);
        _ledger.Save();
        _writer.Confirm(_stop.Token);
        VaultSyncReport report = VaultSync.Run(() => SealedStore.Open(_disk!, _options.Purpose, _options.Time), _medium, _ledger, SyncOptions, _stop.Token);
        if (!report.Complete)
        {
            string why = report.Findings.Count > 0 ? $"{report.Findings[0].Object}: {report.Findings[0].Detail}." : "packs have gone from it meanwhile.";
            throw new StoreUnusableException($"No snapshot was put into {_medium.Location}: {why} Run the same command again; what has gone is then sent anew.");
        }

        foreach (string gone in _vanished)
        {
            _ledger.Remove(gone);
        }

        _vanished = [];
        DeleteDamaged();
        _ledger.Save();
        return report;
    }

    /// <summary>Forgets a snapshot. It goes from the vault by <see cref="Collect"/>.</summary>
    /// <exception cref="StoreUnusableException">It is locked.</exception>
    public void Forget(SnapshotRecord snapshot)
    {
        // In this order: a record that is only gone from here is fetched again.
        Store.RefuseIfLocked(snapshot);
        _ledger.NoteGone(VaultScope.NameOf(snapshot), _options.Time.GetUtcNow());
        _ledger.Save();
        Store.DeleteSnapshot(snapshot);
    }

    /// <summary>Collects: the store's garbage first, by its own rules, with copies of what is still needed; then, when those are in the vault, what has been forgotten for some days, as <see cref="VaultGc"/> does it.</summary>
    /// <param name="gc">How the store is collected.</param>
    /// <param name="keepDays">Days for which a forgotten snapshot stays in the vault.</param>
    /// <returns>What both did. Of the vault null when snapshots need something that is nowhere: then nothing is deleted there.</returns>
    /// <exception cref="StoreDamagedException">A snapshot or tree cannot be read: nothing can be called garbage.</exception>
    public (GcReport Store, VaultGcReport? Vault) Collect(GcOptions gc, int keepDays)
    {
        GcReport collected = GarbageCollector.Run(Store, gc, _stop.Token);
        Finish();
        if (collected.Findings.Any(finding => finding.IsDamage))
        {
            return (collected, null);
        }

        using SealedStore store = SealedStore.Open(_disk!, "vault gc", _options.Time);
        return (collected, VaultGc.Run(store, _medium, _ledger, new VaultGcOptions { KeepDays = keepDays, Time = _options.Time, IsDirect = true }, _stop.Token));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stop.Cancel();
        _staging?.Close();
        _senders.ForEach(sender => sender.Join());
        _store?.Dispose();
        _stop.Dispose();
        _held.Dispose();
    }

    private VaultSyncOptions SyncOptions => new() { Threads = _options.Threads, Refill = _options.Refill, Time = _options.Time, Progress = _options.Progress, IsDirect = true };

    private void Open(StoreSecret secret)
    {
        // 1 whose vault is it
        _far = VaultDisk.OpenAsync(_medium, _stop.Token).GetAwaiter().GetResult();
        _config = VaultIdentity.ConfigOf(_far) ?? OwnConfig() ?? throw new StoreUnusableException($"There is no store in the vault {_medium.Location}. Is the disk mounted, the bucket the right one? 'gateway-agent vault init' makes a store in an empty place.");
        if (OwnConfig() is { })
        {
            using SealedStore own = SealedStore.Open(_near, _options.Purpose, _options.Time);
            if (VaultIdentity.ConfigOf(_far) is { } there && !own.Config.Span.SequenceEqual(there))
            {
                throw new StoreUnusableException($"The cache {_options.Cache} is of another store than the one in {_medium.Location}. Name another cache, or delete this one: it is made anew.");
            }

            VaultIdentity.Check(own, _far, _ledger, _options.Refill);
        }

        _writer.Claim(_options.TakeOver, _stop.Token);

        // 2 the cache has what the vault has
        var cache = new DirectCache(_near, _far, _ledger, _config, _options, _stop.Token);
        SealedStore.MakeDirectories(_near);
        IReadOnlyList<string> usable = cache.UsablePacks();
        cache.Refresh(usable);
        IReadOnlyList<(SealedFile File, long Bytes)> staged = cache.Staged();
        _findings.AddRange(cache.Findings);
        (_vanished, _damaged) = (cache.Vanished, [.. cache.Damaged]);

        // 3 what was left is sent
        _staging = new DirectStaging(_options.StagingBytesMax, SealedStore.PackBytesIn(_config, _medium.Location));
        _disk = new DirectDisk(_near, _far, _ledger, usable, _staging, _options.Time, _stop.Token);
        foreach ((SealedFile file, long bytes) in staged)
        {
            _staging.Add(file.Name, file, bytes);
        }

        for (int i = 0; i < _options.Threads; i++)
        {
            _senders.Add(new Thread(Send) { Name = "pack sender", IsBackground = true });
            _senders[^1].Start();
        }

        // 4 the store
        _store = BackupStore.Open(_disk, secret, new OpenOptions { Purpose = _options.Purpose, Time = _options.Time, ReadsDirectoriesAhead = false });
        DropUnfounded();
    }

    // What could be taken from it is in the vault by now. Left there, whoever restores might meet the bad copy of a chunk that has a good one.
    private void DeleteDamaged()
    {
        if (_damaged.Count == 0)
        {
            return;
        }

        VaultListing now = VaultListing.ReadAsync(_medium, _stop.Token).GetAwaiter().GetResult();
        foreach (SealedFile pack in _damaged.Where(pack => !SealedStore.IsLeftForSalvage(_near, pack) && VaultPut.Look(now, _ledger, pack.Name) != VaultPresence.There))
        {
            _medium.DeleteAsync(pack.Name, _stop.Token).GetAwaiter().GetResult();
            _ledger.Remove(pack.Name);
        }

        _damaged = [];
    }

    private static IStoreLock? Take(PosixDisk root, CancellationToken cancellation)
    {
        for (int attempt = 1; ; attempt++)
        {
            if (root.TryLock(LockFile) is { } held)
            {
                return held;
            }

            if (attempt == LockAttemptsMax || cancellation.WaitHandle.WaitOne(LockPauseMs))
            {
                return null;
            }
        }
    }

    private byte[]? OwnConfig()
    {
        try
        {
            using IStoreFile file = _near.OpenRead("config.json");
            byte[] config = new byte[file.LengthBytes];
            file.ReadAt(config, 0);
            return config;
        }
        catch (StoreIoException error) when (error.Failure == StoreIoFailure.Missing)
        {
            return null;
        }
    }

    // A record that is not in the vault was never told to anybody as a snapshot. It is put after all when everything it needs is there; else it goes.
    private void DropUnfounded()
    {
        foreach (SnapshotRecord record in Store.Snapshots().Records.Where(record => _far!.Listing.Find(VaultScope.NameOf(record)) is null))
        {
            string? lacking = null;
            SnapshotChunks.Walk(Store, [record], id => lacking ??= Store.PackOf(id) is null ? $"chunk {id}" : null, _stop.Token, (id, _) => lacking ??= $"tree {id}");
            if (lacking is not null)
            {
                _near.Delete(VaultScope.NameOf(record));
                _near.SyncDirectory("snapshots");
                _ledger.Remove(VaultScope.NameOf(record));
                _findings.Add(new VaultFinding(VaultScope.NameOf(record), $"it is not in the vault, and {lacking} that it needs is not either", "It is no snapshot; a new backup makes one."));
            }
        }
    }

    private void Send()
    {
        using var put = new VaultPut(file => _near.OpenReadStreamed(file.Name), SealedStore.IdIn(_config, _medium.Location), _config, _medium, _far!, _ledger, _stop.Token);
        while (!_stop.IsCancellationRequested && _staging!.TryTake(out SealedFile file, out long bytes))
        {
            try
            {
                Send(put, file);
                _staging.Done(bytes);
            }
            catch (Exception error)
            {
                _staging.Fail(error);
            }
        }
    }

    private void Send(VaultPut put, SealedFile file)
    {
        switch (put.Bring(file))
        {
            case VaultPutResult.Damaged:
                // It would be refused each time. Nothing in the vault needs it.
                _near.Delete(file.Name);
                throw new StoreDamagedException(file.Name, $"{file.Name} was damaged on this machine before it was sent: {put.Reason} It was removed. Run the same command again; look at the disk and the memory of this machine.");
            case VaultPutResult.Vanished:
                break;
            case VaultPutResult.Put or VaultPutResult.Mended:
                _options.Progress.AddBytes(put.BytesPut);
                goto default;
            default:
                _ledger.Save();
                _disk!.TakeOver(file);
                break;
        }
    }
}
