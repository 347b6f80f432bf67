using GatewayOS.Store;
using GatewayOS.Store.Keys;
using GatewayOS.Store.Maintenance;
using GatewayOS.Store.Reading;
using GatewayOS.Store.Sealed;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;

namespace GatewayOS.Cloud.Vault;

/// <summary>What an attach did.</summary>
/// <param name="Snapshots">Snapshots the store has now.</param>
/// <param name="Fetched">Files fetched.</param>
/// <param name="Bytes">Bytes of them.</param>
/// <param name="Kept">Files that were there, from an attach that was interrupted, and are right.</param>
/// <param name="Findings">Objects of the vault that are damaged; the store lacks them.</param>
public sealed record VaultAttachReport(int Snapshots, int Fetched, long Bytes, int Kept, IReadOnlyList<VaultFinding> Findings);

/// <summary>
/// Makes a store of a vault, in an empty directory: the way to a new appliance. Packs come in the order in which a restore of the newest snapshots needs them. The config file comes
/// last, so that the directory is a store only when all is there; until then snapshots are browsed and restored straight from the vault. Interrupted, it goes on where it was.
/// </summary>
public sealed class VaultAttach
{
    private readonly VaultDisk _vault;
    private readonly IStoreDisk _target;
    private readonly BackupStore _store;
    private readonly VaultSyncOptions _options;
    private readonly CancellationToken _cancellation;
    private readonly System.Collections.Concurrent.ConcurrentQueue<VaultFinding> _findings = new();
    private readonly byte[] _config;
    private int _fetched;
    private int _kept;

    private VaultAttach(VaultDisk vault, IStoreDisk target, BackupStore store, byte[] config, VaultSyncOptions options, CancellationToken cancellation) =>
        (_vault, _target, _store, _config, _options, _cancellation) = (vault, target, store, config, options, cancellation);

    /// <summary>Attaches.</summary>
    /// <param name="vault">The vault.</param>
    /// <param name="secret">Opens it: passphrase, key file or recovery key.</param>
    /// <param name="target">The directory; empty, missing, or what an interrupted attach of this vault has left.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellation">Stops it with <see cref="OperationCanceledException"/>; what is there is kept and used by the next attach.</param>
    /// <exception cref="StoreUnusableException">The secret is wrong, there is no store in the vault, or the directory is in use.</exception>
    /// <exception cref="StoreIoException">The vault cannot be reached, or the directory not written.</exception>
    public static VaultAttachReport Run(VaultDisk vault, StoreSecret secret, IStoreDisk target, VaultSyncOptions options, CancellationToken cancellation)
    {
        RefuseOccupied(target);
        using BackupStore store = BackupStore.Open(vault, secret, new OpenOptions { Purpose = "attach" });
        using IStoreFile file = vault.OpenRead(ConfigFile.Name);
        byte[] config = new byte[file.LengthBytes];
        file.ReadAt(config, 0);
        return new VaultAttach(vault, target, store, config, options, cancellation).Run();
    }

    private static SealedFile ConfigFile => new(SealedKind.Config, "config.json");

    private VaultAttachReport Run()
    {
        SealedStore.MakeDirectories(_target);
        SealedFile[] files = [.. _vault.Listing.Objects.Select(there => SealedFile.TryParse(there.Name, out SealedFile file) ? file : default).Where(file => file.Name is not null)];
        Fetch("packs", InRestoreOrder(files));
        Fetch("index", [.. files.Where(file => file.Kind is SealedKind.Index or SealedKind.Gone)]);
        Fetch("snapshots", [.. files.Where(file => file.Kind == SealedKind.Snapshot)]);
        Fetch("key slots", [.. files.Where(file => file.Kind == SealedKind.KeySlot)]);
        using var content = new SealedContent();
        content.Load(_config);
        SealedStore.Place(_target, "attach-config", ConfigFile, content);
        return new VaultAttachReport(_store.Snapshots().Records.Count, _fetched, _options.Progress.Bytes, _kept, [.. _findings.OrderBy(finding => finding.Object, StringComparer.Ordinal)]);
    }

    private static void RefuseOccupied(IStoreDisk target)
    {
        if (target.List("").Any(entry => entry.Name == ConfigFile.Name))
        {
            throw new StoreUnusableException($"There is a store in {target.Location} already. Choose another directory.");
        }

        if (target.List("").FirstOrDefault(entry => !entry.IsDirectory) is { Name: not null } other)
        {
            throw new StoreUnusableException($"{target.Location} is not empty ('{other.Name}' is in it). Choose an empty or new directory.");
        }
    }

    // The newest snapshot of each source first, packs as the walk of its trees meets them; then all others. Walking every snapshot would read all trees of years first.
    private SealedFile[] InRestoreOrder(SealedFile[] files)
    {
        var ordered = new List<SealedFile>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        _options.Progress.Begin("reading trees", 0);
        SnapshotRecord[] newest = [.. _store.Snapshots().Records.Reverse().DistinctBy(record => (record.Draft.NodeId, record.Draft.Host, string.Join('\n', record.Draft.Sources)))];
        SnapshotChunks.Walk(_store, newest, id => Add(_store.PackOf(id)), _cancellation);

        foreach (SealedFile file in files.Where(file => file.Kind == SealedKind.Pack))
        {
            Add(file.Id);
        }

        return [.. ordered];

        void Add(ChunkId? pack)
        {
            if (pack is { } id && seen.Add(SealedFile.Pack(id).Name) && _vault.Listing.Find(SealedFile.Pack(id).Name) is not null)
            {
                ordered.Add(SealedFile.Pack(id));
            }
        }
    }

    private void Fetch(string stage, SealedFile[] files)
    {
        _options.Progress.Begin(stage, files.Length);
        OwnedThreads.Run(_options.Threads, files, () => new Worker(this), (worker, file) => worker.Fetch(file), _cancellation);
    }

    private sealed class Worker(VaultAttach attach) : IDisposable
    {
        private readonly SealedCheck _check = new(new Guid(attach._store.StoreId), attach._config);
        private readonly SealedContent _content = new();

        public void Fetch(SealedFile file)
        {
            if (IsThere(file))
            {
                Interlocked.Increment(ref attach._kept);
            }
            else if (Take(file) is { } reason)
            {
                attach._findings.Enqueue(new VaultFinding(file.Name, $"it is damaged in the vault: {reason}", "The store lacks it. 'gatewayctl store verify' tells what that touches; another vault may have a good copy."));
            }

            attach._options.Progress.AddDone();
        }

        public void Dispose()
        {
            _check.Dispose();
            _content.Dispose();
        }

        private bool IsThere(SealedFile file)
        {
            try
            {
                using IStoreFile there = attach._target.OpenRead(file.Name);
                return _check.Structure(file, there) is null;
            }
            catch (StoreIoException error) when (error.Failure == StoreIoFailure.Missing)
            {
                return false;
            }
        }

        private string? Take(SealedFile file)
        {
            using IStoreFile source = attach._vault.OpenReadStreamed(file.Name);
            IStoreFile content;
            try
            {
                content = _content.Of(file, source);
            }
            catch (StoreDamagedException error)
            {
                return error.Message;
            }

            // A damaged pack is taken too: what is whole in it may be what is needed.
            string? reason = _check.Whole(file, content);
            if (reason is null || file.Kind == SealedKind.Pack)
            {
                SealedStore.Place(attach._target, $"attach-{file.Name[(file.Name.LastIndexOf('/') + 1)..]}", file, content);
                Interlocked.Increment(ref attach._fetched);
                attach._options.Progress.AddBytes(content.LengthBytes);
            }

            return reason;
        }
    }
}
