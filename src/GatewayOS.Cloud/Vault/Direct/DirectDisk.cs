using GatewayOS.Store.Sealed;
using GatewayOS.Store.Storage;

namespace GatewayOS.Cloud.Vault.Direct;

/// <summary>
/// The disk of a store whose packs are in a vault: all other files are in a directory on this machine, the cache, and packs only until they have been sent. A pack is listed when it is here, or in the vault as it was put.
/// Reads of packs that are gone from here go to the vault by ranges. A pack that is deleted is noted as gone in the ledger and not shown any more; it leaves the vault by <see cref="VaultGc"/>. Thread-safe.
/// </summary>
internal sealed class DirectDisk : IStoreDisk
{
    private readonly IStoreDisk _near;
    private readonly VaultDisk _far;
    private readonly VaultLedger _ledger;
    private readonly DirectStaging _staging;
    private readonly TimeProvider _time;
    private readonly CancellationToken _cancellation;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Dictionary<string, long>> _sent = new(StringComparer.Ordinal);
    private int _ledgerIsAhead;

    /// <summary>Puts a cache before a vault.</summary>
    /// <param name="near">The cache.</param>
    /// <param name="far">The vault.</param>
    /// <param name="ledger">What was put there.</param>
    /// <param name="sent">Packs of the vault that are as they were put, by name.</param>
    /// <param name="staging">Counts and queues new packs.</param>
    /// <param name="time">Clock.</param>
    /// <param name="cancellation">Ends waits for room.</param>
    public DirectDisk(IStoreDisk near, VaultDisk far, VaultLedger ledger, IEnumerable<string> sent, DirectStaging staging, TimeProvider time, CancellationToken cancellation)
    {
        (_near, _far, _ledger, _staging, _time, _cancellation) = (near, far, ledger, staging, time, cancellation);
        foreach (string name in sent)
        {
            Show(name);
        }
    }

    /// <inheritdoc/>
    public string Location => _far.Location;

    /// <inheritdoc/>
    public bool IsReadOnly => _near.IsReadOnly;

    /// <summary>Packs that are in the vault and shown.</summary>
    public int PacksSent
    {
        get
        {
            lock (_gate)
            {
                return _sent.Values.Sum(shard => shard.Count);
            }
        }
    }

    /// <summary>Notes that a pack is in the vault now, by the saved ledger, and removes it here.</summary>
    public void TakeOver(SealedFile pack)
    {
        Show(pack.Name);
        DeleteNear(pack.Name);
    }

    /// <inheritdoc/>
    public IStoreFile Create(string path) => _near.Create(path);

    /// <inheritdoc/>
    public IStoreFile CreateStreamed(string path)
    {
        if (SealedStore.IsOpenPack(path))
        {
            _staging.Begin(path, _cancellation);
        }

        return _near.CreateStreamed(path);
    }

    /// <inheritdoc/>
    public IStoreFile OpenRead(string path) => Open(path, static (disk, name) => disk.OpenRead(name));

    /// <inheritdoc/>
    public IStoreFile OpenReadStreamed(string path) => Open(path, static (disk, name) => disk.OpenReadStreamed(name));

    /// <inheritdoc/>
    public IStoreFile OpenWrite(string path) => _near.OpenWrite(path);

    /// <inheritdoc/>
    public void Rename(string from, string to)
    {
        _near.Rename(from, to);
        if (IsPack(to, out SealedFile pack))
        {
            using IStoreFile file = _near.OpenRead(to);
            _staging.Add(from, pack, file.LengthBytes);
        }
    }

    /// <inheritdoc/>
    public void Delete(string path)
    {
        if (!IsPack(path, out _))
        {
            _staging.Drop(path);
            _near.Delete(path);
            return;
        }

        bool wasSent = Hide(path);
        if (wasSent)
        {
            _ledger.NoteGone(path, _time.GetUtcNow());
            Volatile.Write(ref _ledgerIsAhead, 1);
        }

        if (!DeleteNear(path) && !wasSent)
        {
            throw new StoreIoException(StoreIoFailure.Missing, path, $"There is no {path} in {Location}.");
        }
    }

    /// <inheritdoc/>
    public void CreateDirectory(string path) => _near.CreateDirectory(path);

    /// <inheritdoc/>
    public void SyncDirectory(string path)
    {
        if (Interlocked.Exchange(ref _ledgerIsAhead, 0) == 1)
        {
            _ledger.Save();
        }

        _near.SyncDirectory(path);
    }

    /// <inheritdoc/>
    public IReadOnlyList<StoreEntry> List(string directory)
    {
        // In this order: a pack is in the vault before it leaves this machine.
        IReadOnlyList<StoreEntry> near = _near.List(directory);
        return WithSent(directory, near, static entry => entry.Name, static (name, bytes) => new StoreEntry(name, bytes, IsDirectory: false));
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> ListNames(string directory)
    {
        IReadOnlyList<string> near = _near.ListNames(directory);
        return WithSent(directory, near, static name => name, static (name, _) => name);
    }

    /// <inheritdoc/>
    public IStoreLock? TryLock(string path) => _near.TryLock(path);

    /// <inheritdoc/>
    public bool IsLocked(string path) => _near.IsLocked(path);

    private static bool IsPack(string path, out SealedFile file) => SealedFile.TryParse(path, out file) && file.Kind == SealedKind.Pack;

    private static (string Directory, string Name) Split(string path)
    {
        int slash = path.LastIndexOf('/');
        return (path[..slash], path[(slash + 1)..]);
    }

    private IStoreFile Open(string path, Func<IStoreDisk, string, IStoreFile> open)
    {
        if (!IsPack(path, out _) || !IsSent(path))
        {
            try
            {
                return open(_near, path);
            }
            catch (StoreIoException error) when (error.Failure == StoreIoFailure.Missing && IsPack(path, out _) && IsSent(path))
            {
                // Sent since it was looked at.
            }
        }

        return open(_far, path);
    }

    private bool IsSent(string path)
    {
        (string directory, string name) = Split(path);
        lock (_gate)
        {
            return _sent.TryGetValue(directory, out Dictionary<string, long>? shard) && shard.ContainsKey(name);
        }
    }

    private void Show(string path)
    {
        (string directory, string name) = Split(path);
        long bytes = _far.Listing.Find(path)!.LengthBytes;
        lock (_gate)
        {
            if (!_sent.TryGetValue(directory, out Dictionary<string, long>? shard))
            {
                _sent.Add(directory, shard = new Dictionary<string, long>(StringComparer.Ordinal));
            }

            shard[name] = bytes;
        }
    }

    private bool Hide(string path)
    {
        (string directory, string name) = Split(path);
        lock (_gate)
        {
            return _sent.TryGetValue(directory, out Dictionary<string, long>? shard) && shard.Remove(name);
        }
    }

    private bool DeleteNear(string path)
    {
        try
        {
            _near.Delete(path);
            return true;
        }
        catch (StoreIoException error) when (error.Failure == StoreIoFailure.Missing)
        {
            return false;
        }
    }

    private IReadOnlyList<T> WithSent<T>(string directory, IReadOnlyList<T> near, Func<T, string> nameOf, Func<string, long, T> make)
    {
        lock (_gate)
        {
            if (!_sent.TryGetValue(directory, out Dictionary<string, long>? shard) || shard.Count == 0)
            {
                return near;
            }

            var names = near.Select(nameOf).ToHashSet(StringComparer.Ordinal);
            return [.. near, .. shard.Where(pack => !names.Contains(pack.Key)).Select(pack => make(pack.Key, pack.Value))];
        }
    }
}
